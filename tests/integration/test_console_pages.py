"""The inbox and a run's page: what waits, what happened, what stays open, who was told."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from web_house import (
    Story,
    perform_ready,
    rows,
    tell_story,
)

from config.settings import Mode
from ledger import control, leases, notices, tables
from ledger.steps import Ended
from tasks import decisions
from tasks.service import Service

pytest_plugins = ("web_fixtures",)


def settle(house: Service, state: str, *, again: bool = False, **result: Any) -> None:
    """Deliver the request for approval, with this result."""
    asked = rows(house, tables.notice, tables.notice.c.approval_id.is_not(None))[0]
    with house.database.write() as connection:
        claimed = notices.claim(connection, asked.id, 30)
        assert claimed is not None
        after_s = 60.0 if again else None
        notices.settle(
            connection, house.audit, claimed, state=state, result=result, retry_after_s=after_s
        )


def approve(house: Service, story: Story) -> None:
    decided = decisions.decide(
        house,
        story.approval_id,
        approve=True,
        plan_hash=story.plan_hash,
        user_id="1",
        user_name="linus",
        reason="",
    )
    assert decided.accepted


def test_an_empty_house_says_so(client: httpx.Client) -> None:
    page = client.get("/").text
    assert "Nothing waits for a decision." in page
    assert "There are no runs yet." in page


def test_the_inbox_lists_what_waits_and_what_happened(client: httpx.Client, story: Story) -> None:
    page = client.get("/").text
    waiting, _, latest = page.partition('id="latest"')
    for fact in ("Ada Lovelace", "Session cookie replayed", "9 steps to approve", "59 minutes"):
        assert fact in waiting, fact
    assert f'href="/approvals/{story.approval_id}"' in waiting
    assert f'href="/runs/{story.run_id}"' in latest
    assert "Waits for a decision" in latest
    assert "(1) Inbox" in page


def test_what_is_decided_waits_no_more(house: Service, client: httpx.Client, story: Story) -> None:
    approve(house, story)
    page = client.get("/").text
    assert "Nothing waits for a decision." in page
    assert f'href="/runs/{story.run_id}"' in page


@pytest.mark.parametrize("path", ["/", "/runs/{0.run_id}", "/approvals/{0.approval_id}"])
def test_a_pause_is_on_every_page(
    house: Service, client: httpx.Client, story: Story, path: str
) -> None:
    assert "changes are paused" not in client.get(path.format(story)).text
    with house.database.write() as connection:
        control.pause(connection, house.audit, actor="linus", reason="exercise <today>")
    page = client.get(path.format(story)).text
    assert "All changes are paused" in page
    assert "linus" in page
    assert "exercise &lt;today&gt;" in page


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("nobody", "Nobody was told about this request."),
        ("failed", "Nobody was told about this request."),
        ("partial", "Not everybody was told about this request: act as if nobody was."),
        ("unknown", "It is not known whether anybody was told"),
        ("sent", ""),
    ],
)
def test_a_request_nobody_heard_of_is_shouted_about(
    house: Service, client: httpx.Client, story: Story, state: str, told: str
) -> None:
    settle(house, state, channels=[{"channel": "oncall", "status": "failed"}])
    run = client.get(f"/runs/{story.run_id}").text
    for shown in (client.get("/").text, client.get(f"/approvals/{story.approval_id}").text, run):
        assert bool(re.search(r'class="banner bad"', shown)) is bool(told)
        assert told in shown
    assert "oncall: failed" in run
    assert "Approve containment of" in run


def test_delivery_that_fails_is_not_hidden_while_it_is_tried_again(
    house: Service, client: httpx.Client, story: Story
) -> None:
    settle(house, "failed", again=True, channels=[{"channel": "oncall", "status": "failed"}])
    run = client.get(f"/runs/{story.run_id}").text
    for shown in (client.get("/").text, client.get(f"/approvals/{story.approval_id}").text, run):
        assert "delivery failed, and is being tried again" in shown
    assert "Not delivered yet, being tried again" in run


@pytest.mark.usefixtures("story")
def test_a_message_no_worker_takes_up_is_not_hidden(house: Service, client: httpx.Client) -> None:
    assert "its message still waits" not in client.get("/").text, "a worker has some seconds"
    with house.database.write() as connection:
        waiting = tables.notice
        connection.execute(waiting.update().values(created_at=waiting.c.created_at - 31_000))
    assert "its message still waits to be sent" in client.get("/").text


def test_a_run_shows_outcomes_proofs_and_what_is_to_be_done_by_hand(
    house: Service, client: httpx.Client, story: Story
) -> None:
    approve(house, story)
    ready = rows(house, tables.step, tables.step.c.state == "ready")
    with house.database.write() as connection:
        held = leases.claim(connection, house.audit, ready[0].id, "worker", 30)
        assert held is not None
        by_hand = Ended("manual", "the account is synced", "Disable-ADAccount -Identity ada")
        assert leases.finish(connection, house.audit, held, by_hand)
        again = leases.claim(connection, house.audit, ready[1].id, "worker", 30)
        assert again is not None
        leases.release(connection, house.audit, again, after_s=60, reason="The vendor is away.")
    page = client.get(f"/runs/{story.run_id}").text
    for fact in (
        "To be done by hand",
        "the account is synced",
        "Disable-ADAccount -Identity ada",
        "Will be tried again",
        "Attempt 1:",
        "The vendor is away.",
        "Done and verified",
        "a refresh token from before is refused",
        "Waits for earlier steps",
        "linus",
    ):
        assert fact in page, fact

    banner = page.partition('class="banner bad"')[2].partition("</div>")[0]
    assert "A person has to look" in banner
    assert "To be done by hand" in banner


@pytest.mark.parametrize(
    ("state", "told"), [("restoring", "Waits only to put settings back"), ("observing", "Running")]
)
def test_a_run_that_still_moves_is_not_said_to_be_over(
    house: Service, client: httpx.Client, story: Story, state: str, told: str
) -> None:
    approve(house, story)
    with house.database.write() as connection:
        connection.execute(tables.run.update().values(state=state))
    page = client.get(f"/runs/{story.run_id}").text
    assert told in page
    assert "Nothing that is known of" not in page
    assert told in client.get("/").text


def finish(house: Service, story: Story) -> None:
    approve(house, story)
    for _ in range(20):
        perform_ready(house, story.run_id)
    assert rows(house, tables.run)[0].state == "done"


def test_at_the_end_stands_what_stays_usable(
    house: Service, client: httpx.Client, story: Story
) -> None:
    finish(house, story)
    page = client.get(f"/runs/{story.run_id}").text
    assert "Contained" in page
    assert "access tokens minted before" in page
    assert "2026-03-01 04:25:00 UTC" in page
    assert "they live until they expire" in page
    assert "Follow" not in page
    assert "contained" in page.partition('id="told"')[2], "the report to people"


def test_a_run_may_be_followed_for_a_while(client: httpx.Client, story: Story) -> None:
    plain = client.get(f"/runs/{story.run_id}").text
    assert "http-equiv" not in plain
    assert f'href="/runs/{story.run_id}?follow=100"' in plain
    followed = client.get(f"/runs/{story.run_id}?follow=100").text
    assert f'http-equiv="refresh" content="3; url=/runs/{story.run_id}?follow=99"' in followed
    assert "Stop following" in followed
    for ended in ("0", "-1", "x", "٣", "1" * 5000):
        page = client.get(f"/runs/{story.run_id}", params={"follow": ended}).text
        assert "http-equiv" not in page
    much = client.get(f"/runs/{story.run_id}?follow=9999").text
    assert '?follow=99"' in much


def test_an_ended_run_is_not_followed(house: Service, client: httpx.Client, story: Story) -> None:
    finish(house, story)
    assert "http-equiv" not in client.get(f"/runs/{story.run_id}?follow=5").text


def test_a_run_without_alert_and_without_approval(house: Service, client: httpx.Client) -> None:
    told = tell_story(house, mode=Mode.OBSERVE, with_alert=False, requested_by="linus")
    page = client.get(f"/runs/{told.run_id}").text
    assert "asked for this run" in page
    assert "No step of this run needed one." in page
    assert client.get("/").status_code == 200


def test_a_run_is_found_by_the_beginning_of_its_id(client: httpx.Client, story: Story) -> None:
    assert client.get(f"/runs/{story.run_id[:18]}").status_code == 200


def test_a_plan_of_another_shape_is_still_shown(
    house: Service, client: httpx.Client, story: Story
) -> None:
    with house.database.write() as connection:
        connection.execute(
            tables.run.update().values(plan={"steps": [{"node": 1}, "?"], "notes": 3}, person={})
        )
    for path in ("/", f"/runs/{story.run_id}", f"/approvals/{story.approval_id}"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "entra" in answer.text
