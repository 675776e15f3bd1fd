"""A change of many items, some of which fail."""

from __future__ import annotations

from typing import Any

import pytest

from connectors import errors
from connectors.each import each


async def run(**becomes: errors.ConnectorError | None) -> tuple[list[dict[str, Any]], list[str]]:
    tried: list[str] = []

    async def change(item: dict[str, Any]) -> dict[str, Any]:
        tried.append(item["id"])
        error = becomes[item["id"]]
        if error is not None:
            raise error
        return {"status": 204}

    told: list[dict[str, Any]] = []
    try:
        told = await each([{"id": name} for name in becomes], change)
    except errors.ConnectorError as error:
        told.append({"raised": type(error).__name__})
    return told, tried


async def test_a_refused_item_does_not_stop_the_others() -> None:
    told, _ = await run(a=errors.Invalid(code="badRequest"), b=None)
    assert told == [
        {"id": "a", "error": "Invalid", "code": "badRequest"},
        {"id": "b", "status": 204},
    ]


async def test_what_is_not_there_any_more_is_gone() -> None:
    told, _ = await run(a=errors.NotFound())
    assert told == [{"id": "a", "gone": True}]


async def test_an_unknown_outcome_is_raised_after_the_others_were_tried() -> None:
    told, tried = await run(a=errors.UnknownOutcome(), b=None)
    assert told == [{"raised": "UnknownOutcome"}]
    assert tried == ["a", "b"]


async def test_where_nothing_but_refusals_came_the_first_is_raised() -> None:
    told, tried = await run(a=errors.Forbidden(), b=errors.Conflict())
    assert told == [{"raised": "Forbidden"}]
    assert tried == ["a", "b"]


@pytest.mark.parametrize(
    "error",
    [
        errors.Paused(),
        errors.LeaseLost(),
        errors.Throttled(),
        errors.Unavailable(),
        errors.Unauthenticated(),
    ],
)
async def test_what_no_other_item_could_survive_ends_it_at_once(
    error: errors.ConnectorError,
) -> None:
    told, tried = await run(a=error, b=None)
    assert told == [{"raised": type(error).__name__}]
    assert tried == ["a"]


async def test_nothing_to_do_is_no_failure() -> None:
    assert await run() == ([], [])
