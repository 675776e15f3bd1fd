"""A lease is kept alive through a database that misses a beat, and given up when it is lost."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from config.settings import Engine, Settings
from ledger.errors import DatabaseUnreachable
from ledger.leases import Claim
from tasks.perform import Performer
from tasks.service import Service
from tasks.systems import Systems


class _Stumbling:
    """Answers in turn; an exception is raised, a value returned."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)

    async def writing(self, *_: Any) -> object:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_a_missed_beat_does_not_end_the_heart() -> None:
    database = _Stumbling(DatabaseUnreachable("away"), True, False)
    settings = Settings(engine=Engine(lease_s=1))
    service = cast(Service, SimpleNamespace(database=database, settings=settings))
    performer = Performer(service, cast(Systems, None))
    claim = cast(Claim, SimpleNamespace(step=SimpleNamespace(node="entra-revoke")))
    work: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    await asyncio.wait_for(performer._beat(claim, work), 10)
    assert work.cancelled(), "the third beat said that the lease is lost"
    assert not database.answers
