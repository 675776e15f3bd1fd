"""What keeps a storm small: turns, shared commits, people counted once, what says whose doing it was."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DataError

from config.settings import Guardrails, Mode
from connectors.system import Account
from detectors import persons, registry
from detectors.alert import Alert, IdKind, Person, PersonId, Role, Signal
from ledger import alerts, deliveries, tables
from ledger.chain import AuditLog
from ledger.database import Database
from ledger.deliveries import Received
from ledger.errors import LedgerError
from ledger.migrate import migrate
from ledger.vocabulary import Event
from playbooks import guardrails
from tasks import feedback
from tasks.lines import Lines
from tasks.storing import Storing

OURS = "0f3c2f4e-0000-4000-8000-0000000000aa"
OTHERS = "0f3c2f4e-0000-4000-8000-0000000000bb"


def test_one_alert_keeps_every_person_it_names_however_many() -> None:
    accounts = [
        {"kind": "Account", "properties": {"accountName": f"p{number}", "upnSuffix": "contoso.com"}}
        for number in range(5000)
    ]
    incident = {
        "object": {
            "name": "many",
            "type": "Microsoft.SecurityInsights/Incidents",
            "properties": {"title": "tokens", "status": "New", "relatedEntities": accounts},
        }
    }
    body = json.dumps(incident).encode()
    (alert,) = registry.parse("sentinel", body, "x", registry.bare_source("sentinel"))
    assert isinstance(alert, Alert)
    assert len(alert.victims) == 5000


def test_whoever_is_named_twice_is_one_person_and_keeps_her_first_role() -> None:
    def named(role: Role, *values: tuple[IdKind, str]) -> Person:
        return Person(role=role, ids=tuple(PersonId(kind=kind, value=v) for kind, v in values))

    upn, mail = IdKind.USER_PRINCIPAL_NAME, IdKind.EMAIL
    found = persons.merged(
        [
            named(Role.VICTIM, (upn, "ada@contoso.com")),
            named(Role.VICTIM, (mail, "ben@contoso.com")),
            named(Role.ACTOR, (mail, "countess@contoso.com")),
            named(Role.BYSTANDER, (upn, "Ada@contoso.com"), (mail, "countess@contoso.com")),
        ]
    )
    assert [(each.role, len(each.ids)) for each in found] == [(Role.VICTIM, 2), (Role.VICTIM, 1)]


def test_alerts_on_the_same_people_take_turns_and_others_pass_them() -> None:
    began: list[str] = []

    async def storm() -> None:
        gate = asyncio.Event()

        async def take_up(alert: str) -> None:
            began.append(alert)
            if alert == "a0":
                await gate.wait()

        lines = Lines(take_up)
        first = asyncio.ensure_future(lines.stand("ada", "a0"))
        await asyncio.sleep(0)
        for number in range(1, 5):
            await lines.stand("ada", f"a{number}")
        await lines.stand("ada", "a1")  # called for again
        await lines.stand("ben", "b0")
        assert began == ["a0", "b0"]
        gate.set()
        await first
        await lines.stand("ada", "a5")

    asyncio.run(storm())
    assert began == ["a0", "b0", "a1", "a2", "a3", "a4", "a5"]


def test_a_turn_is_over_when_the_alert_is_settled_and_a_fault_ends_only_its_own() -> None:
    began: list[str] = []
    ended: list[str] = []

    async def storm() -> None:
        gate = asyncio.Event()

        async def steps(alert: str) -> None:
            await gate.wait()
            ended.append(alert)

        async def take_up(alert: str) -> Any:
            began.append(alert)
            await asyncio.sleep(0)
            if alert == "a1":
                raise LedgerError
            return steps(alert) if alert == "a0" else None

        lines = Lines(take_up)
        first = asyncio.ensure_future(lines.stand("ada", "a0"))
        await asyncio.sleep(0)
        await lines.stand("ada", "a1")
        await lines.stand("ada", "a2")
        for _ in range(10):
            await asyncio.sleep(0)
        assert began == ["a0", "a1", "a2"]
        await lines.stand("ada", "a3")  # the line is free, though the first one's steps go on
        assert began == ["a0", "a1", "a2", "a3"]
        assert not ended
        gate.set()
        await first

    asyncio.run(storm())
    assert ended == ["a0"]


def test_a_process_that_ends_leaves_the_rest_of_a_line_to_others() -> None:
    began: list[str] = []

    async def storm() -> None:
        gate = asyncio.Event()

        async def take_up(alert: str) -> None:
            began.append(alert)
            await gate.wait()

        lines = Lines(take_up)
        first = asyncio.ensure_future(lines.stand("ada", "a0"))
        await asyncio.sleep(0)
        await lines.stand("ada", "a1")
        lines.stop()
        gate.set()
        await first
        await lines.stand("ben", "b0")  # was in this process's hands already

    asyncio.run(storm())
    assert began == ["a0", "b0"]


def test_deliveries_that_come_at_once_are_all_stored_and_one_s_fault_is_its_own(
    tmp_path: Path,
) -> None:
    database, audit = Database(f"sqlite:///{tmp_path / 'x.db'}"), AuditLog("test")
    migrate(database)

    async def storm() -> list[Any]:
        storing = Storing(database, audit)

        def store(body: bytes) -> Any:
            def work(connection: Any, log: AuditLog) -> Received:
                if body == b"broken":
                    log.append(connection, Event.ALERT_RECEIVED, alert="a")
                    raise refused
                return deliveries.receive(
                    connection, log, source="s", kind="generic", body=body, fold_s=60
                )

            return work

        bodies = [b"one", b"broken", b"one", *(b"%d" % number for number in range(40))]
        waits = [storing.store(store(body)) for body in bodies]
        return await asyncio.gather(*waits, return_exceptions=True)

    refused = DataError("insert", {}, ValueError("no"))
    answers = asyncio.run(storm())
    assert isinstance(answers[1], DataError)
    assert [answers[0].duplicate, answers[2].duplicate] == [False, True]
    with database.read() as connection:
        rows = alerts.listed(connection, limit=100)
        records = connection.execute(select(tables.audit.c.event)).scalars().all()
    assert len(rows) == 41
    assert {row.copies for row in rows} == {0, 1}
    assert Counter(records) == {"alert.received": 41, "alert.duplicate": 1}


def test_after_so_many_runs_for_one_person_within_the_hour_people_decide() -> None:
    limits = Guardrails(runs_per_person_per_hour=3)
    account = Account("contoso", "entra", OURS, "ada@contoso.com")
    below = guardrails.decide(Mode.AUTO, [account], 0, limits, runs_this_hour=2)
    assert below.mode is Mode.AUTO
    over = guardrails.decide(Mode.AUTO, [account], 0, limits, runs_this_hour=3)
    assert over.mode is Mode.APPROVE
    assert "3 runs for this person" in over.reasons[0]


def _alert(**more: Any) -> Alert:
    return Alert(source="x", kind="x", event_id="1", title="x", **more)


def _person(role: Role, value: str) -> Person:
    return Person(role=role, ids=(PersonId(kind=IdKind.ENTRA_OBJECT_ID, value=value),))


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        ({"actor_app_ids": (OURS.upper(),)}, True),
        ({"actor_app_ids": (OTHERS,), "correlation_ids": ("c",)}, False),
        ({"actor_app_ids": (OURS, OTHERS)}, False),  # another acted as well
        ({"correlation_ids": ("c",)}, True),
        # whoever signs in chooses his own
        ({"correlation_ids": ("c",), "signal": Signal.TOKEN_THEFT}, False),
        ({"correlation_ids": ("c",), "actor_app_ids": (OURS,), "signal": Signal.TOKEN_THEFT}, True),
        ({"app_ids": (OURS,)}, False),  # it was changed, and has changed nothing
        ({"persons": (_person(Role.ACTOR, OURS),)}, True),
        ({"persons": (_person(Role.ACTOR, OTHERS),), "actor_app_ids": (OURS,)}, False),
        ({"persons": (_person(Role.VICTIM, OURS),)}, False),
        ({"details": {"actor": "Rescind"}}, False),
    ],
)
def test_only_our_application_s_own_id_as_the_one_that_acted_speaks_of_us(
    said: dict[str, Any], ours: bool
) -> None:
    evidence = feedback._evidence(_alert(**said), frozenset({OURS}))
    assert (evidence is not None and evidence.any) is ours


def test_what_was_changed_long_before_or_after_is_not_what_an_alert_speaks_of() -> None:
    at = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
    ms = int(at.timestamp() * 1000)
    assert feedback._window(_alert(occurred_at=at), ms) == (ms - 15 * 60_000, ms + 2 * 60_000)
    day = _alert(occurred_at=at, last_seen_at=at + timedelta(hours=24))
    assert feedback._window(day, ms) == (ms - 15 * 60_000, ms + 86_400_000 + 2 * 60_000)
    week = _alert(occurred_at=at, last_seen_at=at + timedelta(days=7))
    since, until = feedback._window(week, ms)
    assert until - since == 17 * 60_000
    assert feedback._window(_alert(), ms) == (ms - 60 * 60_000, ms)
