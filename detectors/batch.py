"""Several findings in one delivery: one that cannot be understood keeps no other from being acted on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from pydantic import ValidationError

from detectors.alert import Alert, NotUnderstood

T = TypeVar("T")
#: What became of one item of a delivery.
Finding = Alert | NotUnderstood


def each(items: Sequence[T], read: Callable[[T], Alert]) -> tuple[Finding, ...]:
    """Read every item; where one of several is not understood, why not stands in its place.

    Raises:
        NotUnderstood: there is one item, and it is not understood.
    """
    if len(items) == 1:
        return (read(items[0]),)
    return tuple(_one(items, number, read) for number in range(len(items)))


def fault(error: Exception) -> NotUnderstood:
    """Say, without its content, why a payload makes no alert: an adapter may raise anything."""
    if isinstance(error, NotUnderstood):
        return error
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or error.title
        reason = f"the payload does not make an alert: {field} ({first['type']})"
    else:
        reason = f"the adapter failed on the payload ({type(error).__name__})"
    return NotUnderstood(
        reason,
        "Is this what a source of this kind sends? If it is, report it with the payload's shape; the "
        "alert is kept and can be replayed.",
    )


def _one(items: Sequence[T], number: int, read: Callable[[T], Alert]) -> Finding:
    try:
        return read(items[number])
    except Exception as error:  # noqa: BLE001 - one item's fault must not lose the others
        told = fault(error)
    return NotUnderstood(f"item {number + 1} of {len(items)}: {told.reason}", told.remedy)
