"""End all of a person's sessions at Auth0.

Source: Auth0 Management API v2, delete a user's sessions: 202, carried out a little later; apps that
registered for back-channel logout are told. Refresh tokens outlive sessions. Enterprise plans only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors import aftermath, errors
from connectors.action import (
    ActionSpec,
    Exposure,
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
from connectors.auth0.base import Auth0Action, stamp
from connectors.auth0.client import Auth0Client, Request
from connectors.auth0.failures import NotInPlan
from connectors.auth0.ids import fill
from connectors.clock import instant, spell_or_none
from connectors.readback import Reading, glance, proof, until

_SESSIONS = "/api/v2/users/{user}/sessions"
_CHECK = "GET /api/v2/users/{user}/sessions"
_EXPECTED = "no session from before the revocation"
UNREADABLE = (errors.Forbidden, errors.Throttled, errors.Unavailable, errors.Refused)


@dataclass(frozen=True, slots=True)
class Session:
    """One session. ``id`` is a digest: Auth0's own stands in ID tokens and in logout requests."""

    id: str
    created: datetime | None
    seen: datetime | None
    ip: str
    agent: str
    clients: tuple[str, ...]

    def snapshot(self) -> Json:
        """What an observation keeps of it: enough to tell where it was used from."""
        return {
            "id": self.id,
            "created": spell_or_none(self.created),
            "seen": spell_or_none(self.seen),
            "ip": self.ip,
            "agent": self.agent,
            "clients": list(self.clients),
        }


class RevokeSessions(Auth0Action[NoParameters]):
    """``auth0.revoke_sessions``."""

    spec = ActionSpec(
        name="auth0.revoke_sessions",
        system="auth0",
        title="End Auth0 sessions",
        countermeasure="CM0080",
        impact=Impact.LOW,
        reversible=False,
        d3fend=("D3-ST",),
        attack=("T1539", "T1550.004"),
        permissions=("read:sessions", "delete:sessions"),
        disrupts="The person signs in again, on every device.",
        leaves_open="A stolen session cookie goes on signing in to every app behind Auth0.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """The one request."""
        path = fill(_SESSIONS, {"user": target.id})
        return (PlannedCall("DELETE", path, why="all sessions at Auth0 end"),)

    async def observe(self, target: Target) -> Observation:
        """Read the sessions; ending them does not wait where that fails."""
        fill(_SESSIONS, {"user": target.id})
        try:
            seen, at = await glance(lambda: read_sessions(self._client, target.id))
        except NotInPlan as error:
            return Observation({"sessions": None}, verdict=not_in_plan(error))
        except UNREADABLE as error:
            return Observation({"sessions": None, "problem": str(error)})
        snapshot = {
            "sessions": [session.snapshot() for session in seen],
            "observed_at": spell_or_none(at),
        }
        # An empty list shows nothing: a session that has just begun may not be listed yet.
        return Observation(snapshot, satisfied=False if seen else None)

    async def apply(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002 - the contract
    ) -> Receipt:
        """End them. Harmless to repeat."""
        request = Request("DELETE", _SESSIONS, {"user": target.id}, needs=self._needs)
        return Receipt({"sent": True, **stamp(await self._change(request))})

    async def verify(
        self, target: Target, before: Observation, receipt: Receipt | None, patience: Patience
    ) -> Proof:
        """Read until no session of before is left; later ones are new sign-ins, and reported."""
        known = {session["id"] for session in before.snapshot.get("sessions") or ()}
        revoked_at = instant(receipt.data.get("date")) if receipt else None

        async def look() -> Reading:
            seen, at = await read_sessions(self._client, target.id)
            found = aftermath.sort(seen, known, revoked_at)
            observed = (
                f"{len(found.survivors)} old, {len(found.undated)} undatable, "
                f"{len(found.fresh)} new sessions"
            )
            return Reading(not found.survivors, observed, at, found=found)

        reading = await until(look, patience, self._sleep)
        if reading.holds and reading.found.undated:
            reason = "a session's time does not tell whether it is older than the revocation"
            return Proof(Outcome.UNVERIFIABLE, _CHECK, _EXPECTED, reading.observed, reason)
        fresh = reading.found.fresh if reading.found else ()
        exposure = (_apps_own(), *(_signed_in_again(session) for session in fresh))
        return proof(reading, check=_CHECK, expected=_EXPECTED, exposure=exposure)


async def read_sessions(
    client: Auth0Client, user_id: str
) -> tuple[tuple[Session, ...], datetime | None]:
    """Read all sessions of a user, and Auth0's clock.

    Raises:
        errors.ConnectorError: they cannot be read; ``NotInPlan`` where the tenant has no such thing.
    """
    request = Request("GET", _SESSIONS, {"user": user_id}, needs="read:sessions")
    listing = await client.by_cursor(request, "sessions")
    return tuple(_session(item) for item in listing.items), listing.date


def not_in_plan(error: NotInPlan) -> Verdict:
    """The end of a step the tenant's plan has nothing for."""
    return Verdict(Outcome.SKIPPED, f"{error} {error.remedy}")


def _session(item: Mapping[str, Any]) -> Session:
    device, clients = item.get("device"), item.get("clients")
    of = device if isinstance(device, dict) else {}
    return Session(
        id=hashlib.sha256(str(item.get("id")).encode()).hexdigest()[:16],
        created=instant(item.get("created_at")),
        seen=instant(item.get("last_interacted_at")),
        ip=str(of.get("last_ip") or of.get("initial_ip") or ""),
        agent=str(of.get("last_user_agent") or of.get("initial_user_agent") or "")[:200],
        clients=tuple(
            str(each.get("client_id"))
            for each in (clients if isinstance(clients, list) else ())
            if isinstance(each, dict)
        ),
    )


def _apps_own() -> Exposure:
    return Exposure(
        "auth0",
        "sessions that apps keep by themselves",
        "unknown",
        "Auth0 reaches only apps that registered for back-channel logout",
    )


def _signed_in_again(session: Session) -> Exposure:
    when = spell_or_none(session.created)
    where = f" from {session.ip}" if session.ip else ""
    return Exposure(
        "auth0",
        f"a session begun {when}{where}",
        "unknown",
        "somebody signed in again, the person or the thief",
    )
