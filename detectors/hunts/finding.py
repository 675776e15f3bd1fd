"""A finding: who, since when, the sentence why, what would make it nothing, and the rows it rests on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from detectors import fields

Severity = Literal["low", "medium", "high"]
#: The severities, the least first.
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high")


class Cause(BaseModel):
    """A benign cause that was looked at, and whether the rows rule it out."""

    model_config = ConfigDict(frozen=True)

    cause: str
    ruled_out: bool
    because: str


class Finding(BaseModel):
    """One finding of one hunt. Times are UTC; evidence is at most a dozen rows, the oldest first.

    ``low`` is a list to look through; from ``medium`` on it is worth an alert.
    """

    model_config = ConfigDict(frozen=True)

    hunt: str
    title: str
    severity: Severity
    points: int
    provider: str
    user_id: str | None
    user_name: str | None
    session_id: str | None
    first_at: datetime
    last_at: datetime
    why: str
    causes: tuple[Cause, ...]
    evidence: tuple[dict[str, str], ...]
    ips: tuple[str, ...]
    user_agents: tuple[str, ...]
    app_ids: tuple[str, ...]
    attack: tuple[str, ...]
    signal: str

    @property
    def id(self) -> str:
        """The same for the same finding over the same logs: hunt, person, session and beginning."""
        said = [
            self.hunt,
            self.provider,
            self.user_id,
            self.user_name,
            self.session_id,
            self.first_at.isoformat(),
        ]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]

    @property
    def who(self) -> str:
        """The person's name, else the id."""
        return self.user_name or self.user_id or "nobody named"

    def document(self) -> dict[str, Any]:
        """Return the finding as a JSON object."""
        return {"id": self.id, **self.model_dump(mode="json")}


def finding_of(
    row: Mapping[str, Any], hunt: str, title: str, attack: tuple[str, ...], signal: str
) -> Finding:
    """Make a finding of a row. What stands in logs is somebody else's text: it is cleaned and cut."""
    return Finding(
        hunt=hunt,
        title=title,
        severity=row["severity"],
        points=row["points"],
        provider=row["provider"],
        user_id=fields.text(row["user_id"]) or None,
        user_name=fields.text(row["user_name"]) or None,
        session_id=fields.text(row["session_id"]) or None,
        first_at=row["first_at"].replace(tzinfo=UTC),
        last_at=row["last_at"].replace(tzinfo=UTC),
        why=fields.text(row["why"], 600),
        causes=tuple(
            Cause(
                cause=each["cause"],
                ruled_out=bool(each["ruled_out"]),
                because=fields.text(each["because"]),
            )
            for each in row["causes"] or ()
        ),
        evidence=tuple(_evidence(each) for each in row["evidence"] or ()),
        ips=_texts(row["ips"]),
        user_agents=_texts(row["agents"]),
        app_ids=_texts(row["app_ids"]),
        attack=attack,
        signal=signal,
    )


def _evidence(document: str) -> dict[str, str]:
    return {
        key: said for key, value in json.loads(document).items() if (said := fields.text(value))
    }


def _texts(values: list[Any] | None) -> tuple[str, ...]:
    return fields.unique(sorted(fields.text(value) for value in values or () if value))
