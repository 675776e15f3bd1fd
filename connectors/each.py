"""A change of many items: one odd item must not keep the others from being changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from connectors import errors

Json = dict[str, Any]


async def each(items: Iterable[Json], change: Callable[[Json], Awaitable[Json]]) -> list[Json]:
    """Call ``change`` for every item and return each item with what became of it.

    An item that is not there any more is ``gone``; one that the vendor refuses is told with the error's
    class and code, and the rest goes on.

    Raises:
        errors.UnknownOutcome: after all items, where one of them got no answer.
        errors.ConnectorError: after all items, the first refusal, where nothing but refusals came;
            at once, where no further item could fare better (throttled, unavailable, paused,
            lease lost, credential refused).
    """
    told: list[Json] = []
    failures: list[errors.ConnectorError] = []
    for item in items:
        try:
            told.append({**item, **await change(item)})
        except errors.NotFound:
            told.append({**item, "gone": True})
        except (
            errors.UnknownOutcome,
            errors.Forbidden,
            errors.Conflict,
            errors.Invalid,
            errors.OutOfReach,
            errors.Refused,
        ) as error:
            failures.append(error)
            told.append({**item, "error": type(error).__name__, "code": error.code})
    for failure in failures:
        if isinstance(failure, errors.UnknownOutcome):
            raise failure
    if failures and len(failures) == len(told):
        raise failures[0]
    return told
