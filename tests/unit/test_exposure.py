"""What a run is called at its end, and what it says is still open."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.action import Outcome
from playbooks.exposure import EndedStep, status_of, summarise
from tasks.systems import SPECS

REVOKE, OKTA_REVOKE = SPECS["entra.revoke_sessions"], SPECS["okta.revoke_sessions"]
DISABLE, RESET = SPECS["entra.disable_user"], SPECS["entra.reset_password"]
SUSPEND, OKTA_RESET = SPECS["okta.suspend_user"], SPECS["okta.reset_password"]
RULES = SPECS["entra.disable_inbox_rules"]
TRACE = SPECS["okta.trace_source"]


def _ended(spec: Any, outcome: Outcome, *, planned: bool = True, **more: Any) -> EndedStep:
    return EndedStep(
        spec, outcome, more.pop("reason", ""), more.pop("proof", None), planned, **more
    )


def _left_out(spec: Any, reason: str) -> EndedStep:
    return _ended(spec, Outcome.SKIPPED, planned=False, reason=reason, blocked=True)


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        ([_ended(REVOKE, Outcome.VERIFIED), _ended(DISABLE, Outcome.ALREADY)], "contained"),
        ([_ended(REVOKE, Outcome.VERIFIED), _ended(DISABLE, Outcome.SKIPPED)], "contained"),
        ([_ended(REVOKE, Outcome.VERIFIED), _ended(TRACE, Outcome.OBSERVED)], "partial"),
        ([_ended(OKTA_REVOKE, Outcome.VERIFIED), _ended(TRACE, Outcome.OBSERVED)], "contained"),
        ([_ended(OKTA_REVOKE, Outcome.VERIFIED), _ended(TRACE, Outcome.MANUAL)], "partial"),
        ([_ended(REVOKE, Outcome.VERIFIED), _ended(DISABLE, Outcome.DENIED)], "partial"),
        ([_ended(REVOKE, Outcome.VERIFIED), _ended(DISABLE, Outcome.MANUAL)], "partial"),
        ([_ended(REVOKE, Outcome.VERIFIED), _ended(DISABLE, Outcome.UNKNOWN)], "partial"),
        (
            [_ended(REVOKE, Outcome.VERIFIED), _ended(DISABLE, Outcome.SKIPPED, unapproved=True)],
            "partial",
        ),
        ([_ended(REVOKE, Outcome.VERIFIED), _left_out(RULES, "off")], "contained"),
        ([_ended(REVOKE, Outcome.VERIFIED), _ended(OKTA_REVOKE, Outcome.SKIPPED)], "partial"),
        ([_ended(REVOKE, Outcome.FAILED), _ended(OKTA_REVOKE, Outcome.UNKNOWN)], "failed"),
        ([], "failed"),
    ],
)
def test_only_what_ended_well_everywhere_is_called_contained(
    steps: list[EndedStep], status: str
) -> None:
    assert status_of("auto", steps, ()) == status


def test_telling_others_neither_contains_nor_leaves_a_system_open() -> None:
    tell = SPECS["signals.session_revoked"]
    revoked = _ended(REVOKE, Outcome.VERIFIED)
    accounts = ("entra", "signals")
    for steps, status in (
        ([revoked], "contained"),
        ([revoked, _ended(tell, Outcome.ACCEPTED)], "contained"),
        ([revoked, _ended(tell, Outcome.SKIPPED)], "contained"),
        ([revoked, _ended(tell, Outcome.FAILED)], "partial"),
        ([_ended(tell, Outcome.ACCEPTED)], "failed"),
    ):
        assert status_of("auto", steps, (), accounts) == status
    assert summarise("auto", [revoked], (), accounts) == []
    (left,) = summarise("auto", [revoked, _ended(tell, Outcome.FAILED)], (), accounts)
    assert left["what"] == "Sessions that applications keep by themselves go on"


def test_a_system_whose_account_stayed_open_is_not_contained_whoever_left_it_so() -> None:
    entra = [_ended(REVOKE, Outcome.VERIFIED), _ended(DISABLE, Outcome.VERIFIED)]
    okta = [
        _ended(OKTA_REVOKE, Outcome.VERIFIED),
        _left_out(SUSPEND, "a reset instead"),
        _left_out(OKTA_RESET, "a suspension instead"),
    ]
    assert status_of("auto", [*entra, *okta], (), ("entra", "okta")) == "partial"
    found = summarise("auto", [*entra, *okta], (), ("entra", "okta"))
    assert {item["system"] for item in found} == {"okta"}
    assert [item["why"] for item in found] == [
        "Suspend the Okta account: left out (a reset instead)",
        "Reset the Okta password: left out (a suspension instead)",
    ]


@pytest.mark.parametrize("closing", [SUSPEND, OKTA_RESET])
def test_one_way_of_closing_the_account_is_enough(closing: Any) -> None:
    other = OKTA_RESET if closing is SUSPEND else SUSPEND
    steps = [
        _ended(OKTA_REVOKE, Outcome.VERIFIED),
        _ended(closing, Outcome.VERIFIED),
        _left_out(other, "not chosen"),
    ]
    assert status_of("auto", steps, (), ("okta",)) == "contained"
    assert summarise("auto", steps, (), ("okta",)) == []


def test_what_opens_the_account_again_has_not_closed_it() -> None:
    steps = [
        _ended(REVOKE, Outcome.VERIFIED),
        _left_out(DISABLE, "not severe"),
        _ended(DISABLE, Outcome.VERIFIED, undoes=True),
    ]
    assert status_of("auto", steps, ()) == "partial"


def test_a_playbook_that_only_revokes_is_taken_at_its_word() -> None:
    assert status_of("auto", [_ended(REVOKE, Outcome.VERIFIED)], (), ("entra",)) == "contained"


@pytest.mark.parametrize(
    ("okta", "why"),
    [
        ([], "nothing was revoked there"),
        ([_left_out(OKTA_REVOKE, "switched off")], "nothing was revoked there"),
    ],
)
def test_an_account_whose_sessions_nobody_revoked_is_said_to_be_open(
    okta: list[EndedStep], why: str
) -> None:
    steps = [_ended(REVOKE, Outcome.VERIFIED), *okta]
    assert status_of("auto", steps, (), ("entra", "okta")) == "partial"
    items = summarise("auto", steps, (), ("entra", "okta"))
    assert {(item["system"], item["until"]) for item in items} == {("okta", "unknown")}
    assert any(why in item["why"] for item in items)


def test_a_system_that_was_not_reached_is_never_contained() -> None:
    steps = [_ended(REVOKE, Outcome.VERIFIED)]
    assert status_of("auto", steps, ("okta",)) == "partial"
    (item,) = summarise("auto", steps, ("okta",))
    assert (item["system"], item["until"]) == ("okta", "unknown")


def test_what_failed_leaves_its_own_hole_open() -> None:
    (item,) = summarise("auto", [_ended(REVOKE, Outcome.FAILED, reason="no effect")], ())
    assert item["what"] == REVOKE.leaves_open.rstrip(".")
    assert item["until"] == "unknown"
    assert "no effect" in item["why"]


def test_the_last_proof_of_the_same_thing_counts() -> None:
    def revoked(until: str) -> EndedStep:
        exposure = {"system": "entra", "what": "access tokens", "until": until, "why": "they live"}
        return _ended(REVOKE, Outcome.VERIFIED, proof={"exposure": [exposure]})

    first, second = "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z"
    (item,) = summarise("auto", [revoked(first), revoked(second)], ())
    assert item["until"] == second


def test_observing_leaves_everything_open() -> None:
    assert status_of("observe", [_ended(REVOKE, Outcome.SKIPPED, planned=False)], ()) == "observed"
    left_out = [_left_out(REVOKE, "mode observe"), _left_out(DISABLE, "mode observe")]
    (item,) = summarise("observe", left_out, (), ("entra",))
    assert item["system"] == "all"
