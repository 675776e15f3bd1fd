"""What a person is in a system beyond her account: facts read side by side, as many as come in time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

Facts = Mapping[str, Any]

#: The fact that names the facts that nobody could tell.
UNKNOWN = "unknown"
#: In ``UNKNOWN``: nothing at all came.
EVERYTHING = "standing"


async def in_time(reads: Mapping[str, Coroutine[Any, Any, Facts]], within_s: float) -> Facts:
    """Run all reads at once and merge the facts of those that came within ``within_s`` seconds.

    Args:
        reads: by the name of the fact they are for, what reads it (and perhaps others with it).
        within_s: how long is waited for all of them together.

    Returns:
        The facts. The names of reads that failed or came too late stand in ``UNKNOWN``: a
        containment goes on without them, whatever the failure was.
    """
    tasks = {name: asyncio.ensure_future(read) for name, read in reads.items()}
    try:
        await asyncio.wait(tasks.values(), timeout=within_s)
    finally:
        for task in tasks.values():
            task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)
    facts: dict[str, Any] = {}
    unknown = []
    for name, task in tasks.items():
        if task.cancelled() or task.exception() is not None:
            unknown.append(name)
        else:
            facts |= task.result()
    return {**facts, UNKNOWN: tuple(unknown)} if unknown else facts
