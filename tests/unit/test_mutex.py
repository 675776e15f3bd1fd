"""One at a time at what many share: locks by name, and no change under one that was lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from connectors import errors
from connectors.door import Call, CallResult, Door, RetryPolicy
from connectors.mutex import Fenced, LocalMutexes
from ledger.database import Database
from tasks.mutexes import SharedMutexes

CALL = Call("okta", "contoso", "PUT", "/api/v1/zones/{zone}", {"zone": "nzo1"}, write=True)


class Journal:
    """Counts what is let out."""

    def __init__(self) -> None:
        self.intents: list[Call] = []
        self.results: list[CallResult] = []

    async def intent(self, call: Call) -> str:
        self.intents.append(call)
        return "one"

    async def result(self, intent_id: str, call: Call, result: CallResult) -> None:  # noqa: ARG002 - a protocol
        self.results.append(result)


class Lost:
    """A lock that somebody took away."""

    async def check(self) -> None:
        raise errors.LockLost("zone")


async def in_turn(mutexes: LocalMutexes, name: str, seen: list[str]) -> None:
    async with mutexes.hold(name, 5):
        seen.append(f"in {name}")
        await asyncio.sleep(0.01)
        seen.append(f"out {name}")


async def test_one_at_a_time_by_name_and_names_do_not_wait_for_each_other() -> None:
    mutexes, seen = LocalMutexes(), list[str]()
    await asyncio.gather(*(in_turn(mutexes, name, seen) for name in ("a", "a", "b")))
    assert [each for each in seen if each.endswith("a")] == ["in a", "out a", "in a", "out a"]
    assert seen.index("in b") < seen.index("out a")


async def test_whoever_waits_too_long_is_told_and_nothing_stays_locked() -> None:
    mutexes = LocalMutexes()
    async with mutexes.hold("a", 5):
        with pytest.raises(errors.Busy, match=r"another step|Another step"):
            async with mutexes.hold("a", 0.01):
                raise AssertionError
    with pytest.raises(ZeroDivisionError):
        async with mutexes.hold("a", 0):
            raise ZeroDivisionError
    async with mutexes.hold("a", 0):
        pass


async def test_on_sqlite_there_is_one_process_and_its_steps_queue(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/rescind.db")
    mutexes = SharedMutexes(database)
    async with mutexes.hold("zone", 1) as hold:
        await hold.check()
        with pytest.raises(errors.Busy):
            async with mutexes.hold("zone", 0.01):
                raise AssertionError
    database.close()


async def test_a_change_under_a_lost_lock_is_neither_recorded_nor_sent() -> None:
    journal = Journal()
    with pytest.raises(errors.LockLost):
        await Fenced(journal, Lost()).intent(CALL)
    assert journal.intents == []


async def test_the_door_gives_a_journal_that_records_as_before() -> None:
    journal, door = Journal(), Door(RetryPolicy(inline_wait_s=0.01))
    async with door.alone("zone", journal) as fenced:
        assert await fenced.intent(CALL) == "one"
        await fenced.result("one", CALL, CallResult(200, None))
        with pytest.raises(errors.Busy):
            async with door.alone("zone", journal):
                raise AssertionError
    assert (journal.intents, journal.results) == ([CALL], [CallResult(200, None)])
