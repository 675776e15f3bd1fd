"""Telling several recipients at once, so that none of them keeps the others from being told.

What each answered goes into the receipt. Nothing can be read back: a recipient says that it has taken
a signal, and not what it has done about it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from connectors import errors
from connectors.action import Exposure, Json, Outcome, Proof, Receipt
from connectors.clock import spell_or_none
from connectors.door import Answer, Call, CallResult, Journal

Send = Callable[[str], Awaitable[Answer]]

_CHECK = "the recipients' answers; nothing can be read back"
_EXPECTED = "taken by each"


class OneAtATime:
    """A journal for requests that go out side by side: what was observed is committed once."""

    def __init__(self, journal: Journal) -> None:
        """Write to ``journal``."""
        self._journal = journal
        self._turn = asyncio.Lock()

    async def intent(self, call: Call) -> str:
        """Commit an intent, when it is its turn."""
        async with self._turn:
            return await self._journal.intent(call)

    async def result(self, intent_id: str, call: Call, result: CallResult) -> None:
        """Commit a result, when it is its turn."""
        async with self._turn:
            await self._journal.result(intent_id, call, result)


async def tell(names: Sequence[str], send: Send) -> Receipt:
    """Send to each of ``names``, side by side, and return what each answered.

    Args:
        names: the recipients.
        send: sends to one. Whoever was told before may be told again: it knows the repetition.

    Raises:
        errors.ConnectorError: after all were tried. ``errors.UnknownOutcome`` where one may have
            been told; what is worth trying again where one could not be; the first refusal where
            nothing but refusals came.
    """
    answers = await asyncio.gather(*(send(name) for name in names), return_exceptions=True)
    failures: list[errors.ConnectorError] = []
    told: dict[str, Json] = {}
    for name, answer in zip(names, answers, strict=True):
        if isinstance(answer, errors.ConnectorError):
            failures.append(answer)
            told[name] = {
                "error": type(answer).__name__,
                "status": answer.status,
                "code": answer.code,
                "remedy": answer.remedy,
            }
        elif isinstance(answer, BaseException):
            raise answer
        else:
            told[name] = {
                "status": answer.status,
                "request_id": answer.request_id,
                "date": spell_or_none(answer.date),
            }
    for failure in sorted(failures, key=_weight):
        if failure.retryable or isinstance(failure, errors.LeaseLost):
            raise failure
    unknown_there = [each for each in failures if isinstance(each, errors.NotFound)]
    if failures and len(failures) == len(names) and len(unknown_there) < len(names):
        raise next(each for each in failures if each not in unknown_there)
    return Receipt({"sent": True, "told": told})


def _weight(error: errors.ConnectorError) -> int:
    """Which of several failures is told: what stops us, then what nobody knows, then the rest."""
    stops = (errors.LeaseLost, errors.Paused, errors.UnknownOutcome)
    return next((n for n, kind in enumerate(stops) if isinstance(error, kind)), len(stops))


def proof(receipt: Receipt | None, untold: Mapping[str, str], *, absent_passes: bool) -> Proof:
    """Say how it ended by what the recipients answered.

    Args:
        receipt: what ``tell`` returned; None where a crash took it.
        untold: by recipient, which name of the person it would know her by and we do not.
        absent_passes: whether 404 means that the person is not there (a revocation endpoint).
    """
    if receipt is None or not isinstance((receipt.data or {}).get("told"), dict):
        reason = "it is not known who was told; all are told again, which they can tell"
        return Proof(Outcome.UNVERIFIABLE, _CHECK, _EXPECTED, "no answer was kept", reason)
    told: dict[str, Json] = receipt.data["told"]
    taken = [name for name, answer in told.items() if "error" not in answer]
    absent = [
        name
        for name, answer in told.items()
        if absent_passes and answer.get("error") == errors.NotFound.__name__
    ]
    refused = [name for name in told if name not in taken and name not in absent]
    observed = "; ".join(
        part
        for part in (
            f"taken by {', '.join(taken)}" if taken else "",
            f"no such person at {', '.join(absent)}" if absent else "",
            *(f"refused by {name} ({_why(told[name])})" for name in refused),
        )
        if part
    )
    reason = " ".join(
        (
            *(str(told[name].get("remedy") or "") for name in refused),
            *(
                f"{name} answered 404: she has no account there, or it knows her by another name."
                for name in absent
            ),
            *(
                f"{name} was not told: no {source} of hers is known."
                for name, source in untold.items()
            ),
        )
    ).strip()
    said = Outcome.ACCEPTED if taken else Outcome.UNVERIFIABLE
    outcome = Outcome.FAILED if refused else said
    return Proof(outcome, _CHECK, _EXPECTED, observed, reason, _open(taken))


def _open(taken: Sequence[str]) -> tuple[Exposure, ...]:
    if not taken:
        return ()
    what = f"sessions that {', '.join(taken)} kept by itself"
    why = "it has taken the signal, and does not tell what it ends, and when"
    return (Exposure("signals", what, "unknown", why),)


def _why(answer: Json) -> str:
    parts = (answer.get("error"), answer.get("status"), answer.get("code"))
    return ", ".join(str(part) for part in parts if part)
