"""What follows from what was read: told the same of any vendor's evidence, and read back as an alert."""

from __future__ import annotations

from typing import Any

import pytest
import rfc8785

from connectors import leads
from connectors.action import Lead, LeadKind, Observation, Target
from detectors import own, registry
from detectors.alert import IdKind, NotUnderstood

NORA = Target("contoso", "okta", "00uNoraLind000000001", "nora.lind@contoso.com")
DRIFT = [
    {"id": "e2", "at": "2026-11-22T09:00:00.000Z", "event": "user.session.start", "ip": "203.0.113.66"},
    {"id": "e1", "at": "2026-11-22T08:00:00.000Z", "event": "user.session.start", "ip": "203.0.113.7"},
    {"at": "2026-11-22T08:30:00.000Z", "event": "user.mfa.factor.activate"},
]  # fmt: skip
OMAR = {
    "person": "00uOmar00000000000001", "name": "omar@contoso.com", "ips": ["203.0.113.66"],
    "let_in": True, "first": "2026-11-22T08:00:00.000Z", "last": "2026-11-22T09:00:00.000Z",
}  # fmt: skip


def drift(entries: Any) -> tuple[Lead, ...]:
    return leads.drift(NORA, Observation({"drift": entries}))


def test_a_watch_that_found_something_leads_to_one_run_about_its_target() -> None:
    (lead,) = drift(DRIFT)
    assert (lead.kind, lead.system, lead.id, lead.name) == (
        LeadKind.DRIFT, "okta", NORA.id, NORA.name,
    )  # fmt: skip
    assert lead.seen == (
        "user.session.start, user.mfa.factor.activate from 203.0.113.66, 203.0.113.7, "
        "first at 2026-11-22T08:00:00.000Z"
    )
    assert (lead.at, lead.last) == ("2026-11-22T08:00:00.000Z", "2026-11-22T09:00:00.000Z")
    assert lead.addresses == ("203.0.113.66", "203.0.113.7")
    assert lead.entries == ("e2", "e1", "2026-11-22T08:30:00.000Z user.mfa.factor.activate")


@pytest.mark.parametrize("found", [None, [], "odd", [7]])
def test_a_watch_that_found_nothing_leads_nowhere(found: Any) -> None:
    assert drift(found) == ()
    assert leads.drift(NORA, Observation({})) == ()


def test_only_who_was_let_in_and_is_somebody_else_is_led_to() -> None:
    refused = OMAR | {"person": "00uPetra", "let_in": False}
    herself = OMAR | {"person": NORA.id}
    (lead,) = leads.others(NORA, Observation({"others": [refused, OMAR, herself]}))
    assert (lead.kind, lead.id, lead.name) == (
        LeadKind.OTHER_VICTIM, OMAR["person"], "omar@contoso.com",
    )  # fmt: skip
    assert lead.seen.startswith("let in from 203.0.113.66, where the thief of nora.lind")
    assert (lead.at, lead.last) == (OMAR["first"], OMAR["last"])


def body(**more: Any) -> bytes:
    told = {
        "v": 1, "run": "01a20236-0450-7000", "step": "watch", "tenant": "contoso", "kind": "drift",
        "system": "okta", "id": NORA.id, "name": NORA.name, "seen": "a sign-in", "entries": ["e1"],
        "at": "2026-11-22T08:00:00.000Z", "last": "2026-11-22T09:00:00.000Z",
        "addresses": ["203.0.113.66", "nowhere"],
    }  # fmt: skip
    return rfc8785.dumps(told | more)


def test_a_lead_reads_as_an_alert() -> None:
    alert = own.read(body())
    assert (alert.title, alert.why) == ("Drift after run 01a20236-0450", "a sign-in")
    ((known_as,),) = (victim.ids for victim in alert.victims)
    assert (known_as.kind, known_as.value) == (IdKind.OKTA_USER_ID, NORA.id)
    assert alert.ips == ("203.0.113.66",)
    assert alert.details == {"run": "01a20236-0450-7000", "lead": "drift"}
    assert alert.occurred_at is not None
    assert own.read(body(step="other")).event_id != alert.event_id
    other = own.read(
        body(kind="other_victim", system="entra", id="0" * 8 + "-1111-1111-1111-" + "1" * 12)
    )
    assert other.victims[0].ids[0].kind is IdKind.ENTRA_OBJECT_ID
    assert other.title == "Possible further victim, found by run 01a20236-0450"


@pytest.mark.parametrize(
    "wrong", [{"v": 2}, {"kind": "rumour"}, {"system": "ldap"}, {"id": None}, {"id": "a b"}]
)
def test_what_is_no_lead_is_not_understood(wrong: dict[str, Any]) -> None:
    with pytest.raises(NotUnderstood):
        own.read(body(**wrong))


def test_what_was_kept_is_told_whatever_it_is() -> None:
    assert (own.entries(body()), own.last(body())) == ({"e1"}, "2026-11-22T09:00:00.000Z")
    assert (own.entries(b"no JSON"), own.last(b"[]")) == (frozenset(), "")


def test_no_source_can_have_our_own_kind() -> None:
    assert "own" not in registry.kinds()


def test_an_application_that_came_from_there_is_nobody_to_contain() -> None:
    seen = Observation({"others": [OMAR | {"is_app": True}]})
    assert leads.others(NORA, seen) == ()
