"""What of a contained account's present state is not as the containment left it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from connectors.clock import instant, spell
from connectors.entra.age import LAG
from connectors.entra.audit_entries import DISABLED, ENABLED, PASSWORD_SET
from connectors.entra.sign_in_entries import text
from connectors.timeline import Entry, Kind

# The stamp of a password and the log's entry of its setting are written within this.
_SAME = timedelta(minutes=2)
OPEN, SET = "the account is enabled", "the password was set"


def enabled_again(
    user: Mapping[str, Any], entries: Sequence[Entry], ours: Collection[str], now: datetime
) -> Iterator[Entry]:
    """The account, where we disabled it and it is enabled, and the log does not tell who did that."""
    switched = [
        entry for entry in entries if entry.event in (DISABLED, ENABLED) and entry.succeeded
    ]
    last = switched[-1] if switched else None
    if last is None or last.event != DISABLED or last.actor not in ours:
        return
    if user.get("accountEnabled") is True:
        yield _state(OPEN, user, now, f"enabled since {last.id}")


def password_set(
    user: Mapping[str, Any], entries: Iterable[Entry], since: datetime, now: datetime
) -> Iterator[Entry]:
    """The password, where it was set since and the log, which has heard of it by now, has no entry."""
    at = instant(user.get("lastPasswordChangeDateTime"))
    if at is None or not since < at < now - LAG:
        return
    known = any(e.event in PASSWORD_SET and abs(e.at - at) <= _SAME for e in entries)
    if not known:
        yield _state(SET, user, at, f"password of {spell(at)}")


def suspicious_rules(
    user: Mapping[str, Any], rules: Iterable[Mapping[str, Any]], now: datetime
) -> Iterator[Entry]:
    """The suspicious inbox rules that are enabled. Graph dates none of them."""
    for rule in rules:
        if rule["enabled"]:
            told = {"why": ", ".join(rule["reasons"])}
            what = f"an inbox rule that {text(told, 'why')} is enabled"
            yield _state(what, user, now, str(rule["id"]))


def _state(what: str, user: Mapping[str, Any], at: datetime, known_as: str = "") -> Entry:
    name = user.get("userPrincipalName")
    return Entry(
        at=at,
        system="entra",
        id=known_as,
        event=what,
        kind=Kind.CHANGE,
        outcome="success",
        person=str(user.get("id")).lower(),
        person_name=name if isinstance(name, str) else None,
    )
