"""Shorten the access tokens of one app, for everybody who uses it, until it is undone.

Source: Microsoft Graph v1.0, tokenLifetimePolicy and its assignment to an application or service
principal (at most one each); "Configurable token lifetimes".
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from connectors import errors, readback
from connectors.action import (
    ActionSpec,
    Exposure,
    Impact,
    Observation,
    Outcome,
    Patience,
    PlannedCall,
    Proof,
    Receipt,
    Target,
    Verdict,
)
from connectors.door import Journal
from connectors.entra import ids, lifetime_policy
from connectors.entra.action import EntraAction
from connectors.entra.assignments import ASSIGNED, POLICIES, Assignments

Json = dict[str, Any]

_NOT_REACHED = (
    Exposure(
        "entra",
        "refresh tokens and sign-in sessions",
        "unknown",
        "A token lifetime policy has no effect on them since January 2021; ending all sessions has.",
    ),
    Exposure(
        "entra",
        "access tokens of clients with continuous access evaluation",
        "unknown",
        "They live up to 28 hours whatever the policy says.",
    ),
    Exposure(
        "entra",
        "access tokens of the app that were issued before",
        "unknown",
        "The policy applies to tokens issued from now on.",
    ),
)


def _app_id(value: str) -> str:
    if not ids.is_object_id(value):
        raise ValueError("an application (client) id is a GUID")
    return value.lower()


class LifetimeParameters(BaseModel):
    """Which app, and how short."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    app_id: Annotated[str, AfterValidator(_app_id)] = Field(
        description="the application (client) id of the app"
    )
    access_token_minutes: int = Field(
        10, ge=10, le=1440, description="how long an access token lives; Entra takes 10 to 1440"
    )


class ShortenTokenLifetime(EntraAction[LifetimeParameters]):
    """Makes a stolen access token of one app die sooner."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="entra.shorten_token_lifetime",
        system="entra",
        title="Shorten the access tokens of an app",
        countermeasure="CM0080",
        impact=Impact.MEDIUM,
        reversible=True,
        attack=("T1528", "T1550.001"),
        permissions=(
            "Policy.ReadWrite.ApplicationConfiguration",
            "Policy.Read.All",
            "Application.ReadWrite.All",
        ),
        parameters=LifetimeParameters,
        shared=True,
        disrupts="Everybody who uses the app gets new tokens more often until it is undone.",
        leaves_open="Access tokens of the app live 60 to 90 minutes, or as its policy says.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:  # noqa: ARG002 - aims at an app
        """Create our policy, take the app's own away, assign ours."""
        minutes, app = self._parameters.access_token_minutes, self._parameters.app_id
        text = f"access tokens live {minutes} minutes, organisation default: no"
        return (
            PlannedCall("POST", POLICIES, text, f"a policy for app {app}, unless it exists"),
            PlannedCall(
                "DELETE",
                f"/applications{ASSIGNED}/{{policy}}/$ref",
                why="an app has one policy at most; what it had is noted, and given back by undo",
            ),
            PlannedCall("POST", f"/applications{ASSIGNED}/$ref", why="assigns it to the app"),
        )

    async def observe(self, target: Target) -> Observation:  # noqa: ARG002
        """Find the app and the policy it has."""
        app_id, minutes = self._parameters.app_id, self._parameters.access_token_minutes
        graph = self._assignments()
        place = await graph.place_of(app_id)
        if place is None:
            reason = f"The tenant has no application and no service principal with id {app_id}."
            return Observation({"app_id": app_id}, verdict=Verdict(Outcome.SKIPPED, reason))
        assigned = await graph.assigned(place)
        snapshot = {
            "app_id": app_id,
            "place": place,
            "prior": [policy["id"] for policy in assigned],
            "prior_policies": assigned,
        }
        lives = [lifetime_policy.access_token_minutes(policy) for policy in assigned]
        if any(life is not None and life <= minutes for life in lives):
            return Observation(snapshot, satisfied=True)
        verdict = None
        if any(lifetime_policy.is_ours(policy, app_id) for policy in assigned):
            verdict = Verdict(
                Outcome.SKIPPED,
                "Another run has shortened this app's tokens already; undo that before asking for "
                "fewer minutes.",
            )
        return Observation(snapshot, satisfied=False, verdict=verdict)

    async def apply(self, target: Target, before: Observation) -> Receipt:  # noqa: ARG002
        """Create and assign our policy; goes on from whatever a crash has left."""
        place, prior = before.snapshot["place"], before.snapshot["prior"]
        async with self._client.alone(place["id"], self._journal) as journal:
            graph = self._assignments(journal)
            ours = self._ours(await graph.everything())
            assigned = [policy["id"] for policy in await graph.assigned(place)]
            if any(other not in (*ours, *prior) for other in assigned):
                raise errors.Conflict("another policy was assigned to the app meanwhile")
            policy_id = ours[0] if ours else await graph.create(self._name, self._definition)
            for other in assigned:
                if other != policy_id:
                    await graph.unassign(place, other)
            if policy_id not in assigned:
                await graph.assign(place, policy_id)
        return Receipt({"policy": policy_id, "steps": graph.steps})

    async def verify(
        self,
        target: Target,  # noqa: ARG002
        before: Observation,
        receipt: Receipt | None,  # noqa: ARG002
        patience: Patience,
    ) -> Proof:
        """See a policy assigned under which access tokens live no longer than asked for."""
        minutes, graph = self._parameters.access_token_minutes, self._assignments()

        async def look() -> readback.Reading:
            assigned = await graph.assigned(before.snapshot["place"])
            lives = [lifetime_policy.access_token_minutes(policy) for policy in assigned]
            names = ", ".join(str(policy.get("displayName")) for policy in assigned)
            return readback.Reading(
                any(life is not None and life <= minutes for life in lives),
                f"assigned: {names or 'none'}",
            )

        reading = await readback.until(look, patience, self._sleep)
        return readback.proof(
            reading,
            check=f"GET /{before.snapshot['place']['kind']}{ASSIGNED}",
            expected=f"assigned: {self._name}, or a shorter one",
            exposure=_NOT_REACHED,
        )

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:  # noqa: ARG002 - aims at an app
        """Take our policy away, give the app back what it had, delete ours."""
        assigned = f"/applications{ASSIGNED}"
        why = f"takes our policy off app {self._parameters.app_id}"
        return (
            PlannedCall("DELETE", f"{assigned}/{{policy}}/$ref", why=why),
            PlannedCall(
                "POST", f"{assigned}/$ref", why="the policy the app had before, if it had one"
            ),
            PlannedCall("DELETE", f"{POLICIES}/{{policy}}", why="our policy"),
        )

    async def undo(self, target: Target, before: Observation) -> Receipt:  # noqa: ARG002
        """Take our policy away, give the app back what it had, delete ours."""
        if before.satisfied:
            return Receipt({"changed": False, "why": "the app's tokens were short before"})
        place = before.snapshot["place"]
        async with self._client.alone(place["id"], self._journal) as journal:
            graph = self._assignments(journal)
            policies = await graph.everything()
            ours = self._ours(policies)
            assigned = [policy["id"] for policy in await graph.assigned(place)]
            for policy_id in assigned:
                if policy_id in ours:
                    await graph.unassign(place, policy_id)
            # What somebody assigned meanwhile is hers, and stays.
            if all(policy_id in ours for policy_id in assigned):
                for policy_id in _still_there(before, policies):
                    await graph.assign(place, policy_id)
            for policy_id in ours:
                await graph.delete(policy_id)
        return Receipt({"steps": graph.steps})

    async def restored(
        self,
        target: Target,  # noqa: ARG002
        before: Observation,
        patience: Patience,
    ) -> Proof:
        """See the app's own policy assigned again, and ours gone."""
        graph = self._assignments()

        async def look() -> readback.Reading:
            policies = await graph.everything()
            wanted = sorted(_still_there(before, policies))
            assigned = sorted(p["id"] for p in await graph.assigned(before.snapshot["place"]))
            ours = [] if before.satisfied else self._ours(policies)
            return readback.Reading(
                assigned == wanted and not ours,
                f"assigned: {', '.join(assigned) or 'none'}; policies of ours left: {len(ours)}",
            )

        reading = await readback.until(look, patience, self._sleep)
        return readback.proof(
            reading,
            check=f"GET /{before.snapshot['place']['kind']}{ASSIGNED}",
            expected=f"assigned: {', '.join(before.snapshot['prior']) or 'none'}",
        )

    @property
    def _name(self) -> str:
        return lifetime_policy.display_name(
            self._parameters.app_id, self._parameters.access_token_minutes
        )

    @property
    def _definition(self) -> str:
        return lifetime_policy.definition(self._parameters.access_token_minutes)

    def _assignments(self, journal: Journal | None = None) -> Assignments:
        change = partial(self._client.change, journal=journal or self._journal)
        return Assignments(self._client, change, self._needs)

    def _ours(self, policies: list[Json]) -> list[str]:
        return [str(p["id"]) for p in policies if p.get("displayName") == self._name]


def _still_there(before: Observation, policies: list[Json]) -> list[str]:
    there = {policy["id"] for policy in policies}
    return [policy_id for policy_id in before.snapshot["prior"] if policy_id in there]
