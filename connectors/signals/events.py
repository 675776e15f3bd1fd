"""Send a security event token about a person to every receiver that wants it.

Source: RFC 8417, RFC 8935, OpenID CAEP 1.0 (session-revoked) and RISC 1.0 (credential-compromise, whose
``credential_type`` is one of those of CAEP's credential-change). The token's id and time are chosen
when the step observes and kept from before the first sending: one that goes out again after a crash is
the same token, and a receiver takes it once. All tokens of one run carry the run's id as ``txn``.
"""

from __future__ import annotations

import json
import time
import uuid
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from config.signals import EventName, Receiver
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
from connectors.signals.base import P, SignalsAction
from connectors.signals.subject import subject_of
from connectors.signals.tokens import URIS
from connectors.signals.told import OneAtATime, proof, tell


class CompromiseParameters(BaseModel):
    """What is compromised."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    credential_type: Literal[
        "password",
        "pin",
        "x509",
        "fido2-platform",
        "fido2-roaming",
        "fido-u2f",
        "verifiable-credential",
        "phone-voice",
        "phone-sms",
        "app",
    ] = Field("password", description="the credential that is taken to be in the thief's hands")


class _SendEvent(SignalsAction[P]):
    """Sends one event to all receivers that want it."""

    event: ClassVar[EventName]

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One request a receiver that wants the event and knows the person."""
        shown = {"events": [URIS[self.event]]}
        if self._client is None:
            return (PlannedCall("POST", "/{receiver}", json.dumps(shown), "to each receiver"),)
        return tuple(
            PlannedCall(
                "POST",
                str(receiver.url),
                json.dumps({**shown, "aud": receiver.audience, "subject": subject}),
                f"{name} is told by a signed security event token; it cannot be taken back",
            )
            for name, receiver in self._wanting().items()
            if (subject := subject_of(receiver, target.facts)) is not None
        )

    async def observe(self, target: Target) -> Observation:
        """Choose who is told, and the tokens' ids and time. Asks nobody."""
        wanting = self._wanting()
        told = {name: subject_of(receiver, target.facts) for name, receiver in wanting.items()}
        snapshot: Json = {
            "iat": int(time.time()),
            "txn": target.run,
            "tokens": {name: uuid.uuid4().hex for name, known in told.items() if known},
            "untold": {name: wanting[name].known_by for name, known in told.items() if not known},
        }
        verdict = None
        if not wanting:
            verdict = Verdict(Outcome.SKIPPED, f"no receiver is sent {self.event}")
        elif not snapshot["tokens"]:
            missing = ", ".join(f"{name}: {what}" for name, what in snapshot["untold"].items())
            verdict = Verdict(
                Outcome.SKIPPED, f"no name of hers is known that they know: {missing}"
            )
        return Observation(snapshot, verdict=verdict)

    async def apply(self, target: Target, before: Observation) -> Receipt:
        """Send the tokens. Harmless to repeat: they are the same, and receivers know them."""
        tokens: Mapping[str, str] = before.snapshot["tokens"]
        journal = OneAtATime(self._journal)

        async def send(name: str) -> Answer:
            return await self._sender.send(
                name,
                self.event,
                self._subject(self._settings.receivers.get(name), target),
                self._details(),
                jti=tokens[name],
                at=before.snapshot["iat"],
                txn=before.snapshot.get("txn"),
                journal=journal,
            )

        return await tell(tuple(tokens), send)

    async def verify(
        self,
        target: Target,  # noqa: ARG002 - the contract
        before: Observation,
        receipt: Receipt | None,
        patience: Patience,  # noqa: ARG002 - the contract
    ) -> Proof:
        """Say what the receivers answered: there is nothing to read."""
        return proof(receipt, before.snapshot.get("untold", {}), absent_passes=False)

    @abstractmethod
    def _details(self) -> Mapping[str, Any]:
        """Return what the event says besides its subject."""

    def _wanting(self) -> Mapping[str, Receiver]:
        receivers = self._settings.receivers
        return {name: each for name, each in receivers.items() if self.event in each.takes}


class SessionRevoked(_SendEvent[NoParameters]):
    """``signals.session_revoked``."""

    spec = ActionSpec(
        name="signals.session_revoked",
        system="signals",
        title="Tell applications that the person's sessions are revoked",
        countermeasure="CM0080",
        impact=Impact.LOW,
        reversible=False,
        d3fend=("D3-ST",),
        attack=("T1539", "T1550.004"),
        disrupts="The person signs in again to the applications that are told.",
        leaves_open="Sessions that applications keep by themselves go on.",
    )
    event = "session_revoked"

    def _details(self) -> Mapping[str, Any]:
        return {"initiating_entity": "admin"}


class CredentialCompromise(_SendEvent[CompromiseParameters]):
    """``signals.credential_compromise``."""

    spec = ActionSpec(
        name="signals.credential_compromise",
        system="signals",
        title="Tell applications that the person's credential is compromised",
        countermeasure="CM0080",
        impact=Impact.MEDIUM,
        reversible=False,
        d3fend=("D3-CR",),
        attack=("T1078.004",),
        parameters=CompromiseParameters,
        disrupts="The applications that are told may ask the person to prove who she is.",
        leaves_open="Applications go on trusting the person's credential.",
    )
    event = "credential_compromise"

    def _details(self) -> Mapping[str, Any]:
        return {"credential_type": self._parameters.credential_type}
