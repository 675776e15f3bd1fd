"""What must not happen by itself: decided before planning, recorded with the reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from config.settings import Guardrails, Mode
from connectors.auth0 import ids as auth0_ids
from connectors.entra.ids import is_object_id
from connectors.okta.addresses import is_user_id
from connectors.standing import EVERYTHING, UNKNOWN
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
#: Systems whose people have roles, by how the systems are called, and how a role's own id looks.
_ROLES_OF: Mapping[str, tuple[str, Callable[[str], bool]]] = {
    "entra": ("Entra ID", is_object_id),
    "okta": ("Okta", lambda role: re.fullmatch(r"[A-Z]+(_[A-Z]+)+", role) is not None),
}
_OURS: Mapping[str, str] = {
    "entra": "owns the application Rescind signs in with",
    "okta": "owns the API token Rescind uses",
}
#: Systems whose people are in groups, by the fact that is unknown where their groups are, and how what
#: names a protected group of theirs looks: an object id, or an id or name of Okta's.
_GROUPS_OF: Mapping[str, tuple[str, Callable[[str], bool]]] = {
    "entra": ("roles", is_object_id),
    "okta": ("groups", lambda group: not is_object_id(group)),
}
#: Who may give back whatever others lose: where she can act, and what she is.
_HIGHEST: Mapping[str, tuple[str, str]] = {
    "entra": ("enabled", "Global Administrator"),
    "okta": ("active", "super administrator"),
}
#: What people are told of what could not be read; the rest shows where it matters.
_UNTOLD: Mapping[str, str] = {
    "roles": "whether this is an administrator",
    "last_administrator": "whether this is the last {highest}",
    "owns_us": "whether what Rescind signs in with is this person's",
    EVERYTHING: "whether this is an administrator",
}


@dataclass(frozen=True, slots=True)
class Policy:
    """How far a run may go by itself, and why it is not further.

    ``notes`` say what else people should know of whom it is about; they hold nothing back.
    """

    mode: Mode
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def decide(
    wanted: Mode,
    accounts: Sequence[Account],
    people_this_hour: int,
    guardrails: Guardrails,
    unreached: Collection[str] = (),
    aim: Aim = Aim.CONTAIN,
    runs_this_hour: int = 0,
) -> Policy:
    """Return the mode a run may have.

    Whether a person is protected is known by her ids alone. Where a system did not give hers and
    somebody is protected by an id of that system, it may be her: people decide. So they do where
    she has a protected role or is in a protected group, where one is protected and hers could not be
    read, and where acting could lock Rescind or everybody out: she is known to be the last administrator,
    or to own what Rescind signs in with. Where only that is unknown it is a note: the tokens of an
    administrator are the last to wait because a read was slow.

    Args:
        wanted: the mode its source or its requester asks for.
        accounts: the person's accounts, by immutable id, with her standing among their facts.
        people_this_hour: the persons runs were opened for in this tenant within the last hour.
        guardrails: what the operator has set.
        unreached: the systems that could not be asked, or did not say which account is hers.
        aim: what the run is for; an account is given back on a person's word only.
        runs_this_hour: the runs that alerts have opened for this person within the last hour.
    """
    notes = tuple(note for account in accounts for note in _notes(account))
    if wanted is Mode.OBSERVE:
        return Policy(wanted, notes=notes)
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
    reasons += [reason for account in accounts for reason in _by_standing(account, guardrails)]
    reasons += [
        _may_have_role(system)
        for system in unreached
        if _roles_matter(system, guardrails.protected_roles)
    ]
    reasons += [
        _may_be_in_group(system)
        for system in unreached
        if _groups_matter(system, guardrails.protected_groups)
    ]
    if people_this_hour >= guardrails.people_per_hour:
        reasons.append(
            f"{people_this_hour} people within the hour in this tenant, the limit is "
            f"{guardrails.people_per_hour}"
        )
    if runs_this_hour >= guardrails.runs_per_person_per_hour:
        reasons.append(
            f"alerts have opened {runs_this_hour} runs for this person within the hour, the limit is "
            f"{guardrails.runs_per_person_per_hour}: what lets the thief in again, or do the runs "
            "themselves cause the alerts?"
        )
    if aim is Aim.REISSUE:
        return Policy(Mode.APPROVE, tuple(reasons), notes)
    return Policy(Mode.APPROVE if reasons else wanted, tuple(reasons), notes)


def _by_standing(account: Account, guardrails: Guardrails) -> Iterator[str]:
    """Say why what a person is in a system leaves her to people."""
    facts, system = account.facts, account.system
    if facts.get("last_administrator") is True and system in _HIGHEST:
        yield (
            f"the last {' '.join(_HIGHEST[system])}: acting could leave nobody who can give "
            "anything back"
        )
    if facts.get("owns_us") is True and system in _OURS:
        yield f"{_OURS[system]}: acting could lock Rescind out"
    protected = {role.casefold() for role in guardrails.protected_roles}
    for role in facts.get("roles", ()):
        if protected & {role["id"].casefold(), role["name"].casefold()}:
            yield f"protected: has the role {role['name'] or role['id']} in {_called(system)}"
    groups = {group.casefold() for group in guardrails.protected_groups}
    hers = {*facts.get("groups", ()), *facts.get("group_names", ())}
    for group in sorted(each for each in hers if each.casefold() in groups):
        yield f"protected: is in the group {group}"
    untold = {*facts.get(UNKNOWN, ())}
    if untold & {"roles", EVERYTHING} and _roles_matter(system, guardrails.protected_roles):
        yield _may_have_role(system)
    if _groups_matter(system, guardrails.protected_groups, untold):
        yield _may_be_in_group(system)


def _notes(account: Account) -> Iterator[str]:
    """Say what else people should know of what a person is in a system."""
    facts, where = account.facts, _called(account.system)
    if facts.get("roles"):
        roles = dict.fromkeys(
            f"{role['name'] or role['id']}{' (through a group)' if role.get('through_group') else ''}"
            for role in facts["roles"]
        )
        groups = facts.get("role_groups")
        through = f"; roles may come through the group {', '.join(groups)}" if groups else ""
        yield f"administrator in {where}: {', '.join(roles)}{through}"
    _, highest = _HIGHEST.get(account.system, ("", "administrator"))
    untold = dict.fromkeys(
        _UNTOLD[each].format(highest=highest) for each in facts.get(UNKNOWN, ()) if each in _UNTOLD
    )
    if untold:
        yield f"{where} did not say {', nor '.join(untold)}"


def _called(system: str) -> str:
    return _ROLES_OF[system][0] if system in _ROLES_OF else system


def _may_have_role(system: str) -> str:
    return (
        f"{_called(system)} did not say which roles this person has, and some roles are protected"
    )


def _roles_matter(system: str, protected: Collection[str]) -> bool:
    """Tell whether one of the protected roles may be one of a system's."""
    if system not in _ROLES_OF:
        return False
    forms = {name: form for name, (_, form) in _ROLES_OF.items()}
    return any(
        forms[system](role) or not any(form(role) for form in forms.values()) for role in protected
    )


def _may_be_in_group(system: str) -> str:
    return f"{_called(system)} did not say which groups this person is in, and some groups are protected"


def _groups_matter(
    system: str, protected: Collection[str], untold: Collection[str] = (EVERYTHING,)
) -> bool:
    """Tell whether one of the protected groups may be one of a system's that did not tell hers."""
    if system not in _GROUPS_OF:
        return False
    fact, form = _GROUPS_OF[system]
    return not {fact, EVERYTHING}.isdisjoint(untold) and any(map(form, protected))


def _may_be_of(system: str, person_id: str) -> bool:
    form = ID_FORMS.get(_IDS_OF.get(system, system))
    return form is None or form(person_id)
