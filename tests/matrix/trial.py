"""One step of a run, carried out by real processes against the practice tenant; then the ledger is asked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from mortal import Killed, Life, Process, process
from scenes import Row
from sqlalchemy import or_, select

from config.settings import Mode
from connectors.action import Target, hands_over
from connectors.clock import spell
from connectors.signals.subject import account_of
from connectors.system import Account, Clue
from ledger import accounts, steps, tables
from ledger.steps import GOOD
from playbooks.plan import Plan, PlannedStep, PlaybookName, Recipient
from playbooks.schema import Aim
from simulator.faults import Effect, Fault
from simulator.journal import Entry
from simulator.people import VICTIM
from tasks.launch import Subject, launch

from house import House

TENANT = "contoso"
NODE = "the-step"
#: Long enough ago for the thief's things, and for a log that arrives late to reach back to it.
STOLEN = timedelta(minutes=40)
#: Longer than a vendor asks to wait here.
_LONG_S = 60.0
#: More often than a step may be tried.
_LOOKS = 12
#: Whose account a system acts on: a mailbox is that of the Entra account.
_ACCOUNTS = {"entra": "entra", "okta": "okta", "auth0": "auth0", "exchange": "entra"}
#: What a change does at a vendor, whatever was answered to it.
_CARRIED_OUT = ("apply_then", "apply_then_drop")
#: Ids that the practice tenant makes by chance, in the paths of what an action makes.
_MADE = re.compile(
    r"(?<=/tokenLifetimePolicies/)[0-9a-f-]{36}"
    r"|(?<=/temporaryAccessPassMethods/)[0-9a-f-]{36}"
    r"|(?<=/zones/)nzo\w+"
)


@dataclass(frozen=True)
class Ended:
    """How a step has ended, what was sent for it, and what reached the vendor."""

    outcome: str
    reason: str
    instructions: str
    lacks: str
    attempts: int
    sent: list[Entry]
    waited_s: float
    did: list[str]
    died: bool

    @property
    def writes(self) -> Counter[str]:
        """The changes that were made, by method and path."""
        return Counter(named(entry) for entry in self.sent if entry.write and took_effect(entry))

    @property
    def changed(self) -> list[str]:
        """What changed the tenant."""
        return [named(entry) for entry in self.sent if entry.changed]

    def __str__(self) -> str:
        requests = "\n".join(
            f"  {e.method} {e.path} -> {e.status} {e.fault or ''}{' changed' if e.changed else ''}"
            for e in self.sent
        )
        said = f"{self.outcome} (attempts {self.attempts}): {self.reason}"
        return f"{said}\n{self.instructions}\n{requests}"


def named(entry: Entry) -> str:
    """Method and path, without the query, and without ids that are made anew each time."""
    if entry.system == "exchange":
        return str(entry.body["CmdletInput"]["CmdletName"])
    return f"{entry.method} {_MADE.sub('{made}', entry.path.partition('?')[0])}"


def on(sent: Sequence[Entry], entry: Entry, effect: Effect, times: int | None = 1) -> Fault:
    """A fault at one of the requests that were ``sent`` when nothing went wrong.

    It hits ``times`` requests of that kind; in Exchange, where all have one address, the one at that place.
    """
    path = re.escape(unquote(_MADE.sub("{made}", entry.path.partition("?")[0])))
    by_place = entry.system == "exchange"
    return Fault(
        effect,
        system=entry.system,
        method=entry.method,
        path_regex=f"^{path.replace(re.escape('{made}'), '[^/]+')}$",
        times=1 if by_place else times,
        skip=[one.n for one in sent].index(entry.n) if by_place else 0,
    )


def took_effect(entry: Entry) -> bool:
    if entry.fault in _CARRIED_OUT:
        return True
    return entry.fault in (None, "delay") and entry.status is not None and entry.status < 400


class Trial:
    """A tenant as the scene wants it, an empty ledger, and one step to carry out."""

    def __init__(self, built: House, row: Row) -> None:
        self.built, self.sim, self.row = built, built.sim, row

    async def ready(self) -> str:
        """Prepare the scene and store the run whose step is to be tried; return the step's id.

        Nothing of the step was sent.
        """
        self.sim.reset()
        with self.sim.tenant.lock:
            self.row.scene.prepare(self.sim.tenant)
            # The vendor's own pace is not what is tried here.
            self.sim.tenant.okta_rate_limit = self.sim.tenant.auth0_rate_limit = 1_000_000
        async with process(self.built.service, Life()) as first:
            if not self.row.undo:
                step_id = await self._launch(first)
            else:
                done = await self._launch(first)
                await self._until_done(first, done)
                step_id = await self._launch(first, undoes=self._row(done).run_id)
        self.sim.requests.clear()
        return step_id

    async def ready_again(self, step_id: str) -> str:
        """Store another run with the same step."""
        undoes = self._row(step_id).undoes_run
        async with process(self.built.service, Life()) as another:
            step_id = await self._launch(another, undoes)
        self.sim.requests.clear()
        return step_id

    async def act(self, step_id: str, life: Life | None = None) -> Ended:
        """Carry the step out to its end, by a second process where the first one dies."""
        life = life or Life()
        waited = 0.0
        try:
            async with process(self.built.service, life) as running:
                await self._until_done(running, step_id)
                waited = running.hours.slept_s
        except Killed:
            async with process(self.built.service, Life()) as another:
                await self._until_done(another, step_id)
        row = self._row(step_id)
        sent = self.sim.requests.all(self.row.seen_at)
        return Ended(
            row.outcome, row.reason, row.instructions, row.lacks, row.attempts, sent, waited,
            life.done, life.over,
        )  # fmt: skip

    def story(self, step_id: str, ended: Ended) -> None:
        """The log is whole, nothing is left open in it, and no change was made without a record.

        What was made for a person waits for her if the step ended well, and once only.
        """
        report = self.built.verify()
        assert report.verified, (report.first_bad, report.intents_open, report.runs_open)
        records = self.built.told()
        intents = sum(
            record["event"] == "action.intent" and record["step"]["id"] == step_id
            for record in records
        )
        arrived = sum(entry.write for entry in ended.sent)
        # a process that dies may die between the record and the request
        assert 0 <= intents - arrived <= ended.died, f"{arrived} changes, {intents} recorded before"
        kept = self._handovers(step_id)
        assert len(kept) == (self._hands_over and ended.outcome in GOOD), kept

    def _handovers(self, step_id: str) -> list[str]:
        """What was made by this step for a person and can still be shown."""
        made = tables.handover.c
        alive = select(made.id).where(made.step_id == step_id, made.state.in_(("kept", "waiting")))
        with self.built.service.database.read() as connection:
            return list(connection.execute(alive).scalars())

    async def _launch(self, by: Process, undoes: str | None = None) -> str:
        plan = self._plan(by, undoes)
        (account,) = plan.accounts
        key = f"{account.system}:{account.id}"
        document = {
            "key": key,
            "display_name": "the victim",
            "accounts": [{"system": account.system, "id": account.id, "name": account.name}],
            "unreached": [],
            "absent": [],
        }
        subject = Subject(TENANT, key, document, "cli:test")
        with self.built.service.database.write() as connection:
            opened = launch(connection, by.service, plan, subject)
            (step,) = steps.of_run(connection, opened.run_id)
        return str(step.id)

    def _plan(self, by: Process, undoes: str | None) -> Plan:
        spec, parameters = self.row.spec, self.row.parameters
        account = self._account()
        since = spell(datetime.now(UTC) - STOLEN)
        target = Target(TENANT, spec.system, account.id, account.name, account.facts, since)
        step = PlannedStep(
            node=f"undo-{NODE}" if undoes else NODE,
            stage="matrix",
            spec=spec,
            target=target,
            parameters=parameters,
            approval=False,
            after=(),
            needs=(),
            follows=(),
            calls=by.systems.preview(spec.name, parameters, target, undoes is not None),
            undoes=NODE if undoes else None,
            undoes_run=undoes,
        )
        return Plan(
            playbook=PlaybookName("matrix", "One step", "sha256:0"),
            aim=Aim.UNDO if undoes else Aim.CLEAN,
            mode=Mode.AUTO,
            tenant=TENANT,
            accounts=(account,),
            steps=(step,),
            hand_over_to=self._recipient() if self._hands_over else None,
        )

    @property
    def _hands_over(self) -> bool:
        return not self.row.undo and hands_over(self.row.spec, self.row.parameters)

    def _recipient(self) -> Recipient:
        (decider,) = accounts.listed(self.built.service.database)
        return Recipient(decider.id, decider.name)

    def _account(self) -> Account:
        spec = self.row.spec
        person = self.sim.tenant.person(VICTIM)
        known = {
            system: Account(
                TENANT,
                system,
                getattr(person, of).id,
                person.upn,
                clues=(Clue("email", person.upn),),
            )
            for system, of in _ACCOUNTS.items()
        }
        followed = account_of(TENANT, known)
        assert followed is not None
        return {**known, "signals": followed}[spec.system]

    async def _until_done(self, running: Process, step_id: str) -> None:
        for _ in range(_LOOKS):
            self._time_passes(running)
            await running.look_and_perform()
            if self._row(step_id).state == "done":
                return
        raise AssertionError(f"the step does not end: {self._row(step_id)}")

    def _time_passes(self, running: Process) -> None:
        """Let every lease run out and every postponed step be due."""
        step = tables.step
        running.hours.skipped_s += _LONG_S
        with self.built.service.database.write() as connection:
            connection.execute(
                step.update()
                .where(or_(step.c.state == "ready", step.c.state == "leased"))
                .values(not_before=0, lease_until=0, rung_at=None)
            )

    def _row(self, step_id: str) -> Any:
        with self.built.service.database.read() as connection:
            return connection.execute(tables.step.select().where(tables.step.c.id == step_id)).one()
