"""Performing a step: claimed, attempted, ended or put off; then the next one.

One coroutine under a deadline, its lease kept alive.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace

from sqlalchemy import Connection

from connectors import errors
from ledger import intents, leases
from ledger.errors import ClaimLost
from ledger.leases import Claim
from ledger.steps import Ended
from tasks import decisions, followups, handing_over
from tasks.attempt import UNREAD, Attempt, Postponed
from tasks.faults import where
from tasks.service import Rings, Service
from tasks.systems import Systems

_log = logging.getLogger(__name__)


class Performer:
    """Performs steps for one process."""

    def __init__(self, service: Service, systems: Systems) -> None:
        """Use ``systems`` on the event loop they were built on."""
        self._service = service
        self._systems = systems

    async def perform(self, step_id: str) -> None:
        """Perform a step and what follows from it, if it is to be had."""
        claim = await self._claim(step_id)
        if claim is not None:
            await self.carry_on(claim)

    async def carry_on(self, claim: Claim | None) -> None:
        """Carry out a claimed step and, going on at once, the first of the steps it sets free."""
        while claim is not None:
            rings = await self._carry_out(claim)
            first, rest = rings.steps[:1], rings.steps[1:]
            others = replace(rings, steps=rest)
            if others != Rings():
                await asyncio.to_thread(self._service.ring, others)
            claim = await self._claim(first[0]) if first else None

    async def _claim(self, step_id: str) -> Claim | None:
        return await self._service.database.writing(self.claim, step_id)

    def claim(self, connection: Connection, step_id: str) -> Claim | None:
        """Take a step for this process, inside the caller's commit."""
        service = self._service
        return leases.claim(
            connection, service.audit, step_id, service.owner, service.settings.engine.lease_s
        )

    async def _carry_out(self, claim: Claim) -> Rings:
        engine = self._service.settings.engine
        work = asyncio.ensure_future(Attempt(self._service, self._systems, claim).act())
        heart = asyncio.ensure_future(self._beat(claim, work))
        try:
            async with asyncio.timeout(engine.step_deadline_s):
                ended = await work
        except TimeoutError:
            return await self._later(claim, Postponed(1.0, "the step took too long"))
        except Postponed as later:
            return await self._later(claim, later)
        except (errors.LeaseLost, asyncio.CancelledError):
            return Rings()
        except Exception as error:  # noqa: BLE001 - whatever it is, the step must not hang
            _log.error("step %s: a fault of ours: %s", claim.step.node, where(error))
            return await self._later(claim, Postponed(5.0, f"fault: {type(error).__name__}"))
        finally:
            heart.cancel()
            with suppress(asyncio.CancelledError):
                await heart
        return await self._service.database.writing(self._finish, claim, ended)

    async def _beat(self, claim: Claim, work: asyncio.Future[Ended]) -> None:
        lease_s = self._service.settings.engine.lease_s
        while True:
            await asyncio.sleep(lease_s / 3)
            try:
                ours = await self._service.database.writing(leases.extend, claim, lease_s)
            except Exception as error:  # noqa: BLE001 - the work must not be lost to its heartbeat
                # the next beat may come through; if the lease runs out, no intent is let out
                _log.warning("step %s: lease not extended: %s", claim.step.node, where(error))
                continue
            if not ours:
                work.cancel()
                return

    def _finish(self, connection: Connection, claim: Claim, ended: Ended) -> Rings:
        service = self._service
        ended, found = followups.judge(connection, claim.step, ended)
        if not leases.finish(connection, service.audit, claim, ended):
            return Rings()
        rings = handing_over.announce(connection, service, claim, ended)
        rings += Rings(alerts=followups.keep(connection, service.audit, claim, found))
        return rings + decisions.move_on(connection, service, claim.step.run_id)

    async def _later(self, claim: Claim, later: Postponed) -> Rings:
        attempts = self._service.settings.engine.step_attempts
        if later.uncounted or claim.step.attempts < attempts:
            await self._service.database.writing(
                leases.release,
                self._service.audit,
                claim,
                after_s=later.after_s,
                reason=later.reason,
                uncounted=later.uncounted,
            )
            return Rings()
        return await self._service.database.writing(self._give_up, claim, later.reason)

    def _give_up(self, connection: Connection, claim: Claim, reason: str) -> Rings:
        sent = intents.sent(connection, claim.id)
        try:
            intents.reconcile(
                connection,
                self._service.audit,
                run_id=claim.step.run_id,
                step=claim.named,
                finding="could not be read back",
            )
        except ClaimLost:
            return Rings()
        outcome = UNREAD[sent]
        said = f"given up after {claim.step.attempts} attempts: {reason}"
        return self._finish(connection, claim, Ended(outcome.value, said))
