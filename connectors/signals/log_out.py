"""Ask every app that offers it to end a person's sessions and tokens (Global Token Revocation).

Source: draft-parecki-oauth-global-token-revocation-06; Okta, Build Universal Logout for your app. 204
says that revocation has begun: refresh tokens and sessions end, access tokens an app cannot take back
go on.
"""

from __future__ import annotations

import json

from connectors.action import (
    ActionSpec,
    Impact,
    Json,
    NoParameters,
    Observation,
    Outcome,
    Patience,
    PlannedCall,
    Proof,
    Receipt,
    Target,
    Verdict,
)
from connectors.door import Answer
from connectors.signals.base import SignalsAction
from connectors.signals.subject import subject_of
from connectors.signals.told import OneAtATime, proof, tell


class GlobalTokenRevocation(SignalsAction[NoParameters]):
    """``signals.global_token_revocation``."""

    spec = ActionSpec(
        name="signals.global_token_revocation",
        system="signals",
        title="Ask applications to log the person out (Global Token Revocation)",
        countermeasure="CM0080",
        impact=Impact.LOW,
        reversible=False,
        d3fend=("D3-ST", "D3-ANCI"),
        attack=("T1528", "T1539", "T1550.001", "T1550.004"),
        disrupts="The person signs in again to the applications that are asked.",
        leaves_open="Sessions and refresh tokens that applications keep by themselves go on.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One request an endpoint that knows the person."""
        why = "the app ends the person's sessions and refresh tokens"
        if self._client is None:
            return (PlannedCall("POST", "/{endpoint}", '{"sub_id": {}}', f"at each app: {why}"),)
        return tuple(
            PlannedCall(
                "POST", str(endpoint.url), json.dumps({endpoint.member: subject}), f"{name}: {why}"
            )
            for name, endpoint in self._settings.revocation_endpoints.items()
            if (subject := subject_of(endpoint, target.facts)) is not None
        )

    async def observe(self, target: Target) -> Observation:
        """Choose who is asked. Asks nobody."""
        endpoints = self._settings.revocation_endpoints
        known = {name: subject_of(each, target.facts) for name, each in endpoints.items()}
        snapshot: Json = {
            "endpoints": [name for name, subject in known.items() if subject],
            "untold": {name: endpoints[name].known_by for name in known if not known[name]},
        }
        verdict = None
        if not endpoints:
            verdict = Verdict(Outcome.SKIPPED, "no revocation endpoint is set")
        elif not snapshot["endpoints"]:
            missing = ", ".join(f"{name}: {what}" for name, what in snapshot["untold"].items())
            verdict = Verdict(
                Outcome.SKIPPED, f"no name of hers is known that they know: {missing}"
            )
        return Observation(snapshot, verdict=verdict)

    async def apply(self, target: Target, before: Observation) -> Receipt:
        """Ask them. Harmless to repeat."""
        journal = OneAtATime(self._journal)

        async def send(name: str) -> Answer:
            endpoint = self._settings.revocation_endpoints.get(name)
            return await self._sender.log_out(name, self._subject(endpoint, target), journal)

        return await tell(before.snapshot["endpoints"], send)

    async def verify(
        self,
        target: Target,  # noqa: ARG002 - the contract
        before: Observation,
        receipt: Receipt | None,
        patience: Patience,  # noqa: ARG002 - the contract
    ) -> Proof:
        """Say what the apps answered: there is nothing to read."""
        return proof(receipt, before.snapshot.get("untold", {}), absent_passes=True)
