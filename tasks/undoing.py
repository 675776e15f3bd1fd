"""A person asks for a run to be undone: what it has changed and can be put back, as a run of its own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row

from connectors.action import Target
from connectors.system import Account
from ledger import intents, locks, runs, steps
from playbooks import undoing
from playbooks.plan import PlaybookName
from playbooks.planner import LeftChange
from playbooks.schema import Aim
from playbooks.undoing import ChangedStep
from tasks.launch import Opened, Subject, launch
from tasks.reissuing import Containment
from tasks.service import Service
from tasks.systems import SPECS, Systems


class NotUndoable(Exception):
    """This run cannot be undone now."""

    def __init__(self, reason: str, remedy: str) -> None:
        """Say why, and what a person can do."""
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


def open_undo(
    connection: Connection, service: Service, systems: Systems, run_id: str, requested_by: str
) -> Opened:
    """Plan to put back what a run has changed and ask people; inside the caller's commit.

    Args:
        connection: of the caller's transaction.
        service: this process's parts.
        systems: tell the exact calls.
        run_id: the run, or a unique beginning of its id.
        requested_by: who asks; somebody else has to decide.

    Returns:
        The run that undoes it, or the one that does so already.

    Raises:
        NotUndoable: there is no such run, it still moves, or it puts things back itself; or somebody
            contains the person now.
        NothingToUndo: nothing it has changed can be put back.
    """
    run = runs.get(connection, run_id)
    if run is None:
        raise NotUndoable(f"{run_id}: no run has an id that begins so", "See `rescind runs`.")
    if run.aim == Aim.UNDO:
        raise NotUndoable(
            f"run {run.id} puts back the changes of another run",
            "Contain the person again instead: rescind contain NAME.",
        )
    if run.state == "running":
        raise NotUndoable(
            f"run {run.id} still moves, or waits for a person",
            "Deny what it waits for, or wait until it has ended.",
        )
    accounts = tuple(
        Account(run.tenant, each["system"], each["id"], each["name"])
        for each in run.person["accounts"]
    )
    ids = [(account.system, account.id) for account in accounts]
    # a containment that is being opened is waited for, and seen
    locks.take(connection, locks.people_of(run.tenant))
    contained = runs.open_run(connection, run.tenant, ids)
    if contained is not None:
        against = Containment(contained, "this person")
        raise NotUndoable(against.told, against.remedy)
    for other in runs.beside(connection, run.tenant, ids, (Aim.UNDO,)):
        if any(step.undoes_run == run.id for step in steps.of_run(connection, other)):
            return Opened(other, joined=True)
    plan = undoing.make(
        run.id,
        PlaybookName(run.playbook, run.plan["playbook_name"], run.playbook_hash),
        run.tenant,
        accounts,
        _changed(connection, run.id),
        systems.preview,
    )
    why = f"asked for by {requested_by}"
    subject = Subject(run.tenant, run.person_key, run.person, requested_by, run.alert_id, why)
    return launch(connection, service, plan, subject)


def left(
    connection: Connection, tenant: str, accounts: Sequence[tuple[str, str]]
) -> tuple[LeftChange, ...]:
    """Return what earlier runs have changed on these accounts and nobody has put back, in that order."""
    return tuple(
        LeftChange(run_id, step.node, step.spec.name, step.spec.system, step.parameters)
        for run_id in runs.of_person(connection, tenant, accounts)
        for step in _changed(connection, run_id)
        if step.spec.reversible
        and not step.restored
        and (step.target.system, step.target.id) in accounts
    )


def _changed(connection: Connection, run_id: str) -> list[ChangedStep]:
    rows = steps.of_run(connection, run_id)
    restored = steps.restored(connection, run_id)
    return [
        ChangedStep(
            row.node, SPECS[row.action], Target(**row.target), row.parameters, row.node in restored
        )
        for row in rows
        if row.undoes is None and _may_have_changed(connection, row, SPECS)
    ]


def _may_have_changed(connection: Connection, row: Row[Any], known: Collection[str]) -> bool:
    return (
        row.action in known
        and row.outcome != "already"
        and intents.any_effective(connection, row.id)
    )
