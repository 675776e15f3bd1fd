"""Remove credentials of apps that a person has added since the theft.

With a secret or certificate of his own on an app the thief comes back as the app, without the person's
account, and with whatever the app may do.

Source: Microsoft Graph v1.0, application and servicePrincipal: removePassword, update (keyCredentials),
federatedIdentityCredential: delete. removeKey takes a proof with the very key, which is the thief's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from connectors import errors, readback
from connectors.action import (
    ActionSpec,
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
from connectors.each import each
from connectors.entra import app_choice, app_dating, app_keys, auditlog, ids, stamps
from connectors.entra.action import EntraAction, answered
from connectors.entra.age import LAG, Window
from connectors.entra.app_keys import CERTIFICATE, FEDERATION, Held

Json = dict[str, Any]

_LOOK = (
    "Entra admin center > Audit logs, initiated by the person: 'Certificates and secrets management', "
    "'Add service principal credentials', 'Update application'"
)


class CredentialParameters(BaseModel):
    """From when on a credential counts as the thief's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    margin_minutes: int = Field(
        60, ge=0, le=10080, description="how much earlier than the first sign counts as recent"
    )


class RemoveAppCredentials(EntraAction[CredentialParameters]):
    """Takes away what the thief added to apps to come back with."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="entra.remove_app_credentials",
        system="entra",
        title="Remove credentials added to apps since the theft",
        countermeasure="CM0080",
        impact=Impact.HIGH,
        reversible=False,
        d3fend=("D3-CR",),
        attack=("T1098.001",),
        permissions=("Application.ReadWrite.All", "User.Read.All", "AuditLog.Read.All"),
        parameters=CredentialParameters,
        disrupts="What signs in with a removed secret stops; the secret cannot be had again.",
        leaves_open="Whoever has a credential of an app acts as the app.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One change for each credential, on an application or its service principal."""
        ids.object_id(target.id)
        which = "that the person added to an app since the theft began"
        calls = [
            call
            for kind in (app_keys.APPLICATIONS, app_keys.PRINCIPALS)
            for call in (
                PlannedCall(
                    "POST", f"/{kind}/{{app}}/removePassword", "(its keyId)", f"a secret {which}"
                ),
                PlannedCall(
                    "PATCH",
                    f"/{kind}/{{app}}",
                    "keyCredentials: (all but these)",
                    f"certificates {which}; noted in full first",
                ),
            )
        ]
        path = f"/{app_keys.APPLICATIONS}/{{app}}/federatedIdentityCredentials/{{credential}}"
        return (*calls, PlannedCall("DELETE", path, why=f"a federated credential {which}"))

    async def observe(self, target: Target) -> Observation:
        """Find the apps the person owns or changed, date their credentials, and choose."""
        _, at = await self._user_at(target)
        now = at or datetime.now(UTC)
        window = Window.since(target.since, self._parameters.margin_minutes, now)
        owned = await app_keys.owned(self._client, target.id)
        if window is None:
            reason = (
                "When the theft began is not known, so no credential can be told to be newer: look "
                f"at those of the {len(owned)} apps the person owns."
            )
            verdict = Verdict(Outcome.MANUAL, reason, app_choice.portal(owned))
            return Observation({"apps": [], "remove": [], "left": []}, verdict=verdict)
        audits = await auditlog.entries(self._client, window.start, auditlog.by(target.id))
        told = app_dating.told(window, audits)
        apps = await self._held(dict.fromkeys((*owned, *told.touched())))
        choice = app_choice.choose(apps, told, own=await self._client.own_app_id())
        snapshot = {
            "since": stamps.write(window.start),
            "apps": [app.keepable() for app in apps],
            "remove": choice.remove,
            "left": choice.left,
            # Which apps she changed the log alone can tell, and it may not have heard of all yet.
            "told_until": stamps.write(now - LAG) if told.deeds is not None else None,
        }
        if choice.left and not choice.remove:
            reason = "Credentials are left that a person has to look at."
            verdict = Verdict(Outcome.MANUAL, reason, app_choice.by_hand(choice.left))
            return Observation(snapshot, satisfied=False, verdict=verdict)
        if told.deeds is None:
            reason = "The audit log does not tell which apps the person has changed."
            return Observation(snapshot, verdict=Verdict(Outcome.MANUAL, reason, _LOOK))
        return Observation(snapshot, satisfied=False if choice.remove else None)

    async def apply(self, target: Target, before: Observation) -> Receipt:  # noqa: ARG002
        """Take away what was chosen and is still there."""
        there = await self._held(_places(before.snapshot["remove"]))
        going = [item for app in there for item in _going(app, before.snapshot["remove"])]
        by_place = {(app.kind, app.id): app for app in there}

        async def remove(item: Json) -> Json:
            return await self._remove(by_place[item["kind"], item["object"]], item)

        return Receipt({"credentials": await each(going, remove)})

    async def verify(
        self,
        target: Target,  # noqa: ARG002
        before: Observation,
        receipt: Receipt | None,  # noqa: ARG002
        patience: Patience,
    ) -> Proof:
        """See that none of the chosen credentials is there, and none that was not there before."""
        snapshot = before.snapshot
        chosen = {(item["object"], item["credential"]) for item in snapshot["remove"]}
        known = {(app["id"], one["id"]) for app in snapshot["apps"] for one in app["credentials"]}

        async def look() -> readback.Reading:
            apps = await self._held(_places(snapshot["apps"]))
            there = {
                (app.id, name): f"{what} of {app.name}"
                for app in apps
                for what, name, _ in app.all()
            }
            still = [said for key, said in there.items() if key in chosen]
            new = [said for key, said in there.items() if key not in known]
            observed = f"still there: {', '.join(still) or 'none'}"
            if new:
                observed += f"; added meanwhile: {', '.join(new)}"
            return readback.Reading(not still and not new, observed)

        reading = await readback.until(look, patience, self._sleep)
        proof = readback.proof(
            reading,
            check="GET /applications/{id}, GET /servicePrincipals/{id}",
            expected=f"{len(chosen)} chosen credential(s) gone, no new one",
            exposure=tuple(app_choice.exposure(snapshot)),
        )
        if not snapshot["left"]:
            return proof
        by_hand = app_choice.by_hand(snapshot["left"])
        return readback.then_by_hand(
            proof, f"Credentials are left that a person has to look at.\n{by_hand}"
        )

    async def _held(self, places: Iterable[tuple[str, str]]) -> list[Held]:
        found = [await app_keys.held(self._client, kind, name) for kind, name in places]
        return [app for app in found if app is not None]

    async def _remove(self, app: Held, item: Json) -> Json:
        if item["what"] == FEDERATION:
            request = app_keys.federation_removal(app.id, item["credential"], self._needs)
            return answered(await self._change(request))
        if item["what"] == CERTIFICATE:
            return await self._leave_certificates(app.kind, app.id, item["credentials"])
        request = app_keys.secret_removal(app.kind, app.id, item["credential"], self._needs)
        try:
            return answered(await self._change(request))
        except errors.Invalid as error:
            # Graph refuses a secret that is gone already with a 400 of no code of its own.
            return {"error": type(error).__name__, "code": error.code}

    async def _leave_certificates(self, kind: str, app_id: str, going: Sequence[str]) -> Json:
        # They are written back as a whole: somebody else's run may be taking others of them away.
        async with self._client.alone(app_id, self._journal) as journal:
            app = await app_keys.held(self._client, kind, app_id)
            there = {str(one.get("keyId")).lower() for one in app.certificates} if app else set()
            if app is None or there.isdisjoint(going):
                raise errors.NotFound("the certificates are gone")
            left = app_choice.certificates_without(app, going)
            request = app_keys.certificates_left(kind, app_id, left, self._needs)
            return answered(await self._client.change(request, journal))


def _places(items: Iterable[Json]) -> dict[tuple[str, str], None]:
    return {(item["kind"], item.get("object") or item["id"]): None for item in items}


def _going(app: Held, chosen: Iterable[Json]) -> list[Json]:
    """What to change of one app: a change for each secret and federation, one for certificates."""
    there = {name for _, name, _ in app.all()}
    own = [i for i in chosen if (i["kind"], i["object"]) == (app.kind, app.id)]
    left = [item for item in own if item["credential"] in there]
    place = {"kind": app.kind, "object": app.id}
    going = [
        {**place, "what": item["what"], "credential": item["credential"]}
        for item in left
        if item["what"] != CERTIFICATE
    ]
    certificates = [item["credential"] for item in left if item["what"] == CERTIFICATE]
    if certificates:
        going.append({**place, "what": CERTIFICATE, "credentials": certificates})
    return going
