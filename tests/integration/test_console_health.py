"""Health, as load balancers and watchdogs ask for it."""

from __future__ import annotations

from typing import Any

import pytest
from web_house import visiting

from tasks.service import Service

pytest_plugins = ("web_fixtures",)


def test_well(house: Service) -> None:
    with visiting(house) as client:
        answer = client.get("/healthz")
        head = client.head("/healthz")
        other = client.post("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "database": "ok"})
    assert (head.status_code, head.content) == (200, b"")
    assert (other.status_code, set(other.json())) == (405, {"error", "detail", "remedy"})


@pytest.mark.parametrize(
    ("further", "well"),
    [
        ({"worker": "ok", "upkeep": "ok", "queued": 7}, True),
        ({"worker": True}, True),
        ({"worker": "ok", "upkeep": "stopped"}, False),
        ({"worker": False}, False),
    ],
)
def test_what_else_the_process_needs(house: Service, further: dict[str, Any], well: bool) -> None:
    with visiting(house, readiness=lambda: further) as client:
        answer = client.get("/healthz")
    assert answer.status_code == (200 if well else 503)
    assert answer.json() == further | {"status": "ok" if well else "degraded", "database": "ok"}


def test_nobody_can_say_that_it_is_well_instead(house: Service) -> None:
    lie = {"status": "splendid", "database": "splendid", "worker": False}
    with visiting(house, readiness=lambda: lie) as client:
        answer = client.get("/healthz")
    assert answer.json() == {"status": "degraded", "database": "ok", "worker": False}


def test_not_being_able_to_tell_is_not_well(house: Service) -> None:
    def broken() -> dict[str, Any]:
        raise RuntimeError("a secret of the worker")

    with visiting(house, readiness=broken) as client:
        answer = client.get("/healthz")
    assert answer.status_code == 503
    assert "secret" not in answer.text
