"""Reset all of a person's MFA factors in Okta at once, hidden ones too.

Source: Okta Users API, resetFactors: every enrolment returns to the unenrolled state, the status stays.
Whoever has the password could then enrol a factor of his own, so it is done only while the account is
suspended or its password is dead.
"""

from __future__ import annotations

from dataclasses import replace

from connectors import errors
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
from connectors.okta.base import MANAGE, READ, OktaAction, stamp
from connectors.okta.enrolled import FILTERED, PHONES, is_enrolled, read_factors
from connectors.okta.users import RECOVERY, SUSPENDED, User, read_user
from connectors.readback import Reading, proof, until

_RESET = "/api/v1/users/{user}/lifecycle/reset_factors"
_CHECK = "GET /api/v1/users/{user}/factors/{factor}"
_EXPECTED = "404 for each factor, and none that was not there before"
_OPEN = "whoever has the password could enrol a factor of his own"
_CLOSE_FIRST = (
    "Suspend the account (okta.suspend_user) or reset its password (okta.reset_password), then run "
    "this step again."
)
_RECOVERY_PHONES = Exposure(
    "okta",
    "phone numbers that served as a factor",
    "unknown",
    "Okta does not say whether they stay as a way to recover the account: look at the profile",
)


class ResetFactors(OktaAction[NoParameters]):
    """``okta.reset_factors``."""

    spec = ActionSpec(
        name="okta.reset_factors",
        system="okta",
        title="Reset all MFA factors",
        countermeasure="CM0071",
        impact=Impact.HIGH,
        reversible=False,
        d3fend=("D3-CR",),
        attack=("T1098.005", "T1556.006", "T1621"),
        permissions=(READ, MANAGE, "okta.users.credentials.resetFactors"),
        permissions_also=("okta.users.credentials.manage",),
        disrupts="The person enrols all her factors again.",
        leaves_open="A factor the thief enrolled lets him sign in as the person.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """The one request."""
        why = "all factors are unenrolled, also those that Okta does not list for us"
        return (PlannedCall("POST", _RESET.format(user=target.id), why=why),)

    async def observe(self, target: Target) -> Observation:
        """Read the status and the factors."""
        user = await read_user(self._client, target.id)
        enrolled = await read_factors(self._client, target.id)
        snapshot: Json = {
            **user.snapshot(),
            "factors": [factor.snapshot() for factor in enrolled.factors],
            "odd": enrolled.odd,
        }
        # Okta hides factors from us: an empty list is no proof that there is none.
        return Observation(snapshot, None if not enrolled.factors else False, _verdict(user))

    async def apply(
        self,
        target: Target,
        before: Observation,  # noqa: ARG002 - the contract
    ) -> Receipt:
        """Reset them, if the account is still closed. Harmless to repeat.

        Raises:
            errors.Conflict: the account has been opened meanwhile.
        """
        user = await read_user(self._client, target.id)
        if not _closed(user):
            raise errors.Conflict(f"the account is {user.status}: {_OPEN}", remedy=_CLOSE_FIRST)
        answer = await self._client.change("POST", _RESET, {"user": target.id}, self._journal)
        return Receipt({"sent": True, **stamp(answer)})

    async def verify(
        self, target: Target, before: Observation, receipt: Receipt | None, patience: Patience
    ) -> Proof:
        """Ask for each factor until none of them is there any more, and none came meanwhile."""
        known = [str(factor["id"]) for factor in before.snapshot["factors"]]

        async def look() -> Reading:
            # Each is asked for by its id: the list hides what a policy does not allow.
            there = [one for one in known if await is_enrolled(self._client, target.id, one)]
            enrolled = await read_factors(self._client, target.id)
            new = [factor.kind for factor in enrolled.factors if factor.id not in known]
            observed = f"{len(known) - len(there)} of {len(known)} are gone"
            if new:
                observed += f"; enrolled meanwhile: {', '.join(new)}"
            return Reading(not there and not new, observed, enrolled.date, reason=FILTERED)

        reading = await until(look, patience, self._sleep)
        phones = any(factor["type"] in PHONES for factor in before.snapshot["factors"])
        shown = proof(
            reading,
            check=_CHECK,
            expected=_EXPECTED,
            exposure=(_RECOVERY_PHONES,) if phones else (),
        )
        if shown.outcome is Outcome.VERIFIED and not known:
            # There was nothing to see disappear.
            return replace(shown, outcome=Outcome.ACCEPTED if receipt else Outcome.UNVERIFIABLE)
        return shown


def _closed(user: User) -> bool:
    """Whether nobody can sign in with the password; one kept elsewhere is not dead by Okta's reset."""
    return user.status == SUSPENDED or (user.status == RECOVERY and not user.password_elsewhere)


def _verdict(user: User) -> Verdict | None:
    if _closed(user):
        return None
    if user.status in ("STAGED", "PROVISIONED", "DEPROVISIONED"):
        return Verdict(Outcome.SKIPPED, user.standing())
    return Verdict(Outcome.MANUAL, f"the account is {user.status}: {_OPEN}", _CLOSE_FIRST)
