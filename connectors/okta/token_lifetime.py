"""Shorten the tokens that a custom authorization server's access policy rule gives out.

Source: Okta Authorization Servers API, policy rules (``actions.token``): access tokens live 5 to 1440
minutes, a refresh token at least as long as an access token, its window is 10 to 2,628,000 minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

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
from connectors.okta.addresses import is_server_id
from connectors.okta.minutes import spelled
from connectors.okta.shortening import ShorteningAction

#: How the organization's own authorization server, which has no id, is called here.
ORG_SERVER = "org"

_ORG = "the organization's own authorization server cannot be changed: its access tokens live 60 minutes"


def _server_id(value: str) -> str:
    if value != ORG_SERVER and not is_server_id(value):
        raise ValueError(f"a custom authorization server's id (aus...), default, or {ORG_SERVER}")
    return value


class TokenLifetimeParameters(BaseModel):
    """Which rule, and how short."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    authorization_server_id: Annotated[str, AfterValidator(_server_id)] = Field(
        description="the custom authorization server (aus..., or default)"
    )
    policy_id: str = Field(description="its access policy (00p...)")
    rule_id: str = Field(description="the policy's rule (0pr...)")
    access_token_minutes: int = Field(
        10, ge=5, le=1440, description="how long an access token lives; Okta takes 5 to 1440"
    )
    refresh_token_minutes: int | None = Field(
        None, ge=5, description="how long a refresh token lives in all; nothing leaves it alone"
    )
    refresh_window_minutes: int | None = Field(
        None, ge=10, le=2628000, description="how long one lives unused; nothing leaves it alone"
    )

    @model_validator(mode="after")
    def _not_shorter(self) -> Self:
        if (self.refresh_token_minutes or self.access_token_minutes) < self.access_token_minutes:
            raise ValueError("refresh_token_minutes is less than access_token_minutes")
        return self


class ShortenTokenLifetime(ShorteningAction[TokenLifetimeParameters]):
    """``okta.shorten_token_lifetime``."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="okta.shorten_token_lifetime",
        system="okta",
        title="Shorten the tokens of an Okta authorization server",
        countermeasure="CM0080",
        impact=Impact.MEDIUM,
        reversible=True,
        attack=("T1528", "T1550.001"),
        permissions=("okta.authorizationServers.read", "okta.authorizationServers.manage"),
        parameters=TokenLifetimeParameters,
        shared=True,
        disrupts="Everybody the rule is for gets new tokens more often until it is undone.",
        leaves_open="Tokens of the server live as long as its rule says.",
    )
    rule_path = "/api/v1/authorizationServers/{server}/policies/{policy}/rules/{rule}"
    place = ("actions", "token")

    @property
    def wanted(self) -> Mapping[str, int]:
        """The most minutes for each value."""
        asked = {
            "accessTokenLifetimeMinutes": self._parameters.access_token_minutes,
            "refreshTokenLifetimeMinutes": self._parameters.refresh_token_minutes,
            "refreshTokenWindowMinutes": self._parameters.refresh_window_minutes,
        }
        return {name: most for name, most in asked.items() if most is not None}

    def exposure(self, before: Observation) -> tuple[Exposure, ...]:
        """Tokens that were given out before are not reached."""
        was = before.snapshot.get("was", {}).get("accessTokenLifetimeMinutes")
        lived = f"{was} minutes" if was else "as long as the rule said"
        return (
            Exposure(
                "okta",
                f"access tokens of server {self._parameters.authorization_server_id} issued before",
                "unknown",
                f"They live {lived}; an app that checks them by itself takes them until then.",
            ),
            Exposure(
                "okta",
                f"refresh tokens of server {self._parameters.authorization_server_id} issued before",
                "unknown",
                "A rule is for tokens issued from now on; revoking is what ends the others.",
            ),
        )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:  # noqa: ARG002 - aims at a rule
        """The one request: the rule as it is, with less minutes."""
        if self._parameters.authorization_server_id == ORG_SERVER:
            return ()
        most = f"at most {spelled(self.wanted)}; the rest of the rule as it is"
        return (PlannedCall("PUT", self._address, most, "concerns everybody the rule is for"),)

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:  # noqa: ARG002
        """The one request: the rule with the minutes it had."""
        return (
            PlannedCall("PUT", self._address, "the minutes it had before", "the rule as it was"),
        )

    async def observe(self, target: Target) -> Observation:  # noqa: ARG002 - aims at a rule
        """Read the rule, and whom it is for."""
        if self._parameters.authorization_server_id == ORG_SERVER:
            return Observation({}, verdict=Verdict(Outcome.SKIPPED, _ORG))
        try:
            rule = await self.read_rule(self._params)
        except errors.NotFound:
            reason = "there is no such authorization server, policy or rule"
            return Observation({}, verdict=Verdict(Outcome.SKIPPED, reason))
        return self.judged(self._params, rule, _concerns(rule), None)

    @property
    def _params(self) -> Mapping[str, str]:
        return {
            "server": self._parameters.authorization_server_id,
            "policy": self._parameters.policy_id,
            "rule": self._parameters.rule_id,
        }

    @property
    def _address(self) -> str:
        return self.rule_path.format(**self._params)


def _concerns(rule: Json) -> str:
    try:
        people = rule["conditions"]["people"]
        groups = ", ".join(str(group) for group in people["groups"]["include"])
    except (KeyError, TypeError):
        groups = ""
    return f"everybody in the groups {groups or 'unknown'}, by rule {rule.get('name')}"
