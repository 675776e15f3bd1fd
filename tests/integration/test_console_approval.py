"""Deciding: what is shown before, who may, what it takes, and what late clicks are told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from web_house import (
    ADA,
    ADA_ID,
    ADA_OKTA,
    Story,
    add_user,
    counts,
    open_house,
    rang,
    rows,
    sign_in,
    tell_story,
    visiting,
)

from config.settings import Mode
from ledger import tables
from tasks import decisions
from tasks.service import Service


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Service]:
    service = open_house(tmp_path)
    add_user(service, "grace")
    yield service
    service.database.close()


@pytest.fixture
def story(house: Service) -> Story:
    return tell_story(house)


@pytest.fixture
def client(house: Service) -> Iterator[httpx.Client]:
    with visiting(house) as client:
        sign_in(client, "grace")
        yield client


def post(client: httpx.Client, story: Story, **changed: str) -> httpx.Response:
    fields = {"decision": "approve", "plan_hash": story.plan_hash, "typed_name": ADA} | changed
    return client.post(f"/approvals/{story.approval_id}", data=fields)


def state(house: Service) -> str:
    return str(rows(house, tables.approval)[0].state)


def test_the_page_says_what_one_has_to_know(client: httpx.Client, story: Story) -> None:
    page = client.get(f"/approvals/{story.approval_id}").text
    for fact in (
        "Ada Lovelace",
        ADA,
        "contoso",
        "Session cookie replayed from a new country",
        "high",
        "sentinel",
        "2026-03-01 02:55:10 UTC",
        "59 minutes",
        story.plan_hash.removeprefix("sha256:")[:12],
    ):
        assert fact in page, fact
    done, plan = page.partition('id="plan"')[0], page.partition('id="plan"')[2]
    assert "Done and verified" in done
    assert "End all Entra ID sessions" in done
    assert "End Okta sessions and revoke tokens" in done
    in_order = [
        "Disable the Entra ID account",
        f'<span class="method">PATCH</span> /users/{ADA_ID}',
        "{&#34;accountEnabled&#34;: false}",
        "Suspend the Okta account",
        f"/api/v1/users/{ADA_OKTA}/lifecycle/suspend",
        "Reset the Entra ID password",
        "Not part of it, and why",
        "Okta refuses a reset while suspended",
        'id="decision"',
    ]
    places = [plan.find(each) for each in in_order]
    assert -1 not in places, in_order[places.index(-1)]
    assert places == sorted(places)
    assert "Can be undone" in plan
    assert "Cannot be undone" in plan
    assert page.count("<h1>") == 1


def test_approving_sets_the_steps_free_and_calls_workers(
    house: Service, client: httpx.Client, story: Story
) -> None:
    answer = post(client, story, reason="confirmed with Ada by phone")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/runs/{story.run_id}")
    asked = rows(house, tables.approval)[0]
    assert (asked.state, asked.decided_by, asked.reason) == (
        "approved",
        "grace",
        "confirmed with Ada by phone",
    )
    ready = rows(house, tables.step, tables.step.c.state == "ready")
    assert {step.node for step in ready} >= {"entra-disable", "okta-suspend"}
    assert {step.id for step in ready} <= set(rang(house).steps)
    record = rows(house, tables.audit, tables.audit.c.event == "approval.decided")[0]
    decided = json.loads(record.record)
    assert decided["approval"] == {
        "id": story.approval_id,
        "plan_hash": story.plan_hash,
        "decision": "approved",
    }
    page = client.get(answer.headers["location"]).text
    assert "confirmed with Ada by phone" in page
    assert "grace" in page.partition('id="decision"')[2]


def test_denying_ends_what_waited_and_keeps_what_was_done(
    house: Service, client: httpx.Client, story: Story
) -> None:
    answer = post(client, story, decision="deny", reason="it was Ada, travelling", typed_name="")
    assert answer.status_code == 303
    outcomes = {step.node: step.outcome for step in rows(house, tables.step)}
    assert outcomes["entra-disable"] == "denied"
    assert outcomes["entra-revoke"] == "verified"
    page = client.get(answer.headers["location"]).text
    assert "it was Ada, travelling" in page
    assert "Denied" in page


def test_a_no_takes_its_reason(house: Service, client: httpx.Client, story: Story) -> None:
    before = counts(house)
    answer = post(client, story, decision="deny", reason="   ")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert "say why" in answer.text
    assert counts(house) == before


def test_unless_the_operator_needs_none(tmp_path: Path) -> None:
    service = open_house(tmp_path, approvals={"deny_reason_required": False})
    add_user(service, "grace")
    story = tell_story(service)
    with visiting(service) as client:
        sign_in(client, "grace")
        answer = post(client, story, decision="deny")
    service.database.close()
    assert answer.status_code == 303


@pytest.mark.parametrize("typed", ["", "grace", "Ada Lovelace", ADA + "x"])
def test_locking_somebody_out_takes_the_name_typed(
    house: Service, client: httpx.Client, story: Story, typed: str
) -> None:
    before = counts(house)
    answer = post(client, story, typed_name=typed, reason="kept <b>as typed</b>")
    assert answer.status_code == 422
    assert ADA in answer.text
    assert "kept &lt;b&gt;as typed&lt;/b&gt;" in answer.text
    assert counts(house) == before


def test_the_name_may_be_typed_in_capitals(
    house: Service, client: httpx.Client, story: Story
) -> None:
    assert post(client, story, typed_name=f"  {ADA.upper()} ").status_code == 303
    assert state(house) == "approved"


def test_a_plan_that_locks_nobody_out_takes_no_name(
    house: Service, client: httpx.Client, story: Story
) -> None:
    with house.database.write() as connection:
        connection.execute(tables.step.update().values(impact="medium"))
    assert "typed_name" not in client.get(f"/approvals/{story.approval_id}").text
    assert post(client, story, typed_name="").status_code == 303


@pytest.mark.parametrize("role", ["viewer", "responder", "auditor"])
def test_other_roles_may_look_and_not_decide(
    house: Service, client: httpx.Client, story: Story, role: str
) -> None:
    add_user(house, "onlooker", role)
    sign_in(client, "onlooker")
    before = counts(house)
    page = client.get(f"/approvals/{story.approval_id}")
    answer = post(client, story)
    assert (page.status_code, answer.status_code) == (200, 403)
    assert 'name="decision"' not in page.text
    assert f"Your role is {role}" in page.text
    assert f"Your role is {role}" in answer.text
    assert counts(house) == before


def test_an_admin_may_decide(house: Service, client: httpx.Client, story: Story) -> None:
    add_user(house, "root", "admin")
    sign_in(client, "root")
    assert post(client, story).status_code == 303
    assert rows(house, tables.approval)[0].decided_by == "root"


@pytest.mark.parametrize(
    ("name", "account_ids", "told", "why"),
    [
        ("ada", (ADA_ID.upper(),), {}, "your own account"),
        ("ada", (ADA_OKTA,), {}, "your own account"),
        (ADA, (), {}, "your own account"),
        ("linus", (), {"requested_by": "Linus"}, "asked for this run yourself"),
        ("linus", (), {"requested_by": "human:linus", "with_alert": False}, "asked for this run"),
        (
            "mallory@contoso.com",
            (),
            {
                "persons": (
                    {"role": "actor", "ids": [{"kind": "email", "value": "Mallory@contoso.com"}]},
                )
            },
            "The alert names you",
        ),
    ],
)
def test_whoever_is_part_of_it_may_not_decide(
    house: Service,
    client: httpx.Client,
    name: str,
    account_ids: tuple[str, ...],
    told: dict[str, Any],
    why: str,
) -> None:
    story = tell_story(house, **told)
    add_user(house, name, "admin", account_ids)
    sign_in(client, name)
    answer = post(client, story)
    assert answer.status_code == 403
    assert why in answer.text
    assert why in client.get(f"/approvals/{story.approval_id}").text
    assert state(house) == "pending"
    sign_in(client, "grace")
    assert post(client, story).status_code == 303, "somebody else may"


def test_a_second_click_is_told_who_decided_and_when(
    house: Service, client: httpx.Client, story: Story
) -> None:
    assert post(client, story).status_code == 303
    add_user(house, "linus")
    sign_in(client, "linus")
    before = counts(house)
    for changed in ({"decision": "deny", "reason": "no"}, {"typed_name": ""}, {}):
        answer = post(client, story, **changed)
        assert answer.status_code == 409
        assert "grace" in answer.text
        assert "approved" in answer.text
        assert "<time" in answer.text
    assert counts(house) == before
    page = client.get(f"/approvals/{story.approval_id}").text
    assert 'name="decision"' not in page
    assert "grace" in page


def test_of_two_people_at_once_one_decides(
    house: Service, client: httpx.Client, story: Story
) -> None:
    def decide(choice: str) -> httpx.Response:
        return post(client, story, decision=choice, reason="at once")

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(decide, ["approve", "deny"] * 4))
    assert sorted(answer.status_code for answer in answers) == [303] + [409] * 7
    assert len(rows(house, tables.audit, tables.audit.c.event == "approval.decided")) == 1


def test_when_the_time_is_over_nothing_can_be_decided(
    house: Service, client: httpx.Client, story: Story
) -> None:
    with house.database.write() as connection:
        asked = tables.approval
        connection.execute(asked.update().values(deadline=asked.c.requested_at))
    for settled in (False, True):
        if settled:
            decisions.expire(house)
        answer = post(client, story)
        assert answer.status_code == 409
        assert "nobody decided in time" in answer.text
        page = client.get(f"/approvals/{story.approval_id}").text
        assert 'name="decision"' not in page
    assert state(house) == "expired"


def test_a_plan_that_changed_is_looked_at_again(
    house: Service, client: httpx.Client, story: Story
) -> None:
    answer = post(client, story, plan_hash="sha256:" + "0" * 64)
    assert answer.status_code == 409
    assert "the plan has changed" in answer.text.lower()
    assert state(house) == "pending"


@pytest.mark.parametrize("changed", [{"decision": ""}, {"decision": "APPROVE"}, {"reason": "\0"}])
def test_what_says_neither_yes_nor_no_decides_nothing(
    house: Service, client: httpx.Client, story: Story, changed: dict[str, str]
) -> None:
    answer = post(client, story, **changed)
    assert answer.status_code == 400
    assert "Nothing was decided" in answer.text
    assert state(house) == "pending"


def test_a_request_that_does_not_exist(client: httpx.Client) -> None:
    assert post(client, Story("", "no-such-request", "")).status_code == 404


def test_when_everything_waits_nothing_is_said_to_be_done(
    house: Service, client: httpx.Client
) -> None:
    story = tell_story(house, mode=Mode.APPROVE)
    page = client.get(f"/approvals/{story.approval_id}").text
    assert "Nothing yet: everything waits for this decision." in page
