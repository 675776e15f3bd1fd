"""What an event has lost is not made up: nobody stands in for the person it was about."""

from __future__ import annotations

from typing import Any

import pytest

from detectors import fields, registry
from detectors.alert import Alert, Role, Signal
from tests.unit.detector_corpus import ADA, ROOT
from tests.unit.identity_samples import BEN, okta, okta_user

WHEN = "2026-11-22T03:05:00Z"
BY_ROOT = {"user": {"id": ROOT, "userPrincipalName": "root@contoso.com"}}


def one(kind: str, event: Any) -> Alert:
    (alert,) = registry.read(kind, event, "x", registry.bare_source(kind))
    assert isinstance(alert, Alert)
    return alert


def roles(alert: Alert) -> list[Role]:
    return [person.role for person in alert.persons]


def test_an_administrator_who_set_a_risk_is_not_the_one_at_risk() -> None:
    alert = one(
        "okta_system_log", okta("user.risk.change", okta_user("Ben", BEN), risk="{level=HIGH}")
    )
    assert roles(alert) == [Role.ACTOR]
    assert (alert.actionable, alert.nameless) == (False, True)


def test_a_finding_about_a_lost_actor_is_not_about_whom_she_acted_on() -> None:
    event = okta("user.account.report_suspicious_activity_by_enduser", None, okta_user("Ben", BEN))
    alert = one("okta_system_log", event)
    assert roles(alert) == [Role.BYSTANDER]
    assert (alert.actionable, alert.nameless) == (False, True)


@pytest.mark.parametrize("targets", [[], [{"type": "User", "id": {"x": 1}}]])
def test_a_report_of_fraud_is_never_about_the_administrator_in_it(targets: Any) -> None:
    audit = {"id": "d-1", "activityDisplayName": "Fraud reported - user is blocked for MFA",
             "activityDateTime": WHEN, "initiatedBy": BY_ROOT, "targetResources": targets}  # fmt: skip
    alert = one("entra_graph_log", audit)
    assert roles(alert) == [Role.ACTOR]
    assert (alert.actionable, alert.nameless) == (False, True)


def test_a_report_of_fraud_in_the_audit_log_is_about_its_target() -> None:
    record = {"CreationTime": WHEN, "Id": "r-1", "Operation": "Fraud reported - no action taken.", "RecordType": 8,
              "Workload": "AzureActiveDirectory", "UserId": "root@contoso.com", "UserType": 0}  # fmt: skip
    assert not one("m365_unified_audit", record).victims
    alert = one("m365_unified_audit", {**record, "ObjectId": "ada@contoso.com"})
    assert [person.ids[0].value for person in alert.victims] == ["ada@contoso.com"]
    assert alert.actionable


def test_an_owner_who_is_no_text_leaves_the_delegate_who_read_an_actor() -> None:
    record = {"CreationTime": WHEN, "Id": "r-1", "Operation": "MailItemsAccessed", "RecordType": 50,
              "Workload": "Exchange", "UserId": "ben@contoso.com", "MailboxOwnerUPN": ["ada@contoso.com"]}  # fmt: skip
    assert roles(one("m365_unified_audit", record)) == [Role.ACTOR]


@pytest.mark.parametrize("identity", [True, False, "False"])
def test_a_switch_in_the_place_of_a_mailbox_is_nobodys_name(identity: Any) -> None:
    record = {"CreationTime": WHEN, "Id": "r-1", "Operation": "Set-Mailbox", "RecordType": 1, "Workload": "Exchange",
              "UserId": "root@contoso.com", "Parameters": [{"Name": "Identity", "Value": identity}]}  # fmt: skip
    named = {
        each.value for person in one("m365_unified_audit", record).persons for each in person.ids
    }
    assert named == {"root@contoso.com"}


def test_a_row_without_its_recipient_is_not_about_a_sender_from_outside() -> None:
    row = {"Organization": "contoso.com", "Received": WHEN, "SenderAddress": "eve@example.com"}
    assert not one("exchange_message_trace", row).victims
    own = {**row, "SenderAddress": "ada@contoso.com"}
    assert one("exchange_message_trace", own).victims


def test_a_name_that_was_cut_off_names_nobody() -> None:
    long = "a" * 400
    alert = one("forgerock", {"_id": "f-1", "eventName": "AM-LOGIN-COMPLETED", "transactionId": "t", "userId": long})  # fmt: skip
    assert fields.text(long).endswith(fields.CUT)
    assert not alert.persons


def test_a_search_that_names_only_who_acted_on_somebody_contains_nobody() -> None:
    found = {"sid": "s-1", "search_name": "Stolen session token", "results_link": "x",
             "result": {"src_user": BEN, "_time": WHEN}}  # fmt: skip
    alert = one("splunk_alert", found)
    assert roles(alert) == [Role.ACTOR]
    assert (alert.actionable, alert.nameless) == (False, True)


def test_a_hunts_finding_without_a_person_is_told_and_not_acted_upon() -> None:
    finding = {"id": "h-1", "hunt": "refresh-token-reuse", "severity": "high", "provider": "entra"}
    alert = one("hunt", finding)
    assert (alert.actionable, alert.nameless) == (False, True)
    assert alert.why
    assert one("hunt", {**finding, "user_id": ADA}).actionable


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("cortex_xdr", {"reply": {"alerts": [], "result_count": 0, "total_count": 0}}),
        ("mimecast", {"meta": {"status": 200, "pagination": {}}, "data": [], "fail": []}),
    ],
)
def test_an_answer_with_nothing_in_it_is_known_for_whose_it_is(kind: str, answer: Any) -> None:
    assert registry.recognise(answer).kind == kind


@pytest.mark.parametrize(
    ("kind", "status", "signal"),
    [
        ("OAuthTokenRevoked", "Success", Signal.TOKEN_THEFT),
        ("OAuthTokenRefresh", "Failed", Signal.TOKEN_THEFT),
        ("OAuthTokenRefresh", "Success", Signal.OTHER),
    ],
)
def test_a_token_that_was_refused_is_a_sign_and_one_that_was_renewed_is_none(
    kind: str, status: str, signal: Signal
) -> None:
    event = {"EVENT_TYPE": kind, "ORGANIZATION_ID": "00D1", "USER_ID": "0055f1", "USER_NAME": "ada@contoso.com",
             "STATUS": status, "TIMESTAMP_DERIVED": "2026-11-22 03:05:00.123"}  # fmt: skip
    alert = one("salesforce_event", event)
    assert (alert.signal, alert.actionable) == (signal, False)
