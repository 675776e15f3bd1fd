"""Any detector's JSON, read where the operator's expressions say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from config.settings import Source
from detectors import generic
from detectors.alert import Alert, NotUnderstood, Signal

ADA = "0a0a0a0a-1111-4222-8333-444444444444"
MAPPING = {
    "title": "alert.name",
    "event_id": "alert.id",
    "severity": "alert.level",
    "occurred_at": "alert.at",
    "person.user_principal_name": "user.upn",
    "person.entra_object_id": "user.oid",
    "person.display_name": "user.name",
    "ips": "src[].ip",
    "session_ids": "session",
    "app_ids": "apps",
    "signal": "'token_theft'",
}
PAYLOAD: dict[str, Any] = {
    "alert": {
        "name": "Token\nreplay",
        "id": 77,
        "level": "HIGH",
        "at": "2026-03-02T10:30:00+01:00",
    },
    "user": {"upn": "ada@contoso.com", "oid": ADA.upper(), "name": "Ada"},
    "src": [{"ip": "203.0.113.7"}, {"ip": "nowhere"}, {"ip": "203.0.113.7"}],
    "session": "sid-1",
    "apps": ["app-1", None, 2],
}


def source(mapping: dict[str, str]) -> Source:
    return Source.model_validate(
        {
            "kind": "generic",
            "origin": {"proof": "shared_secret", "secret": "s" * 16},
            "mapping": mapping,
        }
    )


def read(payload: Any, **changed: str | None) -> tuple[Alert, ...]:
    mapping = {**MAPPING, **{key.replace("__", "."): value for key, value in changed.items()}}
    kept = {key: value for key, value in mapping.items() if value is not None}
    return generic.parse(payload, "edr", source(kept))


def test_every_field_is_taken_from_where_the_mapping_says() -> None:
    (alert,) = read(PAYLOAD)
    assert alert.title == "Token replay"
    assert alert.event_id == "77"
    assert alert.severity == "high"
    assert alert.occurred_at == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    assert {(item.kind.value, item.value) for item in alert.victims[0].ids} == {
        ("user_principal_name", "ada@contoso.com"),
        ("entra_object_id", ADA),
    }
    assert alert.victims[0].display_name == "Ada"
    assert alert.ips == ("203.0.113.7",)
    assert alert.session_ids == ("sid-1",)
    assert alert.app_ids == ("app-1", "2")
    assert alert.signal is Signal.TOKEN_THEFT
    assert alert.actionable


def test_without_an_event_id_the_finding_itself_tells_it_from_others() -> None:
    (first,) = read(PAYLOAD, event_id=None)
    (again,) = read(dict(reversed(PAYLOAD.items())), event_id=None)
    (other,) = read({**PAYLOAD, "session": "sid-2"}, event_id=None)
    assert first.event_id == again.event_id
    assert first.event_id != other.event_id
    assert first.event_id.startswith("sha256:")


def test_a_list_of_findings_is_as_many_alerts() -> None:
    alerts = read({"events": [PAYLOAD, PAYLOAD]}, items="events[]", event_id=None)
    assert len(alerts) == 2
    assert read({"events": [PAYLOAD]}, items="events")[0].event_id == "77"


def test_persons_side_by_side_are_several_people() -> None:
    payload = {**PAYLOAD, "users": [{"upn": "ada@contoso.com"}, {"upn": "ben@contoso.com"}]}
    (alert,) = read(
        payload,
        person__user_principal_name="users[].upn",
        person__entra_object_id=None,
        person__display_name=None,
    )
    assert [person.ids[0].value for person in alert.victims] == [
        "ada@contoso.com",
        "ben@contoso.com",
    ]


def test_an_auth0_log_names_its_user() -> None:
    only = {"person__user_principal_name": None, "person__entra_object_id": None}
    (alert,) = read({**PAYLOAD, "sub": "auth0|65F0c1"}, person__auth0_user_id="sub", **only)
    (user,) = alert.victims[0].ids
    assert (user.kind.value, user.value) == ("auth0_user_id", "auth0|65F0c1")
    for wrong in ("65f0c1", "auth0|", "auth0|a b", "auth0|a|b|c"):
        with pytest.raises(NotUnderstood):
            read({**PAYLOAD, "sub": wrong}, person__auth0_user_id="sub", **only)


@pytest.mark.parametrize(
    ("said", "signal"),
    [
        ("'session_theft'", Signal.SESSION_THEFT),
        ("'anomalousToken'", Signal.TOKEN_THEFT),
        ("'whatever'", Signal.TOKEN_THEFT),
        (None, Signal.TOKEN_THEFT),
    ],
)
def test_the_kind_of_trouble_is_said_or_guessed_from_the_title(
    said: str | None, signal: Signal
) -> None:
    (alert,) = read(PAYLOAD, signal=said)
    assert alert.signal is signal


def test_what_a_finding_may_lack_is_left_out() -> None:
    bare = {"alert": {"name": "Token replay", "id": "1"}, "user": {"upn": "ada@contoso.com"}}
    (alert,) = read(bare)
    assert (alert.ips, alert.session_ids, alert.occurred_at) == ((), (), None)
    assert alert.severity == "unknown"
    assert alert.actionable


@pytest.mark.parametrize(
    ("payload", "changed", "reason"),
    [
        ({**PAYLOAD, "alert": {"id": 1}}, {}, "title: the expression `alert.name` finds nothing"),
        ({**PAYLOAD, "alert": {"name": "x"}}, {}, "event_id: the expression `alert.id`"),
        ({**PAYLOAD, "user": {}}, {}, "person.entra_object_id: the expression `user.oid` finds"),
        ({**PAYLOAD, "user": {}}, {}, "person.user_principal_name: `user.upn` neither"),
        ({**PAYLOAD, "user": {"upn": "ada"}}, {}, "not of the form name@domain"),
        ({**PAYLOAD, "user": {"upn": 7}}, {}, "is not text"),
        ({**PAYLOAD, "user": {"oid": "42"}}, {}, "is not a GUID"),
        (PAYLOAD, {"occurred_at": "'yesterday'"}, "finds no time"),
        (PAYLOAD, {"title": "alert"}, "something other than text"),
        (PAYLOAD, {"event_id": "`true`"}, "something other than text"),
        (PAYLOAD, {"items": "alert.name"}, "finds no list"),
        (PAYLOAD, {"items": "nothing"}, "finds no list"),
        (PAYLOAD, {"title": "length(alert.id)"}, "a value its function cannot take"),
        (PAYLOAD, {"person__user_principal_name": "['a@x.com', 'b@x.com']"}, "different lengths"),
        (PAYLOAD, {"title": "alert["}, "mapping of source edr cannot be used"),
        ([], {}, "finds nothing"),
        (None, {}, "finds nothing"),
    ],
)
def test_what_does_not_fit_is_named(payload: Any, changed: dict[str, str], reason: str) -> None:
    with pytest.raises(NotUnderstood) as refusal:
        read(payload, **changed)
    assert reason in refusal.value.reason
    assert "sources.edr.mapping" in refusal.value.remedy
    assert "ada@contoso.com" not in refusal.value.reason


@pytest.mark.parametrize(
    ("mapping", "problem"),
    [
        ({}, "nothing names the person"),
        ({"title": "a", "ips": "b"}, "nothing names the person"),
        ({"person.email": "a", "tittle": "b"}, "'tittle' is no field"),
        ({"person.email": "a["}, "person.email: the expression is not JMESPath"),
        ({"person.email": ""}, "person.email: the expression is not JMESPath"),
        ({"person.email": "nope(a)"}, "cannot be used"),
        ({"person.email": "length(a, b)"}, "cannot be used"),
        ({"person.email": "a" * 1001}, "longer than 1000"),
    ],
)
def test_a_mapping_that_cannot_work_is_told_before_anything_arrives(
    mapping: dict[str, str], problem: str
) -> None:
    assert any(problem in found for found in generic.check_mapping(mapping))


def test_a_mapping_that_can_work_has_no_problem() -> None:
    assert generic.check_mapping(MAPPING) == []
    assert generic.check_mapping({"person.email": "join('@', [user, domain])"}) == []
