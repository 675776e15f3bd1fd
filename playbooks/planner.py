"""From playbook to plan: which steps, for whom, in which order, and which wait for people.

A pure function of playbook, situation and policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from config.settings import Mode
from connectors.action import ActionSpec, Impact, PlannedCall, Target
from connectors.system import Account
from connectors.timeline import digest
from playbooks import order, waits
from playbooks.draft import Draft, bare, judged
from playbooks.errors import Fault, ParameterError, PlaybookError
from playbooks.guardrails import Policy
from playbooks.model import LoadedPlaybook, parameter_faults
from playbooks.plan import Plan, PlannedStep, PlaybookName, Recipient

#: What an action with these parameters would send, or undoing it where the last is True.
Preview = Callable[[str, Mapping[str, Any], Target, bool], tuple[PlannedCall, ...]]
#: Why an action with these parameters will not work for this target, and what would; None where it may.
Foresee = Callable[[str, Mapping[str, Any], Target], tuple[str, str] | None]
#: The permissions a tenant's credential is known not to have for an action.
Lacks = Callable[[str, str], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class LeftChange:
    """A change that an earlier run has made to an account of the person, and that still stands."""

    run_id: str
    node: str
    action: str
    system: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known when the plan is made.

    ``alert`` is the alert's fields, None for a run a person asked for. ``since`` is when the theft
    began as far as is known, RFC 3339 UTC. ``unreached`` names systems that could not be asked,
    ``absent`` those that know nobody, ``ambiguous`` those where several accounts match. ``left`` is
    what earlier runs have changed and nobody has put back.
    """

    tenant: str
    accounts: tuple[Account, ...]
    domains: tuple[str, ...] = ()
    alert: Mapping[str, Any] | None = None
    since: str | None = None
    unreached: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    ambiguous: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hand_over_to: Recipient | None = None
    left: tuple[LeftChange, ...] = ()


def make(
    loaded: LoadedPlaybook,
    situation: Situation,
    policy: Policy,
    specs: Mapping[str, ActionSpec],
    preview: Preview,
    overrides: Mapping[str, Any] | None = None,
    lacks: Lacks | None = None,
    *,
    foresee: Foresee | None = None,
) -> Plan:
    """Make the plan.

    Args:
        loaded: the playbook.
        situation: who, where, and what the alert says.
        policy: the mode the guardrails allow, and why.
        specs: the known actions by name.
        preview: tells the exact calls an action, or undoing it, would send.
        overrides: the operator's values for the playbook's parameters.
        lacks: tells what permissions are missing; nothing is known to be where it is not given.
        foresee: tells what will not work for an account as it was found.

    Raises:
        ParameterError: a value is not what the playbook allows.
        PlaybookError: steps would wait for each other for ever.
    """
    playbook, given = loaded.playbook, dict(overrides or {})
    wrong = parameter_faults(loaded, given)
    if wrong:
        raise ParameterError(loaded.name.removesuffix(".yaml") or playbook.id, wrong)
    names = _names(situation, policy, dict(playbook.parameters) | given)
    own = {account.system: account for account in situation.accounts}
    accounts = _with_mailbox(own)
    drafts: list[Draft] = []
    notes = [*policy.notes, *_not_reached(situation)]
    for step in playbook.steps:
        rough = bare(step, drafts)
        if rough is None:
            continue
        if rough.action not in specs:
            notes.append(f"{step.id}: there is no action {rough.action}")
        elif rough.system in accounts:
            ready = judged(rough, step, names, specs[rough.action], loaded.scopes.get(step.id))
            if ready.live or rough.system in own:  # left out by hand is nothing to be told of
                drafts += _restoring(ready, situation) if ready.undoes_run else [ready]
    idle = own.keys() - {each.system for each in drafts}
    notes += [
        f"{part.playbook.name}: on a person's word, rescind {part.playbook.aim.value}"
        for _, part in loaded.asked_for
    ]
    notes += [f"{name}: this playbook has no step for the account there" for name in sorted(idle)]
    drafts, added = order.enforce(drafts)
    circle = waits.circle(drafts)
    if circle:
        what = f"wait for each other for ever: {' -> '.join((*circle, circle[0]))}"
        raise PlaybookError(loaded.name or playbook.id, [Fault(0, "steps", what)])
    drafts = waits.pass_on(drafts)
    steps = tuple(
        _planned(
            each,
            drafts,
            specs[each.action],
            accounts[each.system],
            situation,
            policy,
            preview,
            lacks=lacks(situation.tenant, each.action) if lacks and each.live else (),
            foresee=foresee,
        )
        for each in drafts
    )
    return Plan(
        playbook=PlaybookName(playbook.id, playbook.name, loaded.hash),
        aim=playbook.aim,
        mode=policy.mode,
        tenant=situation.tenant,
        accounts=situation.accounts,
        steps=steps,
        notes=(*notes, *added, *_beginning(situation, drafts)),
        reasons=policy.reasons,
        hand_over_to=situation.hand_over_to,
    )


def _restoring(draft: Draft, situation: Situation) -> list[Draft]:
    """Return a step for each change of an earlier run that still stands, the last one first.

    Who waits for ``draft`` waits for all of them.
    """
    left = [each for each in situation.left if each.action == draft.action]
    if draft.live and not left:
        return [replace(draft, skipped="no earlier run of Rescind has left anything to put back")]
    drafts: list[Draft] = []
    for place, change in enumerate(reversed(left), start=1):
        last = place == len(left)
        drafts.append(
            replace(
                draft,
                node=draft.node if last else f"{draft.node}-{place}"[:63],
                parameters=change.parameters,
                undoes=change.node,
                undoes_run=change.run_id,
                after=(*draft.after, drafts[-1].node) if drafts else draft.after,
            )
        )
    return drafts or [draft]


def _with_mailbox(accounts: Mapping[str, Account]) -> dict[str, Account]:
    """Add the mailbox: it is the Entra account's, whether Exchange is asked or a person has to look."""
    entra = accounts.get("entra")
    mailbox = {"exchange": replace(entra, system="exchange")} if entra is not None else {}
    return {**mailbox, **accounts}


def _not_reached(situation: Situation) -> list[str]:
    notes = [f"{system}: no account of this person there" for system in situation.absent]
    notes += [
        f"{system}: could not be asked for an account; nothing is planned there"
        for system in situation.unreached
    ]
    notes += [
        f"{system}: several accounts match ({', '.join(ids)}); none of them is touched"
        for system, ids in situation.ambiguous.items()
    ]
    return notes


def _beginning(situation: Situation, drafts: Sequence[Draft]) -> Iterator[str]:
    """Say when the theft is taken to have begun, where that decides what is removed."""
    by_it = [
        each.node
        for each in drafts
        if each.live
        and each.action in order.CHOOSES_BY_AGE
        and each.parameters.get("scope") != "all"
    ]
    if not by_it:
        return
    if situation.since is None:
        yield f"{', '.join(by_it)}: it is not known when the theft began; people have to choose"
    else:
        yield f"{', '.join(by_it)}: by the theft having begun at {situation.since}"


def _names(situation: Situation, policy: Policy, parameters: Mapping[str, Any]) -> dict[str, Any]:
    empty = {
        "app_ids": [],
        "session_ids": [],
        "token_ids": [],
        "ips": [],
        "signal": "other",
        "severity": "unknown",
    }
    return {
        "alert": empty | _without_sessions(situation),
        "accounts": {
            account.system: {"id": account.id, "name": account.name, "facts": dict(account.facts)}
            for account in situation.accounts
        },
        "parameters": dict(parameters),
        "tenant": {"name": situation.tenant, "domains": list(situation.domains)},
        "mode": policy.mode.value,
        "hand_over_to": situation.hand_over_to.name if situation.hand_over_to else "",
    }


def _without_sessions(situation: Situation) -> dict[str, Any]:
    """Return the alert's fields with digests in the place of session ids: whoever has an id has the session."""
    alert = dict(situation.alert or {})
    named = alert.get("session_ids")
    if isinstance(named, list | tuple):
        alert["session_ids"] = [digest(str(each), situation.tenant) for each in named]
    return alert


def _planned(
    draft: Draft,
    drafts: Sequence[Draft],
    spec: ActionSpec,
    account: Account,
    situation: Situation,
    policy: Policy,
    preview: Preview,
    *,
    lacks: tuple[str, ...],
    foresee: Foresee | None,
) -> PlannedStep:
    target = Target(
        situation.tenant, account.system, account.id, account.name, account.facts, situation.since
    )
    skipped = draft.skipped
    if not skipped and policy.mode is Mode.OBSERVE and not _only_reads(draft, spec):
        skipped = "mode observe: shown, not carried out"
    return PlannedStep(
        node=draft.node,
        stage=draft.stage,
        spec=spec,
        target=target,
        parameters=draft.parameters,
        approval=not skipped and _asks(draft, spec, policy.mode),
        after=draft.after,
        needs=draft.needs,
        follows=draft.follows,
        calls=_calls(draft, drafts, target, preview),
        undoes=draft.undoes,
        undoes_run=draft.undoes_run,
        delay_s=draft.delay_s,
        skipped=skipped,
        lacks=lacks,
        foreseen=_foreseen(draft, drafts, target, foresee),
    )


def _only_reads(draft: Draft, spec: ActionSpec) -> bool:
    """Tell whether a step changes nothing and can be carried out at once, without asking anybody."""
    return spec.impact is Impact.NONE and not (draft.delay_s or draft.undoes or draft.ask)


def _foreseen(
    draft: Draft, drafts: Sequence[Draft], target: Target, foresee: Foresee | None
) -> tuple[str, str] | None:
    """Tell what stands against a step, by the account as it was found.

    Its status then says nothing of a step that comes after one which gives it another.
    """
    if foresee is None or not draft.live or draft.undoes:
        return None
    before = waits.waited_for(draft, drafts)
    if any(
        each.node in before
        and each.live
        and each.system == draft.system
        and each.action in order.CHANGES_STATUS
        for each in drafts
    ):
        facts = {name: value for name, value in target.facts.items() if name != "status"}
        target = replace(target, facts=facts)
    return foresee(draft.action, draft.parameters, target)


def _calls(
    draft: Draft, drafts: Sequence[Draft], target: Target, preview: Preview
) -> tuple[PlannedCall, ...]:
    if not draft.live:
        return ()
    if draft.undoes_run:
        return preview(draft.action, draft.parameters, target, True)
    for base in drafts:
        if base.node == draft.undoes:
            return preview(base.action, base.parameters, target, True)
    return preview(draft.action, draft.parameters, target, False)


def _asks(draft: Draft, spec: ActionSpec, mode: Mode) -> bool:
    if draft.undoes and not draft.undoes_run:
        return False
    if mode is Mode.APPROVE or draft.ask:
        return True
    return spec.impact in (Impact.MEDIUM, Impact.HIGH)
