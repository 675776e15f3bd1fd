"""Which of a person's consents to take away or narrow, which to leave to a person, what nobody can tell."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.action import Exposure
from connectors.clock import instant
from connectors.entra import age, granted, powershell, residue
from connectors.entra.age import Age
from connectors.entra.consenting import Told, Widened

Json = dict[str, Any]


@dataclass(slots=True)
class Choice:
    """The consents divided: ``remove``, ``narrow``, and ``left`` for a person, each with ``why``.

    What is narrowed is older than the theft: ``take_out`` is what of its scope was added since. ``apps`` are those of the consents that are known to be recent. ``silent`` is set where only the
    audit log's silence says that some of what stays is older: it tells up to then.
    """

    remove: list[Json] = field(default_factory=list)
    narrow: list[Json] = field(default_factory=list)
    left: list[Json] = field(default_factory=list)
    apps: set[str] = field(default_factory=set)
    silent: datetime | None = None

    def judge(self, consents: Iterable[tuple[str, Json]], told: Told, *, everything: bool) -> None:
        """Divide ``consents`` by their age, or whatever their age."""
        names = told.names()
        for kind, item in consents:
            widened: Widened | None = None
            if kind == granted.GRANT:
                dated, widened = told.grant(item)
            else:
                dated = told.assignment(item)
            described = _described(kind, item, dated.why, names)
            if dated.age is Age.RECENT:
                self.apps.add(described["app"])
            if everything or dated.age is Age.RECENT:
                self.remove.append(described)
            elif widened is not None:
                self._judge_widened(described, widened)
            elif dated.age is Age.UNDATABLE:
                self.left.append(described)
            elif dated.told_until is not None:
                self.silent = dated.told_until

    def _judge_widened(self, described: Json, widened: Widened) -> None:
        if widened.added is None:
            why = f"{described['why']}; the audit log does not tell all that was added"
            self.left.append({**described, "why": why, "scope_before": widened.before})
        elif not set(str(described["makings"]["scope"]).split()) - set(widened.added):
            # nothing of what it was before the theft is left in it: there is no scope to narrow it to
            why = f"{described['why']}; nothing of what it was before is left in it"
            self.remove.append({**described, "why": why})
        elif widened.added:
            self.narrow.append({**described, "take_out": list(widened.added)})

    def take_all(self, consents: Iterable[tuple[str, Json]]) -> None:
        """Choose every consent, where nothing is known of the theft's time."""
        self.remove += [_described(kind, item, "whatever its age", {}) for kind, item in consents]

    def leave(self, grant: Json, why: str) -> None:
        """Leave a grant for a person to look at."""
        self.left.append(_described(granted.GRANT, grant, why, {}))


def by_hand(user_id: str, left: Sequence[Mapping[str, Any]]) -> str:
    """The exact lines that take away what was left, or narrow it to what it was."""
    lines = []
    for item in left:
        request = granted.removal(user_id, item["kind"], item["id"], "")
        path = request.path.format_map(request.params)
        line = powershell.graph("DELETE", path)
        if item.get("scope_before"):
            line = powershell.graph("PATCH", path, {"scope": item["scope_before"]})
        lines.append(f"# {json.dumps(item['name'])}: {item['why']}\n{line}")
    return "\n".join(lines)


def exposure(snapshot: Mapping[str, Any], at: datetime | None) -> Iterator[Exposure]:
    """What stays usable: tokens the apps hold, what was left, and what cannot be told yet."""
    if snapshot["remove"] or snapshot.get("narrow"):
        yield from residue.held_by_apps(at)
    for item in snapshot["left"]:
        yield Exposure("entra", f"a consent to {item['name']}", residue.UNKNOWN, item["why"])
    told_until = instant(snapshot.get("told_until"))
    if told_until is not None:
        yield age.untold(told_until, "consents")


def _described(kind: str, item: Mapping[str, Any], why: str, names: Mapping[str, str]) -> Json:
    app = granted.app_of(item, kind)
    name = item.get("resourceDisplayName") if kind == granted.ASSIGNMENT else None
    return {
        "id": str(item.get("id")),
        "kind": kind,
        "app": app,
        "name": str(name or names.get(app) or app),
        "why": why,
        "makings": granted.makings(item, kind),
    }
