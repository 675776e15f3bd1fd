"""Which logs each tenant delivers, and so which hunts can be made over it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from connectors.log_delivery import Log
from detectors.hunts.catalogue import Hunt, hunts
from tasks.systems import Systems

Readiness = Literal["ready", "partly", "cannot", "unknown"]


@dataclass(frozen=True, slots=True)
class TenantLog:
    """A log of a tenant's system, and whether it is delivered."""

    tenant: str
    log: Log


@dataclass(frozen=True, slots=True)
class HuntReadiness:
    """Whether a hunt finds in a tenant what it looks for.

    ``ready``: all logs it reads of the systems this tenant has are delivered; ``partly``: some are, or it
    is not known of all; ``cannot``: none is; ``unknown``: of none is it known. ``lacks`` and ``unsure``
    lead from a log that is not delivered, or of which it is not known, to what the hunt takes from it.
    """

    tenant: str
    hunt: str
    state: Readiness
    reads: tuple[str, ...]
    lacks: Mapping[str, str]
    unsure: Mapping[str, str]


async def logs(systems: Systems, tenants: Sequence[str]) -> tuple[TenantLog, ...]:
    """Look at every log of every tenant, side by side, by one harmless request each."""
    keepers = [(tenant, keeper) for tenant in tenants for keeper in systems.log_keepers(tenant)]
    found = await asyncio.gather(*(keeper.logs() for _, keeper in keepers))
    return tuple(
        TenantLog(tenant, log)
        for (tenant, _), theirs in zip(keepers, found, strict=True)
        for log in theirs
    )


def readiness(found: Sequence[TenantLog]) -> Iterator[HuntReadiness]:
    """Tell of each hunt and tenant whether the logs are there; hunts of systems it has not are left out."""
    for tenant in dict.fromkeys(each.tenant for each in found):
        theirs = {each.log.name: each.log for each in found if each.tenant == tenant}
        for hunt in hunts().values():
            wanted = [theirs[name] for name in hunt.logs if name in theirs]
            if wanted:
                yield _judged(tenant, hunt, wanted)


def _judged(tenant: str, hunt: Hunt, wanted: Sequence[Log]) -> HuntReadiness:
    states = {log.state for log in wanted}
    state: Readiness
    if states == {"delivered"}:
        state = "ready"
    elif "delivered" in states:
        state = "partly"
    else:
        state = "unknown" if "unknown" in states else "cannot"
    return HuntReadiness(
        tenant,
        hunt.name,
        state,
        tuple(log.name for log in wanted),
        {log.name: hunt.logs[log.name] for log in wanted if log.state == "missing"},
        {log.name: hunt.logs[log.name] for log in wanted if log.state == "unknown"},
    )
