"""Identity providers, password safes and what watches directories: whose event, and who is who in it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from detectors import registry
from detectors.alert import Alert, NotUnderstood
from detectors.batch import Finding
from tests.unit.identity_samples import ADA, SAMPLES, Sample, compact, okta, okta_user, token


def read(kind: str, payload: Any) -> tuple[Finding, ...]:
    return registry.read(kind, payload, "x", registry.bare_source(kind))


def one(kind: str, payload: Any) -> Alert:
    (alert,) = read(kind, payload)
    assert isinstance(alert, Alert)
    return alert


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.kind)
def test_an_event_is_recognised_and_everybody_has_her_role(sample: Sample) -> None:
    found = registry.recognise(sample.payload)
    assert found.kind == sample.kind, found.why
    alert = one(sample.kind, sample.payload)
    roles = {each.value: person.role.value for person in alert.persons for each in person.ids}
    assert {value: roles.get(value) for value in sample.people} == sample.people
    assert len(alert.persons) == len(sample.people)
    if sample.actionable and not alert.victims[0].can_be_sought:
        assert alert.nameless
    else:
        assert alert.actionable is sample.actionable
    assert alert.signal.value == sample.signal
    assert alert.why


ENVELOPES = (
    lambda event: {"version": "0", "source": "aws.partner/x", "detail": event},
    lambda event: {"_raw": json.dumps(event), "sourcetype": "x"},
    lambda event: {"result": {"_raw": json.dumps(event)}},
    lambda event: {"agent": {"id": "1"}, "event": {"original": json.dumps(event)}},
    lambda event: {"rule": {"id": 1}, "data": {"vendor": event}},
)


@pytest.mark.parametrize("wrap", ENVELOPES)
@pytest.mark.parametrize(
    "kind", ["okta_system_log", "auth0_log_stream", "jumpcloud", "onepassword", "onelogin_event"]
)
def test_an_event_is_read_out_of_a_carrier_s_envelope(kind: str, wrap: Any) -> None:
    sample = next(each for each in SAMPLES if each.kind == kind)
    found = registry.recognise(wrap(sample.payload))
    assert found.kind == kind, found.why
    assert one(kind, wrap(sample.payload)).persons == one(kind, sample.payload).persons


def test_an_okta_event_whose_parts_are_text_is_read_as_what_they_were() -> None:
    event = okta(
        "user.risk.change", {"type": "SystemPrincipal"}, okta_user("Ada", ADA), risk="{level=HIGH}"
    )
    flat = {
        key: json.dumps(value) if isinstance(value, dict | list) else value
        for key, value in event.items()
    }
    assert registry.recognise(flat).kind == "okta_system_log"
    assert one("okta_system_log", flat).persons == one("okta_system_log", event).persons
    assert one("okta_system_log", flat).actionable


@pytest.mark.parametrize("mask", ["XXXXXXXXXXXX", "REDACTED", "anonymized"])
def test_an_okta_id_that_was_masked_makes_no_two_people_one(mask: str) -> None:
    ada, ben = okta_user("Ada", ADA), okta_user("Ben", "ben@contoso.com")
    ada["id"] = ben["id"] = mask
    alert = one("okta_system_log", okta("application.user_membership.show_password", ben, ada))
    assert {person.ids[0].value: person.role.value for person in alert.persons} == {
        ADA: "victim", "ben@contoso.com": "actor",
    }  # fmt: skip


def test_compact_tokens_are_read_pushed_polled_or_in_a_line() -> None:
    claims = token("risc/event-type/account-disabled", reason="hijacking")
    bare = one("ssf_set", claims)
    for carried in (compact(claims), {"SET": compact(claims)}, {"sets": {"j-1": compact(claims)}}):
        assert registry.recognise(carried).kind == "ssf_set"
        assert one("ssf_set", carried).victims == bare.victims
        assert one("ssf_set", carried).event_id == "j-1"
    (line,) = registry.parse(
        "ssf_set", compact(claims).encode(), "x", registry.bare_source("ssf_set")
    )
    assert isinstance(line, Alert)
    assert line.actionable


@pytest.mark.parametrize(
    "carried",
    ["a.b.c", "e30.!!!.x", "x" * 40 + ".e30.y", {"sets": {"j": "no token"}}, {"sets": {}}],
)
def test_what_is_no_token_is_told(carried: Any) -> None:
    assert registry.recognise(carried).kind is None
    with pytest.raises(NotUnderstood):
        read("ssf_set", carried)


def test_what_a_stream_says_of_itself_contains_nobody_and_is_told_where_it_ends() -> None:
    stream = {"format": "opaque", "id": "stream-1"}
    shown = one("ssf_set", compact(token("ssf/event-type/verification", stream, state="VGhpcw")))
    assert (shown.kind, shown.details["state"], shown.to_do) == ("verification", "VGhpcw", "")
    for status, told in (("paused", True), ("disabled", True), ("enabled", False)):
        said = one(
            "ssf_set", compact(token("ssf/event-type/stream-updated", stream, status=status))
        )
        assert bool(said.to_do) == told
        assert said.details["stream_status"] == status
        assert not said.actionable
        assert not said.persons
