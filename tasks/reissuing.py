"""Giving an account back: who may be handed what its person signs in with, and when not to begin."""

from __future__ import annotations

from sqlalchemy import Connection

from connectors.directory import Identification
from ledger import accounts, runs
from ledger.accounts import Role
from playbooks.planner import Recipient
from tasks.refusal import NotContainable
from tasks.service import Service

_MAY_HAND_OVER = (Role.RESPONDER, Role.APPROVER, Role.ADMIN)


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
        raise NotContainable(
            f"run {open_run} contains this person, or waits for a decision about it",
            f"Decide over it first, or wait for its end: rescind run {open_run[:13]}",
        )
