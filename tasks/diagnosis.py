"""Whether everything that a containment needs is there: asked harmlessly, before there is one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from celery import Celery
from kombu.exceptions import OperationalError

from config.settings import Settings
from connectors.chat.chat import Chat
from connectors.errors import ConnectorError, Unavailable
from connectors.system import System
from ledger import pollers
from ledger.chain import rfc3339
from ledger.database import Database, now_ms
from ledger.errors import LedgerError
from ledger.revision import check
from tasks import hunting_logs
from tasks.app import refusals
from tasks.hunting_logs import HuntReadiness, TenantLog
from tasks.systems import SPECS, Systems

State = Literal["ok", "warning", "problem"]

#: How far a vendor's clock may be from ours, in seconds, before times of alerts mislead.
_APART_S = 60.0
_BROKER_S = 3.0
_SILENT = (
    "Look at its address in the settings, at the way out of this machine (name server, proxy, firewall), "
    "then at the vendor's status page."
)
#: A poller that has failed so often in a row is no passing trouble.
_OFTEN = 3
#: How far behind a log may be without a word, in seconds.
_BEHIND_S = 300.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; ``remedy`` says what to do where it is not well."""

    what: str
    state: State
    says: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Ability:
    """Whether a tenant's credential may do an action: ``can``, ``cannot``, or it does not tell."""

    tenant: str
    action: str
    state: Literal["can", "cannot", "unknown"]
    grant: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found."""

    checks: tuple[Check, ...]
    abilities: tuple[Ability, ...]
    logs: tuple[TenantLog, ...] = ()
    hunts: tuple[HuntReadiness, ...] = ()

    @property
    def well(self) -> bool:
        """Whether nothing stands in the way of any action; no action needs the logs hunts read."""
        sound = all(each.state != "problem" for each in self.checks)
        return sound and all(each.state != "cannot" for each in self.abilities)

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "well": self.well,
            "checks": [asdict(each) for each in self.checks],
            "abilities": [asdict(each) for each in self.abilities],
            "logs": [{"tenant": each.tenant, **asdict(each.log)} for each in self.logs],
            "hunts": [asdict(each) for each in self.hunts],
        }


def around(settings: Settings, database: Database, celery: Celery) -> Iterator[Check]:
    """Look at database, broker and chat; nothing is sent to anybody."""
    try:
        check(database)
        yield Check("database", "ok", database.url.render_as_string(hide_password=True))
        yield from _pollers(settings, database)
    except LedgerError as error:
        yield Check("database", "problem", str(error) or str(type(error).__doc__), error.remedy)
    yield _broker(settings, celery)
    yield from _chat(settings)


async def systems(settings: Settings, all_of_them: Systems) -> Diagnosis:
    """Ask every tenant's systems, side by side, one harmless thing each."""
    known = [system for tenant in settings.tenants for system in all_of_them.of(tenant)]
    checks = await asyncio.gather(*(_asked(system) for system in known))
    logs = await hunting_logs.logs(all_of_them, tuple(settings.tenants))
    abilities = [ability for system in known for ability in _abilities(system)]
    if not known:
        checks = [Check("tenants", "warning", "none is configured", "See docs/configuration.md.")]
    return Diagnosis(tuple(checks), tuple(abilities), logs, tuple(hunting_logs.readiness(logs)))


async def _asked(system: System) -> Check:
    what = f"{system.tenant}/{system.name}"
    try:
        theirs = await system.probe()
    except Unavailable as error:
        return Check(what, "problem", str(error), _SILENT)
    except ConnectorError as error:
        return Check(what, "problem", str(error), error.remedy)
    if theirs is None:
        return Check(what, "ok", "answers")
    apart_s = abs((datetime.now(UTC) - theirs).total_seconds())
    if apart_s > _APART_S:
        return Check(
            what,
            "warning",
            f"answers; its clock is {apart_s:.0f} s from this machine's",
            "Set this machine's clock by NTP: when a theft began is told by it.",
        )
    return Check(what, "ok", "answers")


def _abilities(system: System) -> Iterator[Ability]:
    for name, spec in sorted(SPECS.items()):
        if spec.system != system.name:
            continue
        lacks = system.lacks(spec)
        if lacks:
            yield Ability(system.tenant, name, "cannot", lacks)
        else:
            yield Ability(system.tenant, name, "can" if system.told(spec) else "unknown")


def _pollers(settings: Settings, database: Database) -> Iterator[Check]:
    if not settings.pollers:
        return
    with database.read() as connection:
        rows = {row.name: row for row in pollers.listed(connection)}
        now = now_ms(connection)
    for name, poller in settings.pollers.items():
        what, row = f"poller {name}", rows.get(name)
        if row is None or row.subject != f"{poller.tenant}/{poller.log}":
            yield Check(what, "warning", "has not begun", "Start rescind serve or a worker.")
        elif row.failures:
            state: State = "problem" if row.failures >= _OFTEN else "warning"
            tried = f"{row.last_error} (so {row.failures} times in a row)"
            yield Check(what, state, tried, row.remedy)
        elif row.polled_at is None:
            yield Check(what, "warning", "is being read for the first time")
        else:
            told = f"{row.entries} entries read to {rfc3339(row.read_to)[:19]}Z, {row.kept} alerts"
            behind_s = (now - row.read_to) / 1000
            late = behind_s > _BEHIND_S + 2 * poller.every_s
            if late or row.last_error:
                why = row.last_error or f"{behind_s / 60:.0f} minutes behind; it is caught up with"
                yield Check(what, "warning", f"{told}; {why}", "Look whether a process runs.")
            else:
                yield Check(what, "ok", told)


def _broker(settings: Settings, celery: Celery) -> Check:
    if settings.broker.url.get_secret_value().startswith("memory"):
        return Check("broker", "ok", "none is needed: one process does everything (rescind serve)")
    try:
        with celery.connection_for_write(connect_timeout=_BROKER_S) as connection:
            connection.ensure_connection(max_retries=1, timeout=_BROKER_S)
    except (OSError, OperationalError) as error:
        says, look = "does not answer", "Look at broker.url, and whether it runs."
        name = type(error).__name__
    except refusals(celery) as error:
        says, look = "refuses us", "Look at broker.url: user, password, virtual host."
        name = type(error).__name__
    else:
        return Check("broker", "ok", "answers")
    return Check(
        "broker", "problem", f"it {says} ({name})", f"{look} Alerts are stored all the same."
    )


def _chat(settings: Settings) -> Iterator[Check]:
    if not settings.chat.urls:
        yield Check(
            "chat", "warning", "nobody is told of anything: no channel is set", "Set chat.urls."
        )
        return
    try:
        Chat(settings.chat, settings.web.console_url).check()
        yield Check(
            "chat", "ok", f"{len(settings.chat.urls)} channel(s) can be used; --tell tries them"
        )
    except ConnectorError as error:
        yield Check("chat", "problem", str(error), error.remedy)


def told(settings: Settings) -> Check:
    """Send a word to every channel, for real."""
    delivery = Chat(settings.chat, settings.web.console_url).tell(
        "Rescind: a test", "Nobody has to do anything. `rescind doctor --tell` has sent this."
    )
    state: State = "ok" if delivery.status == "sent" else "problem"
    return Check(
        "chat delivery",
        state,
        f"{delivery.status}: {delivery.reason}" if delivery.reason else delivery.status,
        "" if state == "ok" else "Act as if nobody were told: look at chat.urls.",
    )
