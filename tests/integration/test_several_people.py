"""Alerts that name several people: who cannot be found keeps nobody else from being contained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from ledger import alerts, tables
from simulator.faults import Fault, forbid, status

from house import House, house, wait_for


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house")) as made:
        made.start()
        yield made


@pytest.fixture(autouse=True)
def no_faults(built: House) -> Iterator[None]:
    yield
    built.sim.faults.clear()


def _naming(built: House, *names: str) -> dict[str, Any]:
    """An incident about these sign-in names, known to the tenant or not."""
    incident = built.incident("nora.lind")
    incident["object"]["properties"]["relatedEntities"] = [
        {"kind": "Account", "properties": {"accountName": name, "upnSuffix": "contoso.com"}}
        for name in names
    ]
    return incident


def _own_alert(built: House, alert_id: str) -> Any:
    """Wait for the row of the person who was left over."""
    with built.service.database.read() as connection:
        rows = alerts.listed(connection, limit=100)
    parent = next(row for row in rows if row.id == alert_id)
    (child,) = [row for row in rows if row.body_sha256 == parent.body_sha256 and row.id != alert_id]
    return child


def test_a_person_nobody_knows_is_set_aside_alone_and_told(built: House) -> None:
    alert = built.alert(built.post(_naming(built, "user02", "ghost")).json()["alert"])
    assert alert.state == "run"
    assert alert.reason.startswith("1 of 2 persons")
    assert len(alert.run_ids) == 1
    ghost = built.alert(_own_alert(built, alert.id).id)
    assert ghost.state == "quarantined"
    assert "no account of this person" in ghost.reason
    with built.service.database.read() as connection:
        told = connection.execute(select(tables.notice.c.kind, tables.notice.c.body)).all()
    assert [row.kind for row in told if ghost.id in row.body] == ["alert_quarantined"]
    assert built.run_of("user02").status == "contained"


def test_a_system_that_is_away_for_one_person_holds_nobody_else_up(built: House) -> None:
    away = built.sim.faults.add(Fault(status(503), system="okta", path_regex="user04"))
    built.sim.faults.add(Fault(status(503), system="entra", path_regex="user04"))
    alert = built.alert(built.post(_naming(built, "user03", "user04")).json()["alert"])
    assert alert.state == "run"
    assert built.run_of("user03").status == "contained"
    assert _own_alert(built, alert.id).state == "received"
    built.sim.faults.clear()
    assert away.hits
    assert built.alert(_own_alert(built, alert.id).id, 40).state == "run"
    assert built.run_of("user04").status == "contained"


def test_the_same_finding_again_is_one_alert_whoever_was_left_over(built: House) -> None:
    incident = _naming(built, "user05", "phantom")
    alert = built.alert(built.post(incident).json()["alert"])
    assert built.alert(_own_alert(built, alert.id).id).state == "quarantined"
    incident["eventUniqueId"] = "sent-again"
    assert built.alert(built.post(incident).json()["alert"]).state == "duplicate"
    built.run_of("user05")


def test_where_nobody_can_be_looked_up_the_alert_stays_one_and_waits(built: House) -> None:
    built.sim.faults.add(Fault(status(503), path_regex="user0[67]"))
    alert_id = built.post(_naming(built, "user06", "user07")).json()["alert"]

    def waits() -> bool:
        with built.service.database.read() as connection:
            row = next(row for row in alerts.listed(connection, limit=100) if row.id == alert_id)
        return row.state == "received" and row.attempts >= 1 and bool(row.reason)

    wait_for(waits, 20, "the alert to wait", built.logs)
    built.sim.faults.clear()
    assert len(built.alert(alert_id, 40).run_ids) == 2
    built.run_of("user06")
    built.run_of("user07")


def test_a_system_that_refuses_us_sets_the_alert_aside(built: House) -> None:
    built.sim.faults.add(Fault(forbid(), path_regex="user08"))
    alert = built.alert(built.post(_naming(built, "user08")).json()["alert"])
    assert alert.state == "quarantined"
    assert "cannot be asked" in alert.reason
