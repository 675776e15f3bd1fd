"""What makes an inbox rule suspicious: reasons a person can follow, from the rule itself.

Rules as Microsoft Graph describes them (messageRule); signs as CISA's CM0082 and Microsoft's
guidance on compromised mailboxes name them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Json = dict[str, Any]

#: Folders nobody looks into. A name with "rss" in it counts in every language.
ODD_FOLDERS = frozenset(
    {
        "archive",
        "conversation history",
        "conversationhistory",
        "deleted items",
        "deleteditems",
        "junk",
        "junk email",
        "junkemail",
        "notes",
        "recoverable items",
        "spam",
        "sync issues",
        "syncissues",
        "trash",
    }
)
#: What a thief wants to hear of first, or to keep from the mailbox's owner.
KEYWORDS = (
    "bank",
    "fraud",
    "hacked",
    "helpdesk",
    "invoice",
    "iban",
    "mfa",
    "password",
    "payment",
    "payroll",
    "phish",
    "remittance",
    "security",
    "spam",
    "suspicious",
    "verification",
    "virus",
    "wire",
)
_FORWARDS = {
    "forwardTo": "forwards",
    "forwardAsAttachmentTo": "forwards as attachment",
    "redirectTo": "redirects",
}
_HIDES = ("delete", "permanentDelete", "moveToFolder", "markAsRead")
_WORDS_IN = (
    "subjectContains",
    "bodyContains",
    "bodyOrSubjectContains",
    "senderContains",
    "recipientContains",
    "headerContains",
)


def domain_of(address: object) -> str:
    """The domain of a mail address, in lower case; empty where there is none."""
    return str(address).rpartition("@")[2].strip().casefold() if "@" in str(address) else ""


def folders_of(rule: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of the folders a rule puts mail into."""
    folder = _part(rule, "actions").get("moveToFolder")
    return (folder,) if isinstance(folder, str) and folder else ()


def reasons(
    rule: Mapping[str, Any],
    *,
    own_domains: Iterable[str],
    folder_names: Mapping[str, str],
    keywords: Iterable[str] = KEYWORDS,
) -> tuple[str, ...]:
    """Why ``rule`` is suspicious; empty where it is not.

    Args:
        rule: a messageRule as Graph gives it.
        own_domains: domains to which forwarding is nobody's business, in lower case.
        folder_names: display names by folder id, as far as they are known.
        keywords: words that make a condition suspicious where the rule also hides or forwards.
    """
    actions, conditions = _part(rule, "actions"), _part(rule, "conditions")
    found = [*_outside(actions, frozenset(own_domains))]
    if actions.get("delete") or actions.get("permanentDelete"):
        found.append("deletes what it matches")
    for folder in folders_of(rule):
        name = folder_names.get(folder, folder)
        if name.strip().casefold() in ODD_FOLDERS or "rss" in name.casefold().split():
            found.append(f"moves what it matches to {name!r}")
    if not any(char.isalnum() for char in str(rule.get("displayName") or "")):
        found.append("has a name without a letter or digit")
    if actions.get("markAsRead") and actions.get("stopProcessingRules"):
        found.append("marks as read and stops further rules")
    wanted = _words(conditions, keywords)
    if wanted and any(actions.get(name) for name in (*_FORWARDS, *_HIDES)):
        found.append("picks messages about " + ", ".join(wanted))
    return tuple(found)


def _outside(actions: Mapping[str, Any], own: frozenset[str]) -> Iterable[str]:
    for name, verb in _FORWARDS.items():
        recipients = actions.get(name)
        for recipient in recipients if isinstance(recipients, list) else ():
            address = _part(recipient, "emailAddress").get("address")
            domain = domain_of(address)
            if not domain:
                yield f"{verb} to a recipient without a mail address"
            elif domain not in own:
                yield f"{verb} to {address}"


def _words(conditions: Mapping[str, Any], keywords: Iterable[str]) -> list[str]:
    said = " ".join(
        str(text).casefold()
        for name in _WORDS_IN
        for text in (conditions.get(name) if isinstance(conditions.get(name), list) else ()) or ()
    )
    return sorted({word for word in keywords if word.casefold() in said})


def _part(value: object, name: str) -> Mapping[str, Any]:
    part = value.get(name) if isinstance(value, Mapping) else None
    return part if isinstance(part, Mapping) else {}
