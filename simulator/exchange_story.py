"""What a thief leaves in a mailbox where Graph does not show it, beside older things of its owner's.

Not part of the first day: whoever wants it lets him in.
"""

from __future__ import annotations

from simulator.exchange_state import MailRule, MobileDevice, Permission, TransportRule
from simulator.ids import guid
from simulator.tenant import Tenant

DAY, MINUTE = 86400.0, 60.0
#: A contact of the directory that leads outside.
CONTACT = "Collector"
OUTSIDE = "collector@example.com"
THIEFS_RULE, OWN_RULE = "2001", "1001"
THIEFS_DEVICE, OLD_DEVICE = guid("mobile", "thief"), guid("mobile", "phone")
COLLEAGUE, ACCOMPLICE = "user07@contoso.com", "user11@contoso.com"
THIEFS_TRANSPORT, OLD_TRANSPORT = "Compliance copy", "Journal to archive"


def break_in(tenant: Tenant, name: str) -> None:
    """Let the thief into the mailbox of the person with this name, minutes ago."""
    user = tenant.person(name).entra
    if user is None:
        raise KeyError(name)
    with tenant.lock:
        now, exchange = tenant.now(), tenant.exchange
        exchange.contacts[CONTACT] = OUTSIDE
        box = exchange.mailbox(user.id)
        box.forwarding_smtp, box.deliver_too = f"smtp:{OUTSIDE}", True
        box.rules += [
            MailRule(OWN_RULE, "Newsletters", properties={"MoveToFolder": "Newsletters"}),
            MailRule(
                THIEFS_RULE,
                "Sync",
                hidden=True,
                properties={"RedirectTo": [f'"{OUTSIDE}" [SMTP:{OUTSIDE}]'], "DeleteMessage": True},
            ),
        ]
        box.full_access += [
            Permission(COLLEAGUE, ["FullAccess"]),
            Permission(ACCOMPLICE, ["FullAccess"]),
        ]
        box.send_as.append(Permission(ACCOMPLICE, ["SendAs"]))
        box.send_on_behalf += [COLLEAGUE, ACCOMPLICE]
        box.folders.append(Permission(ACCOMPLICE, ["Editor"], "Calendar"))
        box.devices += [
            MobileDevice(OLD_DEVICE, "Nora's phone", now - 300 * DAY),
            MobileDevice(THIEFS_DEVICE, "Outlook for iOS and Android", now - 6 * MINUTE),
        ]
        exchange.transport_rules += [
            TransportRule(
                guid("transport", "old"),
                OLD_TRANSPORT,
                now - 200 * DAY,
                properties={"BlindCopyTo": ["archive@archive.example.com"]},
            ),
            TransportRule(
                guid("transport", "thief"),
                THIEFS_TRANSPORT,
                now - 5 * MINUTE,
                properties={"BlindCopyTo": [OUTSIDE]},
            ),
        ]
