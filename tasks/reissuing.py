"""Giving an account back: who may be handed what its person signs in with, and when not to begin.

Nothing is given back while the person is contained. That is looked at when it is asked for, when a person
decides, and before the first change of each step, also of one that is begun anew because what was sent was
not seen to have happened: a containment may have been opened in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from connectors.directory import Identification
from ledger import accounts, runs
from ledger.accounts import Role
from playbooks.plan import Recipient
from playbooks.schema import Aim
from tasks.refusal import NotContainable
from tasks.service import Service

#: What opens an account that a containment has closed.
GIVES_BACK = (Aim.UNDO, Aim.REISSUE)
_MAY_HAND_OVER = (Role.RESPONDER, Role.APPROVER, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Containment:
    """The run that contains the person of another, or waits for a decision about it."""

    run_id: str
    person: str

    @property
    def told(self) -> str:
        """What it is, for people."""
        return f"run {self.run_id[:13]} contains {self.person}, or waits for a decision about it"

    @property
    def remedy(self) -> str:
        """What to do before anything is given back."""
        return f"Decide over it first, or wait for its end: rescind run {self.run_id[:13]}"


class Contained(Exception):
    """Somebody contains the person, so nothing is given back."""

    def __init__(self, containment: Containment, *, tried: bool = False) -> None:
        """Name the run that does; ``tried``: something was sent before, and not seen to have happened."""
        what = "nothing more was sent to give it back" if tried else "nothing was given back"
        super().__init__(f"{what}: {containment.told}")
        self.remedy = f"{containment.remedy}; then ask once more for the account to be given back."


def containment_of(connection: Connection, run: Row[Any]) -> Containment | None:
    """Return what stands against a run that gives something back; None for any other run."""
    if run.aim not in GIVES_BACK:
        return None
    accounts = [(each["system"], each["id"]) for each in run.person["accounts"]]
    found = runs.open_run(connection, run.tenant, accounts)
    if found is None:
        return None
    names = dict.fromkeys(each["name"] for each in run.person["accounts"])
    return Containment(found, " / ".join(names) or "this person")


def check_still(connection: Connection, run_id: str, *, tried: bool = False) -> None:
    """Make sure, before a change, that nothing contains the person of a run by now.

    ``tried`` tells that the change was tried before, and not seen to have happened.

    Raises:
        Contained: a run does.
    """
    run = runs.get(connection, run_id)
    found = containment_of(connection, run) if run is not None else None
    if found is not None:
        raise Contained(found, tried=tried)


def recipient(
    connection: Connection, service: Service, person: Identification, name: str
) -> Recipient:
    """Return the console account ``name`` as who is shown what is made for ``person``.

    Raises:
        NotContainable: there is no such account, it is disabled, it is the person's own, or what is
            made could not be kept for anybody.
    """
    user = accounts.named(connection, name)
    if user is None or user.disabled:
        state = "is disabled" if user is not None else "does not exist"
        raise NotContainable(
            f"the console account {name!r} {state}",
            "`rescind users list` shows whom it can be handed to; `rescind users add` adds somebody.",
        )
    if user.role not in _MAY_HAND_OVER:
        raise NotContainable(
            f"{name} is a {user.role} of the console, who acts on nobody's account",
            f"Name somebody who is {', '.join(_MAY_HAND_OVER)}.",
        )
    ids = {account.id.casefold() for account in person.accounts.values()}
    names = {account.name.casefold() for account in person.accounts.values()}
    # a console account that nobody has tied to ids may be called by the first part of a mail address
    names |= set() if user.account_ids else {each.partition("@")[0] for each in names}
    if ids & {each.casefold() for each in user.account_ids} or user.name.casefold() in names | ids:
        raise NotContainable(
            f"{name} is the person herself: her mail and her chat may be the thief's",
            "Name somebody who gives it to her in person or on a call.",
        )
    if service.seal() is None:
        raise NotContainable(
            "there is no key to seal what is to be handed over",
            "Set handover.key to what `openssl rand -base64 32` prints, the same in every process.",
        )
    return Recipient(user.id, user.name)


def check_open(connection: Connection, tenant: str, person: Identification) -> None:
    """Make sure that nothing contains the person now.

    Raises:
        NotContainable: a run does.
    """
    ids = [(system, account.id) for system, account in person.accounts.items()]
    open_run = runs.open_run(connection, tenant, ids)
    if open_run is not None:
        found = Containment(open_run, "this person")
        raise NotContainable(found.told, found.remedy)
