"""Which authentication methods were added since the theft began.

By the method's own ``createdDateTime``; where Graph leaves that empty (phones, most authenticator
apps) by the registrations in the directory's audit log; else it cannot be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.clock import instant
from connectors.entra import auditlog, factors, stamps
from connectors.entra.age import Age, Dated, Window

Json = dict[str, Any]

AUDIT_SERVICE = "Authentication Methods"
_REGISTERED = frozenset(
    {
        "User registered security info",
        "Admin registered security info",
        "Admin registered security info for user",
    }
)
_DELETED = frozenset(
    {
        "User deleted security info",
        "Admin deleted security info",
        "Admin deleted security info for user",
    }
)
# The audit entry's resultReason names the kind in words; a reason not understood means any kind.
_WORDS: tuple[tuple[str, frozenset[str]], ...] = (
    ("app password", frozenset()),
    ("authenticator app", frozenset({"microsoftAuthenticator", "softwareOath"})),
    ("email", frozenset({"email"})),
    ("external", frozenset({"external"})),
    ("fido", frozenset({"fido2"})),
    ("oath", frozenset({"softwareOath", "hardwareOath"})),
    ("passkey", frozenset({"fido2", "microsoftAuthenticator"})),
    ("phone", frozenset({"phone"})),
    ("platform credential", frozenset({"platformCredential"})),
    ("temporary access pass", frozenset({factors.PASS})),
    ("windows hello", frozenset({"windowsHelloForBusiness"})),
)
# A method's own date and its audit entry are written within this.
_SAME = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Event:
    at: datetime
    kinds: frozenset[str] | None

    def about(self, kind: str) -> bool:
        return self.kinds is None or kind in self.kinds


def created(method: Mapping[str, Any]) -> datetime | None:
    """When a method says it was created."""
    return instant(method.get("createdDateTime")) or instant(method.get("creationDateTime"))


def judge(
    methods: Sequence[Mapping[str, Any]],
    window: Window,
    audits: Iterable[Mapping[str, Any]] | None,
) -> list[Dated]:
    """Tell of each method, in order, whether it was added in the window.

    Args:
        methods: as Graph lists them.
        window: the time since the theft.
        audits: the account's entries of the audit log since the window's start; None where
            unreadable.
    """
    left = None if audits is None or not window.kept else _unaccounted(methods, audits, window)
    undated = [method for method in methods if created(method) is None]
    return [_one(method, window, left, undated) for method in methods]


def passes_since(methods: Iterable[Mapping[str, Any]]) -> datetime | None:
    """From when on the audit log tells who made the Temporary Access Passes; None without a pass."""
    dates = [created(m) for m in methods if factors.kind_of(m) == factors.PASS]
    return min((date - _SAME for date in dates if date), default=None)


def passes_made_by(
    app_id: str | None,
    methods: Iterable[Mapping[str, Any]],
    audits: Iterable[Mapping[str, Any]] | None,
) -> frozenset[str]:
    """The ids of the Temporary Access Passes that the app ``app_id`` has made, by the audit log.

    Where the log does not tell (yet), a pass is nobody's: it may be the thief's.
    """
    found = set()
    for method in methods:
        date = created(method)
        if app_id is None or date is None or factors.kind_of(method) != factors.PASS:
            continue
        made = [
            (abs(at - date), audit)
            for audit in auditlog.succeeded(audits or (), date - _SAME)
            if audit.get("activityDisplayName") in _REGISTERED
            and factors.PASS in (_kinds(str(audit.get("resultReason") or "")) or ())
            and (at := instant(audit.get("activityDateTime"))) is not None
            and abs(at - date) <= _SAME
        ]
        if made and _app(min(made, key=lambda pair: pair[0])[1]) == app_id:
            found.add(str(method.get("id")))
    return frozenset(found)


def _app(audit: Mapping[str, Any]) -> str:
    by = audit.get("initiatedBy")
    app = by.get("app") if isinstance(by, dict) else None
    return str(app.get("appId") or "").lower() if isinstance(app, dict) else ""


def _one(
    method: Mapping[str, Any],
    window: Window,
    left: list[_Event] | None,
    undated: list[Mapping[str, Any]],
) -> Dated:
    date = created(method)
    if date is not None:
        return window.by_date(date)
    if left is None:
        return Dated(Age.UNDATABLE, "no date, and the audit log does not tell")
    kind = factors.kind_of(method)
    related = [event for event in left if event.about(kind)]
    if not related:
        return window.by_silence("registration of this kind")
    rivals = [m for m in undated if any(event.about(factors.kind_of(m)) for event in related)]
    if len(related) >= len(rivals):
        last = max(event.at for event in related)
        return Dated(Age.RECENT, f"the audit log has its registration at {stamps.write(last)}")
    return Dated(
        Age.UNDATABLE,
        f"no date, and {len(related)} registration(s) in the audit log may mean any of "
        f"{len(rivals)} methods",
    )


def _unaccounted(
    methods: Iterable[Mapping[str, Any]], audits: Iterable[Mapping[str, Any]], window: Window
) -> list[_Event]:
    """Registrations that neither a dated method nor a later deletion accounts for."""
    registered, deleted = [], []
    for audit in auditlog.succeeded(audits, window.start):
        at = instant(audit.get("activityDateTime")) or window.start
        activity = audit.get("activityDisplayName")
        event = _Event(at, _kinds(str(audit.get("resultReason") or "")))
        if activity in _REGISTERED:
            registered.append(event)
        elif activity in _DELETED:
            deleted.append(event)
    registered.sort(key=lambda event: event.at)
    for method in methods:
        date, kind = created(method), factors.kind_of(method)
        if date is None:
            continue
        close = [e for e in registered if e.about(kind) and abs(e.at - date) <= _SAME]
        if close:
            registered.remove(min(close, key=_width))
    for deletion in deleted:
        before = [e for e in registered if e.at <= deletion.at and _overlap(e, deletion)]
        if before:
            registered.remove(before[-1])
    return registered


def _kinds(reason: str) -> frozenset[str] | None:
    said = reason.casefold()
    found = [kinds for word, kinds in _WORDS if word in said]
    return frozenset().union(*found) if found else None


def _width(event: _Event) -> int:
    return len(event.kinds) if event.kinds is not None else len(factors.KINDS) + 1


def _overlap(one: _Event, other: _Event) -> bool:
    return one.kinds is None or other.kinds is None or bool(one.kinds & other.kinds)
