"""Order rules no playbook may break: the planner adds the edges and steps a playbook leaves out.

Sources: CISA COUN7ER CM0071 (rotate the password before removing an MFA device, or the account is
left to whoever has the password), CM0080 and CM0077 (revoke again what was minted meanwhile).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from playbooks import waits
from playbooks.draft import Draft

#: What takes the password from the thief, by system: one of these must succeed before MFA is touched.
#: In Auth0 a reset does not: whoever reads the mail sets another password, and then MFA is all there is.
_CLOSES_PASSWORD: Mapping[str, tuple[str, ...]] = {
    "entra": ("entra.reset_password",),
    "okta": ("okta.suspend_user", "okta.reset_password"),
    "auth0": ("auth0.block_user",),
}
#: Of these one account takes only one at a time (Okta: suspend wants ACTIVE, the others end that).
_EXCLUSIVE = frozenset({"okta.suspend_user", "okta.reset_password", "okta.expire_password"})
#: What removes MFA devices: those added since the theft began, or all.
REMOVES_MFA = frozenset(
    {
        "entra.remove_auth_methods",
        "okta.remove_factors",
        "okta.reset_factors",
        "auth0.remove_authenticators",
    }
)
#: What chooses by when the theft began, unless it is told to take all.
CHOOSES_BY_AGE = frozenset(
    {
        "entra.remove_auth_methods",
        "entra.disable_devices",
        "entra.disable_service_principal",
        "entra.remove_app_credentials",
        "entra.revoke_consents",
        "exchange.remove_mobile_devices",
        "okta.remove_factors",
        "okta.revoke_api_tokens",
        "okta.suspend_devices",
        "auth0.remove_authenticators",
    }
)
#: What closes the account to whoever has its password.
CLOSES_ACCOUNT = frozenset(
    {
        "entra.disable_user",
        "entra.reset_password",
        "okta.suspend_user",
        "okta.reset_password",
        "auth0.block_user",
        "auth0.reset_password",
    }
)
#: What keeps the person out without closing her account (a policy does, as far as it can be read):
#: services hear of it late, and what was signed in before goes on until sessions are ended.
_KEEPS_OUT = frozenset({"entra.quarantine_group"})
#: What gives an account another status than it was found with.
CHANGES_STATUS = CLOSES_ACCOUNT | {
    "entra.enable_user",
    "okta.expire_password",
    "okta.unsuspend_user",
    "auth0.unblock_user",
}
_REVOKES: Mapping[str, str] = {
    system: f"{system}.revoke_sessions" for system in ("entra", "okta", "auth0")
}
#: Systems in which the person holds no session: what opens a mailbox is Entra's, and through signals
#: others are told.
WITHOUT_SESSIONS = frozenset({"exchange", "signals"})
#: What ends sessions and takes back tokens.
REVOKES = frozenset(_REVOKES.values())
#: What looks who got in since the containment.
LOOKS_AGAIN = frozenset(f"{system}.watch" for system in ("entra", "okta", "auth0"))
#: What tells from the logs where the thief came from.
_TRACES = frozenset(f"{system}.trace_source" for system in ("entra", "okta", "auth0"))
#: What is sent once more after a change, for what was minted before it.
_SENT_AGAIN = REVOKES | {"auth0.revoke_refresh_tokens"}
#: What puts the thief out or keeps him out.
_CONTAINS = CLOSES_ACCOUNT | _KEEPS_OUT | _SENT_AGAIN | {"okta.universal_logout"}


def enforce(drafts: Sequence[Draft]) -> tuple[list[Draft], list[str]]:
    """Return the steps with what the rules demand, and a note for each thing added."""
    notes: list[str] = []
    settled = waits.settle(_traced_after(drafts, notes))
    settled = waits.settle([_password_first(draft, settled, notes) for draft in settled])
    settled = _one_at_a_time(settled, notes)
    settled = _revoke_last(settled, notes)
    return [_following(draft, settled) for draft in settled], notes


def circle(drafts: Sequence[Draft]) -> tuple[str, ...]:
    """Return steps that wait for each other for ever by what the rules demand of all of them."""
    bound = []
    for draft in drafts:
        early, late = _closing(draft, drafts)
        needs = [other.node for other in (*early, *late)][:1] if _lacks(draft, drafts) else []
        bound.append(replace(draft, needs=(*draft.needs, *needs)))
    return waits.circle(bound)


def _traced_after(drafts: Sequence[Draft], notes: list[str]) -> list[Draft]:
    """Let nothing that contains wait for a trace, nor what it waits for: reading logs takes its time."""
    by_node = {draft.node: draft for draft in drafts}
    traces = {draft.node for draft in drafts if draft.action in _TRACES}
    early = {
        node
        for draft in drafts
        if draft.live and not draft.undoes and draft.action in _CONTAINS
        for node in (draft.node, *waits.waited_for(draft, drafts))
    }

    def without(nodes: Iterable[str], *, needed: bool) -> Iterator[str]:
        for node in nodes:
            if node not in traces:
                yield node
            elif needed:
                yield from without(by_node[node].needs, needed=True)
            else:
                yield from without((*by_node[node].after, *by_node[node].needs), needed=False)

    freed: list[Draft] = []
    whose: list[str] = []
    looks: list[str] = []
    for draft in drafts:
        held = [node for node in (*draft.after, *draft.needs) if node in traces]
        if not held or draft.node in traces or draft.node not in early:
            freed.append(draft)
            continue
        # what a needed trace needs is needed all the same: without it this step would not be carried out
        needs = tuple(dict.fromkeys(without(draft.needs, needed=True)))
        asked = without(
            (*draft.after, *(node for node in draft.needs if node in traces)), needed=False
        )
        after = tuple(node for node in dict.fromkeys(asked) if node not in needs)
        freed.append(replace(draft, after=after, needs=needs))
        if draft.live:
            whose.append(draft.node)
            looks += held
    if whose:
        seen = ", ".join(dict.fromkeys(looks))
        notes.append(f"{', '.join(whose)}: not after {seen}; containment waits for no trace")
    return freed


def _password_first(draft: Draft, drafts: Sequence[Draft], notes: list[str]) -> Draft:
    if not _lacks(draft, drafts):
        return draft
    early, late = _closing(draft, drafts)
    if not early:
        when = f"only afterwards ({', '.join(other.node for other in late)})" if late else ""
        does = f"does that {when}" if late else "does not do that"
        reason = (
            "CM0071: the password must be closed to the thief before MFA devices are removed, "
            f"and this plan {does}"
        )
        return replace(draft, skipped=reason)
    notes.append(f"{draft.node} waits for the success of {early[0].node} (CM0071)")
    return replace(draft, needs=(*draft.needs, early[0].node))


def _lacks(draft: Draft, drafts: Sequence[Draft]) -> bool:
    """Tell whether this removes MFA devices and needs nothing that closes the password."""
    if draft.action not in REMOVES_MFA or not draft.live or draft.undoes:
        return False
    needed = waits.relied_on(draft, drafts)
    early, late = _closing(draft, drafts)
    return not any(other.node in needed for other in (*early, *late))


def _closing(draft: Draft, drafts: Sequence[Draft]) -> tuple[list[Draft], list[Draft]]:
    """Return what closes the password in this draft's system: what can come first, and what not."""
    early: list[Draft] = []
    late: list[Draft] = []
    for other in drafts:
        if (
            other.live
            and not other.undoes
            and other.action in _CLOSES_PASSWORD.get(draft.system, ())
        ):
            follows = draft.node in waits.waited_for(other, drafts)
            (late if follows else early).append(other)
    return early, late


def _one_at_a_time(drafts: Sequence[Draft], notes: list[str]) -> list[Draft]:
    """Put in a row what excludes each other: side by side the one that is needed might come second."""
    result = list(drafts)
    for index, later in enumerate(drafts):
        if later.action not in _EXCLUSIVE or not later.live or later.undoes:
            continue
        for earlier in drafts[:index]:
            if earlier.action not in _EXCLUSIVE - {later.action} or not earlier.live:
                continue
            if earlier.undoes or _ordered(earlier, later, result):
                continue
            result[index] = replace(result[index], after=(*result[index].after, earlier.node))
            notes.append(
                f"{later.node} waits for {earlier.node}: Okta does not allow both at a time"
            )
    return result


def _following(draft: Draft, drafts: Sequence[Draft]) -> Draft:
    """Bind what comes after changes to them: where nobody approves these, it is not done either.

    That is a revocation, in its own system; telling the applications, in all systems; and looking who
    got in since, for without the changes whoever signs in may be the person.
    """
    told = draft.system == "signals"
    bound = draft.action in _SENT_AGAIN or told or draft.action in LOOKS_AGAIN
    if not draft.live or draft.undoes or not bound:
        return draft
    waited = waits.waited_for(draft, drafts)
    changes = [
        each.node
        for each in drafts
        if each.node in waited and _closes(each, each.system if told else draft.system)
    ]
    return replace(
        draft, after=tuple(dict.fromkeys((*draft.after, *changes))), follows=tuple(changes)
    )


def _closes(draft: Draft, system: str) -> bool:
    closes = draft.live and not draft.undoes and draft.action in CLOSES_ACCOUNT | _KEEPS_OUT
    return closes and draft.system == system


def _ordered(one: Draft, other: Draft, drafts: Sequence[Draft]) -> bool:
    return one.node in waits.waited_for(other, drafts) or other.node in waits.waited_for(
        one, drafts
    )


def _revoke_last(drafts: Sequence[Draft], notes: list[str]) -> list[Draft]:
    result = list(drafts)
    for system, revoke in _REVOKES.items():
        changes = [draft.node for draft in drafts if _closes(draft, system)]
        if not changes:
            continue
        covered = {
            waited
            for draft in drafts
            if draft.live and draft.action == revoke
            for waited in waits.waited_for(draft, drafts)
        }
        late = [node for node in changes if node not in covered]
        if late:
            node = f"{system}-revoke-after-change"
            notes.append(f"{node} added: sessions are revoked again after {', '.join(late)}")
            result.append(Draft(node, "revoke-again", revoke, system, after=tuple(late)))
    return result
