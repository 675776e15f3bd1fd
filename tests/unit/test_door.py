"""The one way out: intent before effect, one policy of retries, every attempt recorded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from connectors import errors
from connectors.door import Answer, Call, CallResult, Door, RetryPolicy, Transport, Way
from connectors.limits import Limits

WRITE = Call(
    "entra", "contoso", "POST", "/users/{id}/revokeSignInSessions", {"id": "1"}, write=True
)
READ = replace(WRITE, method="GET", write=False)
DONE = Answer(200, {}, {"value": True}, request_id="r-1")


class Clock:
    """Time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds
        await asyncio.sleep(0)


class Journal:
    """Writes down, in one list with what was sent, what would be committed."""

    def __init__(self, refusal: errors.ConnectorError | None = None) -> None:
        self.story: list[str] = []
        self.results: list[tuple[str, CallResult]] = []
        self.refusal = refusal

    async def intent(self, call: Call) -> str:
        if self.refusal:
            raise self.refusal
        self.story.append("intent")
        return f"{call.method} {self.story.count('intent')}"

    async def result(self, intent_id: str, call: Call, result: CallResult) -> None:
        assert call.write
        self.story.append("result")
        self.results.append((intent_id, result))


class Vendor:
    """Answers what it was told to, in turn; the last answer again and again."""

    def __init__(self, journal: Journal, answers: Sequence[Answer | errors.ConnectorError]) -> None:
        self.journal = journal
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self) -> Answer:
        self.journal.story.append("sent")
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        if isinstance(answer, errors.ConnectorError):
            raise answer
        return answer


def straight(transport: Transport) -> Way:
    """A way out on which nothing is waited for."""

    @asynccontextmanager
    async def way() -> AsyncIterator[Transport]:
        yield transport

    return way


class World:
    """A door with a clock, a journal and a vendor."""

    def __init__(
        self, *answers: Answer | errors.ConnectorError, policy: RetryPolicy | None = None
    ) -> None:
        self.clock = Clock()
        self.journal = Journal()
        self.vendor = Vendor(self.journal, answers)
        self.limits = Limits(clock=self.clock, sleep=self.clock.sleep, wall=self.clock)
        self.door = Door(policy, self.limits, sleep=self.clock.sleep)

    async def send(self, call: Call = WRITE) -> Answer:
        return await self.door.send(
            call, straight(self.vendor), self.journal if call.write else None
        )


async def test_the_intent_is_committed_before_the_request_leaves() -> None:
    world = World(DONE)
    assert await world.send() is DONE
    assert world.journal.story == ["intent", "sent", "result"]
    intent, result = world.journal.results[0]
    assert intent == "POST 1"
    assert result == CallResult(status=200, request_id="r-1")
    assert result.known


@pytest.mark.parametrize("refusal", [errors.Paused(), errors.LeaseLost()])
async def test_without_an_intent_nothing_leaves(refusal: errors.ConnectorError) -> None:
    world = World(DONE)
    world.journal.refusal = refusal
    with pytest.raises(type(refusal)):
        await world.send()
    assert world.vendor.asked == 0
    assert world.journal.story == []


async def test_a_read_leaves_no_record() -> None:
    world = World(DONE)
    await world.send(READ)
    assert world.journal.story == ["sent"]


async def test_every_attempt_has_its_intent_and_its_result() -> None:
    busy = errors.Throttled(status=429, code="TooManyRequests", request_id="r-0", retry_after_s=2)
    world = World(busy, DONE)
    await world.send()
    assert world.journal.story == ["intent", "sent", "result"] * 2
    first = world.journal.results[0][1]
    assert first == CallResult(429, "r-0", "Throttled", "TooManyRequests", 2)
    assert [intent for intent, _ in world.journal.results] == ["POST 1", "POST 2"]


async def test_it_waits_exactly_as_long_as_asked() -> None:
    world = World(errors.Throttled(retry_after_s=2), DONE)
    await world.send()
    assert world.clock.slept == [2]


async def test_a_retry_after_of_nothing_is_no_invitation_to_hammer() -> None:
    policy = RetryPolicy(first_wait_s=1.0)
    world = World(errors.Throttled(retry_after_s=0), policy=policy)
    with pytest.raises(errors.Throttled):
        await world.send()
    assert len(world.clock.slept) == 3
    assert all(pause > 0 for pause in world.clock.slept)


async def test_a_wait_longer_than_a_worker_may_be_held_is_handed_back() -> None:
    world = World(errors.Throttled(retry_after_s=60), DONE)
    with pytest.raises(errors.Throttled) as caught:
        await world.send()
    assert caught.value.retry_after_s == 60
    assert world.vendor.asked == 1
    assert world.clock.slept == []
    with pytest.raises(errors.Throttled) as again:
        await world.send()
    assert world.vendor.asked == 1, "the bucket is closed for everybody until then"
    assert again.value.retry_after_s == pytest.approx(60)


@pytest.mark.parametrize("call", [READ, WRITE])
async def test_what_is_unavailable_is_tried_again_up_to_the_number_of_attempts(call: Call) -> None:
    world = World(errors.Unavailable(status=503), policy=RetryPolicy(attempts=3))
    with pytest.raises(errors.Unavailable):
        await world.send(call)
    assert world.vendor.asked == 3


async def test_attempts_end_with_the_total_time_too() -> None:
    policy = RetryPolicy(attempts=10, total_s=0.05, first_wait_s=0.04, wait_cap_s=0.04)
    journal = Journal()
    vendor = Vendor(journal, [errors.Throttled(retry_after_s=0.04)])
    with pytest.raises(errors.Throttled):
        await Door(policy).send(READ, straight(vendor))
    assert vendor.asked == 2


async def test_a_change_of_unknown_outcome_is_never_sent_again() -> None:
    world = World(errors.UnknownOutcome(status=504), DONE)
    with pytest.raises(errors.UnknownOutcome):
        await world.send()
    assert world.vendor.asked == 1
    assert world.journal.results[0][1].known is False


@pytest.mark.parametrize(
    "error",
    [
        errors.Unauthenticated(),
        errors.Forbidden(),
        errors.NotFound(),
        errors.Conflict(),
        errors.Invalid(),
        errors.OutOfReach(),
        errors.Refused(),
    ],
)
async def test_what_waiting_does_not_heal_is_tried_once(error: errors.ConnectorError) -> None:
    world = World(error, DONE)
    with pytest.raises(type(error)):
        await world.send()
    assert world.vendor.asked == 1
    assert world.journal.results[0][1].error == type(error).__name__


@pytest.mark.parametrize(
    ("call", "error", "attempts"),
    [(WRITE, errors.UnknownOutcome, 1), (READ, errors.Unavailable, 2)],
)
async def test_an_answer_that_does_not_come_in_time(
    call: Call, error: type[errors.ConnectorError], attempts: int
) -> None:
    sent = 0

    async def silence() -> Answer:
        nonlocal sent
        sent += 1
        await asyncio.sleep(30)
        return DONE

    journal, clock = Journal(), Clock()
    policy = RetryPolicy(attempts=2, call_timeout_s=0.02)
    with pytest.raises(error):
        await Door(policy, sleep=clock.sleep).send(call, straight(silence), journal)
    assert sent == attempts
    assert [result.known for _, result in journal.results] == ([False] if call.write else [])


async def test_a_worker_that_is_stopped_leaves_the_intent_open() -> None:
    journal, left = Journal(), asyncio.Event()

    async def silence() -> Answer:
        left.set()
        await asyncio.sleep(30)
        return DONE

    task = asyncio.create_task(Door().send(WRITE, straight(silence), journal))
    await left.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert journal.story == ["intent"]


async def test_our_own_pacing_holds_before_the_intent() -> None:
    world = World(DONE)
    call = replace(WRITE, bucket="reports")
    for _ in range(5):
        await world.send(call)
    world.clock.now += 8
    await world.send(call)
    assert world.clock.slept == [2.0]
    assert world.journal.story == ["intent", "sent", "result"] * 6


async def test_pacing_that_would_take_too_long_is_handed_back_and_nothing_leaves() -> None:
    world = World(DONE)
    call = replace(WRITE, bucket="reports")
    for _ in range(5):
        await world.send(call)
    with pytest.raises(errors.Throttled) as caught:
        await world.send(call)
    assert caught.value.retry_after_s == pytest.approx(10)
    assert world.vendor.asked == 5
    assert world.journal.story.count("intent") == 5


async def test_a_call_with_a_patience_of_its_own_waits_for_its_turn() -> None:
    world = World(DONE)
    call = replace(READ, bucket="reports", patience_s=11.0)
    for _ in range(6):
        await world.send(call)
    assert world.clock.slept == [10.0]


async def test_an_answer_that_says_used_up_closes_the_bucket_for_the_next() -> None:
    used_up = Answer(200, {"x-rate-limit-remaining": "0", "x-rate-limit-reset": "1002"}, {})
    world = World(used_up, DONE)
    await world.send()
    await world.send()
    assert world.clock.slept == [3.0]


# -- what is waited for before the intent ----------------------------------------------------


class Narrow:
    """A way out with one place, and a token that has to be fetched."""

    def __init__(self, journal: Journal, vendor: Vendor) -> None:
        self.journal, self.vendor = journal, vendor
        self.place = asyncio.Semaphore(1)

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Transport]:
        async with self.place:
            await asyncio.sleep(0)
            self.journal.story.append("token")
            yield self.vendor


async def test_a_place_and_a_token_are_had_before_the_intent() -> None:
    journal = Journal()
    way = Narrow(journal, Vendor(journal, [DONE]))
    await Door().send(WRITE, way, journal)
    assert journal.story == ["token", "intent", "sent", "result"]
    assert not way.place.locked()


async def test_a_pause_holds_what_waited_for_a_place() -> None:
    journal = Journal()
    way = Narrow(journal, Vendor(journal, [DONE]))
    await way.place.acquire()
    waiting = asyncio.create_task(Door().send(WRITE, way, journal))
    await asyncio.sleep(0.01)
    assert journal.story == []
    journal.refusal = errors.Paused()
    way.place.release()
    with pytest.raises(errors.Paused):
        await waiting
    assert journal.story == ["token"]
    assert not way.place.locked()


async def test_without_a_place_in_time_nothing_is_sent_and_that_is_known() -> None:
    journal = Journal()
    way = Narrow(journal, Vendor(journal, [DONE]))
    await way.place.acquire()
    door = Door(RetryPolicy(attempts=2, call_timeout_s=0.02), sleep=Clock().sleep)
    with pytest.raises(errors.Unavailable):
        await door.send(WRITE, way, journal)
    assert journal.story == []


async def test_a_token_that_is_refused_for_now_closes_the_bucket_and_has_no_intent() -> None:
    journal = Journal()

    @asynccontextmanager
    async def way() -> AsyncIterator[Transport]:
        raise errors.Throttled("the sign-in service", retry_after_s=60)
        yield  # type: ignore[unreachable]  # makes it a generator

    door = Door()
    for _ in range(2):
        with pytest.raises(errors.Throttled):
            await door.send(WRITE, way, journal)
    assert journal.story == []


@pytest.mark.parametrize("attempts", [1, 4])
async def test_a_refused_token_is_renewed_under_an_intent_of_its_own(attempts: int) -> None:
    world = World(errors.TokenRefused(status=401), DONE, policy=RetryPolicy(attempts=attempts))
    assert await world.send() is DONE
    assert world.journal.story == ["intent", "sent", "result"] * 2
    assert [result.error for _, result in world.journal.results] == ["TokenRefused", None]
    assert world.clock.slept == []


async def test_a_token_is_renewed_once() -> None:
    world = World(errors.TokenRefused(status=401))
    with pytest.raises(errors.Unauthenticated):
        await world.send()
    assert world.vendor.asked == 2


async def test_a_change_without_a_journal_is_refused() -> None:
    journal = Journal()
    with pytest.raises(errors.Refused):
        await Door().send(WRITE, straight(Vendor(journal, [DONE])))
    assert journal.story == []
