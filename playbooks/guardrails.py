"""What must not happen by itself: decided before planning, recorded with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from config.settings import Guardrails, Mode
from connectors.system import Account


@dataclass(frozen=True, slots=True)
class Policy:
    """How far a run may go by itself, and why it is not further."""

    mode: Mode
    reasons: tuple[str, ...] = ()


def decide(
    wanted: Mode, accounts: Sequence[Account], people_this_hour: int, guardrails: Guardrails
) -> Policy:
    """Return the mode a run may have.

    Args:
        wanted: the mode its source or its requester asks for.
        accounts: the person's accounts, by immutable id.
        people_this_hour: the persons runs were opened for in this tenant within the last hour.
        guardrails: what the operator has set.
    """
    if wanted is Mode.OBSERVE:
        return Policy(wanted)
    ids = {account.id.lower() for account in accounts}
    reasons = [
        f"protected: {person.reason}" for person in guardrails.protected if person.id.lower() in ids
    ]
    if people_this_hour >= guardrails.people_per_hour:
        reasons.append(
            f"{people_this_hour} people within the hour in this tenant, the limit is "
            f"{guardrails.people_per_hour}"
        )
    return Policy(Mode.APPROVE if reasons else wanted, tuple(reasons))
