"""How states are told: always in words, with a sign and a colour only beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from ledger.chain import rfc3339
from ledger.timers import Timers
from web.console import telling


@dataclass(frozen=True, slots=True)
class Label:
    """A state as it is shown. ``tone`` is good, fair, bad or quiet."""

    sign: str
    words: str
    tone: str


_OUTCOMES = {
    "verified": Label("✓", "Done and verified", "good"),
    "accepted": Label("✓", "Accepted, cannot be read back", "fair"),
    "unverifiable": Label("≈", "Done, not verifiable", "fair"),
    "already": Label("✓", "Was so already", "good"),
    "observed": Label("✓", "Read, nothing was to be changed", "good"),
    "skipped": Label("—", "Skipped", "quiet"),
    "denied": Label("✕", "Denied", "quiet"),
    "manual": Label("✎", "To be done by hand", "bad"),
    "failed": Label("✕", "Failed", "bad"),
    "unknown": Label("?", "Outcome unknown", "bad"),
}
_APPROVALS = {
    "pending": Label("◷", "Waits for a decision", "fair"),
    "approved": Label("✓", "Approved", "good"),
    "denied": Label("✕", "Denied", "quiet"),
    "expired": Label("—", "Expired: nobody decided in time", "bad"),
}
_STATUSES = {
    "contained": Label("✓", "Contained", "good"),
    "completed": Label("✓", "Done", "good"),
    "partial": Label("!", "Not fully contained: somebody has to look", "bad"),
    "failed": Label("✕", "Not contained", "bad"),
    "observed": Label("·", "Observed only: nothing was changed", "quiet"),
}
_STATUSES_BESIDE = {
    "partial": Label("!", "Not all done: somebody has to look", "bad"),
    "failed": Label("✕", "Nothing done", "bad"),
}
_NOTICES = {
    "due": Label("◷", "Not delivered yet", "fair"),
    "sent": Label("✓", "Delivered", "good"),
    "partial": Label("!", "Reached some, not all: act as if it reached nobody", "bad"),
    "nobody": Label("✕", "Reached nobody", "bad"),
    "failed": Label("✕", "Failed", "bad"),
    "unknown": Label("?", "Unknown whether it arrived", "bad"),
}


_QUESTIONS = {
    "contain": ("Evict the thief from", "'s accounts?"),
    "clean": ("Remove what was left behind in", "'s accounts?"),
    "reissue": ("Give the accounts back to", "?"),
    "undo": ("Undo what was changed in", "'s accounts?"),
}
_PURPOSES = {
    "clean": "Remove what was left behind",
    "reissue": "Give the account back",
    "undo": "Undo what was changed",
}


def _minute(milliseconds: int) -> str:
    return f"{rfc3339(milliseconds)[:16].replace('T', ' ')} UTC"


def _other(state: str) -> Label:
    return Label("·", state.replace("_", " ").capitalize() or "—", "quiet")


def of_step(step: Row[Any]) -> Label:
    """Say where a step is, or how it ended."""
    if step.state == "done":
        outcome = step.outcome or ""
        if step.lacks:
            return Label("!", f"Skipped: a {step.lacks} is missing", "bad")
        return _OUTCOMES.get(outcome) or _other(outcome)
    if step.state == "leased":
        return Label("▸", "Under way", "fair")
    if step.state == "ready" and step.delay_s and not step.last_error:
        return Label("◷", f"Waits until {_minute(step.not_before)}", "quiet")
    if step.state == "ready":
        again = bool(step.last_error)
        return Label("◷", "Will be tried again" if again else "About to start", "fair")
    if step.approval == "pending":
        return Label("◷", "Waits for approval", "fair")
    return Label("·", "Waits for earlier steps", "quiet")


def question(run: Row[Any]) -> tuple[str, str]:
    """Say what is asked about a run, in the words before and after the person's name."""
    return _QUESTIONS.get(run.aim, ("Go on with", "?"))


def purpose(run: Row[Any]) -> str:
    """Say what a run is for, where that is not to evict a thief."""
    return _PURPOSES.get(run.aim, "")


def of_approval(state: str) -> Label:
    """Say what became of a request for approval."""
    return _APPROVALS.get(state) or _other(state)


def of_notice(notice: Row[Any]) -> Label:
    """Say whether a message arrived."""
    if telling.tried_in_vain(notice):
        return Label("!", "Not delivered yet, being tried again", "bad")
    return _NOTICES.get(notice.state) or _other(notice.state)


def of_run(run: Row[Any], waits: bool, left: Timers | None = None) -> Label:
    """Say where a run is.

    ``waits`` tells that it waits for a person, ``left`` what it waits for where only time is left.
    """
    if run.state != "done":
        if waits:
            return Label("◷", "Waits for a decision", "fair")
        if run.state == "restoring" and left is not None and left.watches:
            so_far = _ended(run) if run.status else Label("◷", "", "fair")
            words = f"{so_far.words}, watched until" if so_far.words else "Watched until"
            return Label("◷", f"{words} {_minute(left.until)}", so_far.tone)
        if run.state == "restoring":
            return Label("◷", "Waits only to put settings back", "fair")
        return Label("▸", "Running", "fair")
    return _ended(run)


def _ended(run: Row[Any]) -> Label:
    beside = _STATUSES_BESIDE if run.aim != "contain" else {}
    return beside.get(run.status) or _STATUSES.get(run.status) or _other(run.status)
