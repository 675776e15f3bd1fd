"""Whether decisions were asked for, taken in time, and by a person who may decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ledger.story_facts import Record, Request, Rule, Run, Runs, no_run, part, text
from ledger.written import moment

_DECISIONS = frozenset({"approved", "denied"})
_DECIDERS = frozenset({"approver", "admin"})
_GIVES_BACK = frozenset({"undo", "reissue"})

#: A record's time is taken when it is written: after the decision, and after the waits for a
#: database that others use, too.
_WRITTEN_WITHIN = timedelta(minutes=1)


@dataclass(slots=True)
class _Account:
    role: str
    disabled: bool = False
    disabled_at: datetime | None = None


class Decisions:
    """The rules for accounts, requests for approval and what becomes of these."""

    def __init__(self, runs: Runs) -> None:
        """Follow the approvals of ``runs``."""
        self._runs = runs
        self._accounts: dict[str, _Account] = {}

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rule for each event."""
        return {
            "user.added": self._user_added,
            "user.changed": self._user_changed,
            "approval.requested": self._requested,
            "approval.decided": self._decided,
            "approval.refused": self._refused,
            "approval.expired": self._over,
            "approval.superseded": self._over,
        }

    def _user_added(self, record: Record) -> Iterator[str]:
        user = part(record, "user")
        self._accounts[text(user, "id")] = _Account(text(user, "role"))
        yield from ()

    def _user_changed(self, record: Record) -> Iterator[str]:
        account = self._accounts.get(text(part(record, "user"), "id"))
        change = text(record, "change")
        if account is not None and change in ("disabled", "enabled"):
            account.disabled = change == "disabled"
            account.disabled_at = moment(record.get("time"))
        yield from ()

    def _requested(self, record: Record) -> Iterator[str]:
        run, approval = self._runs.of(record), part(record, "approval")
        approval_id, deadline = text(approval, "id"), moment(approval.get("deadline"))
        if run is None:
            yield no_run(record)
        elif not approval_id or approval_id in run.asked:
            yield "its request has no id of its own"
        else:
            if run.asked:
                yield "people were asked about its run before"
            if deadline is None:
                yield "its request says no deadline"
            run.asked[approval_id] = Request(text(approval, "plan_hash"), deadline)

    def _decided(self, record: Record) -> Iterator[str]:
        run, approval = self._runs.of(record), part(record, "approval")
        decision, plan_hash = text(approval, "decision"), text(approval, "plan_hash")
        undecidable = _not_decidable(run, approval)
        wrong = [undecidable] if undecidable else []
        if decision not in _DECISIONS:
            wrong.append(f"its decision is neither approved nor denied: {decision or 'none'}")
        wrong += self._not_by(record)
        if run is not None and not undecidable:
            wrong += _too_late(run.asked[text(approval, "id")], record)
            run.decided.add(text(approval, "id"))
            if decision == "approved" and not wrong:
                run.approved.add(plan_hash)
        yield from wrong

    def _refused(self, record: Record) -> Iterator[str]:
        run = self._runs.of(record)
        undecidable = _not_decidable(run, part(record, "approval"))
        if undecidable:
            yield undecidable
        elif run is not None and run.aim not in _GIVES_BACK:
            yield f"a containment stands against giving back, and its run is to {run.aim}"
        yield from self._not_by(record)

    def _over(self, record: Record) -> Iterator[str]:
        run, approval = self._runs.of(record), part(record, "approval")
        undecidable = _not_decidable(run, approval)
        if undecidable:
            yield undecidable
        elif run is not None:
            run.decided.add(text(approval, "id"))

    def _not_by(self, record: Record) -> Iterator[str]:
        """Say why whoever is named as the decider cannot have decided."""
        actor = part(record, "actor")
        who = text(actor, "sub")
        account = self._accounts.get(who)
        if text(actor, "type") != "human" or not who:
            yield "it was decided by no person"
        elif account is None:
            yield f"no account of who decided was added before: {who}"
        elif account.role not in _DECIDERS:
            yield f"whoever decided has the role {account.role or 'none'} and may not"
        elif account.disabled and _later(record, account.disabled_at):
            yield "the account of who decided had been disabled before"


def _not_decidable(run: Run | None, approval: Record) -> str:
    if run is None:
        return "it decides about a run that was never created"
    approval_id = text(approval, "id")
    asked = run.asked.get(approval_id)
    if asked is None or not asked.plan_hash or asked.plan_hash != text(approval, "plan_hash"):
        return "nobody was asked this before: no request has its id and plan hash"
    if approval_id in run.decided:
        return f"request {approval_id} was decided, or had expired, before"
    return ""


def _too_late(asked: Request, record: Record) -> Iterator[str]:
    if asked.deadline is not None and _later(record, asked.deadline):
        shown = asked.deadline.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        yield f"the time to decide had ended at {shown}"


def _later(record: Record, end: datetime | None) -> bool:
    """Tell whether a record was written after ``end``, by more than writing it may take.

    What has no time is reported for its form, and is late: it may have been any time.
    """
    written = moment(record.get("time"))
    return written is None or end is None or written - end > _WRITTEN_WITHIN
