"""One person, many systems: which account is hers in each of a tenant's systems.

The rule, so that nobody is ever guessed:

- Every system is asked with all the alert's clues. All clues of an alert name the same person, so
  a system that answers with two different accounts is *ambiguous*: neither is taken, nothing that
  system said is used further, and people are shown both ids.
- Where the alert's own clues name different people there, one by an id, say, and another by a sign-in
  name that was given on, nobody is taken in any system: which of the clues is stale cannot be told.
- A system that found nothing is asked again with what the accounts found elsewhere tell of
  themselves (their address, their sign-in name), until nothing new is told.
- Names that differ between two systems are no contradiction: people keep another login in Okta
  than in Entra, and an address may be an alias in one of them. Only two accounts within one
  system contradict each other.
- A system that keeps no directory (``Follower``) comes last: it has an account of whoever was found,
  and of nobody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.errors import ConnectorError
from connectors.system import Account, Clue, Follower, System

#: Which system's id names a person, if she has accounts in several.
_FIRST_CHOICE = ("entra", "okta", "auth0")


@dataclass(frozen=True, slots=True)
class Identification:
    """Who a person is in each system.

    Attributes:
        accounts: by system, her one account there.
        ambiguities: by system, the ids of several accounts that match; none of them is hers until
            a person says so.
        missing: systems that answered and know nobody of these clues.
        failures: systems that could not be asked, and why.
        contradicted: systems in which the alert's own clues name different people.
    """

    accounts: Mapping[str, Account] = field(default_factory=dict)
    ambiguities: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    failures: Mapping[str, ConnectorError] = field(default_factory=dict)
    contradicted: tuple[str, ...] = ()

    @property
    def person_key(self) -> str | None:
        """A key of the person made of immutable ids (``entra:<guid>``, ``okta:00u...``).

        The same person has the same key as long as the same systems can be asked; None where she
        was found nowhere.
        """
        for name in (*_FIRST_CHOICE, *sorted(self.accounts)):
            if name in self.accounts:
                return f"{name}:{self.accounts[name].id}"
        return None


async def identify(systems: Sequence[System], clues: Sequence[Clue]) -> Identification:
    """Find a person's account in each system, asking all of them at once.

    Args:
        systems: one tenant's systems, each name once.
        clues: what the alert says of the person.

    Returns:
        What was found, what is ambiguous, missing, or could not be asked. Never raises for a
        system that fails: the others' accounts can be acted on meanwhile.
    """
    waiting = {system.name: system for system in systems if not isinstance(system, Follower)}
    told = list(dict.fromkeys(clues))
    own, asked = tuple(told), set[Clue]()
    accounts: dict[str, Account] = {}
    ambiguities: dict[str, tuple[str, ...]] = {}
    failures: dict[str, ConnectorError] = {}
    by_name = dict(waiting)
    while waiting and (new := [clue for clue in told if clue not in asked]):
        asked.update(new)
        answers = await asyncio.gather(*(_ask(system, new) for system in waiting.values()))
        for name, answer in zip(tuple(waiting), answers, strict=True):
            if isinstance(answer, ConnectorError):
                failures[name] = answer
            elif len(answer) > 1:
                ambiguities[name] = tuple(sorted(answer))
            elif answer:
                (accounts[name],) = answer.values()
                told += _says(accounts[name])
            else:
                continue
            del waiting[name]
    several = [by_name[name] for name in ambiguities]
    looks = await asyncio.gather(*(_contradict(system, own) for system in several))
    contradicted = tuple(system.name for system, so in zip(several, looks, strict=True) if so)
    if contradicted:
        accounts = {}
    followed, unknown = _followed(systems, accounts)
    missing = (*waiting, *unknown)
    return Identification(accounts | followed, ambiguities, missing, failures, contradicted)


def _followed(
    systems: Sequence[System], accounts: Mapping[str, Account]
) -> tuple[dict[str, Account], list[str]]:
    """Return what follows from the accounts found, and the names of those for which nothing does."""
    followers = [system for system in systems if isinstance(system, Follower)]
    found = {each.name: each.follow(accounts) if accounts else None for each in followers}
    known = {name: account for name, account in found.items() if account is not None}
    return known, [name for name in found if name not in known]


async def _ask(system: System, clues: Sequence[Clue]) -> dict[str, Account] | ConnectorError:
    try:
        return {account.id: account for account in await system.find(clues)}
    except ConnectorError as error:
        return error


async def _contradict(system: System, clues: Sequence[Clue]) -> bool:
    """Tell whether no account there fits all of the clues that fit any."""
    answers = await asyncio.gather(*(_ask(system, [clue]) for clue in clues))
    matching = [set(each) for each in answers if each and not isinstance(each, ConnectorError)]
    return len(matching) > 1 and not set.intersection(*matching)


def _says(account: Account) -> tuple[Clue, ...]:
    """What an account tells, a login also as a sign-in name: elsewhere it may be just that."""
    logins = [clue.value for clue in account.clues if clue.kind == "okta_login"]
    names = [Clue("user_principal_name", login) for login in logins if "@" in login]
    return (*account.clues, *names)
