"""``rescind users``: who may sign in to the console."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from cli.opened import opened, whoami
from cli.settings import ConfigOption
from ledger import accounts
from ledger.accounts import Role

app = typer.Typer(
    help="Who may sign in to the console.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Name = Annotated[str, typer.Argument(help="The name to sign in with, in any case.")]
_FromStdin = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from standard input; else ask."),
]


@app.command("add")
def add(
    name: _Name,
    role: Annotated[
        Role, typer.Option(help="approver and admin decide; viewer, responder and auditor look.")
    ],
    account_id: Annotated[
        list[str] | None,
        typer.Option(
            help="This person's own id in Entra or Okta, so that she cannot decide about herself."
            " May be given several times."
        ),
    ] = None,
    password_stdin: _FromStdin = False,
    config: ConfigOption = None,
) -> None:
    """Add an account."""
    with opened(config) as service:
        user = accounts.add(
            service.database,
            service.audit,
            name,
            _password(from_stdin=password_stdin),
            role,
            account_id or (),
            actor=_actor(),
        )
    print(f"{user.name} may sign in as {user.role}.")


@app.command("list")
def list_accounts(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    config: ConfigOption = None,
) -> None:
    """List the accounts."""
    with opened(config) as service:
        users = accounts.listed(service.database)
    if as_json:
        for user in users:
            print(json.dumps(asdict(user)))
        return
    if not users:
        print("No accounts yet: rescind users add NAME --role admin")
    width = max((len(user.name) for user in users), default=0)
    for user in users:
        print(f"{user.name:{width}}  {user.role:9}  {'disabled' if user.disabled else 'active'}")


@app.command("disable")
def disable(name: _Name, config: ConfigOption = None) -> None:
    """Let an account sign in no more, and end its sessions."""
    with opened(config) as service:
        user = accounts.set_disabled(
            service.database, service.audit, name, disabled=True, actor=_actor()
        )
    print(f"{user.name} is disabled; its sessions have ended.")


@app.command("enable")
def enable(name: _Name, config: ConfigOption = None) -> None:
    """Let a disabled account sign in again."""
    with opened(config) as service:
        user = accounts.set_disabled(
            service.database, service.audit, name, disabled=False, actor=_actor()
        )
    print(f"{user.name} may sign in again.")


@app.command("password")
def password(name: _Name, password_stdin: _FromStdin = False, config: ConfigOption = None) -> None:
    """Give an account a new password, and end its sessions."""
    with opened(config) as service:
        accounts.get(service.database, name)
        user = accounts.set_password(
            service.database,
            service.audit,
            name,
            _password(from_stdin=password_stdin),
            actor=_actor(),
        )
    print(f"{user.name} has a new password; its sessions have ended.")


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        line = sys.stdin.buffer.readline().rstrip(b"\r\n")
        return line.decode(errors="surrogateescape")  # what is not text is refused with a reason
    typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return typed


def _actor() -> dict[str, str]:
    return {"type": "human", "sub": whoami()}
