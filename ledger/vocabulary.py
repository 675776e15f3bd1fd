"""The closed vocabulary of the audit log. A name that was ever written keeps its meaning for good."""

from __future__ import annotations

from enum import StrEnum


class Event(StrEnum):
    """What a record is about: subject and what happened to it."""

    ALERT_RECEIVED = "alert.received"
    ALERT_REJECTED = "alert.rejected"
    ALERT_QUARANTINED = "alert.quarantined"
    ALERT_REPLAYED = "alert.replayed"
    ALERT_DUPLICATE = "alert.duplicate"
    ALERT_IGNORED = "alert.ignored"
    ALERT_JOINED = "alert.joined"
    RUN_CREATED = "run.created"
    RUN_FINISHED = "run.finished"
    PLAN_COMPUTED = "plan.computed"
    APPROVAL_REQUESTED = "approval.requested"
    APPROVAL_DECIDED = "approval.decided"
    APPROVAL_EXPIRED = "approval.expired"
    APPROVAL_SUPERSEDED = "approval.superseded"
    NOTIFICATION_SENT = "notification.sent"
    NOTIFICATION_FAILED = "notification.failed"
    STEP_STARTED = "step.started"
    STEP_OBSERVED = "step.observed"
    STEP_POSTPONED = "step.postponed"
    STEP_FINISHED = "step.finished"
    LEASE_EXPIRED = "lease.expired"
    RESULT_STALE = "result.stale"
    ACTION_INTENT = "action.intent"
    ACTION_RESULT = "action.result"
    ACTION_RECONCILED = "action.reconciled"
    VERIFY_RESULT = "verify.result"
    CONTROL_PAUSED = "control.paused"
    CONTROL_RESUMED = "control.resumed"
    AUTH_LOGIN = "auth.login"
    AUTH_FAILED = "auth.failed"
    AUTH_LOGOUT = "auth.logout"
    USER_ADDED = "user.added"
    USER_CHANGED = "user.changed"
    AUDIT_EXPORTED = "audit.exported"
