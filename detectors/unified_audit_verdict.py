"""What a record of the Microsoft 365 audit log is a sign of, and whether anything has to follow.

The log keeps what was done; only an alert of Security & Compliance in it is a finding. Of the records,
those are marked that speak of forwarding to outside, hidden mail, consents, methods and credentials.

Vendor documentation: what ``detectors.unified_audit`` names; Microsoft Learn, "New-InboxRule",
"Set-Mailbox" (forwarding), "Alert policies in Microsoft 365".
"""

from __future__ import annotations

import re

from detectors import defender_verdict, embedded, entra_rows
from detectors.alert import Signal
from detectors.compose import Verdict, record
from detectors.fields import Fields
from detectors.unified_audit import is_alert, mailbox_name, parameters

_FORWARDS = (
    "forwardingsmtpaddress", "forwardingaddress", "forwardto", "forwardasattachmentto", "redirectto",
    "redirectmessageto", "blindcopyto", "copyto",
)  # fmt: skip
_ADDRESS = re.compile(r"[^\s@;,:<>\[\]\"']+@([^\s@;,<>\[\]\"']+)")
_HIDING = re.compile(r"rss (feeds|subscriptions)|conversation history", re.IGNORECASE)
#: Alert policies that Microsoft describes as the sign of a compromised account.
_COMPROMISED = re.compile(
    r"compromised ?account|restricted from sending|suspicious (email )?sending patterns",
    re.IGNORECASE,
)
_METHODS = re.compile(r"strongauthentication|authenticationmethod", re.IGNORECASE)


def verdict_of(entry: Fields) -> Verdict:
    """Judge one record."""
    operation = entry.text("operation", limit=120)
    if is_alert(entry):
        return _alert(entry)
    forwarded = _forwarding(entry)
    if forwarded is not None:
        return forwarded
    changed = " ".join(
        each.text("name", limit=80)
        for each in map(Fields, embedded.items(entry, "modifiedProperties"))
    )
    if operation.lower().startswith("update user") and _METHODS.search(changed):
        return record("The person's methods of authentication were changed.", Signal.MFA)
    if operation.lower() == "userloginfailed":
        locked = entry.text("logonError", limit=80).lower() in {
            "idslocked",
            "blockedbysmartlockout",
        }
        return record("A sign-in that failed.", Signal.CREDENTIAL if locked else Signal.OTHER)
    return entra_rows.audit_verdict(operation)


def _alert(entry: Fields) -> Verdict:
    data = embedded.at(entry, "data")
    text = f"{entry.text('name')} {data.text('op', limit=80)}"
    if _COMPROMISED.search(text):
        text += " compromised account"
    return defender_verdict.judge(
        text,
        severity=entry.text("severity", limit=20),
        status=entry.text("status", limit=40),
    )


def _forwarding(entry: Fields) -> Verdict | None:
    given = parameters(entry)
    own = _domains(
        entry.text("userId", limit=320), entry.text("mailboxOwnerUPN", limit=320),
        mailbox_name(given.get("identity", "")), f"@{entry.text('organizationName', limit=200)}",
    )  # fmt: skip
    outside = [
        domain
        for name in _FORWARDS
        for domain in _domains(given.get(name, ""))
        if not any(_related(domain, mine) for mine in own)
    ]
    if outside:
        why = "Mail is forwarded to an address outside; the record says not who wanted it."
        return Verdict(False, why, Signal.MAIL_RULE, ("T1114.003",))
    if any(given.get(name) for name in _FORWARDS):
        return record("Mail is forwarded within the organisation.")
    hides = _HIDING.search(given.get("movetofolder", ""))
    if hides or given.get("deletemessage", "").lower() == "true":
        why = "A rule deletes mail, or moves it to where nobody looks."
        return Verdict(False, why, Signal.MAIL_RULE, ("T1564.008",))
    return None


def _domains(*texts: str) -> set[str]:
    found = set()
    for text in texts:
        for match in _ADDRESS.finditer(text if not text.startswith("@") else f"x{text}"):
            found.add(match[1].lower().strip("."))
    return found


def _related(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
