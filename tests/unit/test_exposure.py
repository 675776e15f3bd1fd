"""What a run is called at its end, and what it says is still open."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.action import Outcome
from playbooks.exposure import EndedStep, status_of, summarise
from tasks.systems import SPECS

REVOKE, OKTA_REVOKE = SPECS["entra.revoke_sessions"], SPECS["okta.revoke_sessions"]
DISABLE = SPECS["entra.disable_user"]


def _ended(spec: Any, outcome: Outcome, *, planned: bool = True, **more: Any) -> EndedStep:
    return EndedStep(
        spec, outcome, more.pop("reason", ""), more.pop("proof", None), planned, **more
    )


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        ([_ended(REVOKE, Outcome.VERIFIED), _ended(DISABLE, Outcome.ALREADY)], "contained"),
        ([_ended(REVOKE, Outcome.VERIFIED), _ended(DISABLE, Outcome.SKIPPED)], "contained"),
        ([_ended(REVOKE, Outcome.VERIFIED), _ended(DISABLE, Outcome.DENIED)], "partial"),
        ([_ended(REVOKE, Outcome.VERIFIED), _ended(DISABLE, Outcome.MANUAL)], "partial"),
        ([_ended(REVOKE, Outcome.VERIFIED), _ended(DISABLE, Outcome.UNKNOWN)], "partial"),
        (
            [_ended(REVOKE, Outcome.VERIFIED), _ended(DISABLE, Outcome.SKIPPED, unapproved=True)],
            "partial",
        ),
        (
            [_ended(REVOKE, Outcome.VERIFIED), _ended(DISABLE, Outcome.FAILED, planned=False)],
            "contained",
        ),
        ([_ended(REVOKE, Outcome.VERIFIED), _ended(OKTA_REVOKE, Outcome.SKIPPED)], "partial"),
        ([_ended(REVOKE, Outcome.FAILED), _ended(OKTA_REVOKE, Outcome.UNKNOWN)], "failed"),
        ([], "failed"),
    ],
)
def test_only_what_ended_well_everywhere_is_called_contained(
    steps: list[EndedStep], status: str
) -> None:
    assert status_of("auto", steps, ()) == status


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
    (item,) = summarise("observe", [], ())
    assert item["system"] == "all"
