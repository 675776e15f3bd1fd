"""Remove the MFA factors enrolled since the theft, so that the thief loses his way back in.

Removing a factor lets a new one be enrolled by whoever has the password (Okta Factors API), so the
password has to be dead first, and an account that can sign in is never left with a password only.
"""

from __future__ import annotations

from dataclasses import replace

from connectors import errors
from connectors.action import (
    ActionSpec,
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
from connectors.okta.base import MANAGE, READ, OktaAction, stamp
from connectors.okta.enrolled import (
    FACTOR,
    FILTERED,
    PHONES,
    Enrolled,
    is_enrolled,
    read_factor,
    read_factors,
    siblings,
)
from connectors.okta.since import SinceParameters, left_to_people
from connectors.okta.unlisted import by_hand, read_unlisted
from connectors.okta.users import (
    ACTIVE,
    DEPROVISIONED,
    LOCKED_OUT,
    PASSWORD_EXPIRED,
    User,
    read_user,
)
from connectors.readback import Reading, proof, until

_CHECK = "GET /api/v1/users/{user}/factors/{factor}"
_EXPECTED = "404 for each factor, and none that was not there before"
_UNTOLD = "the log tells of factors enrolled since the theft that Okta does not list for us"
_PASSWORD_ONLY = "the account would be left with a password only, and it can sign in or soon will"  # noqa: S105
# What is known to have happened to one factor; the others are still to be tried.
_GO_ON = (errors.Forbidden, errors.Conflict, errors.Invalid, errors.UnknownOutcome)


class RemoveFactors(OktaAction[SinceParameters]):
    """``okta.remove_factors``."""

    spec = ActionSpec(
        name="okta.remove_factors",
        system="okta",
        title="Remove MFA factors enrolled since the theft",
        countermeasure="CM0071",
        impact=Impact.HIGH,
        reversible=False,
        d3fend=("D3-CR",),
        attack=("T1098.005", "T1556.006", "T1621"),
        permissions=(READ, MANAGE, "okta.users.credentials.resetFactors"),
        permissions_also=("okta.users.credentials.manage",),
        parameters=SinceParameters,
        disrupts="The person enrols the removed factors again.",
        leaves_open="A factor the thief enrolled lets him sign in as the person.",
    )

    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """One request a factor; which ones is known when the list has been read."""
        which = self._parameters.said(target, "factor", "enrolled")
        path = FACTOR.format(user=target.id, factor="{factor}")
        return (
            PlannedCall(
                "DELETE",
                path,
                why=f"{which}; removing a push or FastPass factor also removes the person's other "
                "Okta Verify factors, old ones too",
            ),
            PlannedCall(
                "DELETE",
                f"{path}?removeRecoveryEnrollment=true",
                why=f"{which} that is a phone number: it stops serving recovery too",
            ),
        )

    async def observe(self, target: Target) -> Observation:
        """Read the status and the factors, and choose those that go."""
        user = await read_user(self._client, target.id)
        if user.status == DEPROVISIONED:
            reason = f"{user.standing()}, and Okta removes no factor of a deactivated account"
            return Observation(user.snapshot(), False, Verdict(Outcome.SKIPPED, reason))
        chosen = self._parameters
        enrolled = await read_factors(self._client, target.id)
        beyond = await read_unlisted(
            self._client, target.id, enrolled.factors, chosen.start(target), user.date
        )
        enrolled = enrolled.with_unlisted(beyond.factors)
        going = [f.id for f in enrolled.factors if chosen.takes(target, f.created)]
        undated = sum(chosen.cannot_tell(factor.created) for factor in enrolled.factors)
        snapshot: Json = {
            **user.snapshot(),
            "factors": [factor.snapshot() for factor in enrolled.factors],
            "remove": going,
            "also_removed": [factor.id for factor in siblings(going, enrolled.factors)],
            "odd": enrolled.odd + undated,
            "unlisted": [factor.id for factor in beyond.factors],
            "untold": [enrolment.to_json() for enrolment in beyond.untold],
            "problem": beyond.problem,
        }
        verdict = chosen.verdict(target, "factors")
        if verdict is None and _leaves_password_only(user, enrolled, going):
            verdict = Verdict(Outcome.MANUAL, _PASSWORD_ONLY, _SUSPEND_FIRST)
        if verdict is None and not going and beyond.untold:
            verdict = Verdict(Outcome.MANUAL, _UNTOLD, by_hand(snapshot["untold"]))
        nothing = None if beyond.problem else True
        return Observation(snapshot, False if going or verdict else nothing, verdict)

    async def apply(self, target: Target, before: Observation) -> Receipt:
        """Remove what remains of the chosen factors; one that is gone already is no error."""
        going = [str(factor) for factor in before.snapshot.get("remove", ())]
        user = await read_user(self._client, target.id)
        enrolled = await read_factors(self._client, target.id)
        hidden = [
            await read_factor(self._client, target.id, str(one))
            for one in before.snapshot.get("unlisted", ())
        ]
        enrolled = enrolled.with_unlisted(factor for factor in hidden if factor)
        if _leaves_password_only(user, enrolled, going):
            raise errors.Conflict(_PASSWORD_ONLY, remedy=_SUSPEND_FIRST)
        phones = {
            factor["id"]
            for factor in before.snapshot.get("factors", ())
            if factor["type"] in PHONES
        }
        removed: list[Json] = []
        problems: list[errors.ConnectorError] = []
        for factor in going:
            path = f"{FACTOR}?removeRecoveryEnrollment=true" if factor in phones else FACTOR
            params = {"user": target.id, "factor": factor}
            try:
                answer = await self._client.change("DELETE", path, params, self._journal)
            except errors.NotFound as error:
                removed.append({"factor": factor, "status": error.status, "gone_before": True})
            except _GO_ON as error:
                problems.append(error)
            else:
                removed.append({"factor": factor, **stamp(answer)})
        if problems:
            unknown = (error for error in problems if isinstance(error, errors.UnknownOutcome))
            raise next(unknown, problems[0])
        also = before.snapshot.get("also_removed", [])
        return Receipt({"sent": bool(going), "removed": removed, "also_removed": also})

    async def verify(
        self,
        target: Target,
        before: Observation,
        receipt: Receipt | None,
        patience: Patience,
    ) -> Proof:
        """Ask for each factor until none of them is there any more, and none came meanwhile."""
        going = [str(factor) for factor in before.snapshot.get("remove", ())]
        seen = {factor["id"] for factor in before.snapshot.get("factors", ())}

        async def look() -> Reading:
            # Each is asked for by its id: the list hides what a policy does not allow.
            there = [one for one in going if await is_enrolled(self._client, target.id, one)]
            enrolled = await read_factors(self._client, target.id)
            new = [factor.kind for factor in enrolled.factors if factor.id not in seen]
            observed = f"{len(going) - len(there)} of {len(going)} are gone"
            if new:
                observed += f"; enrolled meanwhile: {', '.join(new)}"
            return Reading(not there and not new, observed, enrolled.date, reason=_reason(before))

        reading = await until(look, patience, self._sleep)
        shown = proof(reading, check=_CHECK, expected=_EXPECTED)
        untold = by_hand(before.snapshot.get("untold") or ())
        # where we have removed nothing the step ends as it was, with the reason
        removed = receipt.data.get("removed", ()) if receipt else going
        ours = any(not (isinstance(one, dict) and one.get("gone_before")) for one in removed)
        doubtful = ours and before.snapshot.get("problem") and not untold
        if shown.outcome is Outcome.VERIFIED and doubtful:
            return replace(shown, outcome=Outcome.UNVERIFIABLE)
        return left_to_people(shown, untold)


#: Statuses in which a password opens the account: now, once it is changed, or once Okta unlocks it.
_OPENS = frozenset({ACTIVE, PASSWORD_EXPIRED, LOCKED_OUT})
_SUSPEND_FIRST = (
    "Suspend the account (okta.suspend_user) or reset its password (okta.reset_password), then run "
    "this step again."
)


def _leaves_password_only(user: User, enrolled: Enrolled, going: list[str]) -> bool:
    leaving = {*going, *(factor.id for factor in siblings(going, enrolled.factors))}
    present = {factor.id for factor in enrolled.factors}
    if user.status not in _OPENS or not present & leaving:
        return False
    return not any(factor.protects and factor.id not in leaving for factor in enrolled.factors)


def _reason(before: Observation) -> str:
    also = before.snapshot.get("also_removed") or ()
    odd = before.snapshot.get("odd") or 0
    parts = [
        f"{len(also)} other Okta Verify factors went with them" if also else "",
        f"{odd} entries could not be read or dated and were left alone" if odd else "",
        before.snapshot.get("problem") or "",
        FILTERED,
    ]
    return "; ".join(part for part in parts if part)
