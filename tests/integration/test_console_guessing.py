"""Passwords that are guessed: nobody guesses at will, and nobody keeps the right person out by it."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from web_house import PASSWORD, add_user, rows, settings_for, sign_in, visiting

from ledger import accounts, browsers, passwords, tables, turns
from ledger.migrate import migrate
from ledger.pace import Pace, Paces
from tasks.service import Service
from web import guard
from web.app import create_app
from web.console import login

from house import wait_for

pytest_plugins = ("web_fixtures",)

THIEF = "198.51.100.7"
HOME = "203.0.113.9"
LONG_MS = 3_600_000


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "LEAST_S", 0)


@pytest.fixture
def client(house: Service) -> Iterator[httpx.Client]:
    with visiting(house) as client:
        yield client


def guess(client: httpx.Client, place: str = THIEF, name: str = "grace") -> httpx.Response:
    """Post a wrong password as a proxy on this machine passes it on; without any cookie."""
    form = {"name": name, "password": "not the password"}
    headers = {"X-Forwarded-For": place, "Cookie": ""}
    return client.post("/login", data=form, headers=headers)


def arrive(client: httpx.Client, place: str, cookie: str = "") -> httpx.Response:
    """Sign in as grace from another place."""
    form = {"name": "grace", "password": PASSWORD}
    return client.post("/login", data=form, headers={"X-Forwarded-For": place, "Cookie": cookie})


def mark_of(answer: httpx.Response) -> str:
    """The cookie by which the browser is known from then on."""
    return str(answer.headers.get_list("set-cookie")[1].partition(";")[0])


def records(house: Service, event: str) -> list[dict[str, Any]]:
    found = rows(house, tables.audit, tables.audit.c.event == event)
    return [json.loads(row.record) for row in found]


def test_guessing_ends_where_it_is_done_and_nowhere_else(client: httpx.Client) -> None:
    assert [guess(client).status_code for _ in range(10)] == [401] * 10
    refused = arrive(client, THIEF)
    assert refused.status_code == 429
    assert 200 < int(refused.headers["retry-after"]) <= 300
    assert "Try again in 5 minutes" in refused.text
    assert arrive(client, HOME).status_code == 303


def test_names_that_do_not_exist_are_treated_alike(client: httpx.Client) -> None:
    def told(name: str) -> list[tuple[int, str]]:
        answers = [guess(client, name=name) for _ in range(12)]
        return [(each.status_code, each.text.replace(name, "NAME")) for each in answers]

    assert told("grace") == told("nobody")


def test_a_subscriber_with_many_addresses_is_one_place(client: httpx.Client) -> None:
    for number in range(10):
        assert guess(client, f"2001:db8:1:2::{number}").status_code == 401
    assert guess(client, "2001:db8:1:2:ffff::1").status_code == 429
    assert guess(client, "2001:db8:1:3::1").status_code == 401


def test_side_by_side_no_guess_slips_through(house: Service, client: httpx.Client) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: guess(client), range(24)))
    assert rows(house, tables.console_user)[0].failures <= 10
    assert len(records(house, "auth.failed")) <= 10


def test_a_browser_that_is_known_is_let_in_from_anywhere(client: httpx.Client) -> None:
    mark = mark_of(arrive(client, HOME))
    while guess(client).status_code != 429:
        pass
    assert arrive(client, THIEF).status_code == 429
    assert arrive(client, THIEF, mark).status_code == 303


def test_a_known_browser_guesses_no_more_than_another(client: httpx.Client) -> None:
    mark = mark_of(arrive(client, HOME))
    headers = {"X-Forwarded-For": HOME, "Cookie": mark}
    form = {"name": "grace", "password": "not the password"}
    answers = [client.post("/login", data=form, headers=headers) for _ in range(11)]
    assert [each.status_code for each in answers] == [401] * 10 + [429]


def test_somebody_elses_browser_is_not_known(house: Service, client: httpx.Client) -> None:
    add_user(house, "linus")
    mark = mark_of(sign_in(client, "linus"))
    while guess(client).status_code != 429:
        pass
    assert arrive(client, THIEF, mark).status_code == 429


def few_turns(monkeypatch: pytest.MonkeyPatch, pace: Pace, patience_ms: int = 0) -> None:
    monkeypatch.setattr(turns, "STRANGERS", pace)
    monkeypatch.setattr(guard, "PATIENCE_MS", patience_ms)


def test_guesses_from_everywhere_are_bounded_and_known_browsers_are_not(
    house: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    few_turns(monkeypatch, Pace(burst=5, every_ms=LONG_MS))
    with visiting(house) as client:
        mark = mark_of(arrive(client, HOME))
        for name in ("grace", "nobody"):
            answers = [guess(client, f"198.51.100.{n}", name) for n in range(8)]
            assert [each.status_code for each in answers] == [401] * 5 + [429] * 3
            assert "take turns" in answers[-1].text
        assert arrive(client, "198.51.100.99").status_code == 429
        assert arrive(client, HOME, mark).status_code == 303
    assert rows(house, tables.console_user)[0].failures == 0, "counted from the last sign-in on"
    assert records(house, "auth.login")[-1]["failures"] == 5


def test_the_bound_over_all_places_is_one_for_all_processes(
    house: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    few_turns(monkeypatch, Pace(burst=5, every_ms=LONG_MS))
    with visiting(house) as one, visiting(house) as other:
        answers = [guess((one, other)[n % 2], f"198.51.100.{n}") for n in range(8)]
    assert [each.status_code for each in answers] == [401] * 5 + [429] * 3


def test_a_stranger_with_the_right_password_waits_for_her_turn(
    house: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    few_turns(monkeypatch, Pace(burst=2, every_ms=1500), patience_ms=60_000)
    began = time.monotonic()
    with visiting(house) as client:
        for number in range(3):
            guess(client, f"198.51.100.{number}")
        assert arrive(client, HOME).status_code == 303
    assert time.monotonic() - began >= 3, "two go at once, the third and she wait for a turn each"


def test_standing_in_line_in_vain_is_used_up_like_guesses(
    house: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    few_turns(monkeypatch, Pace(burst=1, every_ms=LONG_MS))
    with visiting(house) as client:
        answers = [guess(client) for _ in range(11)]
        assert "take turns" in answers[9].text
        assert "from your network" in answers[10].text


def test_one_place_takes_only_so_much_of_the_machine(
    house: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "WORK", Pace(burst=4, every_ms=LONG_MS))
    with visiting(house) as client:
        answers = [guess(client, name=f"name-{n}") for n in range(6)]
        assert [each.status_code for each in answers] == [401] * 4 + [429] * 2
        assert "Too many sign in at once" in answers[-1].text
        assert arrive(client, HOME).status_code == 303
        for _ in range(6):
            assert arrive(client, HOME).status_code == 303, "what is right costs nothing"


def slowly(monkeypatch: pytest.MonkeyPatch, seconds: float) -> list[str]:
    """Let each check take so long; return what is being checked, and was."""
    right: Callable[[str | None, str], bool] = passwords.matches
    checked: list[str] = []

    def matches(stored: str | None, password: str) -> bool:
        checked.append(password)
        time.sleep(seconds)
        return right(stored, password)

    monkeypatch.setattr(passwords, "matches", matches)
    return checked


def test_slow_sign_ins_of_one_place_hold_nobody_else_up(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    slowly(monkeypatch, 0.3)
    with ThreadPoolExecutor(21) as threads:
        floods = [threads.submit(guess, client, THIEF, f"name-{n}") for n in range(20)]
        wait_for(lambda: sum(each.done() for each in floods) >= 10, 10, "most to be refused")
        assert arrive(client, HOME).status_code == 303
    assert [each.result().status_code for each in floods].count(429) >= 10


def test_a_crowd_of_places_leaves_a_lane_to_known_browsers(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = mark_of(arrive(client, HOME))
    checked = slowly(monkeypatch, 0.5)
    with ThreadPoolExecutor(12) as threads:
        floods = [threads.submit(guess, client, f"198.51.100.{n}", f"name-{n}") for n in range(12)]
        wait_for(lambda: checked, 10, "the first of them to be let in")
        assert arrive(client, HOME, mark).status_code == 303
        assert not all(each.done() for each in floods), "she did not queue behind them"


def test_a_flood_of_failures_is_counted_and_not_kept(house: Service, client: httpx.Client) -> None:
    for number in range(45):
        guess(client, f"198.51.100.{number}")
        guess(client, f"192.0.2.{number}", f"name-{number}")
    kept = [each["reason"] for each in records(house, "auth.failed")]
    assert (kept.count("wrong"), kept.count("unknown")) == (30, 30)


def test_a_failed_sign_in_takes_the_same_time_whatever_was_wrong(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login, "LEAST_S", 0.4)
    for name in ("grace", "nobody"):
        began = time.monotonic()
        guess(client, name=name)
        assert time.monotonic() - began > 0.39


def test_when_the_database_fails_nothing_is_counted_as_a_guess(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(accounts, "check_password", broken)
        assert {guess(client).status_code for _ in range(12)} == {500}
    assert arrive(client, THIEF).status_code == 303


def test_the_log_tells_that_sign_ins_are_slowed_and_of_whom_nothing(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(30):
        guess(client)
    lines = [each for each in caplog.messages if each.startswith("sign-in slowed")]
    assert lines == ["sign-in slowed: wrong passwords from one place"] * 5


async def test_a_proxy_that_is_not_believed_is_told_once(
    house: Service, caplog: pytest.LogCaptureFixture
) -> None:
    transport = httpx.ASGITransport(create_app(house), client=("192.0.2.1", 443))
    async with httpx.AsyncClient(transport=transport, base_url="http://house") as client:
        for _ in range(3):
            form = {"name": "grace", "password": "not the password"}
            headers = {"X-Forwarded-For": HOME, "Origin": "http://house"}
            assert (await client.post("/login", data=form, headers=headers)).status_code == 401
    assert caplog.text.count("FORWARDED_ALLOW_IPS") == 1


@pytest.mark.services
def test_turns_are_booked_one_by_one_on_postgresql_too(tmp_path: Path, postgres_url: str) -> None:
    """There writers do not queue by themselves."""
    service = Service.of(settings_for(tmp_path, database={"url": postgres_url}))
    migrate(service.database)
    add_user(service, "grace")
    nobody = Paces(turns.STRANGERS)
    with ThreadPoolExecutor(8) as threads:
        waits = list(
            threads.map(
                lambda _: turns.line_up(service.database, "Grace", nobody, 0).wait_ms, range(60)
            )
        )
    (account,) = rows(service, tables.console_user)
    user = accounts.check_password(
        service.database, service.audit, "grace", PASSWORD, lined_up=True
    )
    assert user is not None
    mark = browsers.mark(service.database, user)
    assert browsers.known(service.database, "grace", mark)
    service.database.close()
    assert (waits, account.failures) == ([0] * 60, 60)
