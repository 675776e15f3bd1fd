"""A source that is about to fall silent is told to people, once, and contains nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from web_house import open_house, rang, rows

from ledger import deliveries, tables
from tasks.intake import Intake
from tasks.perform import Performer
from tasks.service import Service
from tasks.systems import Systems

SUBSCRIPTION = "7a1c0001-0000-4000-8000-000000000001"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Service]:
    state = {"proof": "client_state", "secret": "the-subscription-s-secret"}
    sources = {"graph": {"kind": "graph_change_notification", "origin": state}}
    service = open_house(tmp_path, sources=sources)
    yield service
    service.database.close()


async def taken_up(house: Service, body: Any) -> Any:
    with house.database.write() as connection:
        alert_id = deliveries.receive(
            connection, house.audit, source="graph", kind="graph_change_notification",
            body=json.dumps(body).encode(), fold_s=0,
        ).id  # fmt: skip
    systems = Systems(house.settings)
    try:
        await Intake(house, systems, Performer(house, systems)).take_up(alert_id)
    finally:
        await systems.close()
    (alert,) = rows(house, tables.alert, tables.alert.c.id == alert_id)
    return alert


def removed(**more: Any) -> dict[str, Any]:
    said = {"subscriptionId": SUBSCRIPTION, "lifecycleEvent": "subscriptionRemoved"}
    return {"value": [said | {"resource": "security/alerts_v2"} | more]}


async def test_people_are_told_what_to_do_once(house: Service) -> None:
    first = await taken_up(house, removed())
    again = await taken_up(house, removed(clientState="not-stored-but-nothing-changes"))
    assert (first.state, again.state) == ("ignored", "duplicate")
    assert first.remedy.startswith("Make the subscription anew")
    (notice,) = rows(house, tables.notice)
    assert notice.title == "The source graph needs a person: Subscription: subscriptionRemoved"
    assert "What to do: Make the subscription anew" in notice.body
    assert f"Alert {first.id}" in notice.body
    assert rang(house).notices == [notice.id]
    assert rows(house, tables.run) == []


async def test_an_ordinary_change_is_told_to_nobody(house: Service) -> None:
    change = {
        "subscriptionId": SUBSCRIPTION,
        "changeType": "updated",
        "resource": "security/alerts_v2",
    }
    alert = await taken_up(house, {"value": [change]})
    assert (alert.state, alert.remedy) == ("ignored", "")
    assert rows(house, tables.notice) == []
