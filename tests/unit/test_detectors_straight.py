"""Events that collectors have bent are read as their vendors send them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from detectors import lines, registry, straight
from detectors.alert import Alert
from detectors.recognition import Fit
from tests.unit import damage
from tests.unit.detector_corpus import CORPUS, source

KINDS = ("okta_system_log", "auth0_log_stream", "google_workspace_activity", "google_workspace_alert", "duo_auth_log",
         "jumpcloud", "onepassword", "entra_graph_log", "graph_security_alert_v2", "push_security", "slack_audit",
         "crowdstrike_falcon", "salesforce_event", "ping_identity", "cyberark_audit")  # fmt: skip


#: Whose short events have names with underscores: which of them join objects, a table of one event does not tell.
UNTOLD = {"auth0_log_stream", "cyberark_audit", "duo_auth_log", "google_workspace_alert"}


def flattened(value: dict[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, inner in value.items():
        if isinstance(inner, dict) and inner:
            found.update(flattened(inner, f"{before}{key}."))
        else:
            found[before + key] = inner
    return found


def as_text(value: dict[str, Any]) -> dict[str, Any]:
    return {
        key: json.dumps(inner) if isinstance(inner, dict | list) else inner
        for key, inner in value.items()
    }


def in_columns(value: dict[str, Any], before: str = "") -> dict[str, Any]:
    """As a custom table of a Log Analytics workspace has an event, with the columns of other events empty."""
    found: dict[str, Any] = (
        {} if before else {"TenantId": "t-1", "TimeGenerated": "x", "other_s": "", "Type": "X_CL"}
    )
    for key, inner in value.items():
        if isinstance(inner, dict) and inner:
            found.update(in_columns(inner, f"{before}{key}_"))
        elif isinstance(inner, list):
            found[f"{before}{key}_s"] = json.dumps(inner, indent=2)
        else:
            mark = (
                "b" if isinstance(inner, bool) else "d" if isinstance(inner, int | float) else "s"
            )
            found[f"{before}{key}_{mark}"] = "" if inner is None else inner
    return found


def carried(value: dict[str, Any]) -> dict[str, Any]:
    return {"@timestamp": "2026-11-22T03:05:00Z", "event": {"original": json.dumps(value)}}


def people(kind: str, event: Any) -> damage.Cast:
    return damage.cast_of(registry.read(kind, event, "x", source(kind)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bend", [flattened, as_text, carried])
def test_a_bent_event_is_known_and_names_the_same_people(kind: str, bend: Any) -> None:
    event = CORPUS[kind][0]
    known = registry.recognise(bend(event))
    assert known.kind == kind, known.why
    assert people(kind, bend(event)) == people(kind, event)
    assert people(kind, [bend(event), event]).victims == people(kind, event).victims


@pytest.mark.parametrize("kind", sorted({*KINDS} - UNTOLD))
def test_a_row_of_a_custom_table_names_whom_the_event_did(kind: str) -> None:
    event = CORPUS[kind][0]
    known = registry.recognise([in_columns(event)])
    assert known.kind == kind, known.why
    assert people(kind, [in_columns(event)]) == people(kind, event)


def test_the_empty_columns_of_a_table_tell_which_names_belong_together() -> None:
    event = CORPUS["duo_auth_log"][0]
    columns = ("access_device_browser_s", "access_device_location_city_s", "auth_device_ip_s", "auth_device_name_s",
               "user_groups_s", "factor_s", "eventtype_s")  # fmt: skip
    row = dict.fromkeys(columns, "") | in_columns(event)
    assert registry.recognise([row]).kind == "duo_auth_log"
    assert people("duo_auth_log", [row]) == people("duo_auth_log", event)


def test_a_row_of_a_custom_table_whose_columns_have_no_types_is_nested_again() -> None:
    event = CORPUS["okta_system_log"][0]
    row = {key.replace(".", "_"): inner for key, inner in as_text(flattened(event)).items()}
    row |= {"Type": "Okta_CL", "TimeGenerated": "x"}
    assert registry.recognise([row]).kind == "okta_system_log"
    assert people("okta_system_log", [row]) == people("okta_system_log", event)


def test_a_row_whose_inner_names_have_underscores_names_the_person() -> None:
    row = {
        "TenantId": "t-1", "TimeGenerated": "2026-11-22T03:05:00Z", "Type": "Auth0AM_CL", "log_id_s": "90020261",
        "data_log_id_s": "90020261", "data_date_t": "2026-11-22T03:05:00Z", "data_type_s": "ferrt",
        "data_client_id_s": "client-1", "data_client_name_s": "Shop", "data_ip_s": "203.0.113.7",
        "data_user_agent_s": "Shop/7", "data_user_id_s": "auth0|ada", "data_user_name_s": "ada@contoso.com",
    }  # fmt: skip
    assert registry.recognise([row]).kind == "auth0_log_stream"
    (alert,) = registry.read("auth0_log_stream", [row], "x", source("auth0_log_stream"))
    assert isinstance(alert, Alert)
    assert alert.actionable
    assert {each.value for person in alert.victims for each in person.ids} == {
        "auth0|ada",
        "ada@contoso.com",
    }


def test_a_row_of_more_columns_than_a_table_has_is_not_guessed_at() -> None:
    row: dict[str, Any] = {f"a{number}_b_s": "x" for number in range(501)}
    assert list(straight.forms(row)) == []


def test_a_row_of_common_security_log_is_the_cef_it_was() -> None:
    row = {
        "TenantId": "t-1", "TimeGenerated": "2026-11-22T03:05:00Z", "DeviceVendor": "Ping Identity",
        "DeviceProduct": "PingFederate", "DeviceVersion": "12.1", "DeviceEventClassID": "SSO", "Activity": "SSO",
        "LogSeverity": "0", "SourceIP": "203.0.113.7", "DestinationUserID": "ada@contoso.com", "DestinationUserName": "",
        "DeviceCustomString2": "conn-1", "DeviceCustomString2Label": "Connection ID", "Type": "CommonSecurityLog",
        "AdditionalExtensions": "outcome=success;country=AT",
    }  # fmt: skip
    line = (
        "CEF:0|Ping Identity|PingFederate|12.1|SSO|SSO|0|rt=2026-11-22T03:05:00Z src=203.0.113.7 "
        "duid=ada@contoso.com cs2=conn-1 cs2Label=Connection ID outcome=success"
    )
    assert (
        registry.recognise([row]).kind
        == registry.recognise(lines.read(line)).kind
        == "pingfederate"
    )
    (told,) = registry.read("pingfederate", [row], "x", source("pingfederate"))
    (meant,) = registry.read("pingfederate", lines.read(line), "x", source("pingfederate"))
    assert isinstance(told, Alert)
    assert isinstance(meant, Alert)
    assert told.persons == meant.persons
    assert told.ips == meant.ips == ("203.0.113.7",)
    assert told.occurred_at == meant.occurred_at is not None


def test_a_row_of_okta_s_table_in_sentinel_is_the_event_it_was() -> None:
    row = {
        "TenantId": "t-1", "TimeGenerated": "2026-11-22T03:05:00Z", "EventOriginalType": "user.risk.detect",
        "EventOriginalUid": "u-1", "EventMessage": "User risk detected", "OriginalSeverity": "WARN",
        "OriginalUserId": "sprOkta", "OriginalUserType": "SystemPrincipal", "OriginalActorAlternateId": "system@okta.com",
        "ActorUserType": "System Principal", "ActorSessionId": "s-1", "SrcIpAddr": "203.0.113.7",
        "OriginalOutcomeResult": "SUCCESS", "DebugData": {"risk": "{level=HIGH, reasons=New device}"},
        "OriginalTarget": json.dumps([{"id": "00uAda", "type": "User", "alternateId": "ada@contoso.com"}]),
        "TransactionId": "unknown", "Type": "OktaV2_CL",
    }  # fmt: skip
    assert registry.recognise([row]).kind == "okta_system_log"
    (alert,) = registry.read("okta_system_log", [row], "x", source("okta_system_log"))
    assert isinstance(alert, Alert)
    assert alert.actionable
    assert {each.value for person in alert.victims for each in person.ids} == {
        "00uAda",
        "ada@contoso.com",
    }
    assert (alert.event_id, alert.ips, alert.session_ids) == ("u-1", ("203.0.113.7",), ("s-1",))


@pytest.mark.parametrize(
    "row", [{"a_s": 1, "b_s": 2, "c": 3, "d": 4, "e": 5, "f_s": 6, "g_s": 7}, {"a_b_s": 1}]
)
def test_a_few_names_that_end_like_a_typed_column_are_the_event_s_own(row: Any) -> None:
    assert not list(straight.forms(row))


def test_what_an_adapter_does_not_know_stays_as_it_is() -> None:
    bent = {"a.b": 1, "a.c": "{}", "d": '{"e": 1}'}
    assert straight.straightened(bent, lambda _: Fit(0.0)) == bent
    assert straight.straightened(["text", 7, None], lambda _: Fit(1.0)) == ["text", 7, None]


@pytest.mark.parametrize(
    ("flat", "nested"),
    [
        ({"a.b": 1, "a.c": 2}, {"a": {"b": 1, "c": 2}}),
        ({"a": 1, "a.b": 2}, {"a": 1, "a.b": 2}),
        ({"a.b": '{"c": 1}'}, {"a": {"b": {"c": 1}}}),
        ({"a.b": 1, "https://x.example/claims/upn": 2}, {"a": {"b": 1}, "https://x.example/claims/upn": 2}),
    ],
)  # fmt: skip
def test_keys_joined_by_dots_are_nested_again(flat: Any, nested: Any) -> None:
    assert next(straight.forms(flat)) == nested


@pytest.mark.parametrize("whole", [{"a": {"b": 1}, "c.d": 2}, {"a": 1}, {"@odata.type": "#x"}, 7, "x", None])  # fmt: skip
def test_what_was_not_bent_has_no_other_form(whole: Any) -> None:
    assert not list(straight.forms(whole))


def test_several_deliveries_of_an_event_hook_are_read_as_one_by_one() -> None:
    one, other = CORPUS["okta_event_hook"][:2]
    both = registry.read("okta_event_hook", [one, other], "x", source("okta_event_hook"))
    alone = [
        each
        for event in (one, other)
        for each in registry.read("okta_event_hook", event, "x", source("okta_event_hook"))
    ]
    assert [each.event_id for each in both] == [each.event_id for each in alone]  # type: ignore[union-attr]
