"""What many people share is changed by two processes at once, and nobody's change is lost.

Two workers as two processes have them: a database connection, locks, connectors of their own each; the
runs are real, and so are PostgreSQL and the practice tenant.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from config.settings import Mode
from connectors import errors
from connectors.action import Target
from connectors.system import Account
from ledger import steps, tables
from ledger.database import Database
from ledger.migrate import migrate
from playbooks.plan import Plan, PlannedStep, PlaybookName
from playbooks.schema import Aim
from simulator import okta_people, okta_policies, okta_zones
from simulator.faults import Fault, delay
from simulator.people import LINE_APP
from tasks.launch import Subject, launch
from tasks.mutexes import SharedMutexes
from tasks.perform import Performer
from tasks.service import Service
from tasks.systems import SPECS, Systems

from house import House, house

pytestmark = pytest.mark.services

PEOPLE = ("nora.lind", "user03")
MARK = {"type": "RANGE", "value": "192.0.2.0-192.0.2.0"}
ZONE = "Rescind blocked"
#: Long enough for the other one to read what this one is about to replace.
WRITING = 0.1


@pytest.fixture(scope="module")
def built(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder: Path = tmp_path_factory.mktemp("house")
    with house(folder, database_url=postgres_url) as made:
        migrate(made.service.database)
        yield made


def row_of(worker: Worker, step_id: str) -> Any:
    with worker.service.database.read() as connection:
        return connection.execute(tables.step.select().where(tables.step.c.id == step_id)).one()


class Worker:
    """What one process carries steps out with."""

    def __init__(self, built: House) -> None:
        settings = built.service.settings
        database = Database(settings.database.url.get_secret_value())
        self.service = Service(settings, database, built.service.audit)
        self.systems = Systems(settings, SharedMutexes(database))

    async def perform(self, step_id: str) -> Any:
        for _ in range(5):
            await Performer(self.service, self.systems).perform(step_id)
            row = row_of(self, step_id)
            if row.state == "done":
                return row
            with self.service.database.write() as connection:
                connection.execute(text("UPDATE step SET not_before = 0 WHERE state = 'ready'"))
        raise AssertionError(f"{row.state}: {row.last_error}")

    async def close(self) -> None:
        await self.systems.close()
        self.service.database.close()


@asynccontextmanager
async def workers(built: House) -> AsyncIterator[tuple[Worker, Worker]]:
    both = Worker(built), Worker(built)
    try:
        yield both
    finally:
        for worker in both:
            await worker.close()


def launched(
    by: Worker, built: House, name: str, action: str, parameters: dict[str, Any], undoes: str = ""
) -> str:
    """A run of one step for a person, ready to be carried out; return the step's id."""
    spec, person = SPECS[action], built.sim.tenant.person(name)
    account = Account("contoso", spec.system, getattr(person, spec.system).id, person.upn)
    target = Target("contoso", spec.system, account.id, account.name)
    step = PlannedStep(
        node="undo-step" if undoes else "step", stage="contain", spec=spec, target=target,
        parameters=parameters, approval=False, after=(), needs=(), follows=(), calls=(),
        undoes="step" if undoes else None, undoes_run=undoes or None,
    )  # fmt: skip
    plan = Plan(
        playbook=PlaybookName("one", "One step", "sha256:0"), aim=Aim.UNDO if undoes else Aim.CLEAN,
        mode=Mode.AUTO, tenant="contoso", accounts=(account,), steps=(step,),
    )  # fmt: skip
    document = {"key": account.id, "display_name": name, "accounts": [
        {"system": account.system, "id": account.id, "name": account.name}]}  # fmt: skip
    with by.service.database.write() as connection:
        subject = Subject("contoso", account.id, document, "cli:test")
        opened = launch(connection, by.service, plan, subject)
        (row,) = steps.of_run(connection, opened.run_id)
    return str(row.id)


async def at_once(
    built: House, both: tuple[Worker, Worker], action: str, each: list[dict[str, Any]],
    undone: list[Any] | None = None,
) -> list[Any]:  # fmt: skip
    """Carry the same action out for two people by two workers at the same time."""
    ids = [
        launched(worker, built, name, action, parameters, undone[n].run_id if undone else "")
        for n, (worker, name, parameters) in enumerate(zip(both, PEOPLE, each, strict=True))
    ]
    return await asyncio.gather(*(w.perform(i) for w, i in zip(both, ids, strict=True)))


def gateways(built: House) -> list[str]:
    zones = built.sim.tenant.okta_zones.values()
    (ours,) = [zone for zone in zones if zone.body["name"] == ZONE]
    return sorted(gateway["value"] for gateway in ours.body["gateways"])


@pytest.mark.parametrize("exists", [True, False])
async def test_two_people_s_addresses_are_both_blocked_and_both_given_back(
    built: House, exists: bool
) -> None:
    built.sim.reset()
    others = {"type": "CIDR", "value": "203.0.113.0/28"}
    if exists:
        body = {"type": "IP", "name": ZONE, "status": "ACTIVE", "usage": "BLOCKLIST",
                "gateways": [MARK, others]}  # fmt: skip
        okta_zones.put(built.sim.tenant, body)
    before = gateways(built) if exists else [MARK["value"]]
    for method in ("POST", "PUT"):
        built.sim.faults.add(Fault(delay(WRITING), method=method, path_regex="/zones", times=99))
    each = [{"ips": [f"203.0.113.{n}"], "never_block": ["198.51.100.7"]} for n in (100, 200)]
    async with workers(built) as both:
        done = await at_once(built, both, "okta.block_network", each)
        assert [row.outcome for row in done] == ["verified"] * 2, [row.reason for row in done]
        blocked = {"203.0.113.100-203.0.113.100", "203.0.113.200-203.0.113.200"}
        assert set(gateways(built)) - set(before) == blocked
        undone = await at_once(built, both, "okta.block_network", each, done)
        assert [row.outcome for row in undone] == ["verified"] * 2
    assert gateways(built) == before
    assert built.verify().verified


@pytest.mark.parametrize(
    "action", ["okta.shorten_session_lifetime", "entra.shorten_token_lifetime"]
)
async def test_what_two_runs_shorten_at_once_is_shortened_once_and_put_back(
    built: House, action: str
) -> None:
    built.sim.reset()
    tenant = built.sim.tenant
    parameters: dict[str, Any] = (
        {"group_id": okta_policies.QUARANTINE_GROUP}
        if action.startswith("okta")
        else {"app_id": LINE_APP.app_id}
    )

    def state() -> object:
        rule = tenant.okta_rules[okta_policies.QUARANTINE_RULE].body["actions"]
        return repr((rule, tenant.applications[0].application_policies, sorted(tenant.policies)))

    before = state()
    for path in ("/rules/", "okenLifetimePolicies"):
        for method in ("PUT", "POST"):
            built.sim.faults.add(Fault(delay(WRITING), method=method, path_regex=path, times=99))
    async with workers(built) as both:
        done = await at_once(built, both, action, [parameters] * 2)
        assert sorted(row.outcome for row in done) == ["already", "verified"], done
        assert state() != before
        undone = await at_once(built, both, action, [parameters] * 2, done)
        assert {row.outcome for row in undone} == {"verified", "skipped"}
    assert state() == before


async def test_two_people_come_into_one_group_and_leave_it_without_a_lock(built: House) -> None:
    built.sim.reset()
    people = [built.sim.tenant.person(name).okta for name in PEOPLE]

    def inside() -> list[bool]:
        return [bool(user and okta_people.QUARANTINE.id in user.groups) for user in people]

    each = [{"group_id": okta_people.QUARANTINE.id}] * 2
    async with workers(built) as both:
        done = await at_once(built, both, "okta.quarantine_group", each)
        assert (inside(), [row.outcome for row in done]) == ([True] * 2, ["verified"] * 2)
        undone = await at_once(built, both, "okta.quarantine_group", each, done)
        assert (inside(), [row.outcome for row in undone]) == ([False] * 2, ["verified"] * 2)


async def test_a_step_waits_for_its_turn_without_losing_a_try(built: House) -> None:
    built.sim.reset()
    parameters = {"ips": ["203.0.113.100"], "never_block": ["198.51.100.7"]}
    async with workers(built) as (one, other):
        door = one.systems.door
        door.policy = replace(door.policy, inline_wait_s=0.05)
        step_id = launched(one, built, PEOPLE[0], "okta.block_network", parameters)
        name = f"okta {built.sim.url} zone {ZONE}"
        async with SharedMutexes(other.service.database).hold(name, 1):
            await Performer(one.service, one.systems).perform(step_id)
            waits = row_of(one, step_id)
            assert (waits.state, waits.attempts) == ("ready", 0)
            assert waits.last_error.startswith("Another step is changing the same object.")
            assert not built.sim.requests.writes("okta")
        assert (await one.perform(step_id)).outcome == "verified"


async def test_a_step_that_loses_its_lock_each_time_comes_to_an_end(built: House) -> None:
    built.sim.reset()
    built.sim.faults.add(Fault(delay(0.4), method="GET", path_regex="/zones", times=9))
    parameters = {"ips": ["203.0.113.101"], "never_block": ["198.51.100.7"]}
    async with workers(built) as (one, _):
        await one.systems.close()
        one.systems = Systems(
            one.service.settings, SharedMutexes(one.service.database, silence_s=0.1)
        )
        step_id = launched(one, built, PEOPLE[0], "okta.block_network", parameters)
        await Performer(one.service, one.systems).perform(step_id)
        waits = row_of(one, step_id)
        assert (waits.state, waits.attempts) == ("ready", 1), "a lost lock is a failed attempt"
        assert waits.last_error.startswith("The lock on what this step was changing was lost")
        assert not built.sim.requests.writes("okta")
    built.sim.faults.clear()


async def test_many_locks_leave_connections_for_what_is_done_under_them(built: House) -> None:
    # a pool of 22 connections in all
    database = Database(built.service.settings.database.url.get_secret_value(), pool_size=2)
    mutexes = SharedMutexes(database)
    async with AsyncExitStack() as held, asyncio.timeout(60):
        for number in range(23):
            await held.enter_async_context(mutexes.hold(f"object {number}", 5))
        assert await database.writing(lambda _: "written") == "written"
    database.close()


async def test_a_lock_that_was_taken_away_unnoticed_is_given_back_in_peace(built: House) -> None:
    database = Database(built.service.settings.database.url.get_secret_value())
    mutexes = SharedMutexes(database, silence_s=0.1)
    async with mutexes.hold("zone", 1):
        await asyncio.sleep(0.4)
    async with mutexes.hold("zone", 1) as hold:
        await hold.check()
    database.close()


async def test_a_lock_is_one_process_s_and_is_lost_by_silence(built: House) -> None:
    url = built.service.settings.database.url.get_secret_value()
    one, other = Database(url), Database(url)
    frozen, lively = SharedMutexes(one, silence_s=0.3), SharedMutexes(other)
    async with frozen.hold("zone", 1) as hold:
        await hold.check()
        begun = time.monotonic()
        with pytest.raises(errors.Busy):
            async with lively.hold("zone", 0.05):
                raise AssertionError
        async with lively.hold("another zone", 0.05):
            pass
        async with lively.hold("zone", 5) as taken:
            assert time.monotonic() - begun < 3
            with pytest.raises(errors.LockLost):
                await hold.check()
            await taken.check()
    async with frozen.hold("zone", 1) as hold:
        await hold.check()
    one.close()
    other.close()


async def test_a_step_that_is_called_off_leaves_no_lock_behind(built: House) -> None:
    url = built.service.settings.database.url.get_secret_value()
    one, other = Database(url), Database(url)
    first, second = SharedMutexes(one), SharedMutexes(other)

    async def keep(mutexes: SharedMutexes) -> None:
        async with mutexes.hold("zone", 5):
            await asyncio.sleep(60)

    holding = asyncio.create_task(keep(first))
    await asyncio.sleep(0.1)
    waiting = asyncio.create_task(keep(second))
    await asyncio.sleep(0.1)
    for task in (waiting, holding):
        task.cancel()
    await asyncio.gather(holding, waiting, return_exceptions=True)
    async with first.hold("zone", 2), SharedMutexes(other).hold("another", 2):
        pass
    one.close()
    other.close()
