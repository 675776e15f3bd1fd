"""Logs of a practice tenant read on and on: nothing is missed, nothing twice, and people are told."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from config.settings import Settings
from connectors.limits import Limits
from detectors import polled
from ledger import pollers, tables
from ledger.database import Database
from ledger.migrate import migrate
from simulator.entra_findings import found_risk, raised_alert
from simulator.entra_sign_ins import SignIn
from simulator.faults import Fault, delay, forbid, status, throttle
from simulator.okta_scene import THIEF
from simulator.server import Simulator
from tasks.app import make_app
from tasks.diagnosis import around
from tasks.polling import Polling
from tasks.service import Service
from tasks.systems import Systems

pytest_plugins = ("practice_tenant",)

REUSE = "app.oauth2.as.token.detect_reuse"


def settings(sim: Simulator, url: str, log: str, **more: Any) -> Settings:
    return Settings.model_validate(
        {
            "database": {"url": url},
            "retries": {"attempts": 1},
            "pollers": {"polled": {"log": log, "tenant": "contoso", **more}},
            "tenants": {
                "contoso": {
                    "domains": ["contoso.com"],
                    "entra": {
                        "tenant_id": "contoso.com",
                        "base_url": f"{sim.url}/v1.0",
                        "access_token": "simulated-graph-token",
                    },
                    "okta": {"org_url": sim.url, "api_token": "simulated-okta-token"},
                    "auth0": {
                        "domain": "contoso.eu.auth0.com",
                        "base_url": sim.url,
                        "access_token": "simulated-auth0-token",
                    },
                }
            },
        }
    )


@dataclass
class Process:
    """One process that polls; its clock is the tenant's, moved by hand."""

    service: Service
    polling: Polling
    sim: Simulator
    systems: Systems

    async def poll(self) -> None:
        """Read once, whatever the time says."""
        with self.service.database.write() as connection:
            connection.execute(tables.poller.update().values(not_before=0))
        await self.polling.poll("polled")

    @property
    def alerts(self) -> list[Any]:
        with self.service.database.read() as connection:
            return list(connection.execute(select(tables.alert)).all())

    @property
    def bodies(self) -> list[dict[str, Any]]:
        with self.service.database.read() as connection:
            stored = connection.execute(select(tables.delivery_body.c.bytes)).scalars()
            return [json.loads(body) for body in stored]

    @property
    def row(self) -> Any:
        with self.service.database.read() as connection:
            (found,) = pollers.listed(connection)
        return found

    @property
    def polled(self) -> bool:
        with self.service.database.read() as connection:
            return any(row.not_before for row in pollers.listed(connection))

    @property
    def claimed(self) -> bool:
        with self.service.database.read() as connection:
            return any(row.lease_until for row in pollers.listed(connection))

    @property
    def notices(self) -> list[Any]:
        with self.service.database.read() as connection:
            return list(connection.execute(select(tables.notice)).all())

    @property
    def events(self) -> list[str]:
        with self.service.database.read() as connection:
            return list(connection.execute(select(tables.audit.c.event)).scalars())


@asynccontextmanager
async def process(
    sim: Simulator, database: Database, log: str, **more: Any
) -> AsyncIterator[Process]:
    url = database.url.render_as_string(hide_password=False)
    service = Service.of(settings(sim, url, log, **more))
    systems = Systems(service.settings)
    systems.door.limits = Limits(known={})
    loop = asyncio.get_running_loop()

    def now() -> datetime:
        return datetime.fromtimestamp(sim.tenant.now(), UTC)

    polling = Polling(
        service, systems, lambda work: asyncio.run_coroutine_threadsafe(work, loop), now
    )
    try:
        yield Process(service, polling, sim, systems)
    finally:
        await systems.close()
        service.database.close()


@pytest.fixture
def database(sqlite: Database) -> Database:
    migrate(sqlite)
    return sqlite


def reuse(sim: Simulator, name: str = "nora.lind", **more: Any) -> None:
    user = sim.tenant.person(name).okta
    assert user is not None
    with sim.tenant.lock:
        sim.tenant.okta_event(REUSE, user, transaction="t", by=user, scene=THIEF, **more)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - the database calls nobody
            await asyncio.sleep(0.01)


async def test_oktas_log_is_read_once_with_what_comes_late(
    sim: Simulator, database: Database
) -> None:
    async with process(sim, database, "okta_system_log") as one:
        reuse(sim)
        await one.poll()
        assert len(one.alerts) == 1
        reuse(sim, "user07")
        reuse(sim, "user08", at=sim.tenant.now() - 5 * 3600, late=True)
        await one.poll()
        await one.poll()
        assert sorted(body["target"][0]["alternateId"] for body in one.bodies) == [
            "nora.lind@contoso.com", "user07@contoso.com", "user08@contoso.com",
        ]  # fmt: skip
        assert {(alert.source, alert.kind) for alert in one.alerts} == {
            ("polled", "okta_system_log")
        }
        # what people do all day is not asked for
        asked = [each.path for each in sim.requests.all("okta") if "/api/v1/logs" in each.path]
        assert asked
        assert all("detect_reuse" in path for path in asked)
        assert "alert.duplicate" not in one.events


async def test_pages_are_read_to_the_end_and_a_failure_among_them_loses_nothing(
    sim: Simulator, database: Database
) -> None:
    sim.tenant.page_size = 2
    for number in range(1, 8):
        reuse(sim, f"user{number:02d}")
    sim.faults.add(Fault(status(503), system="okta", path_regex="after=", times=1, skip=1))
    async with process(sim, database, "okta_system_log") as one:
        await one.poll()
        assert 0 < len(one.alerts) < 7
        assert one.row.failures == 1
        await one.poll()
        assert (len(one.alerts), one.row.failures) == (7, 0)
        assert one.row.kept == 7


async def test_a_cursor_that_okta_does_not_take_any_more_is_given_up_without_a_gap(
    sim: Simulator, database: Database
) -> None:
    async with process(sim, database, "okta_system_log") as one:
        reuse(sim)
        await one.poll()
        sim.faults.add(Fault(status(400), system="okta", path_regex="after=", times=1))
        reuse(sim, "user07")
        await one.poll()
        assert (len(one.alerts), one.row.failures, one.notices) == (2, 0, [])


@pytest.mark.parametrize("cursor", ["taken", "refused"])
async def test_what_okta_keeps_no_longer_is_told_to_people_and_stands_in_the_audit_log(
    sim: Simulator, database: Database, cursor: str
) -> None:
    async with process(sim, database, "okta_system_log") as one:
        await one.poll()
        sim.tenant.advance(timedelta(days=100).total_seconds())
        if cursor == "refused":
            sim.faults.add(Fault(status(400), system="okta", path_regex="after=", times=1))
        reuse(sim)
        await one.poll()
        await one.poll()
        assert len(one.alerts) == 1
        (notice,) = one.notices
        assert (notice.kind, "has a gap: okta_system_log of contoso" in notice.title) == (
            "poller_gap",
            True,
        )
        assert "Reading goes on" in notice.body
        assert one.events.count("poller.gap") == 1


async def test_what_auth0s_plan_keeps_no_longer_is_told_and_reading_goes_on_after_it(
    sim: Simulator, database: Database
) -> None:
    async with process(sim, database, "auth0_logs") as one:
        await one.poll()
        sim.tenant.advance(timedelta(days=5).total_seconds())
        with sim.tenant.lock:
            sim.tenant.auth0_events.clear()
            user = sim.tenant.person("nora.lind").auth0
            sim.tenant.auth0_event(
                "ferrt", user, scene=THIEF, at=sim.tenant.now() - timedelta(days=1).total_seconds()
            )
        for _ in range(3):
            await one.poll()
        assert len(one.alerts) == 1
        (notice,) = one.notices
        assert "the tenant's plan keeps them no longer" in notice.body
        assert one.events.count("poller.gap") == 1
        assert one.row.read_to == pytest.approx(sim.tenant.now() * 1000, abs=60_000)


async def test_a_busy_log_of_a_short_plan_is_caught_up_with_all_the_same(
    sim: Simulator, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.auth0.polling._MOST", 4)
    begun = sim.tenant.now() - 30 * 3600
    asked = itertools.count()

    async def oldest(_: object) -> datetime:
        """It goes on while the log is read: each second another event is over the plan's time."""
        return datetime.fromtimestamp(begun + next(asked), UTC)

    monkeypatch.setattr("connectors.auth0.tenant_log.reaches_back_to", oldest)
    with sim.tenant.lock:
        user = sim.tenant.person("nora.lind").auth0
        for number in range(20):
            sim.tenant.auth0_event("ferrt", user, scene=THIEF, at=begun + number * 120)
    async with process(sim, database, "auth0_logs") as one:
        (poller,) = one.service.settings.pollers.values()
        reader = one.systems.log_reader(poller, polled.question(poller))
        now = datetime.fromtimestamp(sim.tenant.now(), UTC)
        cursor: Any = {"read_to": (now - timedelta(days=3)).isoformat()}
        for _ in range(60):
            batch = await reader.read(cursor, now)
            cursor = batch.cursor
            if not batch.more:
                break
        assert batch.read_to == now


async def test_what_takes_too_long_in_all_is_gone_on_with_and_is_no_failure(
    sim: Simulator, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.polling._DEADLINE_S", 2.5)
    sim.tenant.page_size = 2
    for number in range(1, 6):
        reuse(sim, f"user{number:02d}")
    sim.faults.add(Fault(delay(20), system="okta", path_regex="after=", times=1, skip=1))
    async with process(sim, database, "okta_system_log") as one:
        await one.poll()
        assert len(one.alerts) == 4
        assert (one.row.failures, one.row.last_error) == (0, "")
        await one.poll()
        assert len(one.alerts) == 5


async def test_a_failure_after_some_pages_is_the_first_in_a_row(
    sim: Simulator, database: Database
) -> None:
    async with process(sim, database, "okta_system_log") as one:
        for number in range(1, 5):
            sim.tenant.page_size = 1
            reuse(sim, f"user{number:02d}")
            reuse(sim, f"user{number + 4:02d}")
            sim.faults.add(Fault(status(503), system="okta", path_regex="after=", times=1, skip=1))
            await one.poll()
            assert one.row.failures == 1
        assert one.notices == [], "it goes on"


async def test_a_fault_of_ours_is_told_to_people_and_the_log_is_read_again(
    sim: Simulator, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def odd(*_: object) -> bool:
        raise KeyError("value")

    reuse(sim)
    async with process(sim, database, "okta_system_log") as one:
        with monkeypatch.context() as patched:
            patched.setattr("detectors.polled.is_worth_an_alert", odd)
            for _ in range(3):
                await one.poll()
        assert one.row.last_error == "a fault of Rescind: KeyError"
        (notice,) = one.notices
        assert notice.kind == "poller_fails"
        await one.poll()
        assert len(one.alerts) == 1


async def test_a_throttled_reading_waits_as_long_as_the_vendor_asks(
    sim: Simulator, database: Database
) -> None:
    sim.faults.add(Fault(throttle(30), system="entra", path_regex="riskDetections", times=1))
    async with process(sim, database, "graph_risk_detections") as one:
        await one.polling.poll("polled")
        waits_s = (one.row.not_before - datetime.now(UTC).timestamp() * 1000) / 1000
        assert 20 < waits_s <= 31
        assert "slow down" in one.row.last_error
        asked = len(sim.requests.all("entra"))
        await one.polling.poll("polled")
        assert len(sim.requests.all("entra")) == asked


@pytest.mark.parametrize(
    ("log", "system", "path", "granted"),
    [
        ("graph_alerts", "entra", "alerts_v2", "SecurityAlert.Read.All"),
        ("okta_system_log", "okta", "/api/v1/logs", "okta.logs.read"),
    ],
)
async def test_a_missing_permission_is_told_once_with_what_to_grant(
    sim: Simulator, database: Database, log: str, system: str, path: str, granted: str
) -> None:
    sim.faults.add(Fault(forbid(), system=system, path_regex=path))
    async with process(sim, database, log) as one:
        for _ in range(5):
            await one.poll()
        (notice,) = one.notices
        assert notice.kind == "poller_fails"
        assert granted in notice.body
        check = next(
            each
            for each in around(
                one.service.settings, one.service.database, make_app(one.service.settings)
            )
            if each.what == "poller polled"
        )
        assert check.state == "problem"
        assert granted in check.remedy


def risky(sim: Simulator) -> None:
    user = sim.tenant.person("nora.lind").entra
    assert user is not None
    found_risk(sim.tenant, user)
    found_risk(sim.tenant, user, kind="unfamiliarFeatures", level="low")


def alarmed(sim: Simulator) -> None:
    user = sim.tenant.person("nora.lind").entra
    assert user is not None
    raised_alert(sim.tenant, user)
    raised_alert(sim.tenant, user, title="Printer out of paper", severity="low")


def signed_in(sim: Simulator) -> None:
    user = sim.tenant.person("nora.lind").entra
    assert user is not None
    app = sim.tenant.applications[0]
    sim.tenant.sign_in(SignIn(user, app, THIEF, risk="high"))
    sim.tenant.sign_in(SignIn(user, app, THIEF))


def exchanged(sim: Simulator) -> None:
    user = sim.tenant.person("nora.lind").auth0
    assert user is not None
    at = sim.tenant.now() - 5
    for kind in ("ferrt", "sertft", "s"):
        sim.tenant.auth0_event(kind, user, scene=THIEF, at=at)


@pytest.mark.parametrize(
    ("log", "happens", "kind"),
    [
        ("graph_risk_detections", risky, "graph_risk_detection"),
        ("graph_alerts", alarmed, "graph_security_alert_v2"),
        ("graph_sign_ins", signed_in, "entra_graph_log"),
        ("auth0_logs", exchanged, "auth0_log_stream"),
    ],
)
async def test_of_each_other_log_what_is_to_be_acted_upon_is_found_once(
    sim: Simulator, database: Database, log: str, happens: Callable[[Simulator], None], kind: str
) -> None:
    async with process(sim, database, log) as one:
        await one.poll()
        assert one.alerts == []
        with sim.tenant.lock:
            happens(sim)
        sim.tenant.advance(60)
        await one.poll()
        await one.poll()
        (alert,) = one.alerts
        assert (alert.kind, alert.state) == (kind, "received")
        assert one.row.failures == 0
        assert one.row.read_to == pytest.approx(sim.tenant.now() * 1000, abs=60_000)


async def test_a_detection_that_comes_late_or_changes_is_found(
    sim: Simulator, database: Database
) -> None:
    user = sim.tenant.person("nora.lind").entra
    assert user is not None
    async with process(sim, database, "graph_risk_detections") as one:
        await one.poll()
        with sim.tenant.lock:
            found_risk(sim.tenant, user, at=sim.tenant.now() - 40 * 60)
            quiet = found_risk(sim.tenant, user, level="low", at=sim.tenant.now() - 86400)
        await one.poll()
        assert len(one.alerts) == 1
        with sim.tenant.lock:
            quiet |= {
                "riskLevel": "high",
                "lastUpdatedDateTime": datetime.fromtimestamp(sim.tenant.now(), UTC).strftime(
                    "%Y-%m-%dT%H:%M:%SZ"
                ),
            }
        sim.tenant.advance(60)
        await one.poll()
        assert len(one.alerts) == 2


async def test_two_processes_over_one_database_store_everything_once(
    sim: Simulator, either: Database
) -> None:
    migrate(either)
    sim.tenant.page_size = 3
    async with (
        process(sim, either, "okta_system_log") as one,
        process(sim, either, "okta_system_log") as two,
    ):
        for number in range(1, 13):
            reuse(sim, f"user{number:02d}")
            if number % 3 == 0:
                with one.service.database.write() as connection:
                    connection.execute(tables.poller.update().values(not_before=0))
                await asyncio.gather(one.polling.poll("polled"), two.polling.poll("polled"))
        await one.poll()
        people = [body["target"][0]["alternateId"] for body in one.bodies]
        assert sorted(people) == [f"user{number:02d}@contoso.com" for number in range(1, 13)]
        assert (len(one.alerts), one.row.kept) == (12, 12)


async def test_who_stops_while_reading_gives_the_log_to_the_next_at_once(
    sim: Simulator, database: Database
) -> None:
    reuse(sim)
    sim.faults.add(Fault(delay(20), system="okta", path_regex="/api/v1/logs", times=1))
    async with process(sim, database, "okta_system_log") as one:
        await asyncio.to_thread(one.polling.look)
        await until(lambda: one.claimed)
        await asyncio.to_thread(one.polling.stop)
        assert (one.row.lease_until, one.alerts) == (0, [])
        await asyncio.to_thread(one.polling.look)
        assert one.row.fence == 1
    async with process(sim, database, "okta_system_log") as two:
        await two.polling.poll("polled")
        assert len(two.alerts) == 1


async def test_a_look_begins_what_is_due_and_only_once(sim: Simulator, database: Database) -> None:
    reuse(sim)
    async with process(sim, database, "okta_system_log") as one:
        for _ in range(5):
            await asyncio.to_thread(one.polling.look)
        await until(lambda: one.polled)
        assert len(one.alerts) == 1
        assert one.row.fence == 1
        assert one.row.not_before > one.row.polled_at
