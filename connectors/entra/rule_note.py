"""A noted inbox rule: what of it can be written back, what cannot, and whether a rule is the same again.

Graph gives a rule written anew an id of its own, and Exchange writes words in capitals. What Outlook and
Exchange know of a rule and Graph has no name for is in no note. Source: Microsoft Graph v1.0, messageRule,
messageRuleActions, messageRulePredicates, Create rule (and its example).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Json = dict[str, Any]

_ACTIONS = frozenset(
    {
        "assignCategories",
        "copyToFolder",
        "delete",
        "forwardAsAttachmentTo",
        "forwardTo",
        "markAsRead",
        "markImportance",
        "moveToFolder",
        "permanentDelete",
        "redirectTo",
        "stopProcessingRules",
    }
)
_PREDICATES = frozenset(
    {
        "bodyContains",
        "bodyOrSubjectContains",
        "categories",
        "fromAddresses",
        "hasAttachments",
        "headerContains",
        "importance",
        "isApprovalRequest",
        "isAutomaticForward",
        "isAutomaticReply",
        "isEncrypted",
        "isMeetingRequest",
        "isMeetingResponse",
        "isNonDeliveryReport",
        "isPermissionControlled",
        "isReadReceipt",
        "isSigned",
        "isVoicemail",
        "messageActionFlag",
        "notSentToMe",
        "recipientContains",
        "senderContains",
        "sensitivity",
        "sentCcMe",
        "sentOnlyToMe",
        "sentToAddresses",
        "sentToMe",
        "sentToOrCcMe",
        "subjectContains",
        "withinSizeRange",
    }
)
_PARTS = {"conditions": _PREDICATES, "exceptions": _PREDICATES, "actions": _ACTIONS}
#: What Graph says of a rule and takes from nobody.
_READ_ONLY = frozenset({"id", "hasError", "isReadOnly"})
_PLAIN = frozenset({"displayName", "sequence", "isEnabled"})


def body(rule: Mapping[str, Any]) -> Json | None:
    """What is sent to write ``rule`` again, disabled; None where it would be a rule that does nothing."""
    parts = {
        name: {
            key: value for key, value in _part(rule, name).items() if key in known and _says(value)
        }
        for name, known in _PARTS.items()
    }
    if not parts["actions"]:
        return None
    sequence = rule.get("sequence")
    return {
        "displayName": str(rule.get("displayName") or ""),
        "sequence": sequence if isinstance(sequence, int) and sequence > 0 else 1,
        "isEnabled": False,
        **{name: part for name, part in parts.items() if part},
    }


def lost(rule: Mapping[str, Any]) -> tuple[str, ...]:
    """Name what the note has of ``rule`` and Graph is not known to take, and what makes the note doubtful."""
    found = [
        f"{name}.{key}"
        for name, known in _PARTS.items()
        for key, value in _part(rule, name).items()
        if key not in known and not key.startswith("@odata") and _says(value)
    ]
    found += [
        name
        for name, value in rule.items()
        if name not in _READ_ONLY | _PLAIN | set(_PARTS)
        and not name.startswith("@odata")
        and _says(value)
    ]
    if rule.get("hasError") is True:
        found.append("what Exchange held for an error in it")
    return tuple(found)


def same(noted: Mapping[str, Any], listed: Mapping[str, Any]) -> bool:
    """Whether ``listed`` is what writing ``noted`` back makes; its place in the order does not count."""
    return _essence(body(noted)) == _essence(body(listed))


def noted(rules: Iterable[Json], rule_id: str) -> Json:
    """The note of a rule that was among ``rules``."""
    return next(rule for rule in rules if str(rule.get("id")) == rule_id)


def now_known_as(
    rules: Sequence[Json], wanted: Iterable[str], listed: Iterable[Json], candidates: Iterable[Json]
) -> dict[str, str | None]:
    """For each rule that is wanted, the id it has now; None where it is not there.

    Args:
        rules: all that were noted.
        wanted: ids among them.
        listed: the rules that are there now.
        candidates: those of them that may be one written back, the likeliest first. It is one that is
            new since the note and the same; each counts once.
    """
    known, there = ({str(rule.get("id")) for rule in some} for some in (rules, listed))
    new = [rule for rule in candidates if str(rule.get("id")) not in known]
    found: dict[str, str | None] = {}
    for rule_id in wanted:
        if rule_id in there:
            found[rule_id] = rule_id
            continue
        note = noted(rules, rule_id)
        match = next((rule for rule in new if body(note) and same(note, rule)), None)
        if match is not None:
            new.remove(match)
        found[rule_id] = None if match is None else str(match.get("id"))
    return found


def renamed(found: Mapping[str, str | None]) -> str:
    """Say which of the rules ``now_known_as`` has found have another id now; empty where none has."""
    return ", ".join(f"{old} is {now} now" for old, now in found.items() if now and now != old)


def _essence(value: object) -> object:
    if isinstance(value, Mapping):
        address = _part(value, "emailAddress").get("address")
        if address:
            # Exchange looks names of recipients up anew.
            return str(address).casefold()
        return {k: _essence(v) for k, v in value.items() if k != "sequence" and _says(v)}
    if isinstance(value, list):
        return sorted((_essence(each) for each in value), key=str)
    return value.casefold() if isinstance(value, str) else value


def _says(value: object) -> bool:
    return value not in (None, False, "", [], {})


def _part(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = value.get(name)
    return part if isinstance(part, Mapping) else {}
