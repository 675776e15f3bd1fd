"""What must not happen by itself: decided before planning, recorded with the reason."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from config.settings import Guardrails, Mode
from connectors.auth0 import ids as auth0_ids
from connectors.entra.ids import is_object_id
from connectors.okta.addresses import is_user_id
from connectors.system import Account
from playbooks.schema import Aim

#: How a person's id looks in each system; of a system that is not here, any id may be one.
ID_FORMS: Mapping[str, Callable[[str], bool]] = {
    "entra": is_object_id,
    "okta": is_user_id,
    "auth0": auth0_ids.is_user_id,
}
#: Systems whose accounts have another one's ids.
_IDS_OF: Mapping[str, str] = {"exchange": "entra"}


@dataclass(frozen=True, slots=True)
class Policy:
    """How far a run may go by itself, and why it is not further."""

    mode: Mode
    reasons: tuple[str, ...] = ()


def decide(
    wanted: Mode,
    accounts: Sequence[Account],
    people_this_hour: int,
    guardrails: Guardrails,
    unreached: Collection[str] = (),
    aim: Aim = Aim.CONTAIN,
) -> Policy:
    """Return the mode a run may have.

    Whether a person is protected is known by her ids alone. Where a system did not give hers and
    somebody is protected by an id of that system, it may be her: people decide.

    Args:
        wanted: the mode its source or its requester asks for.
        accounts: the person's accounts, by immutable id.
        people_this_hour: the persons runs were opened for in this tenant within the last hour.
        guardrails: what the operator has set.
        unreached: the systems that could not be asked, or did not say which account is hers.
        aim: what the run is for; an account is given back on a person's word only.
    """
    if wanted is Mode.OBSERVE:
        return Policy(wanted)
    ids = {account.id.lower() for account in accounts}
    reasons = [
        f"protected: {person.reason}" for person in guardrails.protected if person.id.lower() in ids
    ]
    if not reasons:
        reasons += [
            f"{system} did not say who this is there, and some people are protected by their "
            f"{system} id: this may be one of them"
            for system in unreached
            if any(_may_be_of(system, person.id) for person in guardrails.protected)
        ]
    if people_this_hour >= guardrails.people_per_hour:
        reasons.append(
            f"{people_this_hour} people within the hour in this tenant, the limit is "
            f"{guardrails.people_per_hour}"
        )
    if aim is Aim.REISSUE:
        return Policy(Mode.APPROVE, tuple(reasons))
    return Policy(Mode.APPROVE if reasons else wanted, tuple(reasons))


def _may_be_of(system: str, person_id: str) -> bool:
    form = ID_FORMS.get(_IDS_OF.get(system, system))
    return form is None or form(person_id)
