"""What came since the theft began: chosen by Okta's own times, never by guess.

What is older belongs to the person and is not touched; what carries no time is left to people.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from connectors.action import Outcome, Proof, Target, Verdict
from connectors.clock import instant


class SinceParameters(BaseModel):
    """Which of a person's things go."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scope: Literal["since", "all"] = Field(
        "since", description="since: what came since the theft began; all: whatever its age"
    )
    margin_minutes: int = Field(
        15, ge=0, le=10080, description="how long before the known beginning counts as since"
    )

    def start(self, target: Target) -> datetime | None:
        """From when on things count, None where it is not known when the theft began."""
        since = instant(target.since)
        return since - timedelta(minutes=self.margin_minutes) if since else None

    def takes(self, target: Target, created: datetime | None) -> bool:
        """Whether a thing of this age goes."""
        if self.scope == "all":
            return True
        start = self.start(target)
        return start is not None and created is not None and created >= start

    def cannot_tell(self, created: datetime | None) -> bool:
        """Whether a thing's age would have to be guessed."""
        return self.scope == "since" and created is None

    def said(self, target: Target, things: str, came: str) -> str:
        """Say which of the ``things`` go: every one, or each that ``came`` since."""
        if self.scope == "all":
            return f"every {things}"
        since = target.since or "an unknown time"
        return f"each {things} {came} later than {self.margin_minutes} min before {since}"

    def verdict(self, target: Target, things: str) -> Verdict | None:
        """Decide where nothing can be chosen, because the beginning is not known."""
        if self.scope == "all" or self.start(target) is not None:
            return None
        reason = f"it is not known when the theft began, and {things} are not chosen by guess"
        how = f"Look at the {things}' times in the observation and remove the thief's by hand."
        return Verdict(Outcome.MANUAL, reason, how)


def left_to_people(shown: Proof, how: str) -> Proof:
    """Turn a proof that all went well into ``manual`` where ``how`` says what a person must finish."""
    if shown.outcome is not Outcome.VERIFIED or not how:
        return shown
    return replace(shown, outcome=Outcome.MANUAL, reason=how)
