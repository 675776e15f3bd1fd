"""What a trace and a watch have found, as a person reads it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from connectors import evidence, trace, tracing
from connectors.timeline import Entry, Kind
from connectors.trace import Named

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
HOME, THIEF = "198.51.100.23", "203.0.113.66"


def entry(minute: int, **more: Any) -> Entry:
    told: dict[str, Any] = {
        "at": START + timedelta(minutes=minute),
        "system": "entra",
        "id": f"e{minute}",
        "event": "nonInteractiveUser: oAuth2, refreshToken",
        "kind": Kind.TOKEN,
        "outcome": "success",
        "actor": "ada",
        "actor_name": "ada@contoso.com",
        "person": "ada",
        "person_name": "ada@contoso.com",
        "ip": THIEF,
        "asn": 64666,
        "place": "Frankfurt, DE",
        "agent": "python-requests/2.32",
        "app": "Mail to Graph",
        "session": "s1",
    }
    return Entry(**(told | more))


def snapshot() -> dict[str, Any]:
    opened = entry(
        0, event="interactiveUser: oAuth2", kind=Kind.SIGN_IN, ip=HOME, asn=64500, place=None,
        agent="Firefox", device="laptop (d1)",
    )  # fmt: skip
    consent = entry(
        7,
        event="Consent to application",
        kind=Kind.CHANGE,
        app="Archiver",
        session=None,
        agent=None,
    )
    guest = entry(9, actor="bo", actor_name="bo@contoso.com", person="bo", outcome="failure",
                  person_name="bo@contoso.com", session="s2")  # fmt: skip
    entries = (opened, entry(5), entry(6), consent, guest)
    found = trace.trace(entries, "ada", Named())
    return tracing.evidence(
        found, entries, START, START + timedelta(hours=1), cut=False, problem=None
    )


def test_each_finding_is_told_with_what_is_known_of_it() -> None:
    told = {each.heading: each.lines for each in evidence.story([("entra", snapshot())]).findings}
    (root,), (source,) = (
        told["entra: the session was opened"], told["entra: replayed or used from"],
    )  # fmt: skip
    assert root.startswith("2026-11-22 08:00:00Z, from 198.51.100.23 (AS64500)")
    assert "laptop (d1)" in root
    for fact in (
        "203.0.113.66 (AS64666, Frankfurt, DE)",
        "2026-11-22 08:05:00Z to 2026-11-22 08:07:00Z, 3 times",
        "by nonInteractiveUser: oAuth2, refreshToken",
        "agent python-requests/2.32",
        "other than where it was given: agent, asn, ip",
    ):
        assert fact in source
    assert told["entra: apps entered from there"] == (
        "Mail to Graph, 2026-11-22 08:05:00Z to 2026-11-22 08:06:00Z, 2 times",
    )
    (change,) = told["entra: changed since"]
    assert change.startswith(
        "2026-11-22 08:07:00Z, Consent to application, Archiver, ada@contoso.com"
    )
    assert change.endswith("from the thief's place")
    (other,) = told["entra: seen from there, too"]
    assert other.startswith("bo@contoso.com, refused, from 203.0.113.66")


def test_the_timeline_is_one_of_all_systems_and_says_what_came_from_the_thief() -> None:
    okta = {"timeline": [entry(3, system="okta", event="user.session.start", ip=HOME).to_json()]}
    told = evidence.story([("entra", snapshot()), ("okta", okta)]).timeline
    assert [(each.at[11:16], each.system, bool(each.mark)) for each in told] == [
        ("08:00", "entra", False), ("08:03", "okta", False), ("08:05", "entra", True),
        ("08:06", "entra", True), ("08:07", "entra", True), ("08:09", "entra", True),
    ]  # fmt: skip
    assert told[-1].what.endswith("(failure)")


def test_what_a_watch_has_found_stands_in_it_once() -> None:
    late = entry(30, id="late", ip="203.0.113.9").to_json()
    hers = entry(40, id="hers", ip=HOME).to_json()
    watch = {"drift": [late], "expected": [hers], "thief_ips": [THIEF]}
    again = {"drift": [late]}
    told = evidence.story([("entra", watch), ("entra", again)]).timeline
    assert [each.mark for each in told] == ["after containment", "expected"]


def test_a_name_that_turns_the_line_around_does_not() -> None:
    told = evidence.story(
        [("entra", {"timeline": [entry(1, agent=None, app="\u202eexe.liam").to_json()]})]
    )
    assert told.timeline[0].app == "exe.liam"


def test_only_what_reads_logs_has_evidence() -> None:
    assert evidence.of_step(None) is None
    assert evidence.of_step({"snapshot": {"accountEnabled": True}}) is None
    assert evidence.of_step({"snapshot": {"drift": []}}) == {"drift": []}
    assert not evidence.story([])
