"""Order rules no playbook may break: the planner adds the edges and steps a playbook leaves out.

Sources: CISA COUN7ER CM0071 (rotate the password before removing an MFA device, or the account is
left to whoever has the password), CM0080 and CM0077 (revoke again what was minted meanwhile).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

#: What takes the password from the thief, by system: one of these must succeed before MFA is touched.
_CLOSES_PASSWORD: Mapping[str, tuple[str, ...]] = {
    "entra": ("entra.reset_password",),
    "okta": ("okta.suspend_user", "okta.reset_password"),
}
_REMOVES_MFA = frozenset({"entra.remove_auth_methods", "okta.remove_factors"})
_CHANGES_ACCOUNT = frozenset(
    {"entra.disable_user", "entra.reset_password", "okta.suspend_user", "okta.reset_password"}
)
_REVOKES: Mapping[str, str] = {"entra": "entra.revoke_sessions", "okta": "okta.revoke_sessions"}


@dataclass(frozen=True, slots=True)
class Draft:
    """A step on its way into the plan."""

    node: str
    stage: str
    action: str
    system: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    undoes: str | None = None
    delay_s: int = 0
    ask: bool | None = None
    skipped: str = ""

    @property
    def live(self) -> bool:
        """Whether the step is to be carried out."""
        return not self.skipped


def enforce(drafts: list[Draft]) -> tuple[list[Draft], list[str]]:
    """Return the steps with what the rules demand, and a note for each thing added."""
    notes: list[str] = []
    drafts = [_password_first(draft, drafts, notes) for draft in drafts]
    return _revoke_last(drafts, notes), notes


def _password_first(draft: Draft, drafts: list[Draft], notes: list[str]) -> Draft:
    if draft.action not in _REMOVES_MFA or not draft.live or draft.undoes:
        return draft
    closing = [
        other
        for other in drafts
        if other.live and not other.undoes and other.action in _CLOSES_PASSWORD[draft.system]
    ]
    if not closing:
        reason = (
            "CM0071: the password must be closed to the thief before MFA devices are removed, "
            "and this plan does not do that"
        )
        return replace(draft, skipped=reason)
    missing = tuple(other.node for other in closing if other.node not in draft.needs)
    if missing:
        notes.append(f"{draft.node} waits for the success of {', '.join(missing)} (CM0071)")
    return replace(draft, needs=(*draft.needs, *missing))


def _revoke_last(drafts: list[Draft], notes: list[str]) -> list[Draft]:
    result = list(drafts)
    for system, revoke in _REVOKES.items():
        changes = [
            draft.node
            for draft in drafts
            if draft.live and not draft.undoes
            and draft.system == system and draft.action in _CHANGES_ACCOUNT
        ]  # fmt: skip
        if not changes:
            continue
        covered = {
            waited
            for draft in drafts
            if draft.live and draft.action == revoke
            for waited in _waited_for(draft, drafts)
        }
        late = [node for node in changes if node not in covered]
        if late:
            node = f"{system}-revoke-after-change"
            notes.append(f"{node} added: sessions are revoked again after {', '.join(late)}")
            result.append(Draft(node, "revoke-again", revoke, system, after=tuple(late)))
    return result


def _waited_for(draft: Draft, drafts: list[Draft]) -> set[str]:
    by_node = {other.node: other for other in drafts}
    seen: set[str] = set()
    waiting = [*draft.after, *draft.needs]
    while waiting:
        node = waiting.pop()
        if node not in seen and node in by_node:
            seen.add(node)
            waiting += [*by_node[node].after, *by_node[node].needs]
    return seen
