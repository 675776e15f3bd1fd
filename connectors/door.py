"""The one way out: every request to a vendor passes here.

For a change: rate limit, a free connection and a token, intent committed, send under a deadline,
classify, result recorded with the vendor's request id, tenacity decides. Between the intent, which is
where a pause is asked about, and the sending nothing is waited for. A change whose outcome is unknown
is never sent again from here; whoever asked for it reads the state first.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import tenacity

from connectors import errors
from connectors.limits import Limits
from connectors.mutex import Fenced, LocalMutexes, Mutexes


@dataclass(frozen=True, slots=True)
class Call:
    """One request, as the audit log names it.

    ``path`` is a template (``/users/{id}/revokeSignInSessions``) and ``params`` fills it; both are
    recorded, so neither may carry a secret. ``bucket`` names the vendor's rate-limit bucket,
    ``patience_s`` how long it may wait there for its turn, where that is not the policy's, and ``leaves``
    how many turns it leaves free there for what is more urgent.
    """

    system: str
    tenant: str
    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    bucket: str = "default"
    write: bool = False
    patience_s: float | None = None
    leaves: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the vendor answered. ``body`` is decoded JSON, or None. ``headers`` are lower-case.

    ``sent_as`` is the id we gave the request, where the vendor takes one: its log may name it.
    """

    status: int
    headers: Mapping[str, str]
    body: Any
    request_id: str | None = None
    date: datetime | None = None
    sent_as: str | None = None


@dataclass(frozen=True, slots=True)
class CallResult:
    """How one attempt ended: what stands in the audit log beside its intent."""

    status: int | None
    request_id: str | None
    error: str | None = None
    code: str | None = None
    retry_after_s: float | None = None
    sent_as: str | None = None

    @property
    def known(self) -> bool:
        """Whether the attempt's effect is known (an answer came, or nothing was sent)."""
        return self.error != errors.UnknownOutcome.__name__


class Journal(Protocol):
    """Where intents and results are committed. Implemented where the database is known."""

    async def intent(self, call: Call) -> str:
        """Commit that this change is about to be sent; return the intent's id.

        Raises:
            errors.Paused: changes are paused; nothing may be sent.
            errors.LeaseLost: somebody else owns the step now; nothing may be sent.
        """

    async def result(self, intent_id: str, call: Call, result: CallResult) -> None:
        """Commit how the attempt ended."""


#: Sends the request, once.
Transport = Callable[[], Awaitable[Answer]]

#: A way out for one attempt: waits for a free connection and a token, and holds them while inside.
Way = Callable[[], AbstractAsyncContextManager[Transport]]

#: A change that has no connection this long after its intent is not sent any more, in seconds. A pause
#: lets no further intent out, so nothing leaves later than this after it.
LEAVES_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long the door tries: capped by attempts *and* by total time.

    ``inline_wait_s`` is the longest pause spent holding a worker; a longer one is handed back as
    ``Throttled`` or ``Unavailable`` with ``retry_after_s`` so that the step can wait in the database.
    """

    attempts: int = 4
    total_s: float = 20.0
    first_wait_s: float = 0.2
    wait_cap_s: float = 5.0
    inline_wait_s: float = 5.0
    call_timeout_s: float = 15.0


class Door:
    """Sends calls for all connectors of a process. Built once; safe to share in one event loop."""

    def __init__(
        self,
        policy: RetryPolicy | None = None,
        limits: Limits | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        mutexes: Mutexes | None = None,
    ) -> None:
        """Build the door.

        Args:
            policy: how often and how long is tried.
            limits: the vendors' rate limits.
            sleep: injected so that tests never wait.
            mutexes: the locks on what many people share; of this process alone where none are given.
        """
        self.policy = policy or RetryPolicy()
        self.limits = limits or Limits()
        self._sleep = sleep
        self._mutexes = mutexes or LocalMutexes()

    @asynccontextmanager
    async def alone(self, name: str, journal: Journal) -> AsyncIterator[Journal]:
        """Be the only one that changes the object ``name``, from the reading to the writing.

        Args:
            name: the same for whoever changes it, in whatever tenant of ours and for whichever person.
            journal: where the changes are recorded; what is given instead of it lets none out once
                the lock was taken away.

        Raises:
            errors.Busy: others have held it for as long as a worker may be held up.
        """
        async with self._mutexes.hold(name, self.policy.inline_wait_s) as hold:
            yield Fenced(journal, hold)

    async def send(self, call: Call, way: Way, journal: Journal | None = None) -> Answer:
        """Send ``call`` on its ``way`` and return the vendor's answer.

        What ``way`` gives performs exactly one attempt and raises a ``ConnectorError`` for any answer
        that is not a success, so that classification stays with the system that knows its codes.

        Args:
            call: what is sent, as it is recorded.
            way: opened anew for every attempt.
            journal: where a change is recorded; reads have none.

        Raises:
            errors.ConnectorError: the classified failure, after retries where it is retryable.
        """
        if call.write and journal is None:
            raise errors.Refused(f"{call.method} {call.path} is a change and has no journal")
        policy = self.policy
        retrying = tenacity.AsyncRetrying(
            sleep=self._sleep,
            stop=tenacity.stop_after_attempt(policy.attempts)
            | tenacity.stop_before_delay(policy.total_s),
            wait=self._wait,
            retry=tenacity.retry_if_exception(lambda error: self._again(call, error)),
            reraise=True,
        )
        return await retrying(self._attempt, call, way, journal)

    def _again(self, call: Call, error: BaseException) -> bool:
        if isinstance(error, errors.UnknownOutcome):
            return not call.write
        if isinstance(error, errors.Paused | errors.LeaseLost | errors.Busy):
            return False
        if isinstance(error, errors.Throttled | errors.Unavailable):
            return (error.retry_after_s or 0) <= self.policy.inline_wait_s
        return False

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after_s if isinstance(error, errors.ConnectorError) else None
        if asked:
            return asked
        backoff = tenacity.wait_random_exponential(
            multiplier=self.policy.first_wait_s, max=self.policy.wait_cap_s
        )
        return backoff(state)

    async def _attempt(self, call: Call, way: Way, journal: Journal | None) -> Answer:
        try:
            return await self._once(call, way, journal)
        except errors.TokenRefused:
            # With the old token nothing was done; the new one goes out under an intent of its own.
            return await self._once(call, way, journal)

    async def _once(self, call: Call, way: Way, journal: Journal | None) -> Answer:
        patience_s = self.policy.inline_wait_s if call.patience_s is None else call.patience_s
        await self.limits.enter(
            call.system, call.tenant, call.bucket, patience_s, leaves=call.leaves
        )
        try:
            async with AsyncExitStack() as held:
                transport = await self._opened(way, held)
                answer = await self._recorded(call, transport, journal)
        except errors.Throttled as error:
            if error.retry_after_s:
                self.limits.cool_down(call.system, call.tenant, call.bucket, error.retry_after_s)
            raise
        self.limits.learn(call.system, call.tenant, call.bucket, answer.headers)
        return answer

    async def _opened(self, way: Way, held: AsyncExitStack) -> Transport:
        try:
            async with asyncio.timeout(self.policy.call_timeout_s):
                return await held.enter_async_context(way())
        except TimeoutError as error:
            raise errors.Unavailable("no free connection or no token in time") from error

    async def _recorded(self, call: Call, transport: Transport, journal: Journal | None) -> Answer:
        if journal is None or not call.write:
            return await self._sent(call, transport)
        intent = await journal.intent(call)
        try:
            answer = await self._sent(call, transport)
        except errors.ConnectorError as error:
            await journal.result(intent, call, _failed(error))
            raise
        await journal.result(
            intent, call, CallResult(answer.status, answer.request_id, sent_as=answer.sent_as)
        )
        return answer

    async def _sent(self, call: Call, transport: Transport) -> Answer:
        try:
            async with asyncio.timeout(self.policy.call_timeout_s):
                return await transport()
        except TimeoutError as error:
            kind = errors.UnknownOutcome if call.write else errors.Unavailable
            raise kind("no answer in time") from error


def _failed(error: errors.ConnectorError) -> CallResult:
    return CallResult(
        status=error.status,
        request_id=error.request_id,
        error=type(error).__name__,
        code=error.code,
        retry_after_s=error.retry_after_s,
    )
