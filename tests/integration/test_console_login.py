"""Signing in and out, and the session between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from web_house import PASSWORD, add_user, open_house, rows, sign_in, tell_story, visiting

from ledger import accounts, tables
from tasks.service import Service

pytest_plugins = ("web_fixtures",)


@pytest.fixture
def client(house: Service) -> Iterator[httpx.Client]:
    with visiting(house) as client:
        yield client


def test_whoever_is_not_signed_in_is_sent_to_sign_in_and_told_nothing(
    house: Service, client: httpx.Client
) -> None:
    story = tell_story(house)
    for path in (f"/approvals/{story.approval_id}", f"/runs/{story.run_id}", "/runs/no-such-run"):
        for method in ("GET", "HEAD") if "runs" in path else ("GET", "HEAD", "POST"):
            answer = client.request(method, path)
            assert answer.status_code == 303
            assert answer.headers["location"] == f"/login?next={path}"
            assert answer.content == b""
    page = client.get("/", follow_redirects=True)
    assert page.url.path == "/login"
    for fact in ("Ada", "lovelace", "contoso", story.run_id):
        assert fact not in page.text


def test_signing_in_leads_to_where_one_wanted_to_go(house: Service, client: httpx.Client) -> None:
    story = tell_story(house)
    wanted = f"/approvals/{story.approval_id}"
    form = client.get(wanted, follow_redirects=True)
    assert f'name="next" value="{wanted}"' in form.text
    answer = sign_in(client, "grace", next=wanted)
    assert (answer.status_code, answer.headers["location"]) == (303, wanted)
    assert client.get(wanted).status_code == 200


def typed(answer: httpx.Response) -> str:
    """The name that the form already holds."""
    return answer.text.partition('name="name"')[2].partition('value="')[2].partition('"')[0]


ELSEWHERE = (
    "https://evil.example.com/",
    "//evil.example.com",
    "/\\evil.example.com",
    "\\\\evil.example.com",
    "/%2f/evil.example.com",
    "/runs/..//evil.example.com",
    "javascript:alert(1)",
    "/runs/x\r\nSet-Cookie: a=b",
    " /runs/x",
    "/logout",
    "/" + "a" * 500,
)


def test_nobody_is_sent_elsewhere_after_signing_in(client: httpx.Client) -> None:
    for elsewhere in ELSEWHERE:
        form = client.get("/login", params={"next": elsewhere})
        assert 'name="next"' not in form.text, elsewhere
    answer = sign_in(client, "grace", next=ELSEWHERE[0])
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    for elsewhere in ELSEWHERE:
        again = client.get("/login", params={"next": elsewhere})
        assert (again.status_code, again.headers["location"]) == (303, "/"), elsewhere


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "grace", "password": "not the password"},
        {"name": "nobody", "password": PASSWORD},
        {"name": "", "password": ""},
        {"name": "grace"},
    ],
)
def test_what_was_wrong_with_a_sign_in_is_not_told(
    house: Service, client: httpx.Client, wrong: dict[str, str]
) -> None:
    expected = client.post("/login", data={"name": "nobody", "password": "anything at all"})
    answer = client.post("/login", data=wrong)
    assert answer.status_code == 401
    assert typed(answer) == wrong["name"]
    assert answer.text.partition("<form")[0] == expected.text.partition("<form")[0]
    assert "set-cookie" not in answer.headers
    assert rows(house, tables.console_session) == []


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"name=grace&password=x&a=%00", "application/x-www-form-urlencoded"),
        (b"name=grace&password=x&name=ada", "application/x-www-form-urlencoded"),
        (b"name=%ff", "application/x-www-form-urlencoded"),
        (b"name=" + b"x" * 40_000, "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % n for n in range(50)), "application/x-www-form-urlencoded"),
        (b'{"name": "grace"}', "application/json"),
    ],
)
def test_what_is_no_form_of_ours_is_refused(
    client: httpx.Client, content: bytes, kind: str
) -> None:
    answer = client.post("/login", content=content, headers={"Content-Type": kind})
    assert answer.status_code == 400
    assert "<h1>Sign in</h1>" in answer.text


def test_the_cookie_over_plain_http(client: httpx.Client) -> None:
    session, mark = (
        cookie.lower() for cookie in sign_in(client, "grace").headers.get_list("set-cookie")
    )
    assert session.startswith("rescind=")
    assert mark.startswith("rescind-known=")
    assert "samesite=lax" in session
    assert "samesite=strict" in mark
    for cookie in (session, mark):
        assert "httponly" in cookie
        assert "path=/" in cookie
        assert "domain" not in cookie
        assert "secure" not in cookie
    assert "max-age" not in session


def test_the_cookie_over_https(tmp_path: Path) -> None:
    service = open_house(tmp_path, web={"public_url": "https://rescind.example.com"})
    add_user(service, "grace")
    with visiting(service) as client:
        answer = sign_in(client, "grace")
        cookie, mark = answer.headers.get_list("set-cookie")
        name, value = cookie.partition(";")[0].split("=", 1)
        inbox = client.get("/", headers={"Cookie": f"{name}={value}"})
        planted = client.get("/", headers={"Cookie": f"rescind={value}"})
    service.database.close()
    assert name == "__Host-rescind"
    assert mark.startswith("__Host-rescind-known=")
    for each in (cookie.lower(), mark.lower()):
        assert "secure" in each
        assert "path=/" in each
        assert "domain" not in each
    assert inbox.status_code == 200
    assert planted.status_code == 303


def test_signing_out_ends_the_session_and_not_only_the_cookie(
    house: Service, client: httpx.Client
) -> None:
    sign_in(client, "grace")
    cookie = client.cookies["rescind"]
    assert client.get("/").status_code == 200
    assert client.get("/logout").status_code == 405, "a link must not sign anybody out"
    answer = client.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert client.get("/", headers={"Cookie": f"rescind={cookie}"}).status_code == 303
    assert rows(house, tables.console_session) == []


def test_signing_in_again_ends_the_session_that_was_there(client: httpx.Client) -> None:
    sign_in(client, "grace")
    before = client.cookies["rescind"]
    sign_in(client, "grace")
    assert client.cookies["rescind"] != before
    assert client.get("/", headers={"Cookie": f"rescind={before}"}).status_code == 303


@pytest.mark.parametrize("passed", ["idle", "absolute"])
def test_a_session_ends_by_itself(house: Service, client: httpx.Client, passed: str) -> None:
    sign_in(client, "grace")
    session = tables.console_session
    minutes = house.settings.web.session_idle_minutes
    gone: dict[str, Any] = {"seen_at": session.c.seen_at - minutes * 60_000}
    if passed == "absolute":
        gone = {"expires_at": session.c.created_at}
    with house.database.write() as connection:
        connection.execute(session.update().values(gone))
    assert client.get("/").status_code == 303


def test_a_disabled_account_is_out_at_once(house: Service, client: httpx.Client) -> None:
    sign_in(client, "grace")
    actor = {"type": "human", "sub": "operator"}
    accounts.set_disabled(house.database, house.audit, "grace", disabled=True, actor=actor)
    assert client.get("/").status_code == 303
    assert sign_in(client, "grace").status_code == 401
