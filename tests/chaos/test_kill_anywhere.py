"""``kill -9`` at any moment of a run, then `rescind serve` again: the run ends as it would have.

A crash point is drawn from its seed: right when the n-th request reaches the vendor (its answer is
still out, its change perhaps not made), right after the n-th answer, or some moments after it.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from simulator.faults import Fault, delay

from house import House, house, over, wait_for

#: Each with so many crash points: the run, what takes it up again, and what takes that up.
SEEDS = range(10)
KILLS = 6

EXPECTED = {
    "entra-revoke": "verified",
    "okta-revoke": "verified",
    "entra-disable": "verified",
    "okta-suspend": "verified",
    "entra-reset-password": "verified",
    "entra-revoke-again": "verified",
    "okta-revoke-again": "accepted",
    "entra-inbox-rules": "verified",
    "entra-auth-methods": "verified",
    "entra-devices": "verified",
    "entra-apps": "verified",
    "entra-app-credentials": "verified",
    "entra-consents": "verified",
    "okta-factors": "verified",
    "okta-api-tokens": "verified",
    "okta-devices": "verified",
}
EVERYTHING = """
[playbooks.parameters.cm0080]
entra_consents = true
entra_apps = true
# what follows from a trace, and from watching, is killed in tests of its own
trace = false
watch_minutes = 0
watch_again_minutes = 0
"""
#: Okta lists no browser sessions, and a password's stamp does not tell who set it: whether these were
#: carried out cannot be read back, so an interrupted one is sent once more.
UNREADABLE = ("DELETE /api/v1/users/{user}/sessions", "PATCH /v1.0/users/{user}")
#: Its proof is a stamp in whole seconds: of two within one second, an interrupted one cannot be told
#: from the one before by reading.
REVOKE = "POST /v1.0/users/{user}/revokeSignInSessions"
_MANAGEMENT = ("entra", "okta")


def _answered(built: House) -> int:
    return sum(len(built.sim.requests.all(system)) for system in _MANAGEMENT)


def _outcomes(built: House, run_id: str) -> dict[str, str | None]:
    """Return how the steps ended that the plan had not left out."""
    return {node: word for node, word in built.outcomes(run_id).items() if word != "skipped"}


def _writes(built: House) -> Counter[str]:
    """Count the changes made, by method and path without ids of the victim."""
    user = built.sim.tenant.person("nora.lind")
    counted: Counter[str] = Counter()
    for entry in built.sim.requests.writes():
        if entry.system in _MANAGEMENT and entry.status is not None and entry.status < 400:
            path = entry.path.partition("?")[0]
            path = path.replace(user.okta.id if user.okta else "", "{user}")
            counted[
                f"{entry.method} {path.replace(user.entra.id if user.entra else '', '{user}')}"
            ] += 1
    return counted


def _revoked_twice_in_a_second(built: House) -> bool:
    """Tell whether an Entra revocation was repeated because its stamp could not have moved."""
    began = [
        entry.started_ms
        for entry in built.sim.requests.writes()
        if entry.path.endswith("revokeSignInSessions")
    ]
    # each is stamped a little after it began
    return len(began) > 2 and any(later - one < 1500 for one, later in pairwise(began))


@dataclass(frozen=True)
class Undisturbed:
    """A run that nobody disturbs: how many requests it makes, and what it changes."""

    requests: int
    writes: Counter[str]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    with house(tmp_path_factory.mktemp("undisturbed"), extra=EVERYTHING) as built:
        built.start()
        before = _answered(built)
        assert built.post(built.incident()).status_code == 202
        run = built.finished_run()
        assert _outcomes(built, run.id) == EXPECTED
        return Undisturbed(_answered(built) - before, _writes(built))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_killed_again_and_again_ends_as_it_would_have(
    seed: int, tmp_path: Path, undisturbed: Undisturbed
) -> None:
    for nearer in range(5):
        with house(_folder(tmp_path, nearer), extra=EVERYTHING) as built:
            built.start()
            # a point is passed by as many requests as are made before we look
            if not _killed_at_all_points(built, seed, round(undisturbed.requests * 0.85**nearer)):
                continue  # this run was a little shorter, and had ended
            _check(built, undisturbed.writes)
            return
    pytest.fail("the run ended before every crash point")


def _folder(parent: Path, number: int) -> Path:
    folder = parent / str(number)
    folder.mkdir()
    return folder


def _killed_at_all_points(built: House, seed: int, requests: int) -> bool:
    """Kill the server at the seed's points of a run; False where the run had ended before one."""
    draw = random.Random(seed)
    points = sorted(draw.sample(range(requests), KILLS))
    for number, (point, last) in enumerate(zip(points, [0, *points], strict=False)):
        kind = ("arrived", "answered", "between")[(seed + number) % 3]
        if not _killed(built, kind, point - last, draw, post=number == 0):
            return False
        built.start()
    return True


def _killed(built: House, kind: str, at: int, draw: random.Random, *, post: bool) -> bool:
    """Kill the server at one point, so many requests from now."""
    before = _answered(built)
    built.sim.faults.clear()
    if kind == "arrived":
        built.sim.faults.add(Fault(delay(0.08), times=1, skip=at))
    if post:
        assert built.post(built.incident()).status_code == 202

    def due() -> bool:
        built.decide()
        if kind == "arrived":
            return any(fault.hits for fault in built.sim.faults.all())
        return _answered(built) - before >= at

    def due_or_ended() -> bool:
        return due() or any(map(over, built.runs()))

    wait_for(due_or_ended, 40, "the crash point", built.progress)
    if kind == "between":
        time.sleep(draw.uniform(0, 0.05))
    built.kill()
    time.sleep(0.1)  # what was under way at the vendor ends there
    return not any(map(over, built.runs()))


def _check(built: House, undisturbed: Counter[str]) -> None:
    run = built.finished_run()
    assert run.status == "contained"
    assert _outcomes(built, run.id) == EXPECTED
    more = _writes(built) - undisturbed
    if _revoked_twice_in_a_second(built):
        more.pop(REVOKE, None)
    assert sum(more.pop(change, 0) for change in UNREADABLE) <= KILLS
    assert not more, "sent again although a look would have shown that it was done"
    assert not undisturbed - _writes(built)
    report = built.verify()
    assert report.verified, report.first_bad
    assert not report.intents_open
    assert not report.runs_open
