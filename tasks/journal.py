"""Where the door's intents and results go: committed with the step's fence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection

from connectors import errors
from connectors.door import Call, CallResult
from ledger import control, intents, leases
from ledger.errors import ClaimLost, PausedByPerson
from ledger.intents import Sent
from ledger.leases import Claim
from tasks import reissuing
from tasks.service import Service

T = TypeVar("T")


class StepJournal:
    """The journal of one claimed step.

    ``wrote`` tells whether any change was let out through it, ``changed`` whether one was answered with
    success.
    """

    def __init__(self, service: Service, claim: Claim) -> None:
        """Write for ``claim``; a lost claim refuses every further intent."""
        self._service = service
        self._claim = claim
        self._before: Mapping[str, Any] | None = None
        self._begun = claim.sent is not Sent.NOTHING
        self.wrote = False
        self.changed = False

    def observed(self, before: Mapping[str, Any]) -> None:
        """Commit the state before the change together with the first intent, or with ``keep``."""
        self._before = before

    async def keep(self) -> None:
        """Commit what was observed, where no intent has done so.

        Raises:
            errors.LeaseLost: the step is in other hands.
        """
        if self._before is not None:
            await self._commit(self._keep_before)

    async def intent(self, call: Call) -> str:
        """Commit that ``call`` is about to be sent; return the intent's id.

        Raises:
            errors.Paused: changes are paused.
            errors.LeaseLost: the step is in other hands.
            reissuing.Contained: it would give back what a containment that is open by now has closed.
        """
        intent_id = await self._commit(partial(self._make, request=_request(call)))
        self.wrote = self._begun = True
        return intent_id

    def settled(self) -> None:
        """Take what was sent before for settled: what is sent next begins the change anew."""
        self._begun = False

    async def _commit(self, work: Callable[[Connection], T]) -> T:
        try:
            done = await self._service.database.writing(work)
        except PausedByPerson as error:
            raise errors.Paused from error
        except ClaimLost as error:
            raise errors.LeaseLost from error
        self._before = None
        return done

    def _make(self, connection: Connection, *, request: Mapping[str, Any]) -> str:
        claim = self._claim
        if not control.let_out(connection):  # before the log is written to, as a pause does it
            raise PausedByPerson
        if claim.aim in reissuing.GIVES_BACK and not self._begun:
            tried = self.wrote or claim.sent is not Sent.NOTHING
            reissuing.check_still(connection, claim.step.run_id, tried=tried)
        self._keep_before(connection)
        return intents.make(
            connection,
            self._service.audit,
            run_id=claim.step.run_id,
            step=claim.named,
            plan_hash=claim.plan_hash,
            request=request,
        )

    def _keep_before(self, connection: Connection) -> None:
        audit, before = self._service.audit, self._before
        if before is not None and not leases.keep_before(connection, audit, self._claim, before):
            raise ClaimLost

    async def result(self, intent_id: str, call: Call, result: CallResult) -> None:  # noqa: ARG002 - the intent names the call
        """Commit how the attempt ended."""
        self.changed = self.changed or result.error is None
        response = {"status": result.status, "request_id": result.request_id}
        if result.sent_as:
            response["sent_as"] = result.sent_as
        error = {"class": result.error, "code": result.code} if result.error else None
        await self._service.database.writing(
            intents.answer,
            self._service.audit,
            run_id=self._claim.step.run_id,
            step=self._claim.named,
            intent_id=intent_id,
            result=_kind(result),
            response=response if result.status is not None else None,
            error=error,
        )


def _request(call: Call) -> dict[str, Any]:
    return {
        "system": call.system,
        "tenant": call.tenant,
        "method": call.method,
        "path": call.path,
        "params": dict(call.params),
    }


def _kind(result: CallResult) -> str:
    if result.error is None:
        return "answered"
    if not result.known:
        return "unknown"
    return "refused" if result.status is not None else "not_sent"
