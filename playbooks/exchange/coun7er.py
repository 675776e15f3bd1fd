"""CISA COUN7ER: which countermeasures of somebody's eviction plan can be carried out, and what was.

Files of CISA's Playbook-NG, specification 1.0.0 and 2.0.0: techniques, each with the countermeasures
chosen against it. Source: github.com/cisagov/playbook-ng, shared/src/playbook/schema.ts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.action import ActionSpec

Json = dict[str, Any]

_VERSIONS = ("1.0.0", "2.0.0")
#: What the countermeasures are called that actions name (COUN7ER dataset of 2025-07).
_NAMES: Mapping[str, str] = {
    "CM0033": "Reset User Account Passwords",
    "CM0034": "Identify and Block Suspicious Hosts",
    "CM0063": "Investigate Suspicious Login Attempts",
    "CM0064": "Investigate Account Manipulation",
    "CM0071": "Unenroll Suspicious MFA Device",
    "CM0076": "Remove Adversary Certificates and Rotate Secrets",
    "CM0077": "Revoke Microsoft 365 Refresh Tokens",
    "CM0080": "Block and Reissue Tokens",
    "CM0082": "Identify and Remove Suspicious Email Forwarding Rules",
    "CM0083": "Rotate API Keys",
    "CM0105": "Remove Malicious Enterprise Applications",
    "CM0114": "Enable Microsoft Conditional Access Policy Templates",
}
_UNMAPPED = "unmapped"


class NotAPlaybook(Exception):
    """This is no file of CISA's Playbook-NG."""

    remedy = "Export the playbook there as JSON, and give that file."


@dataclass(frozen=True, slots=True)
class Item:
    """A countermeasure that a file asks for, and what carries it out here."""

    id: str
    version: str
    name: str
    techniques: tuple[str, ...]
    actions: tuple[str, ...] = ()
    playbooks: tuple[str, ...] = ()

    @property
    def can(self) -> bool:
        """Whether anything here carries it out."""
        return bool(self.actions or self.playbooks)

    def document(self) -> Json:
        """Return it as JSON."""
        return {
            "id": self.id,
            "version": self.version,
            "name": self.name,
            "techniques": list(self.techniques),
            "can": self.can,
            "actions": list(self.actions),
            "playbooks": list(self.playbooks),
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """An eviction plan, read: its title, and each countermeasure once."""

    title: str
    items: tuple[Item, ...]
    ignored: tuple[str, ...]


def read(document: object, specs: Iterable[ActionSpec], playbooks: Mapping[str, str]) -> Plan:
    """Read an exported plan and match it with what there is here.

    Args:
        document: the decoded JSON.
        specs: the known actions.
        playbooks: countermeasure by playbook.

    Raises:
        NotAPlaybook: it is no such file; the reason says why.
    """
    if not isinstance(document, Mapping) or document.get("spec_version") not in _VERSIONS:
        found = document.get("spec_version") if isinstance(document, Mapping) else None
        raise NotAPlaybook(f"its spec_version is {found!r}; known are {', '.join(_VERSIONS)}")
    chosen = document.get("tech_to_items")
    if not isinstance(chosen, Mapping):
        raise NotAPlaybook("it has no tech_to_items")
    techniques: dict[tuple[str, str], list[str]] = {}
    for technique, entry in chosen.items():
        for item in _items(entry):
            techniques.setdefault(item, []).append(str(technique))
    known = list(specs)
    ignored = document.get("ignored_items")
    return Plan(
        str(document.get("title") or ""),
        tuple(
            _matched(item, tuple(sorted(against)), known, playbooks)
            for item, against in sorted(techniques.items())
        ),
        tuple(str(each) for each in ignored) if isinstance(ignored, list) else (),
    )


def _items(entry: object) -> list[tuple[str, str]]:
    listed = entry.get("items") if isinstance(entry, Mapping) else None
    if not isinstance(listed, list):
        return []
    return [
        (str(each["id"]), str(each.get("version") or ""))
        for each in listed
        if isinstance(each, Mapping) and each.get("id")
    ]


def _matched(
    item: tuple[str, str],
    against: tuple[str, ...],
    specs: Sequence[ActionSpec],
    playbooks: Mapping[str, str],
) -> Item:
    own, version = item
    return Item(
        own,
        version,
        _NAMES.get(own, ""),
        against,
        tuple(sorted(spec.name for spec in specs if spec.countermeasure == own)),
        tuple(sorted(name for name, each in playbooks.items() if each == own)),
    )


def write(title: str, done: Sequence[ActionSpec], created: str, updated: str) -> Json:
    """Return what was done as a plan that Playbook-NG reads (specification 2.0.0).

    Args:
        title: of the plan.
        done: the actions that were carried out.
        created: when the run began, RFC 3339 UTC.
        updated: when it ended.
    """
    by_technique: dict[str, set[str]] = {_UNMAPPED: set()}
    for spec in done:
        for technique in spec.attack or (_UNMAPPED,):
            by_technique.setdefault(technique, set()).add(spec.countermeasure)
    return {
        "dataset_id": "coun7er",
        "dataset_version": "latest",
        "title": title,
        "template_used": None,
        "version": "1",
        "created": created,
        "updated": updated,
        "spec_version": "2.0.0",
        "tech_to_items": {
            technique: {
                "confidence": "none" if technique == _UNMAPPED else "suspected",
                "items": [{"id": each, "version": "1.0"} for each in sorted(countermeasures)],
            }
            for technique, countermeasures in sorted(by_technique.items())
        },
        "ignored_items": [],
    }
