"""Records of the Microsoft 365 audit log: who acted, whom it is about, and what it is a sign of.

``UserId`` is who acted. Whom it is about: the user in ``Target`` or ``ObjectId`` (directory), the owner
of the mailbox (Exchange), the entity of an alert (Security & Compliance); where nobody else is named,
whoever acted. Services write their own names into ``UserId``; they are nobody.

Vendor documentation: Microsoft Learn, "Office 365 Management Activity API schema" (common schema,
enums, and the schemas of Exchange, Azure Active Directory, SharePoint, Teams, Security & Compliance
alerts, Threat Intelligence); "Mailbox auditing" (owner, delegate and administrator).
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from detectors import embedded, entra_rows, fields, persons
from detectors.alert import IdKind, Role
from detectors.cast import Candidate, Cast, is_machine
from detectors.fields import Fields
from detectors.parts import unsayable

#: UserType: system, application, service principal, custom policy, system policy. Some records of what
#: a person did have it, too (clicks on links), so that the name's form decides.
_SERVICE_TYPES = {
    "4", "5", "6", "7", "8", "system", "application", "serviceprincipal", "custompolicy", "systempolicy",
}  # fmt: skip
#: Names that services write: in capitals or camel case, with blanks, dots or a scope behind.
_SERVICE = re.compile(
    r"(nt authority|nt service)\\.*|serviceprincipal_.*|certificate|application|service account"
    r"|not available|unknown|.*@sharepoint|sharepoint\\.*|.*\(microsoft\..*\)|microsoft\..*"
    r"|securitycompliancealerts|airinvestigation|dlpagent|threatintel(ligence)?|.*@support\.onmicrosoft\.com",
    re.IGNORECASE | re.DOTALL,
)
_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_USER_MARK = re.compile(r"User_([0-9a-fA-F-]{36})")
#: What stands in ``Target`` where the object is no user.
_OTHERS = {
    "Group",
    "ServicePrincipal",
    "Application",
    "Device",
    "Role",
    "Policy",
    "Other",
    "Unknown",
}
_DIRECTORY = {"azureactivedirectory", "8", "9", "15"}
#: Cmdlets that change a mailbox that ``Identity`` names; those of inbox rules name it in ``Mailbox``.
_OF_MAILBOX = re.compile(
    r"(set|add|remove|new|enable|disable)-"
    r"(mailbox\w*|casmailbox|recipientpermission|mailuser|user|remotemailbox)",
    re.IGNORECASE,
)
_OF_RULE = re.compile(r"(new|set|remove|enable|disable)-(inboxrule|sweeprule)", re.IGNORECASE)


def cast_of(record: Fields) -> Cast:
    """Name who a record is about (victim), who acted (actor), and who else is named (bystander)."""
    people = Cast()
    if is_alert(record):
        _of_alert(record, people)
    else:
        about = _owner(record, people) if is_exchange(record) else _target(record, people)
        reported = entra_rows.is_report(record.text("operation", limit=120))
        _actor(record, people, Role.ACTOR if about or reported else Role.VICTIM)
    _others(record, people)
    return people


def is_alert(record: Fields) -> bool:
    """Whether a record is an alert of Security & Compliance (``RecordType`` 40)."""
    operation = record.text("operation", limit=60).lower()
    kind = record.text("recordType", "auditLogRecordType", limit=60).lower()
    named = kind in {"40", "securitycompliancealerts"} or "alertEntityId" in record
    return named or operation in {"alerttriggered", "alertentitygenerated", "alertupdated"}


def is_exchange(record: Fields) -> bool:
    """Whether a record is Exchange's: of a mailbox's items or of a cmdlet."""
    workload = record.text("workload", "officeWorkload", limit=60).lower()
    if not workload:  # a query has kept a few columns; only Exchange has cmdlets of mailboxes
        operation = record.text("operation", limit=80)
        if _OF_MAILBOX.fullmatch(operation) or _OF_RULE.fullmatch(operation):
            return True
    return workload == "exchange" or "mailboxOwnerUPN" in record


def parameters(record: Fields) -> dict[str, str]:
    """Return a cmdlet's parameters by name in small letters (rules of Outlook: its properties)."""
    found: dict[str, str] = {}
    for name in ("parameters", "operationProperties", "nonPIIParameters"):
        for pair in map(Fields, embedded.items(record, name)):
            key, value = pair.text("name", limit=80).lower(), pair.get("value")
            if key and isinstance(value, str | int | bool):
                found.setdefault(key, str(value)[:2000])
    return found


def properties(record: Fields, *names: str) -> dict[str, str]:
    """Return ``ExtendedProperties``, ``DeviceProperties`` and the like by name in small letters."""
    found: dict[str, str] = {}
    for name in names:
        for pair in map(Fields, embedded.items(record, name)):
            key = pair.text("name", limit=80).lower()
            if key:
                found.setdefault(key, pair.text("value"))
    return found


def is_service(name: str, user_type: str) -> bool:
    """Whether ``UserId`` is a service's name and no person's."""
    plain = name.strip()
    if not plain or _SERVICE.fullmatch(plain) or is_machine(plain):
        return True
    return (
        user_type.lower() in _SERVICE_TYPES
        and "@" not in plain
        and not _PLAIN_NAME.fullmatch(plain)
    )


def acting_applications(record: Fields) -> list[str]:
    """Return the id of the application that acted, where ``Actor`` says that it was one.

    ``Actor`` holds pairs of an id and its kind; an application's are its client id, and its service
    principal's as ``ServicePrincipal_<object id>``, which is taken where the other is not there.
    """
    named = [each.text("id", limit=200) for each in map(Fields, embedded.items(record, "actor"))]
    marked = [name.partition("_") for name in named if name.startswith("ServicePrincipal")]
    if not marked:
        return []
    principals = [found for mark in marked if (found := persons.guid(mark[2]))]
    clients = [found for name in named if (found := persons.guid(name))]
    return [each for each in clients if each not in principals] or principals


def _actor(record: Fields, people: Cast, role: Role) -> bool:
    name = record.text("userId", "userPrincipalName", limit=320)
    support = name.lower().endswith("@support.onmicrosoft.com") and role is Role.ACTOR
    if is_service(name, record.text("userType", limit=40)) and not support:
        people.leave_out("a service, which is nobody")
        return False
    candidates: list[Candidate] = [
        (IdKind.USER_PRINCIPAL_NAME, record.get("userId", "userPrincipalName"))
    ]
    key = persons.guid(record.get("userKey"))
    marked = key or _object_id(record, "actor")
    candidates.append((IdKind.ENTRA_OBJECT_ID, marked))
    return people.add(role, *candidates)


def _target(record: Fields, people: Cast) -> bool:
    """Add the user a change of the directory is about."""
    workload = record.text("workload", "officeWorkload", limit=60).lower()
    kind = record.text("recordType", "auditLogRecordType", limit=60).lower()
    if (
        workload not in _DIRECTORY
        and not kind.startswith("azureactivedirectory")
        and kind not in _DIRECTORY
    ):
        return False
    ids = [entry.text("id", limit=320) for entry in map(Fields, embedded.items(record, "target"))]
    principals = [entry.get("id") for entry in map(Fields, embedded.items(record, "target"))
                  if entry.text("type", limit=4) == "5"]  # fmt: skip
    mark = _object_id(record, "target")
    is_user = "User" in ids or mark is not None
    if not is_user and not _OTHERS.intersection(ids):
        # Older records name no kind; only users have a user principal name.
        is_user = any(isinstance(each, str) and "@" in each for each in principals)
    named = record.get("objectId", "officeObjectId")
    if is_user and unsayable([(IdKind.USER_PRINCIPAL_NAME, named)]):
        return people.add(Role.VICTIM, (IdKind.ENTRA_OBJECT_ID, mark)) or True
    address = isinstance(named, str) and re.fullmatch(r"[^\s@;/]+@[^\s@;/]+", named) is not None
    if ids and not is_user:
        return False
    if not ids and not address:
        return False
    return people.add(
        Role.VICTIM,
        (IdKind.ENTRA_OBJECT_ID, mark),
        *((IdKind.USER_PRINCIPAL_NAME, value) for value in principals),
        (IdKind.USER_PRINCIPAL_NAME, named if address else None),
    )


def _object_id(record: Fields, name: str) -> str | None:
    for entry in map(Fields, embedded.items(record, name)):
        found = _USER_MARK.fullmatch(entry.text("id", limit=80))
        if found:
            return persons.guid(found[1])
    return None


def _owner(record: Fields, people: Cast) -> bool:
    """Add the owner of the mailbox that a record of Exchange is about."""
    owner = record.get("mailboxOwnerUPN")
    if unsayable([(IdKind.USER_PRINCIPAL_NAME, owner)]):
        people.leave_out("the owner of the mailbox, who is not told by text")
        return True
    if isinstance(owner, str) and owner.strip():
        return people.add(Role.VICTIM, (IdKind.USER_PRINCIPAL_NAME, owner), (IdKind.SID, record.get("mailboxOwnerSid")))  # fmt: skip
    operation, given = record.text("operation", limit=80), parameters(record)
    if _OF_RULE.fullmatch(operation):
        wanted = given.get("mailbox", "")
    elif _OF_MAILBOX.fullmatch(operation):
        wanted = given.get("identity") or record.text("objectId", "officeObjectId", limit=1000)
    else:
        return False
    alias = mailbox_name(wanted)
    actor = record.text("userId", limit=320)
    if "@" not in alias and is_service(actor, record.text("userType", limit=40)):
        return False  # Exchange tends its own mailboxes, under names of its own
    if not alias or alias.casefold() in {actor.casefold(), actor.partition("@")[0].casefold()}:
        return False
    if persons.guid(alias):
        return people.add(Role.VICTIM, (IdKind.USER_ID, alias))
    return people.add_named(Role.VICTIM, alias)


def mailbox_name(identity: str) -> str:
    r"""Return the address or alias in ``host/.../alias\rule``, ``mail:\Folder``, ...; empty for a system mailbox."""
    name = identity.strip().rpartition("/")[2]
    name = re.split(r"\\|:(?=\\)", name)[0].strip().strip('"')
    return "" if "{" in name or name.lower().startswith("federatedemail.") else name


def _of_alert(record: Fields, people: Cast) -> None:
    data = embedded.at(record, "data")
    kind = record.text("entityType", limit=40).lower() or data.text("etype", limit=40).lower()
    named: list[JsonValue] = []
    if kind in {"user", "mailbox", "account"}:
        named = [record.get("alertEntityId"), data.get("eid"), record.get("objectId")]
    elif not kind:
        named = [data.get("f3u")]
    addresses = [value for value in named if isinstance(value, str) and "@" in value]
    for value in addresses or named[:1]:
        people.add_named(Role.VICTIM, value)
    if not named:
        people.leave_out("the alert's entity is no user")


def _others(record: Fields, people: Cast) -> None:
    """Add who is named beside them: with whom something was shared, members, to whom rights were given."""
    shared = record.text("targetUserOrGroupName", limit=320)
    if "@" in shared and "group" not in record.text("targetUserOrGroupType", limit=40).lower():
        people.add_named(Role.BYSTANDER, shared)
    for member in map(Fields, embedded.items(record, "members")):
        people.add(Role.BYSTANDER, (IdKind.USER_PRINCIPAL_NAME, member.get("upn")), name=member.get("displayName"))  # fmt: skip
    given = parameters(record).get("user", "")
    if given and is_exchange(record):
        people.add_named(Role.BYSTANDER, fields.text(mailbox_name(given), 320))
    people.add_named(Role.BYSTANDER, embedded.at(record, "exchangeMetaData").get("from"))
