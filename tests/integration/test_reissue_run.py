"""Giving an account back: on a person's word, by the hand of somebody named, shown to her once."""

from __future__ import annotations

import asyncio
import html
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from sqlalchemy import Row, select

from config.settings import Mode
from ledger import accounts, tables
from simulator.entra_state import AccessPass
from simulator.faults import Effect, Fault, apply_then, drop
from simulator.okta_scene import HOME, THIEF, Scene
from simulator.okta_state import Status
from tasks.launch import Opened
from tasks.requests import NotContainable, Wish, request_run
from tasks.systems import Systems

from house import DECIDER, House, house, wait_for

HARPER, PASSWORD = "harper", "correct horse battery staple"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(
        tmp_path_factory.mktemp("house"), extra="[guardrails]\npeople_per_hour = 500"
    ) as made:
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


def _contained(built: House, name: str) -> Row:
    assert built.post(built.incident(name)).status_code == 202
    run = built.run_of(name)
    assert run.status == "contained"
    return run


def _reissue(built: House, name: str, to: str = HARPER) -> Opened:
    wish = Wish(
        built.sim.tenant.person(name).upn, None, "reissue", Mode.APPROVE, "cli:kim", hand_over_to=to
    )

    async def ask() -> Opened:
        systems = Systems(built.service.settings)
        try:
            return await request_run(built.service, systems, wish)
        finally:
            await systems.close()

    return asyncio.run(ask())


def _waiting(built: House, run_id: str) -> dict[str, Row]:
    rows = tables.handover
    with built.service.database.read() as connection:
        found = connection.execute(select(rows).where(rows.c.run_id == run_id)).all()
    return {row.kind: row for row in found}


@contextmanager
def _signed_in(built: House, name: str) -> Iterator[httpx.Client]:
    headers = {"Origin": built.url}
    with httpx.Client(base_url=built.url, headers=headers, timeout=60, trust_env=False) as client:
        answer = client.post("/login", data={"name": name, "password": PASSWORD})
        assert answer.status_code == 303
        yield client


def test_an_account_is_given_back_and_its_secret_shown_once(built: House) -> None:
    _contained(built, "nora.lind")
    person = built.sim.tenant.person("nora.lind")
    assert person.entra
    assert person.okta
    assert (person.entra.account_enabled, person.okta.status) == (False, Status.SUSPENDED)

    opened = _reissue(built, "nora.lind")
    run = built.run_of("nora.lind")

    assert (run.id, run.aim, run.mode, run.status) == (
        opened.run_id, "reissue", "approve", "completed",
    )  # fmt: skip
    assert run.plan["hand_over_to"]["name"] == HARPER
    assert person.entra.account_enabled
    assert person.okta.status is Status.RECOVERY
    link = _waiting(built, run.id)["reset_link"]
    assert link.state == "waiting"

    with _signed_in(built, DECIDER) as other:
        page = other.get(f"/handovers/{link.id}")
        assert f"waits for <strong><bdi>{HARPER}" in page.text
        assert other.post(f"/handovers/{link.id}").text == page.text
    with _signed_in(built, HARPER) as mine:
        assert f"/handovers/{link.id}" in mine.get("/").text
        asked = mine.get(f"/handovers/{link.id}")
        assert "Show it to me once" in asked.text
        assert "signin/reset-password" not in asked.text
        shown = mine.post(f"/handovers/{link.id}")
        found = re.search(r'<pre class="secret"[^>]*>([^<]+)</pre>', shown.text)
        assert found
        secret = html.unescape(found[1])
        assert secret.startswith(f"{built.sim.url}/signin/reset-password/")
        assert shown.headers["cache-control"] == "no-store"
        again = mine.post(f"/handovers/{link.id}")
        assert "It was shown to" in again.text
        assert secret not in again.text

    assert _waiting(built, run.id)["reset_link"].sealed is None
    assert secret not in _everything_kept(built)
    told = [record for record in built.told() if record["event"].startswith("handover.")]
    # the link and the pass, of which the link was looked at
    events = [record["event"] for record in told]
    assert events[:3] == ["handover.ready", "handover.ready", "handover.revealed"]
    assert built.verify().verified


def test_what_was_put_in_place_for_a_while_is_taken_back(built: House) -> None:
    contained = _contained(built, "user03")
    opened = _reissue(built, "user03")
    nodes = {step["node"]: step for step in built.run_of("user03").plan["steps"]}
    # nothing of the kind was done by the run before
    assert nodes["entra-quarantine"]["skipped"].startswith("no earlier run")
    assert contained.id != opened.run_id


def test_no_secret_is_kept_readable_before_it_is_shown(built: House) -> None:
    _contained(built, "user04")
    _reissue(built, "user04")
    run = built.run_of("user04")
    link = _waiting(built, run.id)["reset_link"]
    assert link.state == "waiting"
    assert b"signin" not in link.sealed
    assert "signin/reset-password" not in _everything_kept(built)
    assert not any("signin" in notice.body for notice in built.notices())
    titles = [notice.title for notice in built.notices() if notice.run_id == run.id]
    assert (
        f"{HARPER}: a link that sets a new password (Okta) for user04@contoso.com waits for you"
        in titles
    )
    assert (
        f"{HARPER}: a Temporary Access Pass (Entra) for user04@contoso.com waits for you" in titles
    )


def test_a_pass_signs_the_person_in_and_its_code_is_shown_once(built: House) -> None:
    _contained(built, "user10")
    _reissue(built, "user10")
    run = built.run_of("user10")
    assert run.status == "completed"
    user = built.sim.tenant.person("user10").entra
    assert user
    (made,) = (method for method in user.methods if isinstance(method, AccessPass))
    waiting = _waiting(built, run.id)["temporary_access_pass"]
    assert made.code not in _everything_kept(built)
    with _signed_in(built, HARPER) as mine:
        shown = mine.post(f"/handovers/{waiting.id}").text
    assert made.code in html.unescape(shown)
    assert made.code not in _everything_kept(built)
    assert made.lifetime_min == 60


def test_it_is_erased_when_nobody_looks_in_time(built: House) -> None:
    _contained(built, "user05")
    _reissue(built, "user05")
    run = built.run_of("user05")
    link = _waiting(built, run.id)["reset_link"]
    with built.service.database.write() as connection:
        connection.execute(
            tables.handover.update().where(tables.handover.c.id == link.id).values(gone_at=1)
        )
    wait_for(lambda: _waiting(built, run.id)["reset_link"].state == "void", 10, "its end")
    assert _waiting(built, run.id)["reset_link"].sealed is None
    with _signed_in(built, HARPER) as mine:
        assert "It is erased" in mine.post(f"/handovers/{link.id}").text


@pytest.mark.parametrize(
    ("to", "why"),
    [("nobody", "does not exist"), ("nora.lind@contoso.com", "is the person herself")],
)
def test_nobody_is_named_who_cannot_hand_it_over(built: House, to: str, why: str) -> None:
    if why.startswith("is"):
        accounts.add(
            built.service.database,
            built.service.audit,
            to,
            PASSWORD,
            "responder",
            actor={"type": "human", "sub": "cli:root"},
        )
    with pytest.raises(NotContainable, match=why):
        _reissue(built, "nora.lind", to)


def test_whoever_is_shown_it_does_not_decide(built: House) -> None:
    _contained(built, "user06")
    _reissue(built, "user06", DECIDER)
    approval = next(
        row
        for row in _pending(built)
        if row.run_id
        == next(run.id for run in built.runs() if run.aim == "reissue" and run.state != "done")
    )
    with _signed_in(built, DECIDER) as decider:
        waiting, _, latest = decider.get("/").text.partition('id="latest"')
        assert "<strong>Give the account back:</strong>" in waiting, "told from a containment"
        assert "<strong>Give the account back:</strong>" in latest
        shown = decider.get(f"/approvals/{approval.id}").text
        watch = shown[shown.index("</span> Look who got into the Entra ID account since") :]
        assert "Only reads" in watch.partition("</li>")[0]
        assert "be undone" not in watch.partition("</li>")[0]
        page = decider.post(
            f"/approvals/{approval.id}",
            data={"decision": "approve", "plan_hash": approval.plan_hash},
        )
    assert page.status_code == 403
    assert "somebody else has to decide" in page.text
    assert built.run_of("user06", approve=False).status == "failed"


def test_an_account_that_is_being_contained_is_not_given_back(built: House) -> None:
    built.alert(built.post(built.incident("user07")).json()["alert"])
    with pytest.raises(NotContainable, match="contains this person"):
        _reissue(built, "user07")
    built.run_of("user07")


def _pending(built: House) -> list[Row]:
    rows = tables.approval
    with built.service.database.read() as connection:
        return list(connection.execute(select(rows).where(rows.c.state == "pending")).all())


def _everything_kept(built: House) -> str:
    """All text of the database, and of the logs."""
    path = built.folder / "rescind.db"
    with sqlite3.connect(path) as connection:
        dump = "\n".join(connection.iterdump())
    blobs = re.findall(r"X'([0-9A-F]+)'", dump)
    texts = [bytes.fromhex(blob).decode("utf-8", "replace") for blob in blobs]
    return "\n".join([dump, *texts, built.logs()])


@pytest.mark.parametrize("effect", [apply_then(504), drop()])
def test_a_link_lost_with_its_answer_is_replaced_by_another(built: House, effect: Effect) -> None:
    name = "user08" if effect == drop() else "user09"
    _contained(built, name)
    built.sim.faults.add(Fault(effect, path_regex="lifecycle/reset_password", times=1))
    _reissue(built, name)
    run = built.run_of(name)
    built.sim.faults.clear()
    assert run.status == "completed"
    rows = tables.handover
    with built.service.database.read() as connection:
        found = connection.execute(
            select(rows).where(rows.c.run_id == run.id, rows.c.kind == "reset_link")
        ).all()
    assert [row.state for row in found] == ["waiting"]
    with _signed_in(built, HARPER) as mine:
        assert "signin/reset-password" in mine.post(f"/handovers/{found[0].id}").text
    assert built.verify().verified


def test_a_pass_lost_with_its_answer_is_replaced_by_another(built: House) -> None:
    _contained(built, "user11")
    built.sim.faults.add(
        Fault(apply_then(504), method="POST", path_regex="temporaryAccessPassMethods", times=1)
    )
    _reissue(built, "user11")
    run = built.run_of("user11")
    built.sim.faults.clear()
    assert run.status == "completed"
    user = built.sim.tenant.person("user11").entra
    assert user
    (made,) = (method for method in user.methods if isinstance(method, AccessPass))
    waiting = _waiting(built, run.id)["temporary_access_pass"]
    with _signed_in(built, HARPER) as mine:
        assert made.code in html.unescape(mine.post(f"/handovers/{waiting.id}").text)
    assert built.verify().verified


def test_another_link_is_made_where_the_first_never_reached_the_person(built: House) -> None:
    _contained(built, "user12")
    _reissue(built, "user12")
    first = built.run_of("user12")
    _reissue(built, "user12")
    second = built.run_of("user12")
    assert second.id != first.id
    assert built.outcomes(second.id)["okta-reset-password"] == "verified"
    assert _waiting(built, second.id)["reset_link"].state == "waiting"


def test_an_account_whose_password_is_kept_elsewhere_is_opened_all_the_same(built: House) -> None:
    person = built.sim.tenant.person("user02")
    assert person.entra
    person.entra.user_type = "Guest"
    built.post(built.incident("user02"))
    built.run_of("user02")
    assert not person.entra.account_enabled
    _reissue(built, "user02")
    outcomes = built.outcomes(built.run_of("user02").id)
    assert outcomes["entra-reset-password"] == "skipped"
    assert outcomes["entra-enable-elsewhere"] == "verified"
    assert person.entra.account_enabled


def _look(built: House, run_id: str, node: str) -> Row:
    """Let a timed step of a run be due, and wait for its end."""
    step = tables.step
    with built.service.database.write() as connection:
        connection.execute(
            step.update()
            .where(step.c.run_id == run_id, step.c.node == node)
            .values(not_before=0, rung_at=None)
        )
    wait_for(lambda: built.steps(run_id)[node].state == "done", 20, node, built.progress)
    return built.steps(run_id)[node]


def _signs_in(built: House, name: str, scene: Scene) -> None:
    user = built.sim.tenant.person(name).okta
    assert user
    with built.sim.tenant.lock:
        for event in ("user.account.update_password", "user.session.start"):
            built.sim.tenant.okta_event(event, user, by=user, transaction="t", scene=scene)


def test_who_has_the_account_back_is_looked_at_and_her_thief_is_contained_again(
    built: House,
) -> None:
    contained = _contained(built, "user01")
    _reissue(built, "user01")
    back = built.run_of("user01")
    assert (back.state, back.status) == ("restoring", "completed")
    assert any("watched until" in each.title for each in built.notices() if each.run_id == back.id)

    _signs_in(built, "user01", HOME)
    seen = _look(built, back.id, "okta-watch")
    assert seen.outcome == "observed"
    assert "nothing but what is expected: user." in seen.reason
    assert f"from {HOME.ip} since the account was given back" in seen.reason
    assert "Ask the person" in seen.instructions
    assert built.run_of("user01").id == back.id

    # where the alert has seen the thief
    _signs_in(built, "user01", THIEF.at(ip="203.0.113.77"))
    found = _look(built, back.id, "okta-watch-again")
    assert found.outcome == "manual"
    wait_for(lambda: built.run_of("user01").id != back.id, 20, "a run", built.progress)
    again = built.run_of("user01")
    assert (again.aim, again.playbook, again.mode) == ("contain", contained.playbook, "auto")
    assert again.plan["route"] == contained.plan["route"] is not None
    assert again.plan["notes"][0].startswith(f"Drift after run {back.id[:13]}")
    assert HOME.ip not in again.plan["notes"][0]
    assert built.verify().verified
