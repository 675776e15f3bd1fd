"""What was asked of the simulator, in order: the witness that tests question."""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

_SECRET = re.compile(r"password|secret|token|assertion", re.IGNORECASE)
HIDDEN = "***"


@dataclass
class Entry:
    """One request and what became of it.

    Attributes:
        n: its number, from 1.
        at: when it arrived, ISO 8601 with milliseconds.
        started_ms: the same as epoch milliseconds that never run backwards.
        finished_ms: when the answer was ready (or the connection dropped).
        system: entra, okta, auth0, payroll, or where credentials are redeemed: entra_login ...
        path: as sent, with the query.
        write: whether the request was meant to change something.
        changed: whether it did.
        status: what was answered; None for a dropped connection.
        fault: the kind of the fault played on it.
        request_id: the vendor's id, as in the answer's header.
        body: the JSON body with secrets struck out.
    """

    n: int
    at: str
    started_ms: float
    system: str
    method: str
    path: str
    write: bool
    request_id: str
    client_request_id: str | None = None
    body: Any = None
    finished_ms: float | None = None
    status: int | None = None
    changed: bool = False
    fault: str | None = None

    def to_json(self) -> dict[str, Any]:
        """A plain JSON object."""
        return asdict(self)


class Journal:
    """The requests so far; the oldest are forgotten after `size`."""

    def __init__(self, size: int = 100_000) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=size)
        self._count = 0

    def number(self) -> int:
        """The number of the next request."""
        with self._lock:
            self._count += 1
            return self._count

    def append(self, entry: Entry) -> None:
        """Record a request when it arrives; the entry is completed later in place."""
        with self._lock:
            self._entries.append(entry)

    def all(self, system: str | None = None) -> list[Entry]:
        """The recorded requests, of one system or of all."""
        with self._lock:
            return [e for e in self._entries if system in (None, e.system)]

    def writes(self, system: str | None = None) -> list[Entry]:
        """The requests meant to change something."""
        return [e for e in self.all(system) if e.write]

    def clear(self) -> None:
        """Forget everything; numbers go on."""
        with self._lock:
            self._entries.clear()


def redacted(raw: bytes, content_type: str) -> Any:  # noqa: ANN401 - any JSON
    """A request body to what may be kept of it: JSON with secrets struck out, else None."""
    if not raw or "json" not in content_type:
        return None
    try:
        return _strike(json.loads(raw))
    except ValueError:
        return None


def _strike(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {
            k: HIDDEN if _SECRET.search(k) and isinstance(v, str) else _strike(v)
            for k, v in value.items()
        }
    return [_strike(v) for v in value] if isinstance(value, list) else value
