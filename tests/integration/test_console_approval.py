"""Deciding: what is shown before, who may, what it takes, and what late clicks are told."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from web_house import (
    ADA,
    ADA_ID,
    ADA_OKTA,
    Story,
    add_user,
    counts,
    join,
    open_house,
    rang,
    rows,
    sign_in,
    tell_story,
    visiting,
)

from config.settings import Mode
from ledger import alerts, deliveries, tables
from ledger.migrate import migrate
from tasks import decisions
from tasks.service import Service

pytest_plugins = ("web_fixtures",)


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
        "what disrupts waits for a person",
        story.plan_hash.removeprefix("sha256:")[:12],
    ):
        assert fact in page, fact
    first = page.partition('id="who"')[0]
    assert "The person cannot sign in anywhere" in first, (
        "what it costs, before anything is scrolled"
    )
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
        "Reset the Okta password (okta)",
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


@pytest.mark.parametrize("twice", ["deny", "approve"])
def test_a_form_that_says_something_twice_decides_nothing(
    house: Service, client: httpx.Client, story: Story, twice: str
) -> None:
    before = counts(house)
    form = (
        f"decision={twice}&reason=x&typed_name={ADA}&plan_hash={story.plan_hash}&decision=approve"
    )
    answer = client.post(
        f"/approvals/{story.approval_id}",
        content=form,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 400
    assert "<h1>" in answer.text
    assert (state(house), counts(house)) == ("pending", before)


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
        ("linus@contoso.com", (), {"requested_by": "cli:linus"}, "asked for this run yourself"),
        (
            "mallory@contoso.com",
            (),
            {
                "persons": (
                    {"role": "actor", "ids": [{"kind": "email", "value": "Mallory@contoso.com"}]},
                )
            },
            "An alert names you",
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


def named(value: str, role: str = "victim") -> dict[str, Any]:
    return {"role": role, "ids": [{"kind": "email", "value": value}]}


@pytest.mark.parametrize("state", ["joined", "run", "duplicate"])
@pytest.mark.parametrize("role", ["victim", "actor"])
def test_whoever_is_named_by_a_later_alert_may_not_decide_either(
    house: Service, client: httpx.Client, story: Story, state: str, role: str
) -> None:
    add_user(house, "mallory@contoso.com", "admin")
    join(house, story, "A mailbox rule was made", named("Mallory@contoso.com", role), state=state)
    sign_in(client, "mallory@contoso.com")
    answer = post(client, story)
    assert answer.status_code == 403
    for page in (answer, client.get(f"/approvals/{story.approval_id}"), client.get("/")):
        assert "An alert names you" in page.text
    sign_in(client, "grace")
    assert post(client, story).status_code == 303, "somebody else may"


def test_whoever_is_named_beside_the_person_of_her_own_part_may_not_decide(
    house: Service, client: httpx.Client
) -> None:
    add_user(house, "mallory@contoso.com", "admin")
    both = (named(ADA), named("mallory@contoso.com"))
    story = tell_story(house, persons=both)
    with house.database.write() as connection:
        whole = connection.execute(select(tables.alert)).one()
        part = alerts.add_part(connection, whole, 0, victim=0)
        alerts.settle(
            connection, part, state="run", parsed={"persons": [both[0]]}, run_ids=(story.run_id,)
        )
        connection.execute(tables.run.update().values(alert_id=part))
    sign_in(client, "mallory@contoso.com")
    assert post(client, story).status_code == 403


def test_alerts_of_other_runs_name_nobody_here(
    house: Service, client: httpx.Client, story: Story
) -> None:
    other = Story("01a20000-0000-7000-8000-000000000000", "", "")
    with house.database.write() as connection:
        received = deliveries.receive(
            connection, house.audit, source="edr", kind="generic", body=b"x", fold_s=0
        )
        parsed = {"persons": [named("grace")]}
        alerts.settle(
            connection, received.id, state="joined", parsed=parsed, run_ids=(other.run_id,)
        )
    assert post(client, story).status_code == 303


def test_later_alerts_are_shown(house: Service, client: httpx.Client, story: Story) -> None:
    join(house, story, "A mailbox rule was made <b>today</b>")
    page = client.get(f"/approvals/{story.approval_id}").text
    assert "A mailbox rule was made &lt;b&gt;today&lt;/b&gt;" in page


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


@pytest.mark.services
def test_alerts_of_a_run_are_found_on_postgresql_too(tmp_path: Path, postgres_url: str) -> None:
    service = open_house(tmp_path, database={"url": postgres_url})
    migrate(service.database)
    story, other = (
        tell_story(service),
        tell_story(service, person="11111111-2222-4333-8444-555555555555", title="Another one"),
    )
    join(service, story, "A mailbox rule was made")
    join(service, story, "Again", state="duplicate")
    with service.database.read() as connection:
        found = alerts.of_runs(connection, [story.run_id, other.run_id])
        assert alerts.of_runs(connection, []) == {}
    titles = {run: [row.parsed["title"] for row in about] for run, about in found.items()}
    service.database.close()
    assert titles == {
        story.run_id: [
            "Session cookie replayed from a new country",
            "A mailbox rule was made",
            "Again",
        ],
        other.run_id: ["Another one"],
    }
