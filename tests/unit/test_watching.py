"""What a second look counts, once the person has her account back and while she has not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from connectors import watching
from connectors.action import Outcome
from connectors.timeline import Entry, Kind
from connectors.watching import Seen, WatchParameters

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
HOME, THIEF = "198.51.100.23", "203.0.113.66"
BACK = "2026-11-22T09:00:00.000Z"
HERS = frozenset({"password set", "method registered"})


def minutes(number: float) -> datetime:
    return START + timedelta(minutes=number)


def entry(minute: float, kind: Kind = Kind.SIGN_IN, event: str = "sign-in", **more: Any) -> Entry:
    facts: dict[str, Any] = {"actor": "nora", "person": "nora", "ip": HOME} | more
    return Entry(minutes(minute), "any", f"e{minute}", event, kind, "success", **facts)


def seen(*entries: Entry, **parameters: Any) -> Seen:
    return Seen.of(entries, WatchParameters(**parameters), "nora", HERS)


def summed(found: Seen, **parameters: Any) -> Any:
    window = {
        "since": "2026-11-22T08:00:00.000Z",
        "until": "2026-11-22T10:00:00.000Z",
        "cut": False,
    }
    told = watching.evidence(found, found.drift, START, WatchParameters(**parameters))
    return watching.verdict(found, window | told, late="late")


EVERYTHING = (
    entry(30),
    entry(70),
    entry(71, Kind.TOKEN, "token"),
    entry(72, Kind.CHANGE, "password set"),
    entry(73, Kind.CHANGE, "method registered"),
    entry(74, Kind.CHANGE, "method registered", actor="admin"),
    entry(75, Kind.CHANGE, "consent"),
    entry(76, ip=THIEF),
    entry(77, session="stolen"),
    entry(78, Kind.TOKEN, "token", tokens=("family",)),
)


def test_while_the_account_is_contained_all_of_it_is_drift() -> None:
    assert seen(*EVERYTHING) == Seen(EVERYTHING)


def test_of_an_account_that_was_given_back_only_hers_is_expected() -> None:
    found = seen(
        *EVERYTHING, given_back=BACK, thief_ips=[THIEF], thief_handles=["stolen", "family"]
    )
    assert [each.id for each in found.expected] == ["e70", "e71", "e72", "e73"]
    assert [each.id for each in found.drift] == ["e30", "e74", "e75", "e76", "e77", "e78"]


def test_a_handle_that_names_no_session_is_not_the_thief_s_alone() -> None:
    again = entry(70, Kind.TOKEN, tokens=("app@nora",))
    assert seen(again, given_back=BACK, thief_handles=["app@nora"]).expected == (again,)


def test_what_is_expected_is_told_with_what_to_ask_and_is_no_drift() -> None:
    verdict = summed(seen(entry(70), given_back=BACK), given_back=BACK)
    assert verdict.outcome is Outcome.OBSERVED
    assert f"sign-in from {HOME} since the account was given back at {BACK}" in verdict.reason
    assert "Ask the person" in verdict.instructions


def test_drift_is_told_first_and_what_is_expected_besides() -> None:
    verdict = summed(seen(entry(30, ip=THIEF), entry(70), given_back=BACK), given_back=BACK)
    assert verdict.outcome is Outcome.MANUAL
    assert verdict.reason.startswith(f"sign-in from {THIEF} between")
    assert f"besides, sign-in from {HOME} since" in verdict.reason


def test_where_nothing_came_about_nothing_is_to_be_asked() -> None:
    verdict = summed(seen(given_back=BACK), given_back=BACK)
    assert (verdict.outcome, verdict.instructions) == (Outcome.OBSERVED, "")


@pytest.mark.parametrize(
    ("parameters", "contained", "since"),
    [
        ({}, [], None),
        ({}, [5, 40], 40),
        # what gave the account back has ended its sessions, too
        ({"given_back": BACK}, [5, 40, 61], 40),
        ({"given_back": BACK}, [61], 60),
        ({"given_back": "2026-11-20T09:00:00Z"}, [], 0),
        ({"since": "2026-11-22T08:50:00Z", "given_back": BACK}, [5], 0),
    ],
)
def test_it_counts_from_the_last_change_that_contained(
    parameters: dict[str, Any], contained: list[float], since: float | None
) -> None:
    begins = WatchParameters(**parameters).counts_from([minutes(each) for each in contained], START)
    assert begins == (None if since is None else minutes(since))


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError, match="given_back"):
        WatchParameters(given_back="yesterday")
