"""What every answer carries, which posts are refused, and that looking changes nothing."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from web_house import Story, counts, open_house, rows, tell_story, visiting

from ledger import tables
from tasks.service import Service

pytest_plugins = ("web_fixtures",)

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def approve(story: Story) -> dict[str, str]:
    return {
        "decision": "approve",
        "plan_hash": story.plan_hash,
        "typed_name": "ada.lovelace@contoso.com",
    }


def test_every_answer_is_dressed(client: httpx.Client, story: Story) -> None:
    paths = ["/", "/login", f"/runs/{story.run_id}", f"/approvals/{story.approval_id}"]
    paths += ["/no-such-page", "/static/console.css", "/static/none.css", "/healthz", "/hooks/none"]
    for path in paths:
        headers = client.get(path).headers
        assert headers["content-security-policy"] == POLICY, path
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["x-robots-tag"].startswith("noindex")
        assert "camera=()" in headers["permissions-policy"]
        assert headers["cache-control"] == (
            "no-cache" if path == "/static/console.css" else "no-store"
        )
        assert "strict-transport-security" not in headers
        assert "server" not in headers or "uvicorn" in headers["server"]


def test_over_https_browsers_are_held_to_it(tmp_path: Path) -> None:
    service = open_house(tmp_path, web={"public_url": "https://rescind.example.com"})
    with visiting(service) as client:
        headers = client.get("/login").headers
    service.database.close()
    assert "max-age=31536000" in headers["strict-transport-security"]
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example.com"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": ""},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "", "Origin": "https://evil.example.com"},
    ],
)
def test_a_post_from_elsewhere_is_refused(
    house: Service, client: httpx.Client, story: Story, headers: dict[str, str]
) -> None:
    before = counts(house)
    answer = client.post(f"/approvals/{story.approval_id}", data=approve(story), headers=headers)
    assert answer.status_code == 403
    assert client.post("/logout", headers=headers).status_code == 403
    assert client.post("/login", data={"name": "x"}, headers=headers).status_code == 403
    assert counts(house) == before


def test_a_post_that_does_not_say_where_it_comes_from_is_refused(
    house: Service, client: httpx.Client, story: Story
) -> None:
    del client.headers["Origin"]
    answer = client.post(f"/approvals/{story.approval_id}", data=approve(story))
    assert answer.status_code == 403
    assert [row.state for row in rows(house, tables.approval)] == ["pending"]


def test_a_post_from_the_console_is_taken_by_either_header(
    client: httpx.Client, story: Story
) -> None:
    by_origin = client.post(f"/approvals/{story.approval_id}", data={"decision": "?"})
    del client.headers["Origin"]
    by_site = client.post(
        f"/approvals/{story.approval_id}",
        data={"decision": "?"},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert (by_origin.status_code, by_site.status_code) == (400, 400)


def test_behind_a_proxy_the_public_address_counts(tmp_path: Path) -> None:
    service = open_house(tmp_path, web={"public_url": "https://rescind.example.com"})
    with visiting(service) as client:
        known = client.post("/login", headers={"Origin": "https://rescind.example.com"})
        unknown = client.post("/login", headers={"Origin": "https://other.example.com"})
    service.database.close()
    assert (known.status_code, unknown.status_code) == (400, 403)


def test_looking_changes_nothing(house: Service, client: httpx.Client, story: Story) -> None:
    before = counts(house)
    paths = ["/", "/login", "/logout", "/healthz", f"/runs/{story.run_id}?follow=5"]
    paths += [f"/approvals/{story.approval_id}?decision=approve&plan_hash={story.plan_hash}"]
    for path in paths:
        for method in ("GET", "HEAD", "OPTIONS"):
            answer = client.request(method, path)
            assert answer.status_code in (200, 303, 405), (method, path)
            if method == "HEAD":
                assert answer.content == b""
    assert counts(house) == before


@pytest.mark.parametrize(
    "path",
    [
        "/runs/01a20227-0000-7000-8000-000000000000",
        "/runs/%00",
        "/runs/a",
        "/runs/%25%25%25%25%25%25%25%25",
        "/approvals/no-such-request",
        "/approvals/%00%00",
        "/docs",
        "/openapi.json",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
    ],
)
def test_what_is_not_there_is_said_not_to_be(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "<h1>Not found</h1>" in answer.text


def test_text_from_alerts_stays_text(house: Service, client: httpx.Client) -> None:
    told = tell_story(
        house,
        title="<script>alert(1)</script>\u202etxet neddih\x1b[2J" + "x" * 9000,
        display_name='"><img src=x onerror=alert(2)>{{ 7 * 7 }}',
        person="11111111-2222-4333-8444-555555555555",
    )
    for path in ("/", f"/runs/{told.run_id}", f"/approvals/{told.approval_id}"):
        page = client.get(path).text
        assert "<script" not in page
        assert "<img" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;\ufffdtxet" in page
        assert "{{ 7 * 7 }}" in page
        assert "\u202e" not in page
        assert "\x1b" not in page
        assert "x" * 2500 not in page
