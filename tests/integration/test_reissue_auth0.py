"""Giving an account in Auth0 back: the password is closed first, and its link shown once."""

from __future__ import annotations

import asyncio
import html
import re
import sqlite3
from collections.abc import Iterator
from datetime import datetime

import httpx
import pytest
from sqlalchemy import Row, select

from config.settings import Mode
from ledger import accounts, tables
from simulator.auth0_state import Auth0User
from simulator.faults import Effect, Fault, apply_then, drop, forbid
from tasks.requests import Wish, request_run
from tasks.systems import Systems

from house import House, house

HARPER, PASSWORD = "harper", "correct horse battery staple"
AUTH0 = """
[tenants.contoso.auth0]
domain = "contoso.eu.auth0.com"
base_url = "SIM_URL"
client_id = "simulatedAuth0Client"
client_secret = "simulated-auth0-secret"

[guardrails]
people_per_hour = 500
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house"), extra=AUTH0) as made:
        accounts.add(
            made.service.database,
            made.service.audit,
            HARPER,
            PASSWORD,
            "responder",
            actor={"type": "human", "sub": "cli:root"},
        )
        made.start()
        yield made


def _contained(built: House, name: str) -> Auth0User:
    assert built.post(built.incident(name)).status_code == 202
    assert built.run_of(name).status == "contained"
    user = built.sim.tenant.person(name).auth0
    assert user is not None
    assert user.blocked is True
    return user


def _reissued(built: House, name: str) -> Row:
    upn = built.sim.tenant.person(name).upn
    wish = Wish(upn, None, "reissue", Mode.APPROVE, "cli:kim", hand_over_to=HARPER)

    async def ask() -> None:
        systems = Systems(built.service.settings)
        try:
            await request_run(built.service, systems, wish)
        finally:
            await systems.close()

    asyncio.run(ask())
    return built.run_of(name)


def _links(built: House, run_id: str) -> dict[str, Row]:
    """What was made in Auth0 and in Okta, by the node that made it."""
    rows, step = tables.handover, tables.step
    asked = (
        select(rows, step.c.node)
        .join(step, step.c.id == rows.c.step_id)
        .where(rows.c.run_id == run_id, rows.c.kind == "reset_link")
    )
    with built.service.database.read() as connection:
        return {row.node: row for row in connection.execute(asked)}


def _shown(built: House, handover_id: str) -> str:
    headers = {"Origin": built.url}
    with httpx.Client(base_url=built.url, headers=headers, timeout=60, trust_env=False) as client:
        signed_in = client.post("/login", data={"name": HARPER, "password": PASSWORD})
        assert signed_in.status_code == 303
        page = client.post(f"/handovers/{handover_id}").text
    found = re.search(r'<pre class="secret"[^>]*>([^<]+)</pre>', page)
    return html.unescape(found[1]) if found else ""


def _everything_kept(built: House) -> str:
    with sqlite3.connect(built.folder / "rescind.db") as connection:
        dump = "\n".join(connection.iterdump())
    blobs = re.findall(r"X'([0-9A-F]+)'", dump)
    texts = [bytes.fromhex(blob).decode("utf-8", "replace") for blob in blobs]
    return "\n".join([dump, *texts, built.logs()])


def test_the_password_is_closed_before_the_account_is_opened(built: House) -> None:
    user = _contained(built, "nora.lind")
    began = len(built.sim.requests.writes("auth0"))
    run = _reissued(built, "nora.lind")

    assert run.status == "completed"
    assert user.blocked is False
    assert (user.sessions, user.refresh_tokens) == ([], [])
    sent = built.sim.requests.writes("auth0")[began:]
    asked = [(each.method, each.path.partition("/api/v2/")[2].split("/")[-1]) for each in sent]
    assert [method for method, _ in asked] == ["PATCH", "POST", "PATCH", "DELETE", "DELETE"]
    assert asked[1][1] == "password-change"
    assert set(sent[0].body) == {"password", "connection"}
    assert sent[2].body == {"blocked": False}

    links = _links(built, run.id)
    assert set(links) == {"okta-reset-password", "auth0-reset-password"}
    assert user.ticket is not None
    link = links["auth0-reset-password"]
    assert link.state == "waiting"
    usable_until = datetime.fromisoformat(link.usable_until).timestamp()
    assert abs(usable_until - user.ticket.expires) < 60
    assert user.ticket.url not in _everything_kept(built)
    assert _shown(built, link.id) == user.ticket.url
    assert _shown(built, link.id) == ""
    kept = _everything_kept(built)
    assert user.ticket.url not in kept
    assert user.password not in kept
    assert built.verify().verified


@pytest.mark.parametrize(
    ("name", "effect", "where"),
    [
        ("user03", apply_then(504), r"tickets/password-change"),
        ("user04", drop(), r"tickets/password-change"),
        ("user05", apply_then(504), r"/api/v2/users/auth0"),
    ],
)
def test_a_link_lost_with_its_answer_is_replaced_by_another(
    built: House, name: str, effect: Effect, where: str
) -> None:
    user = _contained(built, name)
    method = "POST" if "tickets" in where else "PATCH"
    built.sim.faults.add(Fault(effect, system="auth0", method=method, path_regex=where, times=1))
    run = _reissued(built, name)
    built.sim.faults.clear()
    assert run.status == "completed"
    assert user.ticket is not None
    link = _links(built, run.id)["auth0-reset-password"]
    assert link.state == "waiting"
    assert _shown(built, link.id) == user.ticket.url
    assert built.verify().verified


def test_an_account_whose_password_was_not_closed_stays_blocked(built: House) -> None:
    user = _contained(built, "user06")
    built.sim.faults.add(Fault(forbid(), system="auth0", path_regex="tickets/password-change"))
    run = _reissued(built, "user06")
    built.sim.faults.clear()
    outcomes = built.outcomes(run.id)
    assert run.status == "partial"
    assert outcomes["auth0-reset-password"] == "failed"
    assert outcomes["auth0-unblock"] == "skipped"
    assert user.blocked is True
    assert "auth0-reset-password" not in _links(built, run.id)
    assert built.verify().verified


def test_a_password_that_another_provider_keeps_is_for_a_person(built: House) -> None:
    user = _contained(built, "omar.reyes")
    run = _reissued(built, "omar.reyes")
    outcomes = built.outcomes(run.id)
    assert outcomes["auth0-reset-password"] == "manual"
    assert outcomes["auth0-unblock"] == "skipped"
    assert user.blocked is True
    assert run.status == "partial"
    assert built.verify().verified
