"""After a person's Okta sessions and tokens were revoked: what reading shows, and what stays open.

Okta lists refresh tokens and no browser sessions, so a revocation is seen by the tokens it took.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from connectors import aftermath
from connectors.action import Exposure, Json, Observation, Outcome, Patience, Proof, Receipt, Target
from connectors.aftermath import Aftermath
from connectors.clock import instant, spell
from connectors.errors import Forbidden, Refused, Throttled, Unavailable
from connectors.okta.addresses import fill
from connectors.okta.client import OktaClient
from connectors.okta.tokens import RefreshToken, read_holdings
from connectors.readback import Reading, Sleep, glance, proof, until

_CHECK = "GET /api/v1/users/{user}/clients and each client's tokens"
_EXPECTED = "no refresh token issued before the revocation"
_NO_SESSION_LIST = "Okta lists no browser sessions, so for those its answer alone stands"


async def observed(client: OktaClient, target: Target) -> Observation:
    """Read which clients hold refresh tokens; revoking does not wait where that fails.

    Raises:
        errors.Refused: where the id is not a user id; nothing is sent.
        errors.NotFound: where there is no such user.
    """
    fill("{user}", {"user": target.id})
    try:
        holdings = await glance(lambda: read_holdings(client, target.id))
    except (Forbidden, Throttled, Unavailable, Refused) as error:
        return Observation({"clients": None, "tokens": None, "problem": str(error)})
    return Observation(holdings.snapshot())


async def proven(
    client: OktaClient,
    target: Target,
    before: Observation,
    receipt: Receipt | None,
    patience: Patience,
    sleep: Sleep,
) -> Proof:
    """Read until no token of ``before`` is left; later tokens are new sign-ins, and reported."""
    held = before.snapshot.get("tokens")
    known = {token["id"] for token in held or ()}
    revoked_at = instant(receipt.data.get("date")) if receipt else None

    async def look() -> Reading:
        seen = await read_holdings(client, target.id)
        tokens = aftermath.sort(seen.tokens, known, revoked_at)
        return Reading(
            not tokens.survivors, counted(tokens), seen.date, found=(tokens, seen.unread)
        )

    reading = await until(look, patience, sleep)
    if reading.found is None:
        return proof(reading, check=_CHECK, expected=_EXPECTED)
    tokens, unread = reading.found
    outcome, reason = _judge(tokens, unread, receipt, held)
    exposure = tuple(_exposure(tokens, revoked_at or reading.at))
    return Proof(outcome, _CHECK, _EXPECTED, reading.observed, reason, exposure)


def counted(tokens: Aftermath[RefreshToken]) -> str:
    """Say how many refresh tokens of each kind are listed."""
    return (
        f"{len(tokens.survivors)} old, {len(tokens.undated)} undatable, "
        f"{len(tokens.fresh)} new refresh tokens"
    )


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
    yield from access_tokens(since)
    yield Exposure(
        "okta",
        "sessions that apps keep by themselves",
        "unknown",
        "revoking at Okta does not reach an app's own cookie",
    )
    yield from refresh_tokens(tokens)


def access_tokens(since: datetime | None) -> Iterable[Exposure]:
    """What lives on of tokens issued up to ``since``: no call to Okta reaches who checks by himself."""

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


def refresh_tokens(tokens: Aftermath[RefreshToken]) -> Iterable[Exposure]:
    """Each refresh token that is still listed, and why."""
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
