"""A real house to post to and to look at: SQLite file, migrated; runs planned by the real planner."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import httpx
import uvicorn
from fastapi import FastAPI
from sqlalchemy import select

from config.settings import Mode, Settings
from connectors.directory import Identification
from connectors.system import Account
from ledger import accounts, alerts, deliveries, leases, tables
from ledger.accounts import User
from ledger.database import Database
from ledger.migrate import migrate
from ledger.steps import Ended
from tasks import decisions, opening
from tasks.opening import Request
from tasks.service import Service
from tasks.systems import Systems
from web.app import create_app

from house import wait_for

SECRET = "a-shared-secret-of-the-detector"
SIGNING_KEY = "whsec_" + "c2lnbmluZy1rZXktb2YtdGhlLWRldGVjdG9yIQ=="
PASSWORD = "correct horse battery staple"
ADA_ID = "6f9d5c1e-0d5a-4c7e-9c53-0a3f6b2f7d11"
ADA_OKTA = "00u1a2b3c4D5e6F7g8h9"
ADA = "ada.lovelace@contoso.com"
SINCE = "2026-03-01T02:55:10Z"
OPERATOR = {"type": "human", "sub": "operator"}


@dataclass
class Bell:
    """Remembers who was called."""

    heard: ClassVar[bool] = True

    alerts: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def alert(self, alert_id: str) -> None:
        self.alerts.append(alert_id)

    def step(self, step_id: str) -> None:
        self.steps.append(step_id)

    def notice(self, notice_id: str) -> None:
        self.notices.append(notice_id)


def settings_for(folder: Path, **sections: Any) -> Settings:
    shared = {"proof": "shared_secret", "secret": SECRET}
    signed = {"proof": "standard_webhooks", "secret": SIGNING_KEY}
    content: dict[str, Any] = {
        "database": {"url": f"sqlite:///{folder / 'house.db'}"},
        # what only time brings has pages of its own
        "playbooks": {
            "parameters": {"cm0080": {"trace": False, "watch_minutes": 0, "watch_again_minutes": 0}}
        },
        "sources": {
            "sentinel": {"kind": "sentinel", "origin": shared},
            "okta": {"kind": "okta_event_hook", "origin": shared},
            "edr": {"kind": "generic", "origin": signed},
        },
        "tenants": {
            "contoso": {
                "domains": ["contoso.com"],
                "entra": {
                    "tenant_id": "contoso.com",
                    "access_token": "practice",
                    "base_url": "http://127.0.0.1:9/v1.0",
                },
                "okta": {"org_url": "http://127.0.0.1:9", "api_token": "practice"},
            }
        },
    }
    return Settings.model_validate(content | sections)


def open_house(folder: Path, **sections: Any) -> Service:
    """A service over a database file of its own."""
    (folder / "house.db").write_bytes(_migrated())
    return Service.of(settings_for(folder, **sections), Bell())


@cache
def _migrated() -> bytes:
    """Migrate once for all tests of this process."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "house.db"
        database = Database(f"sqlite:///{file}")
        migrate(database)
        database.close()
        return file.read_bytes()


def rang(service: Service) -> Bell:
    assert isinstance(service.bell, Bell)
    return service.bell


def add_user(
    service: Service, name: str, role: str = "approver", account_ids: tuple[str, ...] = ()
) -> User:
    return accounts.add(
        service.database, service.audit, name, PASSWORD, role, account_ids, actor=OPERATOR
    )


def rows(service: Service, table: Any, *where: Any) -> list[Any]:
    with service.database.read() as connection:
        return list(connection.execute(select(table).where(*where)))


def counts(service: Service) -> dict[str, list[Any]]:
    """Everything that may not change by looking. When a session was last used is not of it."""
    return {
        table.name: rows(service, table)
        for table in tables.metadata.sorted_tables
        if table.name != "console_session"
    }


@dataclass(frozen=True)
class Story:
    """A run and what it waits for."""

    run_id: str
    approval_id: str
    plan_hash: str


def tell_story(
    service: Service,
    *,
    mode: Mode = Mode.AUTO,
    title: str = "Session cookie replayed from a new country",
    display_name: str = "Ada Lovelace",
    requested_by: str = "source:sentinel",
    persons: tuple[Mapping[str, Any], ...] = (),
    with_alert: bool = True,
    person: str = ADA_ID,
) -> Story:
    """An alert, its run, and the low-impact steps of it already done."""
    with service.database.write() as connection:
        alert_id = None
        if with_alert:
            received = deliveries.receive(
                connection,
                service.audit,
                source="sentinel",
                kind="sentinel",
                body=f"{title}{person}{time.time_ns()}".encode(),
                fold_s=3600,
            )
            alert_id = received.id
    parsed: dict[str, Any] = {
        "source": "sentinel",
        "title": title,
        "severity": "high",
        "rule": "Anomalous token",
        "occurred_at": SINCE,
        "persons": list(persons),
        "ips": ["203.0.113.77"],
        "why": "the rule is about replayed tokens",
    }

    async def opened() -> str:
        systems = Systems(service.settings)
        try:
            with service.database.write() as connection:
                if alert_id is not None:
                    alerts.settle(connection, alert_id, state="run", parsed=parsed)
                request = Request("contoso", "cm0080", mode, requested_by, alert_id, since=SINCE)
                found = Identification(accounts=_accounts(display_name, person))
                return opening.open_run(connection, service, systems, request, found).run_id
        finally:
            await systems.close()

    with ThreadPoolExecutor(1) as thread:  # a browser's driver may have a loop in this one
        run_id = thread.submit(lambda: asyncio.run(opened())).result()
    if mode is Mode.AUTO:
        perform_ready(service, run_id)
    run = rows(service, tables.run, tables.run.c.id == run_id)[0]
    asked = rows(service, tables.approval, tables.approval.c.run_id == run_id)
    return Story(run_id, asked[0].id if asked else "", run.plan_hash)


def _accounts(display_name: str, person: str) -> dict[str, Account]:
    return {
        "entra": Account("contoso", "entra", person, ADA, display_name),
        "okta": Account("contoso", "okta", _okta_id(person), ADA, display_name),
    }


def _okta_id(person: str) -> str:
    return ADA_OKTA if person == ADA_ID else f"00u{person.replace('-', '')[-17:]}"


def perform_ready(service: Service, run_id: str, outcome: str = "verified") -> None:
    """What a worker would do with the steps that are ready, as the ledger sees it."""
    ready = rows(
        service, tables.step, tables.step.c.run_id == run_id, tables.step.c.state == "ready"
    )
    for step in ready:
        with service.database.write() as connection:
            held = leases.claim(connection, service.audit, step.id, "worker", 30)
            assert held is not None
            proof = {
                "check": "a refresh token from before is refused",
                "expected": "refused",
                "observed": "refused" if outcome == "verified" else "accepted",
                "outcome": outcome,
                "reason": "",
                "exposure": [
                    {
                        "system": step.system,
                        "what": "access tokens minted before",
                        "until": "2026-03-01T04:25:00Z",
                        "why": "they live until they expire",
                    }
                ],
            }
            ended = Ended(outcome, reason="seen by reading back", proof=proof)
            assert leases.finish(connection, service.audit, held, ended)
            decisions.move_on(connection, service, run_id)


def join(
    service: Service, story: Story, title: str, *persons: Mapping[str, Any], state: str = "joined"
) -> None:
    """Another alert about the same person, which joins her run; or a repetition of the first one."""
    with service.database.write() as connection:
        received = deliveries.receive(
            connection, service.audit, source="edr", kind="generic", body=title.encode(), fold_s=0
        )
        first = connection.execute(
            select(tables.run.c.alert_id).where(tables.run.c.id == story.run_id)
        ).scalar_one()
        alerts.settle(
            connection,
            received.id,
            state=state,
            parsed={"source": "edr", "title": title, "persons": list(persons)},
            run_ids=() if state == "duplicate" else ("another-run", story.run_id),
            duplicate_of=first if state == "duplicate" else None,
        )


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """A real HTTP server on a free port; yields its address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        wait_for(lambda: server.started, 15, "the server to start")
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@contextmanager
def visiting(service: Service, **options: Any) -> Iterator[httpx.Client]:
    """A client of the real server, which names the console's own origin as browsers do."""
    with (
        serving(create_app(service, **options)) as url,
        httpx.Client(base_url=url, headers={"Origin": url}, timeout=100) as client,
    ):
        yield client


def sign_in(client: httpx.Client, name: str, **fields: str) -> httpx.Response:
    return client.post("/login", data={"name": name, "password": PASSWORD, **fields})
