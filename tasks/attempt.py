"""One attempt at a step: observe, change, read back; what an earlier attempt sent is settled first.

What was sent, or may have been sent, is read back before anything is sent again.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection, Row

from connectors import errors
from connectors.action import (
    Action,
    Handover,
    Observation,
    Outcome,
    Patience,
    Proof,
    Receipt,
    Target,
    Verdict,
    hands_over,
)
from ledger import handovers, holders, intents, leases, runs, steps
from ledger.chain import rfc3339
from ledger.database import now_ms
from ledger.errors import ClaimLost
from ledger.handovers import NewHandover
from ledger.intents import Sent
from ledger.leases import Claim
from ledger.steps import Ended
from playbooks.schema import Aim
from tasks import watched
from tasks.journal import StepJournal
from tasks.reissuing import Contained
from tasks.service import Service
from tasks.systems import SPECS, Systems

#: How long re-reading may take before a change that may have been sent is sent again, in seconds.
_SETTLE = Patience(total_s=2.0, first_s=0.05, step_s=0.4)
#: Outcomes of a read-back that show the change, and those that rest on the vendor's yes.
_SEEN = (Outcome.VERIFIED, Outcome.MANUAL)
_SAID = (Outcome.ACCEPTED, Outcome.UNVERIFIABLE)
#: How a step ends that cannot be read back, by what it has sent.
UNREAD = {
    Sent.NOTHING: Outcome.FAILED,
    Sent.ANSWERED: Outcome.UNVERIFIABLE,
    Sent.UNKNOWN: Outcome.UNKNOWN,
}
#: How often one attempt goes round after an unknown outcome before it waits in the database.
_ROUNDS = 3
_KEY = "Set handover.key to what `openssl rand -base64 32` prints, the same in every process."


class Postponed(Exception):
    """The step waits in the database and goes on later."""

    def __init__(self, after_s: float, reason: str, *, uncounted: bool = False) -> None:
        """Wait ``after_s`` seconds; ``uncounted`` where it is no failed attempt."""
        super().__init__(reason)
        self.after_s = after_s
        self.reason = reason
        self.uncounted = uncounted


class Attempt:
    """One attempt at the step that ``claim`` holds."""

    def __init__(self, service: Service, systems: Systems, claim: Claim) -> None:
        """Use ``systems`` on the event loop they were built on."""
        self._service = service
        self._systems = systems
        self._claim = claim
        self._journal = StepJournal(service, claim)
        self._looked_for = claim.sent

    async def act(self) -> Ended:
        """Carry the step out as far as one attempt gets.

        Raises:
            Postponed: it goes on later.
            LeaseLost: the step is in other hands.
        """
        try:
            if self._claim.step.undoes:
                return await self._undo()
            return await self._do()
        except errors.LeaseLost:
            raise
        except Contained as error:
            return Ended(Outcome.FAILED, str(error), error.remedy)
        except errors.Paused as error:
            raise Postponed(1.0, "changes are paused", uncounted=True) from error
        except errors.LockLost as error:
            # counted: what is too slow each time must not go round for ever
            raise Postponed(self._pause(None), str(error)) from error
        except errors.Busy as error:
            # whoever holds the lock loses it when he is silent: it is no failed attempt
            raise Postponed(1.0, str(error), uncounted=True) from error
        except errors.ConnectorError as error:
            if error.retryable:
                raise Postponed(self._pause(error.retry_after_s), str(error)) from error
            if self._looked_for is not Sent.NOTHING:
                # that it cannot be read says nothing about whether it has happened
                await self._reconcile("could not be read back")
            elif isinstance(error, errors.OutOfReach):
                return Ended(Outcome.MANUAL, str(error), error.remedy)
            elif isinstance(error, errors.Forbidden) and not self._journal.changed:
                return Ended(
                    Outcome.SKIPPED, f"permission: {error}", error.remedy, lacks="permission"
                )
            return Ended(UNREAD[self._looked_for], str(error), error.remedy)

    async def _do(self) -> Ended:
        step = self._claim.step
        target = Target(**{**step.target, "run": step.run_id})
        before = _observation(step.before)
        parameters = step.parameters
        if before is None and watched.is_told(step):
            parameters = parameters | await self._service.database.reading(watched.told, step)
        action = self._action(step.action, parameters)
        if before is None:
            before = await action.observe(target)
            self._journal.observed(asdict(before))
            if before.verdict is not None or before.satisfied:
                await self._journal.keep()
        if before.verdict is not None:
            verdict = before.verdict
            found = tuple(asdict(lead) for lead in action.leads(target, before))
            return Ended(verdict.outcome, verdict.reason, verdict.instructions, leads=found)
        if before.satisfied:
            return Ended(Outcome.ALREADY, "it was so before")
        if hands_over(action.spec, step.parameters) and self._service.seal() is None:
            return Ended(Outcome.SKIPPED, "there is no key to seal what is to be handed over", _KEY)
        patience = Patience(total_s=self._service.settings.engine.verify_patience_s)
        return await self._change(
            send=lambda: action.apply(target, before),
            look=lambda receipt, settling: action.verify(
                target, before, receipt, _SETTLE if settling else patience
            ),
        )

    async def _undo(self) -> Ended:
        base = await self._service.database.reading(
            steps.by_node,
            self._claim.step.undoes_run or self._claim.step.run_id,
            self._claim.step.undoes,
        )
        before = _observation(base.before)
        if before is None or before.verdict is not None or base.outcome == Outcome.ALREADY:
            return Ended(Outcome.SKIPPED, f"{base.node} changed nothing")
        if self._claim.sent is Sent.NOTHING:
            look = self._not_now if self._claim.step.delay_s else self._left_to_others
            ended = await self._service.database.reading(look, base)
            if ended is not None:
                return ended
        target = Target(**base.target)
        action = self._action(base.action, base.parameters)
        patience = Patience(total_s=self._service.settings.engine.verify_patience_s)
        return await self._change(
            send=lambda: action.undo(target, before),
            look=lambda _, settling: action.restored(
                target, before, _SETTLE if settling else patience
            ),
        )

    @staticmethod
    def _not_now(connection: Connection, base: Row[Any]) -> Ended | None:
        """Tell that the time has come for what is put back already, or held by a newer run.

        Raises:
            Postponed: until that run's time has come, too.
        """
        if holders.is_restored(connection, base):
            return Ended(Outcome.SKIPPED, f"{base.node} was put back already")
        until, now = holders.held_until(connection, base, shared=_shared(base)), now_ms(connection)
        if until is not None and until >= now:
            raise Postponed(
                (until - now) / 1000 + 1,
                "a newer run holds it, too, and for longer",
                uncounted=True,
            )
        return None

    def _left_to_others(self, connection: Connection, base: Row[Any]) -> Ended | None:
        """Tell that one person's account is given back, and what was changed is held for another's, too.

        Only where the run that has changed it puts it back by its own time, which waits for the other.
        Whoever undoes that run has asked for just this, and gets it.
        """
        if self._claim.aim != Aim.REISSUE or not _shared(base):
            return None
        until = holders.held_until(connection, base, shared=True, others=True)
        if until is None or until < now_ms(connection) or not holders.is_timed(connection, base):
            return None
        why = f"a run for somebody else holds it, too: it is put back by its time, at {rfc3339(until)}"
        return Ended(Outcome.SKIPPED, why)

    async def _change(self, send: Any, look: Any) -> Ended:  # noqa: ANN401 - two local callables
        sent = self._claim.sent
        for _ in range(_ROUNDS):
            if sent is not Sent.NOTHING:
                answered = Receipt(self._claim.step.receipt) if sent is Sent.ANSWERED else None
                self._looked_for = sent
                proof: Proof = await look(answered, True)
                ended = await self._settle(sent, proof, answered)
                if ended is not None:
                    return ended
            self._looked_for = Sent.NOTHING
            try:
                receipt: Receipt = await send()
            except errors.UnknownOutcome:
                sent = Sent.UNKNOWN
                continue
            await self._journal.keep()
            await self._keep_receipt(receipt)
            taken = self._taken()
            self._looked_for = Sent.ANSWERED if taken else Sent.NOTHING
            proof = await look(receipt, False)
            if proof.outcome in _SAID and not taken:
                why = f"the vendor has taken no change; {proof.reason}"
                return replace(_ended(proof, receipt), outcome=Outcome.FAILED, reason=why)
            if proof.outcome is Outcome.VERIFIED and not await self._ever_sent():
                why = proof.reason or "it was so when it was to be changed"
                return replace(_ended(proof, receipt), outcome=Outcome.ALREADY, reason=why)
            if proof.outcome is Outcome.UNKNOWN:
                raise Postponed(self._pause(None), f"not read back yet: {proof.reason}")
            return _ended(proof, receipt)
        raise Postponed(self._pause(None), "a change was sent and no answer came")

    async def _ever_sent(self) -> bool:
        """Tell whether this step may have brought about what was read.

        A process that had settled what was sent, and died before the end, leaves nothing to send.
        """
        return self._journal.wrote or await self._service.database.reading(
            intents.any_effective, self._claim.id
        )

    def _taken(self) -> bool:
        """Tell whether the vendor may have said yes to anything.

        It has not where all that was sent was refused: for things that are gone, and the account with
        them, an action tells no error.
        """
        refused = self._journal.wrote and not self._journal.changed
        return not refused or self._claim.sent is not Sent.NOTHING

    async def _settle(self, sent: Sent, proof: Proof, answered: Receipt | None) -> Ended | None:
        """Settle by what was read what was sent before; None where it has to be sent (again).

        What the vendor said yes to is never sent again because it cannot be read; what may have
        been sent is not sent again before it could be looked for.
        """
        if proof.outcome in _SEEN or (sent is Sent.ANSWERED and proof.outcome in _SAID):
            await self._reconcile("it has happened")
            return _ended(proof, answered)
        if proof.outcome is Outcome.UNKNOWN:
            raise Postponed(self._pause(None), f"not read back yet: {proof.reason}")
        finding = (
            "it cannot be read back" if proof.outcome in _SAID else "not seen to have happened"
        )
        await self._reconcile(finding)
        self._journal.settled()
        return None

    def _action(self, name: str, parameters: dict[str, Any]) -> Action:
        tenant = self._claim.step.tenant
        try:
            return self._systems.action(tenant, name, parameters, self._journal)
        except KeyError as error:
            raise errors.Invalid(
                "the tenant or system is not configured",
                remedy=f"Put tenants.{tenant} back into the settings.",
            ) from error

    async def _keep_receipt(self, receipt: Receipt) -> None:
        if not await self._service.database.writing(self._kept, receipt):
            raise errors.LeaseLost

    def _kept(self, connection: Connection, receipt: Receipt) -> bool:
        if not leases.keep_receipt(connection, self._claim, receipt.data):
            return False
        if receipt.handover is not None:
            self._keep_handover(connection, receipt.handover)
        return True

    def _keep_handover(self, connection: Connection, made: Handover) -> None:
        service, seal = self._service, self._service.seal()
        run = runs.get(connection, self._claim.step.run_id)
        person = run.plan["hand_over_to"] if run is not None else None
        if seal is None or person is None:
            return  # it is nobody's, and forgotten here
        new = NewHandover(
            made.kind,
            made.secret.get_secret_value(),
            made.until,
            person["id"],
            service.settings.handover.keep_minutes * 60,
        )
        handovers.keep(connection, service.audit, seal, self._claim, new)

    async def _reconcile(self, finding: str) -> None:
        try:
            await self._service.database.writing(
                intents.reconcile,
                self._service.audit,
                run_id=self._claim.step.run_id,
                step=self._claim.named,
                finding=finding,
            )
        except ClaimLost as error:
            raise errors.LeaseLost from error

    def _pause(self, asked_s: float | None) -> float:
        """Return how long to wait in the database: what the vendor asks, else 1, 2, 4 … 60 seconds."""
        grown = min(60.0, 2.0 ** max(0, int(self._claim.step.attempts) - 1))
        return max(asked_s or 0.0, grown)


def _shared(base: Row[Any]) -> bool:
    return base.action in SPECS and SPECS[base.action].shared


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
