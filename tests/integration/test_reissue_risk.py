"""What a containment has told the systems of a person's risk is taken back with her account."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from config.settings import Mode
from ledger import accounts
from tasks.requests import Wish, request_run
from tasks.systems import Systems

from house import House, house

HARPER = "harper"
EXTRA = """
[playbooks.parameters.cm0080]
raise_risk = true
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house"), extra=EXTRA) as made:
        accounts.add(
            made.service.database, made.service.audit, HARPER, "correct horse battery staple",
            "responder", actor={"type": "human", "sub": "cli:root"},
        )  # fmt: skip
        made.start()
        yield made


def _reissue(built: House, name: str) -> None:
    upn = built.sim.tenant.person(name).upn
    wish = Wish(upn, None, "reissue", Mode.APPROVE, "cli:kim", hand_over_to=HARPER)

    async def ask() -> None:
        systems = Systems(built.service.settings)
        try:
            await request_run(built.service, systems, wish)
        finally:
            await systems.close()

    asyncio.run(ask())


def test_a_risk_that_a_containment_has_raised_is_taken_back(built: House) -> None:
    person = built.sim.tenant.person("user03")
    assert person.entra
    assert person.okta
    assert built.post(built.incident("user03")).status_code == 202
    built.run_of("user03")
    assert (person.entra.risk_state, person.okta.risk.level) == ("confirmedCompromised", "HIGH")

    _reissue(built, "user03")
    run = built.run_of("user03")
    assert run.status == "completed"
    assert (person.entra.risk_state, person.okta.risk.level) == ("dismissed", "LOW")
    outcomes = built.outcomes(run.id)
    assert (outcomes["entra-risk"], outcomes["okta-risk"]) == ("verified", "verified")
    sent = [write.path for write in built.sim.requests.writes()]
    dismissed = max(at for at, path in enumerate(sent) if path.endswith("/riskyUsers/dismiss"))
    # what the risk had kept out until then is ended once more
    assert any(path.endswith("/revokeSignInSessions") for path in sent[dismissed:])


def test_a_risk_that_a_system_has_found_by_itself_is_left_to_people(built: House) -> None:
    person = built.sim.tenant.person("user04")
    assert person.entra
    assert built.post(built.incident("user04")).status_code == 202
    built.run_of("user04")
    # the service found something newer since
    person.entra.risk_state = "atRisk"

    _reissue(built, "user04")
    run = built.run_of("user04")
    assert person.entra.risk_state == "atRisk"
    step = built.steps(run.id)["entra-risk"]
    assert step.outcome == "already"
    assert "policies may go on keeping the person out" in step.reason
