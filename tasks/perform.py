"""Performing a step: observe, intent committed, apply, verify, finish; then the next one.

One coroutine under a deadline, its lease kept alive. What an earlier attempt sent, or may have
sent, is read back before anything is sent again.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from connectors import errors
from connectors.action import (
    Action,
    Observation,
    Outcome,
    Patience,
    Proof,
    Receipt,
    Target,
    Verdict,
)
from ledger import intents, leases, steps
from ledger.errors import ClaimLost, LedgerError
from ledger.intents import Sent
from ledger.leases import Claim
from ledger.steps import Ended
from tasks import decisions
from tasks.faults import where
from tasks.journal import StepJournal
from tasks.service import Rings, Service
from tasks.systems import Systems

_log = logging.getLogger(__name__)

#: How long re-reading may take before a change that may have been sent is sent again, in seconds.
_SETTLE = Patience(total_s=2.0, first_s=0.05, step_s=0.4)
#: Outcomes of a read-back that show the change, and those that rest on the vendor's yes.
_SEEN = (Outcome.VERIFIED, Outcome.MANUAL)
_SAID = (Outcome.ACCEPTED, Outcome.UNVERIFIABLE)
#: Stands for an answer that is known to have been a yes, and whose details a crash took.
_ANSWERED = Receipt({})
#: How often one attempt goes round after an unknown outcome before it waits in the database.
_ROUNDS = 3


#: How a step ends that was given up, by what it had sent.
_GIVEN_UP = {
    Sent.NOTHING: Outcome.FAILED,
    Sent.ANSWERED: Outcome.UNVERIFIABLE,
    Sent.UNKNOWN: Outcome.UNKNOWN,
}


class Postponed(Exception):
    """The step waits in the database and goes on later."""

    def __init__(self, after_s: float, reason: str, *, uncounted: bool = False) -> None:
        """Wait ``after_s`` seconds; ``uncounted`` where it is no failed attempt."""
        super().__init__(reason)
        self.after_s = after_s
        self.reason = reason
        self.uncounted = uncounted


class Performer:
    """Performs steps for one process."""

    def __init__(self, service: Service, systems: Systems) -> None:
        """Use ``systems`` on the event loop they were built on."""
        self._service = service
        self._systems = systems

    async def perform(self, step_id: str) -> None:
        """Perform a step and, going on at once, the first of the steps it sets free."""
        claim = await self._claim(step_id)
        while claim is not None:
            rings = await self._carry_out(claim)
            first, rest = rings.steps[:1], rings.steps[1:]
            if rest or rings.notices:
                await asyncio.to_thread(self._service.ring, Rings(rest, rings.notices))
            claim = await self._claim(first[0]) if first else None

    async def _claim(self, step_id: str) -> Claim | None:
        service = self._service
        return await service.database.writing(
            leases.claim, service.audit, step_id, service.owner, service.settings.engine.lease_s
        )

    async def _carry_out(self, claim: Claim) -> Rings:
        engine = self._service.settings.engine
        work = asyncio.ensure_future(self._act(claim))
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
            except LedgerError as error:
                # the next beat may come through; if the lease runs out, no intent is let out
                _log.warning("step %s: lease not extended: %s", claim.step.node, error)
                continue
            if not ours:
                work.cancel()
                return

    def _finish(self, connection: Connection, claim: Claim, ended: Ended) -> Rings:
        if not leases.finish(connection, self._service.audit, claim, ended):
            return Rings()
        return decisions.move_on(connection, self._service, claim.step.run_id)

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
        outcome = _GIVEN_UP[sent]
        said = f"given up after {claim.step.attempts} attempts: {reason}"
        return self._finish(connection, claim, Ended(outcome.value, said))

    async def _act(self, claim: Claim) -> Ended:
        try:
            if claim.step.undoes:
                return await self._undo(claim)
            return await self._do(claim)
        except errors.LeaseLost:
            raise
        except errors.Paused as error:
            raise Postponed(1.0, "changes are paused", uncounted=True) from error
        except errors.OutOfReach as error:
            return Ended(Outcome.MANUAL, str(error), error.remedy)
        except errors.ConnectorError as error:
            if error.retryable:
                raise Postponed(_pause(claim, error.retry_after_s), str(error)) from error
            return Ended(Outcome.FAILED, str(error), error.remedy)

    async def _do(self, claim: Claim) -> Ended:
        step = claim.step
        target = Target(**step.target)
        action = self._action(claim, step.action, step.parameters)
        before = _observation(step.before)
        if before is None:
            before = await action.observe(target)
            await self._keep(claim, before)
        if before.verdict is not None:
            verdict = before.verdict
            return Ended(verdict.outcome, verdict.reason, verdict.instructions)
        if before.satisfied:
            return Ended(Outcome.ALREADY, "it was so before")
        patience = Patience(total_s=self._service.settings.engine.verify_patience_s)
        return await self._change(
            claim,
            send=lambda: action.apply(target, before),
            look=lambda receipt, settling: action.verify(
                target, before, receipt, _SETTLE if settling else patience
            ),
        )

    async def _undo(self, claim: Claim) -> Ended:
        base = await self._service.database.reading(
            steps.by_node, claim.step.run_id, claim.step.undoes
        )
        before = _observation(base.before)
        if before is None or base.outcome == Outcome.ALREADY:
            return Ended(Outcome.SKIPPED, f"{base.node} changed nothing")
        target = Target(**base.target)
        action = self._action(claim, base.action, base.parameters)
        patience = Patience(total_s=self._service.settings.engine.verify_patience_s)
        return await self._change(
            claim,
            send=lambda: action.undo(target, before),
            look=lambda _, settling: action.restored(
                target, before, _SETTLE if settling else patience
            ),
        )

    async def _change(self, claim: Claim, send: Any, look: Any) -> Ended:  # noqa: ANN401 - two local callables
        sent = claim.sent
        for _ in range(_ROUNDS):
            if sent is not Sent.NOTHING:
                proof: Proof = await look(_ANSWERED if sent is Sent.ANSWERED else None, True)
                ended = await self._settle(claim, sent, proof)
                if ended is not None:
                    return ended
            try:
                receipt: Receipt = await send()
            except errors.UnknownOutcome:
                sent = Sent.UNKNOWN
                continue
            proof = await look(receipt, False)
            if proof.outcome is Outcome.UNKNOWN:
                raise Postponed(_pause(claim, None), f"not read back yet: {proof.reason}")
            return _ended(proof, receipt)
        raise Postponed(_pause(claim, None), "a change was sent and no answer came")

    async def _settle(self, claim: Claim, sent: Sent, proof: Proof) -> Ended | None:
        """Settle by what was read what was sent before; None where it has to be sent (again).

        What the vendor said yes to is never sent again because it could not be read.
        """
        if proof.outcome in _SEEN or (sent is Sent.ANSWERED and proof.outcome in _SAID):
            await self._reconcile(claim, "it has happened")
            return _ended(proof, None)
        if sent is Sent.ANSWERED and proof.outcome is Outcome.UNKNOWN:
            raise Postponed(_pause(claim, None), f"not read back yet: {proof.reason}")
        await self._reconcile(claim, "not seen to have happened")
        return None

    def _action(self, claim: Claim, name: str, parameters: dict[str, Any]) -> Action:
        journal = StepJournal(self._service, claim)
        try:
            return self._systems.action(claim.step.tenant, name, parameters, journal)
        except KeyError as error:
            raise errors.Invalid(
                "the tenant or system is not configured",
                remedy=f"Put tenants.{claim.step.tenant} back into the settings.",
            ) from error

    async def _keep(self, claim: Claim, before: Observation) -> None:
        kept = await self._service.database.writing(
            leases.keep_before, self._service.audit, claim, asdict(before)
        )
        if not kept:
            raise errors.LeaseLost

    async def _reconcile(self, claim: Claim, finding: str) -> None:
        try:
            await self._service.database.writing(
                intents.reconcile,
                self._service.audit,
                run_id=claim.step.run_id,
                step=claim.named,
                finding=finding,
            )
        except ClaimLost as error:
            raise errors.LeaseLost from error


def _observation(document: dict[str, Any] | None) -> Observation | None:
    if document is None:
        return None
    verdict = document.get("verdict")
    return Observation(
        snapshot=document["snapshot"],
        satisfied=document["satisfied"],
        verdict=Verdict(Outcome(verdict["outcome"]), verdict["reason"], verdict["instructions"])
        if verdict
        else None,
    )


def _ended(proof: Proof, receipt: Receipt | None) -> Ended:
    return Ended(
        proof.outcome,
        proof.reason,
        receipt=receipt.data if receipt else None,
        proof=asdict(proof),
    )


def _pause(claim: Claim, asked_s: float | None) -> float:
    """Return how long to wait in the database: what the vendor asks, else 1, 2, 4 … 60 seconds."""
    grown = min(60.0, 2.0 ** max(0, int(claim.step.attempts) - 1))
    return max(asked_s or 0.0, grown)
