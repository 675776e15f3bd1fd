"""Switch off apps the thief consented to: nobody gets a token for them until it is undone.

Source: Microsoft Graph v1.0, servicePrincipal: update; Microsoft, "Illicit consent grants".
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from connectors import errors, readback
from connectors.action import (
    ActionSpec,
    Exposure,
    Impact,
    Observation,
    Outcome,
    PlannedCall,
    Proof,
    Target,
    Verdict,
)
from connectors.clock import instant
from connectors.entra import (
    age,
    apps,
    auditlog,
    consenting,
    granted,
    ids,
    powershell,
    residue,
    stamps,
)
from connectors.entra.age import Age, Window
from connectors.entra.switched import Seen, SwitchOff

Json = dict[str, Any]


def _object_id(value: str) -> str:
    if not ids.is_object_id(value):
        raise ValueError("the object id of a service principal is a GUID")
    return value.lower()


class PrincipalParameters(BaseModel):
    """Which apps are switched off."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    service_principals: tuple[Annotated[str, AfterValidator(_object_id)], ...] = Field(
        (), description="object ids; none: the apps the person has consented to since the theft"
    )
    shared: Literal["leave", "disable"] = Field(
        "leave", description="leave or disable what others use, too, where no ids are given"
    )
    margin_minutes: int = Field(
        60, ge=0, le=10080, description="how much earlier than the first sign counts as recent"
    )


class DisableServicePrincipal(SwitchOff[PrincipalParameters]):
    """Stops an app at once, whatever consents and credentials it has."""

    collection = "servicePrincipals"
    one = "app"
    spec: ClassVar[ActionSpec] = ActionSpec(
        name="entra.disable_service_principal",
        system="entra",
        title="Disable apps the person consented to since the theft",
        countermeasure="CM0080",
        impact=Impact.HIGH,
        reversible=True,
        d3fend=("D3-AL",),
        attack=("T1528", "T1550.001"),
        permissions=(
            "Application.ReadWrite.All",
            "Directory.Read.All",
            "User.Read.All",
            "AuditLog.Read.All",
        ),
        parameters=PrincipalParameters,
        disrupts="Nobody in the tenant can use the app, nor can it work by itself, until it is "
        "enabled again.",
        leaves_open="The app goes on with whatever it was granted.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One PATCH for each app."""
        named = self._parameters.service_principals
        if named:
            which = f"for {', '.join(named)}: all users of the app lose it"
        elif self._parameters.shared == "disable":
            which = "for each app the person consented to since the theft began: all users lose it"
        else:
            which = "for each app that only this person consented to, since the theft began"
        return (self._call(target, enabled=False, why=which),)

    async def observe(self, target: Target) -> Observation:
        """Find the apps, and who else would lose them."""
        ids.object_id(target.id)
        snapshot: Json = {"disable": [], "off": [], "spared": [], "left": [], "told_until": None}
        wanted = dict.fromkeys(self._parameters.service_principals, "named by the playbook")
        consented_for_all: set[str] = set()
        if not wanted:
            user, at = await self._user_at(target)
            snapshot["userPrincipalName"] = user.get("userPrincipalName")
            now = at or datetime.now(UTC)
            window = Window.since(target.since, self._parameters.margin_minutes, now)
            told = await self._told(target, window)
            if window is None or told is None or told.consents is None:
                reason = "Which apps the person consented to since the theft cannot be told: " + (
                    "when it began is not known." if window is None else "the audit log is silent."
                )
                return Observation(snapshot, verdict=Verdict(Outcome.MANUAL, reason, _portal(user)))
            consented_for_all = set(told.tenant_wide())
            wanted = await self._consented(target, told, snapshot)
            snapshot["told_until"] = stamps.write(window.now - age.LAG)
        for app, why in wanted.items():
            await self._place(target, snapshot, app, why, consented_for_all)
        return _decided(snapshot)

    async def _told(self, target: Target, window: Window | None) -> consenting.Told | None:
        if window is None:
            return None
        audits = await auditlog.entries(self._client, window.start, auditlog.by(target.id))
        return consenting.told(window, audits)

    async def _consented(
        self, target: Target, told: consenting.Told, snapshot: Json
    ) -> dict[str, str]:
        """The apps first consented to since the theft; what is doubtful goes to ``left``.

        The log is asked before the consents themselves: they may be revoked by now.
        """
        used: dict[str, str] = {}
        unknown: dict[str, str] = {}
        for grant in await granted.grants(self._client, target.id):
            app, (dated, _) = granted.app_of(grant, granted.GRANT), told.grant(grant)
            if dated.age is Age.OLDER:
                used[app] = "the person consented to it before the theft, and again since"
            elif dated.age is Age.UNDATABLE:
                unknown[app] = dated.why
        found: dict[str, str] = {}
        for consent in told.consents or ():
            found.setdefault(consent.app, f"consented to at {stamps.write(consent.at)}")
            if consent.first is False:
                used.setdefault(consent.app, "the person had consented to it before the theft")
        names = told.names()
        doubt = {**unknown, **{app: why for app, why in used.items() if app in found}}
        snapshot["left"] += [
            {"id": app, "name": names.get(app, app), "why": why} for app, why in doubt.items()
        ]
        return {app: why for app, why in found.items() if app not in doubt}

    async def _place(
        self, target: Target, snapshot: Json, app: str, why: str, consented_for_all: set[str]
    ) -> None:
        """Put an app where it belongs: to disable, off already, spared, or left to a person."""
        try:
            principal = (await apps.principal(self._client, app)).body
        except errors.NotFound:
            snapshot["spared"].append({"id": app, "name": app, "why": "it is not in the tenant"})
            return
        item = {
            "id": app,
            "name": str(principal.get("displayName") or app),
            "appId": principal.get("appId"),
            "why": why,
        }
        spared = await apps.why_spared(self._client, principal)
        if spared:
            snapshot["spared"].append({**item, "why": spared})
        elif principal.get("accountEnabled") is False:
            snapshot["off"].append(item)
        else:
            ours = app in consented_for_all
            others = await apps.others(self._client, target.id, app, ours=ours)
            item["used_by"] = others or "nobody else"
            leave = self._parameters.shared == "leave" and not self._parameters.service_principals
            if others and leave:
                snapshot["left"].append({**item, "why": f"{why}; it is used by {others}, too"})
            else:
                snapshot["disable"].append(item)

    def _at(self, graph: Any, object_id: str) -> Any:  # noqa: ANN401 - the SDK's builders are untyped here
        return graph.service_principals.by_service_principal_id(object_id)

    async def _look(
        self,
        target: Target,  # noqa: ARG002 - a contract
        before: Observation,
    ) -> Seen:
        there: dict[str, Json] = {}
        at = None
        for item in before.snapshot["disable"]:
            try:
                answer = await apps.principal(self._client, item["id"])
            except errors.NotFound:
                continue
            there[item["id"]], at = answer.body, answer.date
        return Seen(there, at)

    def _finished(self, before: Observation, proof: Proof, gone: Collection[str]) -> Proof:
        chosen = before.snapshot["disable"]
        lost = [f"{i['name']} (used by {i['used_by']})" for i in chosen if i["id"] not in gone]
        deleted = [i["name"] for i in chosen if i["id"] in gone]
        spared = [f"{item['name']}: {item['why']}" for item in before.snapshot["spared"]]
        said = [f"Disabled for all its users: {', '.join(lost)}."] if lost else []
        said += [f"Not there any more: {', '.join(deleted)}."] if deleted else []
        said += [f"Spared: {'; '.join(spared)}."] if spared else []
        if proof.outcome is Outcome.VERIFIED:
            proof = replace(proof, reason=" ".join(said))
        if not before.snapshot["left"]:
            return proof
        return readback.then_by_hand(
            proof,
            "\n".join((*said, "Apps are left that a person has to look at.", _by_hand(before))),
        )

    def _exposure(self, before: Observation, reading: readback.Reading) -> tuple[Exposure, ...]:
        snapshot = before.snapshot
        held = residue.held_by_apps(reading.at) if snapshot["disable"] else ()
        left = [
            Exposure("entra", f"the app {item['name']}", residue.UNKNOWN, item["why"])
            for item in snapshot["left"]
        ]
        told_until = instant(snapshot["told_until"])
        if told_until is not None:
            left.append(age.untold(told_until, "consents to apps"))
        return (*held, *left)


def _decided(snapshot: Json) -> Observation:
    if snapshot["disable"]:
        return Observation(snapshot, satisfied=False)
    if snapshot["left"]:
        reason = "Apps are left that a person has to look at."
        verdict = Verdict(Outcome.MANUAL, reason, _by_hand(Observation(snapshot)))
        return Observation(snapshot, satisfied=False, verdict=verdict)
    if snapshot["spared"] and not snapshot["off"]:
        reason = "; ".join(f"{item['name']}: {item['why']}" for item in snapshot["spared"])
        return Observation(snapshot, verdict=Verdict(Outcome.SKIPPED, reason))
    # The log's silence does not reach up to now, so that nothing was added is not told by it.
    return Observation(snapshot, satisfied=None if snapshot["told_until"] else True)


def _by_hand(before: Observation) -> str:
    return "\n".join(
        f"# {json.dumps(item['name'])}: {item['why']}\n"
        + powershell.graph("PATCH", f"/servicePrincipals/{item['id']}", {"accountEnabled": False})
        for item in before.snapshot["left"]
    )


def _portal(user: Mapping[str, Any]) -> str:
    name = json.dumps(user.get("userPrincipalName"))
    return f"Entra admin center > Users > {name} > Applications"
