"""Whom a run is about, and who may therefore not decide over it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from web.auth import Visitor

#: Roles that may decide.
DECIDERS = frozenset({"approver", "admin"})


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the person: where, its immutable id, its sign-in name."""

    system: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Target:
    """The person a run is about."""

    display_name: str
    accounts: tuple[Account, ...]

    @property
    def typed_names(self) -> tuple[str, ...]:
        """What may be typed to show that this person is meant: sign-in names, else ids."""
        names = tuple(dict.fromkeys(account.name for account in self.accounts if account.name))
        return names or tuple(dict.fromkeys(account.id for account in self.accounts if account.id))


def target_of(run: Row[Any], alert: Mapping[str, Any]) -> Target:
    """Read whom ``run`` is about; the alert may know the name people use."""
    person = run.person if isinstance(run.person, Mapping) else {}
    accounts = tuple(
        Account(_text(each, "system"), _text(each, "id"), _text(each, "name"))
        for each in _mappings(person.get("accounts"))
    )
    shown = (
        _text(person, "display_name")
        or _display_name(alert)
        or next((account.name for account in accounts if account.name), "")
        or run.person_key
    )
    return Target(str(shown), accounts)


def refusal(
    visitor: Visitor, run: Row[Any], target: Target, alerts: Iterable[Mapping[str, Any]]
) -> str | None:
    """Say why ``visitor`` may not decide over ``run``; None where she may.

    ``alerts`` are all that opened or joined it: whoever any of them names is part of it.
    """
    if visitor.role not in DECIDERS:
        return f"Your role is {visitor.role}; only approvers and admins decide."
    names = {account.name.casefold() for account in target.accounts if account.name}
    ids = {account.id.casefold() for account in target.accounts if account.id}
    own = {each.casefold() for each in visitor.account_ids}
    name = visitor.name.casefold()
    if own & ids or name in names | ids:
        return "This run is about your own account; somebody else has to decide."
    requester = str(run.requested_by or "").casefold()
    # a command knows the account of its machine, which is rarely the whole of a mail address
    hers = {name, name.partition("@")[0], visitor.id.casefold()}
    if {requester, requester.rpartition(":")[2]} & hers:
        return "You asked for this run yourself; somebody else has to decide."
    recipient = run.plan.get("hand_over_to") if isinstance(run.plan, Mapping) else None
    if isinstance(recipient, Mapping) and recipient.get("id") == visitor.id:
        return "What this makes is shown to you; somebody else has to decide."
    if any((own | {name}) & _named_in(alert) for alert in alerts):
        return "An alert names you; somebody else has to decide."
    return None


def _named_in(alert: Mapping[str, Any]) -> set[str]:
    return {
        _text(identifier, "value").casefold()
        for person in _mappings(alert.get("persons"))
        for identifier in _mappings(person.get("ids"))
    }


def _display_name(alert: Mapping[str, Any]) -> str:
    victims = (each for each in _mappings(alert.get("persons")) if each.get("role") == "victim")
    return next((_text(victim, "display_name") for victim in victims), "")


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""
