"""What log entries tell of a stolen session, whoever's log it is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors import trace
from connectors.timeline import Entry, Kind, digest
from connectors.trace import Named

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
HOME = {"ip": "198.51.100.23", "asn": 64500, "agent": "Firefox", "device": "laptop"}
THIEF = {"ip": "203.0.113.66", "asn": 64666, "agent": "python", "place": "Frankfurt, Germany"}
S, OLD = digest("session", "contoso"), digest("old", "contoso")


def entry(minute: int, kind: Kind, **more: Any) -> Entry:
    facts: dict[str, Any] = {
        "at": START + timedelta(minutes=minute),
        "system": "any",
        "id": f"e{minute}",
        "event": kind.value,
        "kind": kind,
        "outcome": "success",
        "actor": "nora",
        "person": "nora",
        "session": S,
    }
    return Entry(**{**facts, **more})


def told(*entries: Entry, ours: tuple[str, ...] = (), **named: tuple[str, ...]) -> trace.Trace:
    return trace.trace(reversed(entries), "nora", Named(**named), ours)


STORY = (
    entry(-1440, Kind.SIGN_IN, **HOME, session=OLD),
    entry(0, Kind.SIGN_IN, **HOME),
    entry(1, Kind.APP, **HOME, app="Expenses"),
    entry(20, Kind.APP, **{**HOME, "ip": "198.51.100.77"}, app="Expenses"),
    entry(46, Kind.APP, **THIEF, app="Expenses"),
    entry(47, Kind.TOKEN, **THIEF, app="Mail", session=None, actor="mail-app"),
    entry(48, Kind.CHANGE, **THIEF),
    entry(50, Kind.SIGN_IN, **THIEF, outcome="failure", person="omar", actor="omar", session=None),
    entry(51, Kind.SIGN_IN, **THIEF, person="omar", person_name="Omar", actor="omar", session=None),
    entry(52, Kind.SIGN_IN, **HOME, person="petra", actor="petra", session=None),
)


def test_the_sign_in_the_replay_the_apps_the_changes_and_the_others_are_told() -> None:
    found = told(*STORY)
    assert found.handles == (S,)
    assert [root.id for root in found.roots] == ["e0"]
    (source,) = found.sources
    assert (source.ip, source.asn, source.agents) == ("203.0.113.66", 64666, ("python",))
    assert (source.differs, source.entries) == (("agent", "asn", "ip"), 3)
    assert [app.app for app in found.apps] == ["Expenses", "Mail"]
    assert [change.id for change in found.changes] == ["e48"]
    (other,) = found.others
    assert (other.person, other.let_in, other.entries) == ("omar", True, 2)


def test_the_story_is_plain_json_without_what_is_not_known() -> None:
    document = told(*STORY).to_json()
    assert json.loads(json.dumps(document)) == document
    (root,) = document["roots"]
    assert root["at"] == "2026-11-22T08:00:00.000Z"
    assert "place" not in root
    assert document["changes"][0]["from_source"] is True


@pytest.mark.parametrize(
    ("change", "stolen"),
    [
        ({"ip": "198.51.100.77"}, False),
        ({"agent": "Chrome"}, False),
        ({"ip": "198.51.100.77", "agent": "Chrome"}, True),
        ({"ip": "203.0.113.66", "asn": 64666}, True),
        ({"ip": "203.0.113.66", "asn": None, "agent": None, "device": None}, False),
        ({"ip": "203.0.113.66", "device": "another"}, True),
    ],
)
def test_another_address_alone_is_no_theft(change: dict[str, Any], stolen: bool) -> None:
    found = told(entry(0, Kind.SIGN_IN, **HOME), entry(5, Kind.APP, **{**HOME, **change}))
    assert bool(found.sources) is stolen
    assert bool(found.handles) is stolen


def test_an_address_the_alert_names_counts_unless_it_is_the_owners() -> None:
    quiet = (entry(0, Kind.SIGN_IN, **HOME), entry(5, Kind.TOKEN, **THIEF, session=None))
    assert told(*quiet).ips == ()
    assert told(*quiet, ips=("198.51.100.23", "203.0.113.66")).ips == ("203.0.113.66",)


def test_a_thief_who_signed_in_himself_is_told_by_the_address_the_alert_names() -> None:
    found = told(entry(0, Kind.SIGN_IN, **THIEF), ips=("203.0.113.66",))
    assert found.ips == ("203.0.113.66",)
    assert [root.id for root in found.roots] == ["e0"]


def test_a_session_or_a_token_the_alert_names_is_followed() -> None:
    walked = told(
        entry(0, Kind.SIGN_IN, **HOME), entry(5, Kind.APP, **HOME, app="Mail"), handles=(S,)
    )
    assert (walked.handles, [root.id for root in walked.roots]) == ((S,), ["e0"])
    grant = {"session": None, "tokens": ("t1",)}
    token = told(entry(0, Kind.TOKEN, **HOME, **grant), entry(5, Kind.TOKEN, **THIEF, **grant))
    assert (token.handles, token.ips, token.roots) == (("t1",), ("203.0.113.66",), ())


def test_what_the_end_of_a_session_says_is_no_use_of_it() -> None:
    found = told(entry(0, Kind.SIGN_IN, **HOME), entry(9, Kind.END, **THIEF))
    assert found.sources == ()


def test_what_we_did_is_no_finding() -> None:
    ours = entry(60, Kind.CHANGE, actor="us", ip="198.51.100.7")
    assert told(*STORY, ours, ours=("us",)).changes == told(*STORY).changes
    assert [c.id for c in told(*STORY, ours).changes] == ["e48", "e60"]


def test_an_administrators_own_session_is_none_of_hers() -> None:
    admin = {"actor": "admin", "session": "admins"}
    found = told(entry(0, Kind.CHANGE, **HOME, **admin), entry(5, Kind.CHANGE, **THIEF, **admin))
    assert (found.handles, found.sources) == ((), ())
    assert len(found.changes) == 2


def test_who_else_came_from_an_address_the_alert_names_is_told_where_she_was_not_seen() -> None:
    omar = entry(5, Kind.SIGN_IN, **THIEF, person="omar", actor="omar", session=None)
    found = told(entry(0, Kind.SIGN_IN, **HOME), omar, ips=("198.51.100.23", "203.0.113.66"))
    assert (found.sources, found.places) == ((), ("203.0.113.66",))
    assert [other.person for other in found.others] == ["omar"]


def test_drift_is_what_came_about_later_by_anybody_but_us() -> None:
    since = START + timedelta(minutes=47)
    later = (
        entry(61, Kind.CHANGE, actor="us"),
        entry(62, Kind.END),
        entry(63, Kind.SIGN_IN, **THIEF, outcome="failure"),
        entry(64, Kind.CHANGE, actor="admin"),
        entry(65, Kind.SIGN_IN, **HOME),
        entry(66, Kind.SIGN_IN, **THIEF, actor="omar", person="omar"),
    )
    found = trace.drift([*later, *STORY], "nora", since, ("us",))
    assert [each.id for each in found] == ["e48", "e64", "e65"]


def test_a_digest_names_a_session_and_does_not_tell_it() -> None:
    assert digest("session", "contoso") == S
    assert digest("session", "fabrikam") != S
    assert "session" not in S
