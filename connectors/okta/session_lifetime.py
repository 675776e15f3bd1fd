"""Shorten the sessions that a global session policy's rule gives out, until it is undone.

Source: Okta Policy API, policies of type OKTA_SIGN_ON and their rules
(``actions.signon.session``). Editing a policy ends no session that exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connectors import errors
from connectors.action import (
    ActionSpec,
    Exposure,
    Impact,
    Json,
    Observation,
    Outcome,
    PlannedCall,
    Target,
    Verdict,
)
from connectors.okta.minutes import spelled
from connectors.okta.shortening import ShorteningAction

_POLICIES = "/api/v1/policies?type={type}"
_POLICY = "/api/v1/policies/{policy}"
_RULES = "/api/v1/policies/{policy}/rules"
_TYPE = "OKTA_SIGN_ON"

_EXPOSED = (
    Exposure(
        "okta",
        "Okta sessions opened before the rule was shortened",
        "unknown",
        "Editing a policy ends no session; ending all of the person's sessions does.",
    ),
    Exposure(
        "okta",
        "sessions that apps keep by themselves",
        "unknown",
        "An app's own session is as long as the app makes it.",
    ),
)


class SessionLifetimeParameters(BaseModel):
    """Which rule, and how short: ``policy_id`` with ``rule_id``, or ``group_id``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    policy_id: str | None = Field(None, description="the global session policy (00p...)")
    rule_id: str | None = Field(None, description="its rule (0pr...)")
    group_id: str | None = Field(
        None, description="instead: a group with a global session policy for it alone (00g...)"
    )
    session_minutes: int = Field(
        60, ge=5, le=43200, description="how long a session lives at most, used or not"
    )
    idle_minutes: int = Field(15, ge=5, le=43200, description="how long it lives unused")
    allow_default: bool = Field(
        False, description="the org's default rule may be edited, which concerns everybody"
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        named = self.policy_id is not None and self.rule_id is not None
        half = (self.policy_id is None) != (self.rule_id is None)
        if half or named == (self.group_id is not None):
            raise ValueError("give policy_id and rule_id, or group_id")
        if self.idle_minutes > self.session_minutes:
            raise ValueError("idle_minutes is more than session_minutes")
        return self


class ShortenSessionLifetime(ShorteningAction[SessionLifetimeParameters]):
    """``okta.shorten_session_lifetime``."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="okta.shorten_session_lifetime",
        system="okta",
        title="Shorten Okta sessions by a policy rule",
        countermeasure="CM0080",
        impact=Impact.MEDIUM,
        reversible=True,
        d3fend=("D3-ST",),
        attack=("T1539", "T1550.004"),
        permissions=("okta.policies.read", "okta.policies.manage"),
        parameters=SessionLifetimeParameters,
        shared=True,
        disrupts="Everybody the rule is for signs in more often until it is undone.",
        leaves_open="A session that is stolen again lives as long as the policy says.",
    )
    rule_path = "/api/v1/policies/{policy}/rules/{rule}"
    place = ("actions", "signon", "session")

    @property
    def wanted(self) -> Mapping[str, int]:
        """The most minutes for each value."""
        return {
            "maxSessionLifetimeMinutes": self._parameters.session_minutes,
            "maxSessionIdleMinutes": self._parameters.idle_minutes,
        }

    def exposure(self, before: Observation) -> tuple[Exposure, ...]:  # noqa: ARG002
        """Sessions that exist are not reached."""
        return _EXPOSED

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:  # noqa: ARG002 - aims at a rule
        """The one request: the rule as it is, with less minutes."""
        most = f"at most {spelled(self.wanted)}; the rest of the rule as it is"
        return (PlannedCall("PUT", self._previewed, most, self._whose),)

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:  # noqa: ARG002
        """The one request: the rule with the minutes it had."""
        return (PlannedCall("PUT", self._previewed, "the minutes it had before", self._whose),)

    async def observe(self, target: Target) -> Observation:  # noqa: ARG002 - aims at a rule
        """Read the policy and its rule, and whom they are for."""
        try:
            policy, rule_id = await self._found()
            params = {"policy": str(policy.get("id")), "rule": rule_id}
            rule = await self.read_rule(params)
        except errors.NotFound:
            return Observation({}, verdict=_skipped("there is no such policy or rule"))
        except _Undecided as undecided:
            return Observation({}, verdict=undecided.verdict)
        return self.judged(params, rule, _concerns(policy, rule), self._verdict(policy, rule))

    async def _found(self) -> tuple[Json, str]:
        if self._parameters.policy_id is not None and self._parameters.rule_id is not None:
            answer = await self._client.get(_POLICY, {"policy": self._parameters.policy_id})
            return answer.body if isinstance(answer.body, dict) else {}, self._parameters.rule_id
        group = str(self._parameters.group_id)
        listing = await self._client.get_all(_POLICIES, {"type": _TYPE})
        own = [policy for policy in listing.items if _groups(policy) == [group]]
        own = sorted((p for p in own if p.get("status") == "ACTIVE"), key=_priority)
        if not own:
            raise _Undecided("no active global session policy is for this group alone", _MAKE_ONE)
        policy = own[0]
        rules = await self._client.get_all(_RULES, {"policy": str(policy.get("id"))})
        giving = [rule for rule in rules.items if _gives_sessions(rule)]
        if len(giving) != 1:
            why = f"{len(giving)} rules of policy {policy.get('name')} give sessions"
            raise _Undecided(why, "Name the policy and the rule by policy_id and rule_id.")
        return policy, str(giving[0].get("id"))

    def _verdict(self, policy: Json, rule: Json) -> Verdict | None:
        if policy.get("type") != _TYPE:
            return _skipped("the policy is not a global session policy")
        if rule.get("system") is True and not self._parameters.allow_default:
            return Verdict(
                Outcome.MANUAL,
                "the rule is Okta's default rule, which concerns everybody no other rule is for",
                "Set allow_default, or give the person's group a policy and a rule of its own.",
            )
        if _access(rule) == "DENY":
            return _skipped("the rule lets nobody in and gives no session")
        if policy.get("status") == "INACTIVE":
            return _skipped("the policy is switched off and applies to nobody")
        return None

    @property
    def _previewed(self) -> str:
        policy, rule = (
            self._parameters.policy_id or "{policy}",
            self._parameters.rule_id or "{rule}",
        )
        return self.rule_path.format(policy=policy, rule=rule)

    @property
    def _whose(self) -> str:
        if self._parameters.group_id:
            return f"the session rule for group {self._parameters.group_id} alone"
        return "concerns everybody the rule is for; whom, stands in the observation"


class _Undecided(Exception):
    def __init__(self, reason: str, how: str) -> None:
        super().__init__(reason)
        self.verdict = Verdict(Outcome.MANUAL, reason, how)


_MAKE_ONE = "Make a global session policy for the group alone, with one rule, or name another rule."


def _skipped(reason: str) -> Verdict:
    return Verdict(Outcome.SKIPPED, reason)


def _groups(policy: Any) -> list[Any]:  # noqa: ANN401 - JSON
    try:
        include = policy["conditions"]["people"]["groups"]["include"]
    except (KeyError, TypeError):
        return []
    return include if isinstance(include, list) else []


def _priority(policy: Json) -> int:
    value = policy.get("priority")
    return value if isinstance(value, int) else 1000


def _access(rule: Any) -> object:  # noqa: ANN401 - JSON
    try:
        return rule["actions"]["signon"]["access"]
    except (KeyError, TypeError):
        return None


def _gives_sessions(rule: Any) -> bool:  # noqa: ANN401 - JSON
    return isinstance(rule, dict) and rule.get("status") == "ACTIVE" and _access(rule) != "DENY"


def _concerns(policy: Json, rule: Json) -> str:
    groups = ", ".join(str(group) for group in _groups(policy)) or "unknown"
    whom = "everybody no other policy is for" if policy.get("system") is True else "everybody"
    return (
        f"{whom} in the groups {groups}, by policy {policy.get('name')} "
        f"(priority {policy.get('priority')}), rule {rule.get('name')}"
    )
