"""Reset an Auth0 password: to one nobody knows, and the links that were mailed before are void.

Sources: Auth0 Management API v2, update a user (``password``, ``connection``: database connections
only) and create a password change ticket; Auth0, session logout (a changed password ends the user's
sessions); Auth0's support: refresh tokens outlive it (community 150812), so does a link that was mailed
before, until another ticket is made (150437). So a ticket is always made. Its link sets a new password
without asking for the old: it is dropped unread, unless it is to be handed over to a person.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.action import (
    ActionSpec,
    Exposure,
    Handover,
    Impact,
    Json,
    Observation,
    Outcome,
    Patience,
    PlannedCall,
    Proof,
    Receipt,
    Target,
    Verdict,
)
from connectors.auth0.base import Auth0Action, access_tokens, stamp
from connectors.auth0.client import Request
from connectors.auth0.ids import fill
from connectors.auth0.users import USER, User, read_user
from connectors.clock import instant, spell, spell_or_none
from connectors.door import Answer
from connectors.readback import Reading, proof, then_by_hand, until
from connectors.unguessable import LENGTH, unguessable

_TICKET = "/api/v2/tickets/password-change"
_CHECK = "GET /api/v2/users/{user}: last_password_reset; a ticket cannot be read"
#: For a link that nobody gets; 0 would be Auth0's default of five days.
_THROWN_AWAY_S = 60
#: How far what stamps the user and what dates the answer may be apart.
_SKEW = timedelta(seconds=5)
_LOST = (
    "the password was changed, and it cannot be told by whom: no answer came, and what link it had is "
    "lost with it"
)
_NO_LINK = (
    "The password is one nobody knows, and Auth0 answered no link: make one by "
    "POST /api/v2/tickets/password-change for the person, and give it to her out of band."
)
_TOKENS = "Auth0 ends its own sessions with it, and no refresh token: those are revoked apart"
_SEEN = "read back: that the password was changed when we asked for it"
_UNSEEN_TICKET = (
    "not read back: the ticket, which Auth0 shows nowhere. That it voids links mailed before{link} rests on "
    "its answer alone"
)
_UNSEEN_OTHERS = (
    "not read back: each of the account's {count} passwords ({names}). Auth0 tells when one of them was last "
    "changed, and not which; it took the change of each"
)
_AGAIN = (
    "The password was changed once more after the reset, and not by this step: ask the person, out of "
    "band, whether it was she; if not, block the user (auth0.block_user) and reset it again."
)
_WHICH = "In the Auth0 dashboard, User Management, the person's page, set a new password for each."
_CODES = frozenset({"email", "sms"})


class ResetParameters(BaseModel):
    """What becomes of the link."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hand_over: bool = Field(
        False, description="whether the link that sets a new password is handed over to a person"
    )
    link_minutes: int = Field(
        1440, ge=5, le=43200, description="how long the link that is handed over can be used"
    )


class ResetPassword(Auth0Action[ResetParameters]):
    """``auth0.reset_password``."""

    spec = ActionSpec(
        name="auth0.reset_password",
        system="auth0",
        title="Reset the Auth0 password",
        countermeasure="CM0080",
        impact=Impact.HIGH,
        reversible=False,
        d3fend=("D3-PR",),
        attack=("T1078.004",),
        permissions=("read:users", "update:users", "create:user_tickets"),
        parameters=ResetParameters,
        disrupts="The person cannot sign in with a password until she has set a new one.",
        leaves_open="Whoever knows the password can sign in with it.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """The password, its text not shown because there is none yet; then the ticket."""
        password = (
            f'{{"password": "({LENGTH} random characters, kept nowhere)", "connection": '
            '"(the database connection)"}'
        )
        link = "handed over to a person" if self._parameters.hand_over else "thrown away"
        why = f"links mailed before are void; no mail is sent, and the link Auth0 answers is {link}"
        path = fill(USER, {"user": target.id})
        return (
            PlannedCall("PATCH", path, password, "the old password is dead"),
            PlannedCall("POST", _TICKET, json.dumps(self._asked(target)), why),
        )

    async def observe(self, target: Target) -> Observation:
        """Read who keeps the password, and when it was last changed.

        It never counts as reset already: who knows the one that is set cannot be read.
        """
        user = await read_user(self._client, target.id)
        snapshot = {**user.snapshot(), "databases": [each.connection for each in user.databases]}
        return Observation(snapshot, satisfied=False, verdict=_verdict(user))

    async def apply(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002 - the contract
    ) -> Receipt:
        """Set each database password anew, then make the ticket. Harmless to repeat.

        Whatever link a lost answer had is void with the next one.
        """
        user = await read_user(self._client, target.id)
        changed: list[Answer] = []
        for each in user.databases:
            body = {"password": unguessable(), "connection": each.connection}
            request = Request("PATCH", USER, {"user": target.id}, body=body, needs=self._needs)
            changed.append(await self._change(request))
        hand_over = self._parameters.hand_over
        asked = self._asked(target, user)
        request = Request("POST", _TICKET, {"user": target.id}, body=asked, needs=self._needs)
        made = await self._change(request, answered=hand_over)
        dates = [answer.date for answer in changed if answer.date]
        data: Json = {
            "sent": True,
            "date": spell_or_none(max(dates, default=None)),
            "passwords": [stamp(answer) for answer in changed],
            "ticket": stamp(made),
        }
        if not hand_over:
            return Receipt(data)
        link = made.body.get("ticket") if isinstance(made.body, dict) else None
        if not isinstance(link, str) or not link:
            return Receipt({**data, "link": False})
        usable = timedelta(minutes=self._parameters.link_minutes)
        ends = spell(made.date + usable, "seconds") if made.date else "unknown"
        return Receipt({**data, "link": True}, Handover("reset_link", SecretStr(link), ends))

    async def verify(
        self, target: Target, before: Observation, receipt: Receipt | None, patience: Patience
    ) -> Proof:
        """Read until Auth0's time of the last change is that of ours.

        That is all there is to read. The reason says what was not: the ticket; and, where the account has
        several passwords, which of them was changed: then it is ``accepted``. Without a receipt another's change cannot be told from ours, and the link is lost: it is
        ``unverifiable`` then, and to be done again. A change that came later makes it ``manual``.
        """
        old = instant(before.snapshot.get("password_changed"))
        sent_at = instant(receipt.data.get("date")) if receipt else None

        async def look() -> Reading:
            user = await read_user(self._client, target.id)
            changed = user.password_changed
            observed = f"password changed {spell_or_none(changed) or 'never'}"
            if changed is None or (old is not None and changed <= old):
                return Reading(False, observed, user.date)
            if receipt is None:
                return Reading(None, observed, user.date, reason=_LOST, settled=True)
            if sent_at is not None and changed < sent_at - _SKEW:
                return Reading(False, observed, user.date)
            found = (user, sent_at is not None and changed > sent_at + _SKEW)
            reason = "; ".join((*self._limits(user), _TOKENS))
            return Reading(True, observed, user.date, found=found, reason=reason)

        reading = await until(look, patience, self._sleep)
        user, again = reading.found or (None, False)
        expected = f"changed at {spell_or_none(sent_at) or 'the time of the reset'}"
        left = _left(user) if user else ()
        shown = proof(reading, check=_CHECK, expected=expected, exposure=left)
        if again:
            return then_by_hand(shown, _AGAIN)
        linkless = receipt is not None and receipt.data.get("link") is False
        if linkless:
            return then_by_hand(shown, _NO_LINK)
        several = user is not None and len(user.databases) > 1
        return replace(shown, outcome=Outcome.ACCEPTED) if several else shown

    def _limits(self, user: User) -> tuple[str, ...]:
        """Say what reading back has shown, and what it cannot show."""
        link = " and that the link handed over works" if self._parameters.hand_over else ""
        ticket = _UNSEEN_TICKET.format(link=link)
        if len(user.databases) == 1:
            return _SEEN, ticket
        names = ", ".join(each.connection for each in user.databases)
        return _UNSEEN_OTHERS.format(count=len(user.databases), names=names), ticket

    def _asked(self, target: Target, user: User | None = None) -> Json:
        usable_s = 60 * self._parameters.link_minutes
        body: Json = {
            "user_id": target.id,
            "ttl_sec": usable_s if self._parameters.hand_over else _THROWN_AWAY_S,
            "mark_email_as_verified": False,
            "includeEmailInRedirect": False,
        }
        if user is not None and not user.id.startswith("auth0|"):
            # the password is that of a linked identity, which has to be named
            body["identity"] = {"user_id": user.databases[0].id, "provider": "auth0"}
        return body


def _verdict(user: User) -> Verdict | None:
    if not user.has_password:
        return _elsewhere(user)
    names = [each.connection for each in user.databases]
    if not names or not all(names) or len(set(names)) < len(names):
        reason = "Auth0 does not tell by which connection each of the account's passwords is set"
        return Verdict(Outcome.MANUAL, reason, _WHICH)
    return None


def _elsewhere(user: User) -> Verdict:
    """Say who keeps the password: nobody may open the account before it is changed there."""
    names = ", ".join(user.providers)
    if set(user.providers) <= _CODES:
        reason = f"the account has no password: a code sent by {names} signs in"
        how = "Make sure, out of band, that the person alone gets that code"
    else:
        reason = f"the password is kept by {names}, not by Auth0"
        how = f"Have it changed at {names}, and sessions ended there"
    return Verdict(Outcome.MANUAL, reason, f"{how}, before the account is opened again.")


def _left(user: User) -> tuple[Exposure, ...]:
    """What opens the account all the same, or goes on."""
    others = [name for name in user.providers if name != "auth0"]
    left = [
        Exposure(
            "auth0",
            "a new password by mail",
            "unknown",
            "whoever reads the person's mail can ask for a link that sets one, unless the connection "
            "forbids it or the user is blocked",
        ),
        access_tokens(),
    ]
    if others:
        why = "the account is linked with them, and their passwords open it, too"
        left.append(Exposure("auth0", f"sign-in by {', '.join(others)}", "unknown", why))
    return tuple(left)
