"""Telling whose shape a payload has, by keys and constants that no other vendor's events have.

An adapter describes its shapes; how surely one fits is counted here, the same for all. Nothing here
looks at file names, and nothing raises.

Sureties (0 to 1), so that adapters agree: what only one vendor can have written is above 0.9; a shape
whose keys others could have, too, is 0.5 to 0.7; a catch-all such as CEF of an unknown vendor is 0.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from detectors import fields
from detectors.fields import Fields

#: So many items of a list are looked at: a delivery holds one vendor's events.
_SAMPLES = 8
#: Below this a shape is told as the nearest, and never taken.
ENOUGH = 0.5


@dataclass(frozen=True, slots=True)
class Fit:
    """How surely a payload has a shape: ``surety`` 0 to 1; ``why`` names what is there and what lacks."""

    surety: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """What an event of one kind always has.

    Attributes:
        needs: paths that must all be there (``actor.alternateId``); ``a|b`` means either. Spelling
            as in ``Fields``: case and underscores do not matter.
        values: by path, a pattern (case aside) that the whole text there must match.
        also: paths that are usual; each one that is there adds to the surety, none is needed.
        never: paths that another vendor's similar shape has; one that is there ends it.
        surety: how sure it is when everything in ``needs`` and ``values`` is there.
        most: how sure it is at most, when all of ``also`` is there, too.
    """

    needs: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    surety: float = 0.9
    most: float = 0.99

    def fit(self, item: JsonValue) -> Fit:
        """Say how surely one event has this shape."""
        if not isinstance(item, dict):
            return Fit(0.0, "it is no JSON object")
        strange = [path for path in self.never if present(item, path)]
        if strange:
            return Fit(0.0, f"it has {strange[0]}, which this shape never has")
        lacks = [path for path in self.needs if not present(item, path)]
        wrong = [path for path, pattern in self.values.items() if not _matches(item, path, pattern)]
        asked = len(self.needs) + len(self.values)
        if lacks or wrong:
            there = asked - len(lacks) - len(wrong)
            said = [f"lacks {path}" for path in lacks]
            said += [f"has another value or none in {path}" for path in wrong]
            return Fit(0.45 * there / asked, "it " + ", ".join(said[:4]))
        usual = sum(present(item, path) for path in self.also)
        more = (self.most - self.surety) * usual / len(self.also) if self.also else 0.0
        named = [*self.needs, *self.values][:4]
        return Fit(round(self.surety + more, 3), "it has " + ", ".join(named))


def by_shapes(
    *shapes: Shape, envelopes: Iterable[str] = (), empty: Iterable[Shape] = ()
) -> Callable[[JsonValue], Fit]:
    """Build a ``recognises``: the best of the shapes, over the items of a list or an envelope.

    Args:
        shapes: any of them will do.
        envelopes: keys of lists that events come in (``records``, ``value``), where the vendor
            sends many in one object.
        empty: how the vendor's answer looks where its list is empty; such an answer is known, too.
    """
    names, empties = tuple(envelopes), tuple(empty)

    def recognises(payload: JsonValue) -> Fit:
        found = items(payload, *names)[:_SAMPLES]
        if not found:
            none = max((shape.fit(payload) for shape in empties), key=_surety, default=Fit(0.0))
            return none if none.surety >= ENOUGH else Fit(0.0, "it holds no event")
        fits = [max((shape.fit(item) for shape in shapes), key=_surety) for item in found]
        best = max(fits, key=_surety)
        # A list counts by its average: one fitting event among strangers is no delivery.
        return Fit(round(sum(fit.surety for fit in fits) / len(fits), 3), best.why)

    return recognises


def items(payload: JsonValue, *envelopes: str) -> list[JsonValue]:
    """Return the events of a payload: a list's items, an envelope's list, or the payload itself.

    An envelope may be a path (``context.alerts``).
    A string in an envelope's place is not a list; the object then is the event.
    """
    if isinstance(payload, list):
        return [inner for item in payload for inner in _of_envelope(item, envelopes)]
    return _of_envelope(payload, envelopes)


def at(item: JsonValue, path: str) -> JsonValue:
    """Return what stands at ``a.b.c`` (keys as ``Fields`` folds them; of a list, its first item)."""
    value = item
    if "." in path and path in Fields(item):  # flattened on its way
        return Fields(item).get(path)
    for part in path.split("."):
        if isinstance(value, list):
            value = value[0] if value else None
        value = Fields(value).get(part)
    return value


def present(item: JsonValue, path: str) -> bool:
    """Whether any of the paths ``a|b`` leads to a key, even one that holds null."""
    return any(_has(item, one) for one in path.split("|"))


def _has(item: JsonValue, path: str) -> bool:
    if "." in path and path in Fields(item):
        return True
    *above, last = path.split(".")
    value = at(item, ".".join(above)) if above else item
    if isinstance(value, list):
        value = value[0] if value else None
    return last in Fields(value)


def _matches(item: JsonValue, path: str, pattern: str) -> bool:
    found = fields.text(at(item, path), 500)
    return bool(found) and re.fullmatch(pattern, found, re.IGNORECASE) is not None


def _of_envelope(item: JsonValue, envelopes: tuple[str, ...]) -> list[JsonValue]:
    if isinstance(item, dict):
        for name in envelopes:
            found = at(item, name)
            if isinstance(found, list):
                return found
    return [item]


def _surety(fit: Fit) -> float:
    return fit.surety
