"""A person at three in the morning: sign in, understand, decide. In a real browser, no scripts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from web_house import ADA, PASSWORD, Story, add_user, join, open_house, rows, serving, tell_story

from ledger import control, notices, tables
from tasks.service import Service
from web.app import create_app

pytestmark = pytest.mark.browser


@dataclass
class Desk:
    """A browser in front of a house with one request waiting; what it complained about."""

    service: Service
    story: Story
    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def sign_in(self, path: str = "/", password: str = PASSWORD) -> None:
        self.page.goto(self.url + path)
        self.page.get_by_label("Name").fill("grace")
        self.page.get_by_label("Password").fill(password)
        with self.page.expect_navigation():  # else what is opened next may come before the cookie
            self.page.get_by_role("button", name="Sign in").click()

    def photograph(self, name: str) -> None:
        """Keep a picture where a person wants to look at the pages."""
        folder = os.environ.get("RESCIND_TEST_PICTURES")
        if folder:
            self.page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)

    @property
    def state(self) -> str:
        return str(rows(self.service, tables.approval)[0].state)


@pytest.fixture(params=["light", "dark"])
def desk(tmp_path: Path, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Desk]:
    service = open_house(tmp_path)
    add_user(service, "grace")
    story = tell_story(service)
    small = request.param == "dark"
    context = browser.new_context(
        color_scheme=request.param,
        java_script_enabled=small,  # the console has none; one of the two shows that it needs none
        viewport={"width": 390, "height": 844} if small else {"width": 1280, "height": 900},
    )
    page = context.new_page()
    with serving(create_app(service)) as url:
        desk = Desk(service, story, page, url)
        page.on("console", desk.listen)
        page.on("pageerror", lambda error: desk.complaints.append(str(error)))
        yield desk
        context.close()
    service.database.close()
    assert desk.complaints == [], "no violation of the content security policy, no error"


#: For what does not depend on how the page looks.
once = pytest.mark.parametrize("desk", ["light"], indirect=True)


def test_from_the_link_in_chat_to_the_approval(desk: Desk, request: pytest.FixtureRequest) -> None:
    look = request.node.callspec.params["desk"]
    desk.page.goto(f"{desk.url}/approvals/{desk.story.approval_id}")
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("Sign in")
    expect(desk.page.get_by_text("Ada Lovelace")).to_have_count(0)
    desk.photograph(f"login-{look}")
    desk.sign_in(f"/approvals/{desk.story.approval_id}")
    expect(desk.page.get_by_role("heading", level=1)).to_contain_text("Ada Lovelace")
    expect(desk.page.get_by_text("Done and verified").first).to_be_visible()
    join(desk.service, desk.story, "Inbox rule forwards mail to another company")
    desk.page.reload()
    expect(desk.page.get_by_text("Inbox rule forwards mail")).to_be_visible()
    desk.photograph(f"approval-{look}")
    desk.page.get_by_label("to approve").fill(ADA)
    desk.page.get_by_role("button", name="Approve plan").click()
    expect(desk.page).to_have_url(f"{desk.url}/runs/{desk.story.run_id}")
    expect(desk.page.get_by_text("Approved", exact=False).first).to_be_visible()
    desk.photograph(f"run-{look}")
    assert desk.state == "approved"


@once
def test_after_a_wrong_password_only_that_is_typed_again(
    desk: Desk, request: pytest.FixtureRequest
) -> None:
    desk.sign_in("/", "not the password")
    expect(desk.page.get_by_role("alert")).to_contain_text("do not fit together")
    expect(desk.page.get_by_label("Name")).to_have_value("grace")
    expect(desk.page.get_by_label("Password")).to_be_focused()
    desk.photograph(f"login-wrong-{request.node.callspec.params['desk']}")
    desk.page.get_by_label("Password").fill(PASSWORD)
    desk.page.get_by_role("button", name="Sign in").click()
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("Inbox")
    desk.complaints[:] = [each for each in desk.complaints if "401" not in each]


def test_the_first_screen_says_whom_what_why_and_what_it_costs(desk: Desk) -> None:
    desk.sign_in(f"/approvals/{desk.story.approval_id}")
    size = desk.page.viewport_size
    assert size is not None
    for fact in (
        "Evict the thief from Ada Lovelace",
        "The person cannot sign in anywhere",
        "minutes left",
        "Session cookie replayed",
        ADA,
    ):
        box = desk.page.get_by_text(fact).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= size["height"], fact


@once
def test_enter_decides_nothing(desk: Desk) -> None:
    desk.sign_in(f"/approvals/{desk.story.approval_id}")
    name = desk.page.get_by_label("to approve")
    name.fill(ADA)
    name.press("Enter")
    desk.page.wait_for_timeout(300)
    expect(desk.page).to_have_url(f"{desk.url}/approvals/{desk.story.approval_id}")
    assert desk.state == "pending"


@once
def test_denying_without_a_reason_is_stopped_and_with_one_goes(desk: Desk) -> None:
    desk.sign_in(f"/approvals/{desk.story.approval_id}")
    desk.page.get_by_role("button", name="Deny the plan").click()
    desk.page.wait_for_timeout(300)
    assert desk.state == "pending"
    desk.page.get_by_label("Why not").fill("it was Ada herself")
    desk.page.get_by_role("button", name="Deny the plan").click()
    expect(desk.page).to_have_url(f"{desk.url}/runs/{desk.story.run_id}")
    assert desk.state == "denied"


@once
def test_a_wrong_name_is_said_where_it_is_seen(desk: Desk, request: pytest.FixtureRequest) -> None:
    desk.sign_in(f"/approvals/{desk.story.approval_id}")
    desk.page.get_by_label("to approve").fill("ada")
    desk.page.get_by_role("button", name="Approve plan").click()
    expect(desk.page.get_by_role("alert")).to_contain_text("Nothing was decided.")
    desk.photograph(f"wrong-name-{request.node.callspec.params['desk']}")
    assert desk.state == "pending"
    desk.complaints[:] = [each for each in desk.complaints if "422" not in each]


def test_the_inbox_shouts_and_leads_to_the_request(
    desk: Desk, request: pytest.FixtureRequest
) -> None:
    asked = rows(desk.service, tables.notice)[0]
    with desk.service.database.write() as connection:
        claimed = notices.claim(connection, asked.id, 30)
        assert claimed is not None
        notices.settle(connection, desk.service.audit, claimed, state="partial", result={})
        control.pause(connection, desk.service.audit, actor="linus", reason="exercise")
    desk.sign_in()
    expect(desk.page.get_by_text("Not everybody was told about this request")).to_be_visible()
    expect(desk.page.get_by_text("All changes are paused")).to_be_visible()
    desk.photograph(f"inbox-{request.node.callspec.params['desk']}")
    desk.page.get_by_role("link", name="Look and decide").click()
    expect(desk.page).to_have_url(f"{desk.url}/approvals/{desk.story.approval_id}")
    desk.page.get_by_role("button", name="Sign out").click()
    expect(desk.page).to_have_url(f"{desk.url}/login")


def test_no_page_is_wider_than_the_screen(desk: Desk) -> None:
    desk.sign_in()
    for path in ("/", f"/approvals/{desk.story.approval_id}", f"/runs/{desk.story.run_id}"):
        desk.page.goto(desk.url + path)
        box = desk.page.locator("main").bounding_box()
        size = desk.page.viewport_size
        assert box is not None
        assert size is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size["width"]
        expect(desk.page.locator("h1")).to_have_count(1)


@once
def test_a_followed_run_loads_itself_again(desk: Desk) -> None:
    desk.sign_in(f"/runs/{desk.story.run_id}")
    desk.page.get_by_role("link", name="Follow").click()
    expect(desk.page).to_have_url(f"{desk.url}/runs/{desk.story.run_id}?follow=99")
    desk.page.get_by_role("link", name="Stop following").click()
    expect(desk.page).to_have_url(f"{desk.url}/runs/{desk.story.run_id}")


@once
def test_a_page_elsewhere_can_neither_frame_nor_post(desk: Desk) -> None:
    desk.sign_in(f"/approvals/{desk.story.approval_id}")
    address = f"{desk.url}/approvals/{desk.story.approval_id}"
    other = desk.page.context.new_page()
    # another site by the browser's own reckoning: localhost is not 127.0.0.1
    foreign = desk.url.replace("127.0.0.1", "localhost")
    other.route(
        f"{foreign}/trap",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f'<form method="post" action="{address}">'
            f'<input name="decision" value="approve"><input name="typed_name" value="{ADA}">'
            f'<input name="plan_hash" value="{desk.story.plan_hash}"><button>Win</button></form>'
            f'<iframe name="trapped" src="{address}"></iframe>',
        ),
    )
    other.goto(f"{foreign}/trap")
    trapped = other.frame(name="trapped")
    assert trapped is not None
    assert trapped.get_by_role("heading").count() == 0
    other.get_by_role("button", name="Win").click()
    expect(other.get_by_role("heading", level=1)).to_have_text("Refused")
    assert desk.state == "pending"
