"""Damaged events: whatever is dropped, cut off or mistyped, nothing fails and nobody else is condemned.

A few cases an adapter here; `make fuzz` tries thousands.
"""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors import registry
from detectors.alert import Alert, NotUnderstood
from detectors.batch import Finding
from detectors.catalogue import MODULES
from tests.depth import cases
from tests.unit import damage
from tests.unit.detector_corpus import CORPUS, LONE, NOBODIES, source

WHOLE: dict[str, list[damage.Cast]] = {}


def read(kind: str, event: Any) -> tuple[Finding, ...]:
    try:
        return registry.read(kind, event, "x", source(kind))
    except NotUnderstood as refusal:
        return (refusal,)


def casts(kind: str) -> list[damage.Cast]:
    if kind not in WHOLE:
        WHOLE[kind] = [damage.cast_of(read(kind, event)) for event in CORPUS[kind]]
    return WHOLE[kind]


def test_every_adapter_has_an_event_to_damage() -> None:
    assert set(CORPUS) == set(MODULES)


STEPS = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, damage.WAYS - 1)), min_size=1, max_size=4
)


@pytest.mark.fuzz
@pytest.mark.parametrize("kind", MODULES)
@settings(
    max_examples=cases(8), deadline=None, suppress_health_check=list(HealthCheck), database=None
)
@given(number=st.integers(0, 99), steps=STEPS)
def test_a_damaged_event_condemns_nobody_else(
    kind: str, number: int, steps: list[tuple[int, int]]
) -> None:
    number %= len(CORPUS[kind])
    cast = casts(kind)[number]
    event, named = damage.damaged(CORPUS[kind][number], steps, cast.everybody)
    assert 0 <= registry.detector(kind).recognises(event).surety <= 1
    found = read(kind, event)
    named = named or not cast.victims
    if kind in LONE:
        cast = replace(cast, actors=frozenset())
    assert not damage.wrongs(found, event, cast, named=named, nobodies=NOBODIES)


@pytest.mark.fuzz
@pytest.mark.parametrize("kind", MODULES)
@settings(
    max_examples=cases(4), deadline=None, suppress_health_check=list(HealthCheck), database=None
)
@given(number=st.integers(0, 99), begin=st.integers(0, 60), end=st.integers(0, 4000))
def test_bytes_that_were_cut_off_condemn_nobody_else(
    kind: str, number: int, begin: int, end: int
) -> None:
    number %= len(CORPUS[kind])
    whole = json.dumps(CORPUS[kind][number]).encode()
    cut = whole[begin % 61 if begin % 3 == 0 else 0 : 1 + end % len(whole)]
    try:
        found = registry.parse(kind, cut, "x", source(kind))
    except NotUnderstood as refusal:
        found = (refusal,)
    text = cut.decode("utf-8", "replace").replace("\\\\", "\\")
    cast = casts(kind)[number]
    assert not damage.wrongs(found, text, cast, named=True, nobodies=NOBODIES)


def _held(event: Any, names: frozenset[str]) -> list[tuple[Any, Any]]:
    """Where the texts stand that name somebody by one of these."""
    return [
        (inside, key)
        for inside, key in damage.places(event)
        if isinstance(inside[key], str | int) and str(inside[key]).strip().casefold() in names
    ]


ACTED_UPON = [
    (kind, number)
    for kind, events in CORPUS.items()
    for number in range(len(events))
    if casts(kind)[number].actors and casts(kind)[number].victims
]
OF_A_TARGET = [(kind, number) for kind, number in ACTED_UPON if kind not in LONE]


@pytest.mark.parametrize(("kind", "number"), ACTED_UPON)
@pytest.mark.parametrize("instead", [{}, [True], {"x": [1]}], ids=["empty", "list", "object"])
def test_a_target_of_another_type_makes_no_victim_of_who_acted(
    kind: str, number: int, instead: Any
) -> None:
    """The place of the target is there, so that it is about somebody; it just cannot be said about whom."""
    cast = casts(kind)[number]
    event = copy.deepcopy(CORPUS[kind][number])
    places = _held(event, cast.victims)
    for inside, key in places:
        inside[key] = copy.deepcopy(instead)
    for alert in read(kind, event):
        if isinstance(alert, Alert):
            victims = {each.value.casefold() for person in alert.victims for each in person.ids}
            assert not victims & cast.actors


@pytest.mark.parametrize(("kind", "number"), OF_A_TARGET)
def test_without_its_target_nobody_else_is_contained(kind: str, number: int) -> None:
    """Where the event's rule says that it is about a target, a lost target leaves nobody to contain."""
    cast = casts(kind)[number]
    event = copy.deepcopy(CORPUS[kind][number])
    for inside, key in reversed(_held(event, cast.victims)):
        del inside[key]
    for alert in read(kind, event):
        if isinstance(alert, Alert) and alert.actionable:
            victims = {each.value.casefold() for person in alert.victims for each in person.ids}
            assert not victims & cast.actors
