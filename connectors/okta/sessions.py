"""End all of a person's Okta sessions and revoke the tokens issued to her apps.

Source: Okta User Sessions API, revokeUserSessions. Its defaults leave tokens alive, and in Classic
Engine remembered devices too, so both are always named. It ends no app's own session.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from connectors import aftermath
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
)
from connectors.aftermath import Aftermath
from connectors.clock import instant, spell
from connectors.errors import Forbidden, Refused, Throttled, Unavailable
from connectors.okta.addresses import fill
from connectors.okta.base import MANAGE, READ, OktaAction, stamp
from connectors.okta.tokens import RefreshToken, read_holdings
from connectors.readback import Reading, glance, proof, until

_REVOKE = "/api/v1/users/{user}/sessions?oauthTokens=true&forgetDevices=true"
_CHECK = "GET /api/v1/users/{user}/clients and each client's tokens"
_EXPECTED = "no refresh token issued before the revocation"
_NO_SESSION_LIST = "Okta lists no browser sessions, so for those its answer alone stands"


class RevokeSessions(OktaAction[NoParameters]):
    """``okta.revoke_sessions``."""

    spec = ActionSpec(
        name="okta.revoke_sessions",
        system="okta",
        title="End Okta sessions and revoke tokens",
        countermeasure="CM0080",
        impact=Impact.LOW,
        reversible=False,
        d3fend=("D3-ST", "D3-ANCI"),
        attack=("T1528", "T1539", "T1550.001", "T1550.004"),
        permissions=(READ, MANAGE, "okta.users.lifecycle.clearSessions"),
        permissions_also=("okta.users.lifecycle.manage",),
        disrupts="The person signs in again, on every device.",
        leaves_open="Stolen session cookies and refresh tokens go on working.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """The one request."""
        path = _REVOKE.format(user=target.id)
        why = "all sessions end, refresh and access tokens are revoked, devices are forgotten"
        return (PlannedCall("DELETE", path, why=why),)

    async def observe(self, target: Target) -> Observation:
        """Read which clients hold refresh tokens; revoking does not wait where that fails."""
        fill(_REVOKE, {"user": target.id})
        try:
            holdings = await glance(lambda: read_holdings(self._client, target.id))
        except (Forbidden, Throttled, Unavailable, Refused) as error:
            return Observation({"clients": None, "tokens": None, "problem": str(error)})
        return Observation(holdings.snapshot())

    async def apply(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002 - the contract
    ) -> Receipt:
        """Revoke. Harmless to repeat."""
        answer = await self._client.change("DELETE", _REVOKE, {"user": target.id}, self._journal)
        return Receipt({"sent": True, **stamp(answer)})

    async def verify(
        self, target: Target, before: Observation, receipt: Receipt | None, patience: Patience
    ) -> Proof:
        """Read until no token of before is left; later tokens are new sign-ins, and reported."""
        held = before.snapshot.get("tokens")
        known = {token["id"] for token in held or ()}
        revoked_at = instant(receipt.data.get("date")) if receipt else None

        async def look() -> Reading:
            seen = await read_holdings(self._client, target.id)
            tokens = aftermath.sort(seen.tokens, known, revoked_at)
            return Reading(
                not tokens.survivors,
                f"{len(tokens.survivors)} old, {len(tokens.undated)} undatable, "
                f"{len(tokens.fresh)} new refresh tokens",
                seen.date,
                found=(tokens, seen.unread),
            )

        reading = await until(look, patience, self._sleep)
        if reading.found is None:
            return proof(reading, check=_CHECK, expected=_EXPECTED)
        tokens, unread = reading.found
        outcome, reason = _judge(tokens, unread, receipt, held)
        exposure = tuple(_exposure(tokens, revoked_at or reading.at))
        return Proof(outcome, _CHECK, _EXPECTED, reading.observed, reason, exposure)


def _judge(
    tokens: Aftermath[RefreshToken],
    unlisted: Sequence[str],
    receipt: Receipt | None,
    held: Sequence[Json] | None,
) -> tuple[Outcome, str]:
    if tokens.survivors:
        apps = ", ".join(sorted({token.client_id for token in tokens.survivors}))
        return Outcome.FAILED, f"refresh tokens from before are still there: {apps}"
    if tokens.undated:
        reason = "a token's time does not tell whether it is older than the revoking"
        return Outcome.UNVERIFIABLE, reason
    if receipt is None and not held:
        reason = "no answer came, and there was no token to see disappear"
        return Outcome.UNVERIFIABLE, reason
    if unlisted:
        return Outcome.ACCEPTED, f"the tokens of {', '.join(unlisted)} cannot be listed"
    if held is None:
        return Outcome.ACCEPTED, f"what apps held before could not be read; {_NO_SESSION_LIST}"
    if not held:
        return Outcome.ACCEPTED, f"no app held a refresh token before; {_NO_SESSION_LIST}"
    return Outcome.VERIFIED, _NO_SESSION_LIST


def _exposure(tokens: Aftermath[RefreshToken], since: datetime | None) -> Iterable[Exposure]:
    def until(length: timedelta) -> str:
        return spell(since + length) if since else "unknown"

    yield Exposure(
        "okta",
        "access tokens of the organization's own authorization server",
        until(timedelta(minutes=60)),
        "they live 60 minutes, fixed; an app that checks them by itself takes them until then",
    )
    yield Exposure(
        "okta",
        "access tokens of custom authorization servers",
        until(timedelta(hours=24)),
        "they live 5 minutes to 24 hours as each server's policy says; apps that check them by "
        "themselves take them until then",
    )
    yield Exposure(
        "okta",
        "sessions that apps keep by themselves",
        "unknown",
        "revoking at Okta does not reach an app's own cookie",
    )
    for token in tokens.survivors:
        yield Exposure(
            "okta", f"refresh token {token.id} of app {token.client_id}", _end(token), "not revoked"
        )
    for token in tokens.fresh + tokens.undated:
        issued = spell(token.created) if token.created else "at an unknown time"
        yield Exposure(
            "okta",
            f"refresh token {token.id} of app {token.client_id}",
            _end(token),
            f"issued {issued}: somebody signed in again, the person or the thief",
        )


def _end(token: RefreshToken) -> str:
    return spell(token.expires) if token.expires else "unknown"
