"""Which authentication methods count as added since the theft, and which are removed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.entra import dating, removal, stamps
from connectors.entra.age import Age, Dated, Window

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
START = NOW - timedelta(hours=2)
THEFT = NOW - timedelta(hours=1)


def method(kind: str, age: timedelta | None = None, **details: Any) -> dict[str, Any]:
    return {
        "@odata.type": f"#microsoft.graph.{kind}AuthenticationMethod",
        "id": f"{kind}-id",
        "createdDateTime": None if age is None else stamps.write(NOW - age),
        **details,
    }


def audit(
    reason: str = "", minutes_ago: int = 10, activity: str = "User registered security info"
) -> dict[str, Any]:
    return {
        "activityDisplayName": activity,
        "activityDateTime": stamps.write(NOW - timedelta(minutes=minutes_ago)),
        "result": "success",
        "resultReason": reason,
    }


def judge(
    methods: list[dict[str, Any]],
    audits: list[dict[str, Any]] | None,
    start: datetime = START,
    theft: datetime = THEFT,
) -> list[Dated]:
    return dating.judge(methods, Window(start, theft, NOW), audits)


def ages(methods: list[dict[str, Any]], audits: list[dict[str, Any]] | None) -> list[Age]:
    return [one.age for one in judge(methods, audits)]


PHONE, PUSH = method("phone"), method("microsoftAuthenticator")
MINUTE = timedelta(minutes=1)


def test_a_date_decides_and_the_start_itself_counts() -> None:
    methods = [
        method("fido2", MINUTE),
        method("fido2", NOW - START),
        method("fido2", 3 * 60 * MINUTE),
    ]
    assert ages(methods, []) == [Age.RECENT, Age.RECENT, Age.OLDER]


def test_the_older_name_of_the_date_is_understood() -> None:
    key = {**method("fido2"), "creationDateTime": stamps.write(NOW - MINUTE)}
    assert ages([key], None) == [Age.RECENT]


def test_without_date_and_without_log_it_cannot_be_told() -> None:
    assert ages([PHONE], None) == [Age.UNDATABLE]


def test_a_log_that_does_not_reach_back_tells_nothing() -> None:
    long_ago = NOW - timedelta(days=20)
    (one,) = judge([PHONE], [], start=long_ago, theft=long_ago)
    assert one.age is Age.UNDATABLE


@pytest.mark.parametrize(
    ("minutes_ago", "age"), [(0, Age.UNDATABLE), (14, Age.UNDATABLE), (16, Age.OLDER)]
)
def test_a_log_that_may_not_have_heard_of_the_theft_yet_tells_nothing(
    minutes_ago: int, age: Age
) -> None:
    (one,) = judge([PHONE], [], theft=NOW - minutes_ago * MINUTE)
    assert one.age is age
    if age is Age.UNDATABLE:
        assert "look again after 2026-11-22T08:15:00Z" in one.why


def test_what_only_the_log_says_is_older_holds_until_where_the_log_reaches() -> None:
    dated, undated = judge([method("fido2", 3 * 60 * MINUTE), PHONE], [])
    assert (dated.age, dated.told_until) == (Age.OLDER, None)
    assert (undated.age, undated.told_until) == (Age.OLDER, NOW - 15 * MINUTE)


def test_a_date_of_its_own_needs_no_log() -> None:
    methods = [method("fido2", MINUTE), method("fido2", 3 * 60 * MINUTE)]
    assert [one.age for one in judge(methods, None, theft=NOW)] == [Age.RECENT, Age.OLDER]


def test_no_registration_in_the_log_means_older() -> None:
    assert ages([PHONE, PUSH], []) == [Age.OLDER, Age.OLDER]


def test_a_registration_in_the_log_dates_its_kind_only() -> None:
    said = audit("User registered Mobile Phone SMS")
    assert ages([PHONE, PUSH], [said]) == [Age.RECENT, Age.OLDER]


def test_a_registration_of_no_kind_may_mean_either() -> None:
    assert ages([PHONE, PUSH], [audit()]) == [Age.UNDATABLE, Age.UNDATABLE]
    assert ages([PHONE, PUSH], [audit(), audit()]) == [Age.RECENT, Age.RECENT]


def test_a_registration_is_not_counted_twice() -> None:
    said = audit("User registered Authenticator App with Code", minutes_ago=10)
    token = method("softwareOath", 10 * MINUTE)
    assert ages([PUSH, token], [said]) == [Age.OLDER, Age.RECENT]


def test_a_registration_that_was_deleted_since_dates_nothing() -> None:
    registered = audit("User registered Authenticator App with Code", minutes_ago=20)
    deleted = audit("", minutes_ago=5, activity="Admin deleted security info")
    assert ages([PUSH], [registered, deleted]) == [Age.OLDER]
    assert ages([PUSH], [registered]) == [Age.RECENT]


@pytest.mark.parametrize(
    "entry",
    [
        {**audit("Phone"), "result": "failure"},
        audit("Phone", minutes_ago=300),
        audit("Phone", activity="User started security info registration"),
        {**audit("Phone"), "activityDateTime": "nonsense"},
    ],
)
def test_entries_that_are_no_registration_in_time_do_not_count(entry: dict[str, Any]) -> None:
    assert ages([PHONE], [entry]) == [Age.OLDER]


def choose(
    methods: list[dict[str, Any]],
    known: list[Age],
    *,
    everything: bool = False,
    enabled: bool = True,
    preferred: str | None = None,
) -> tuple[list[str], list[str]]:
    remove, left = removal.choose(
        methods,
        [Dated(age, "because") for age in known],
        everything=everything,
        enabled=enabled,
        preferred=preferred,
    )
    return [item["kind"] for item in remove], [item["kind"] for item in left]


PASSWORD = method("password", MINUTE)
RECENT, OLDER, UNDATABLE = Age.RECENT, Age.OLDER, Age.UNDATABLE


def test_the_password_is_never_chosen() -> None:
    assert choose([PASSWORD, PHONE], [RECENT, OLDER], everything=True, enabled=False) == (
        ["phone"],
        [],
    )


def test_what_cannot_be_dated_is_left_for_a_person() -> None:
    assert choose([PHONE, PUSH], [UNDATABLE, RECENT]) == (["microsoftAuthenticator"], ["phone"])


def test_the_default_comes_last() -> None:
    keys = [method("softwareOath"), method("phone", phoneType="mobile"), method("fido2")]
    ages_ = [RECENT, RECENT, OLDER]
    assert choose(keys, ages_, preferred="oath")[0] == ["phone", "softwareOath"]
    assert choose(keys, ages_, preferred="sms")[0] == ["softwareOath", "phone"]


def test_the_last_factor_of_an_account_that_can_sign_in_stays() -> None:
    keys = [PASSWORD, method("fido2"), method("softwareOath")]
    known = [OLDER, RECENT, RECENT]
    assert choose(keys, known, preferred="oath") == (["fido2"], ["softwareOath"])
    assert choose(keys, known, enabled=False) == (["fido2", "softwareOath"], [])


def test_of_all_methods_the_owners_is_kept_rather_than_the_thiefs() -> None:
    remove, left = choose([PHONE, PUSH], [RECENT, OLDER], everything=True, preferred="sms")
    assert (remove, left) == (["phone"], ["microsoftAuthenticator"])


def test_a_mail_address_is_no_factor_that_could_stand_alone() -> None:
    email = method("email")
    assert choose([email, PHONE], [OLDER, RECENT]) == ([], ["phone"])
    assert choose([email, PHONE], [RECENT, OLDER]) == (["email"], [])
    assert choose([email, PHONE], [RECENT, RECENT]) == (["email"], ["phone"])


def test_a_kind_nobody_knows_is_left_and_counts_as_a_factor() -> None:
    odd = method("hardwareOath")
    assert choose([odd, PHONE], [RECENT, RECENT]) == (["phone"], ["hardwareOath"])
    assert choose([odd], [OLDER]) == ([], [])
