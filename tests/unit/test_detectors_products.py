"""Products' events: each is known, names whom it is about and who acted, and is acted upon or not."""

from __future__ import annotations

from typing import Any

import pytest

from detectors import paths, registry
from detectors.alert import Alert, Role
from detectors.catalogue import MODULES
from detectors.decoding import decode_any
from tests.unit.product_samples import EVE, NOBODY, SAMPLES, Sample

MINE = sorted({each.kind for each in SAMPLES})


def name_of(each: Sample) -> str:
    return f"{each.kind}-{SAMPLES.index(each)}"


def payload(each: Sample) -> Any:
    return decode_any(each.event.encode()) if isinstance(each.event, str) else each.event


def read(kind: str, value: Any) -> list[Alert]:
    found = registry.read(kind, value, "x", registry.bare_source(kind))
    return [each for each in found if isinstance(each, Alert)]


def named(alerts: list[Alert], role: Role) -> set[str]:
    people = [person for alert in alerts for person in alert.persons if person.role is role]
    return {each.value for person in people for each in person.ids}


@pytest.mark.parametrize("each", SAMPLES, ids=name_of)
def test_a_products_event_is_known_as_its(each: Sample) -> None:
    known = registry.recognise(payload(each))
    assert known.kind == each.kind, known.why


@pytest.mark.parametrize("each", SAMPLES, ids=name_of)
def test_who_is_the_victim_and_who_merely_acted(each: Sample) -> None:
    (alert,) = read(each.kind, payload(each))
    victims, actors = named([alert], Role.VICTIM), named([alert], Role.ACTOR)
    assert each.victims <= victims
    assert bool(each.victims) == bool(victims)
    assert each.actors <= actors
    assert bool(each.actors) == bool(actors)
    assert not each.actors & victims
    assert each.bystanders <= named([alert], Role.BYSTANDER)
    everybody = victims | actors
    assert EVE not in everybody
    assert NOBODY not in everybody


@pytest.mark.parametrize("each", SAMPLES, ids=name_of)
def test_what_may_follow_a_products_event(each: Sample) -> None:
    (alert,) = read(each.kind, payload(each))
    assert (alert.actionable, alert.nameless, alert.signal) == (
        each.acts,
        each.nameless,
        each.signal,
    )
    assert alert.why
    assert "hunter2" not in alert.model_dump_json()


def test_every_kind_of_a_table_has_a_sample() -> None:
    modules = {MODULES[kind] for kind in MINE}
    assert {kind for kind, module in MODULES.items() if module in modules} == set(MINE)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b", [1]), ("x|a.b", [1]), ("c.d", ["flat"]), ("list.n", [1, 2]), ("text.k", ["v"]), ("a.b.c", []),
        ("nothing", []), ("null|a.b", [1]), ("list", [{"n": 1}, {"n": 2}]),
    ],
)  # fmt: skip
def test_a_path_finds_values_however_they_are_nested(path: str, found: Any) -> None:
    event = {
        "a": {"b": 1},
        "c.d": "flat",
        "list": [{"n": 1}, {"n": 2}],
        "text": '{"k": "v"}',
        "null": None,
    }
    assert paths.values(event, path) == found
