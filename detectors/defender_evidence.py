"""Evidence of Defender's alerts: the accounts, addresses, sessions, devices and applications among it.

Microsoft Graph writes evidence with its kind in ``@odata.type`` and accounts in ``userAccount``;
Defender's own interfaces write flat entities with ``entityType``. Both come alone or in lists.

Who is a victim: the users; where there are none, the owners of the mailboxes; where there are none
either, whose process it was. Users who were merely signed in to a device, and those whose role is
contextual, are bystanders. The system's own accounts, analysts and applications are nobody.

Vendor documentation: Microsoft Learn, Microsoft Graph resource type
``microsoft.graph.security.alertEvidence`` and those derived from it; Defender for Endpoint "Alert
resource type" and "Incident API", entities.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import JsonValue

from detectors import compose
from detectors.alert import IdKind, Network, Role, Thing
from detectors.cast import Candidate, Cast, is_machine
from detectors.fields import Fields

#: Security identifiers of the system itself, its services and its window sessions.
_SYSTEM_SIDS = (
    "S-1-5-18",
    "S-1-5-19",
    "S-1-5-20",
    "S-1-5-80-",
    "S-1-5-90-",
    "S-1-5-96-",
    "S-1-5-82-",
)
_SYSTEM_DOMAINS = {"nt authority", "nt service", "window manager", "font driver host", "builtin"}
_BYSTANDERS = {"contextual", "scanned"}


@dataclass
class Evidence:
    """What was found, in the order of the evidence. ``compromised``: a user is said to be."""

    networks: list[Network | None] = field(default_factory=list)
    devices: list[Thing | None] = field(default_factory=list)
    apps: list[Thing | None] = field(default_factory=list)
    session_ids: list[JsonValue] = field(default_factory=list)
    user_agents: list[JsonValue] = field(default_factory=list)
    compromised: bool = False
    accounts: list[tuple[str, Fields]] = field(default_factory=list)

    def add(self, items: Iterable[JsonValue]) -> Evidence:
        """Add evidence items; what is no object is passed over."""
        for item in map(Fields, items):
            if item:
                self._add(kind_of(item), item)
        return self

    def cast(self, role: Role = Role.VICTIM) -> Cast:
        """Name the accounts: victims (or ``role`` in their place) first, then bystanders."""
        people = Cast()
        taken = False
        for wanted in ("user", "mailbox", "process"):
            for rank, account in self.accounts:
                if rank == wanted:
                    taken = add_account(people, role, account) or taken
            if taken:
                break
        for rank, account in self.accounts:
            if rank != "process" or not taken:
                add_account(people, Role.BYSTANDER, account)
        return people

    def _add(self, kind: str, item: Fields) -> None:
        account = item.at("userAccount", "account") or item
        if kind in {"user", "account", "cloudlogonsession", "cloudlogonrequest"}:
            self._user(kind, item, account)
        elif kind in {"mailbox", "mailboxconfiguration"}:
            self.accounts.append(("mailbox", _mailbox(item)))
        elif kind == "process" and account:
            self.accounts.append(("process", account))
        elif kind in {"device", "machine", "host"}:
            self._device(item)
        elif kind == "ip":
            self.networks.append(compose.network(
                item.get("ipAddress", "address"), None, item.at("location").get("city"),
                item.get("countryLetterCode") or item.at("location").get("countryName"),
            ))  # fmt: skip
        elif kind in {"cloudapplication", "oauthapplication", "serviceprincipal"}:
            self.apps.append(compose.thing(item.get("appId", "applicationId", "servicePrincipalObjectId"),
                                           item.get("displayName", "applicationName")))  # fmt: skip

    def _user(self, kind: str, item: Fields, account: Fields) -> None:
        roles = {value.lower() for value in item.items("roles") if isinstance(value, str)}
        roles |= {item.text("evidenceRole", limit=40).lower()} - {""}
        cleared = item.text("verdict", limit=40).lower() == "nothreatsfound"
        bystander = cleared or bool(roles and roles <= _BYSTANDERS)
        self.accounts.append(("bystander" if bystander else "user", account))
        malicious = item.text("verdict", limit=40).lower() == "malicious"
        self.compromised = self.compromised or (
            not bystander and (malicious or "compromised" in roles)
        )
        if kind.startswith("cloudlogon"):
            self.session_ids.append(item.get("sessionId"))
            self.user_agents.append(item.get("userAgent"))

    def _device(self, item: Fields) -> None:
        self.devices.append(compose.thing(
            item.get("azureAdDeviceId", "aadDeviceId", "mdeDeviceId", "deviceId"),
            item.get("deviceDnsName", "hostName", "deviceName"),
        ))  # fmt: skip
        for user in map(Fields, item.items("loggedOnUsers")):
            self.accounts.append(("bystander", user))


def kind_of(item: Fields) -> str:
    """Return the kind of an evidence item in small letters: ``user``, ``process``, ``ip``, ..."""
    odata = item.text("@odata.type", "at_sign_odata_type", "odata_type", limit=120)
    found = (odata.rpartition(".")[2] or item.text("entityType", "type", "kind", limit=60)).lower()
    found = found.removesuffix("evidence").replace("-", "").replace("_", "")
    if found:
        return found
    return "user" if item.at("userAccount") else ""


def add_account(people: Cast, role: Role, account: Fields) -> bool:
    """Add an account by its ids and names; one of the system itself is nobody."""
    if _is_system(account):
        people.leave_out("an account of a machine or of the system itself")
        return False
    name = account.get("accountName", "userName", "name")
    domain = account.text("domainName", "accountDomain", "domain", limit=120)
    candidates: list[Candidate] = [
        (IdKind.ENTRA_OBJECT_ID, account.get("azureAdUserId", "aadUserId", "accountObjectId")),
        (IdKind.USER_PRINCIPAL_NAME, account.get("userPrincipalName", "accountUpn")),
        (IdKind.EMAIL, account.get("primaryAddress", "mailboxAddress", "mailboxPrimaryAddress")),
        (IdKind.SID, account.get("userSid", "accountSid")),
    ]
    if isinstance(name, str) and domain and "@" not in name:
        candidates.append((IdKind.SAMACCOUNTNAME, f"{domain}\\{name.strip()}"))
    candidates.append((IdKind.USERNAME, name))
    kept = [(kind, value) for kind, value in candidates if isinstance(value, str)]
    shown = account.get("displayName", "mailboxDisplayName", "accountDisplayName")
    return people.add(role, *kept, name=shown)


def _is_system(account: Fields) -> bool:
    name = account.text("accountName", "userName", "name", limit=300)
    domain = account.text("domainName", "accountDomain", "domain", limit=120).lower()
    sid = account.text("userSid", "accountSid", limit=200).upper()
    return is_machine(name) or domain in _SYSTEM_DOMAINS or sid.startswith(_SYSTEM_SIDS)


def _mailbox(item: Fields) -> Fields:
    inner = item.at("userAccount")
    address = item.get("primaryAddress", "mailboxAddress", "mailboxPrimaryAddress")
    return Fields({**item.everything(), **inner.everything(), "primaryaddress": address})
