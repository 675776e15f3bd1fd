"""The tables. Times are integers: milliseconds since 1970, UTC, by the database's clock."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    false,
    text,
)

from ledger.storable import DocumentType, TextType

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Document = DocumentType()
Text = TextType()
Id = String(36)

delivery_body = Table(
    "delivery_body",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("bytes", LargeBinary, nullable=False),
)

# One row per finding. A delivery that carries several gets its further findings as rows of their
# own (part 1, 2 ...) that point at the same stored bytes; so does one person of a finding
# (``victim``, her place among its victims) who could not be found together with the others.
alert = Table(
    "alert",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source", String(40), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("body_sha256", String(64), ForeignKey("delivery_body.sha256"), nullable=False),
    Column("content_type", String(200), nullable=False, server_default=""),
    Column("delivery_key", String(200), nullable=True, unique=True),
    Column("event_key", String(500), nullable=True, unique=True),
    Column("part", Integer, nullable=False, server_default="0"),
    Column("victim", Integer, nullable=True),
    # received -> quarantined | ignored | duplicate | confirmation | joined | run
    Column("state", String(20), nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("remedy", Text, nullable=False, server_default=""),
    Column("parsed", Document, nullable=True),
    Column("run_ids", Document, nullable=True),
    Column("duplicate_of", Id, nullable=True),
    Column("copies", Integer, nullable=False, server_default="0"),
    Column("rung_at", BigInteger, nullable=True),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("lease_until", BigInteger, nullable=False, server_default="0"),
    Index("ix_alert_state_received_at", "state", "received_at"),
    Index("ix_alert_duplicate_of", "duplicate_of"),
)

# A post that did not prove its origin: that it happened, without what it carried.
rejection = Table(
    "rejection",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source", String(40), nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("remote", String(64), nullable=False, server_default=""),
    Column("size", Integer, nullable=False),
)

# How far a log was read at its vendor, and who reads it: the cursor moves in the transaction that
# stores what was found up to it, and only by the hand that holds the newest fence.
poller = Table(
    "poller",
    metadata,
    Column("name", String(40), primary_key=True),
    # tenant and log: what the cursor belongs to
    Column("subject", String(100), nullable=False),
    Column("cursor", Document, nullable=True),
    Column("read_to", BigInteger, nullable=True),
    Column("not_before", BigInteger, nullable=False, server_default="0"),
    Column("fence", Integer, nullable=False, server_default="0"),
    Column("lease_owner", String(80), nullable=True),
    Column("lease_until", BigInteger, nullable=False, server_default="0"),
    Column("polled_at", BigInteger, nullable=True),
    Column("entries", BigInteger, nullable=False, server_default="0"),
    Column("kept", BigInteger, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("last_error", Text, nullable=False, server_default=""),
    Column("remedy", Text, nullable=False, server_default=""),
)

run = Table(
    "run",
    metadata,
    Column("id", Id, primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("person_key", String(200), nullable=False),
    Column("person", Document, nullable=False),
    Column("alert_id", Id, ForeignKey("alert.id"), nullable=True),
    Column("requested_by", String(200), nullable=False),
    Column("playbook", String(80), nullable=False),
    Column("playbook_hash", String(80), nullable=False),
    Column("mode", String(10), nullable=False),
    Column("plan_hash", String(80), nullable=False),
    Column("plan", Document, nullable=False),
    # observing | beside (no containment) | running -> restoring (only timed steps are left; with
    # the status so far, once people were told) -> done
    Column("state", String(20), nullable=False),
    Column("status", String(20), nullable=False, server_default=""),
    Column("exposure", Document, nullable=True),
    Column("created_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger, nullable=True),
    # contain | clean | reissue | undo
    Column("aim", String(10), nullable=False, server_default="contain"),
    Index("ix_run_created_at", "created_at"),
    Index("ix_run_tenant_created_at", "tenant", "created_at"),
    Index(
        "uq_run_open_person",
        "tenant",
        "person_key",
        unique=True,
        sqlite_where=text("state = 'running'"),
        postgresql_where=text("state = 'running'"),
    ),
)

# Whom a run is about, by each account: the same person may be known by other systems next time.
run_account = Table(
    "run_account",
    metadata,
    Column("run_id", Id, ForeignKey("run.id"), primary_key=True),
    Column("system", String(20), primary_key=True),
    Column("account_id", String(200), nullable=False),
    Index("ix_run_account_system_account_id", "system", "account_id"),
)

step = Table(
    "step",
    metadata,
    Column("id", Id, primary_key=True),
    Column("run_id", Id, ForeignKey("run.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("node", String(80), nullable=False),
    Column("stage", String(40), nullable=False),
    Column("action", String(80), nullable=False),
    Column("system", String(20), nullable=False),
    Column("tenant", String(40), nullable=False),
    Column("impact", String(10), nullable=False),
    # the step whose change it puts back, of this run unless ``undoes_run`` names another
    Column("undoes", String(80), nullable=True),
    Column("parameters", Document, nullable=False),
    Column("target", Document, nullable=False),
    # none | pending | approved | denied | expired | superseded
    Column("approval", String(10), nullable=False),
    # held -> ready -> leased -> done
    Column("state", String(10), nullable=False),
    Column("not_before", BigInteger, nullable=False, server_default="0"),
    Column("delay_s", Integer, nullable=False, server_default="0"),
    Column("rung_at", BigInteger, nullable=True),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("fence", Integer, nullable=False, server_default="0"),
    Column("lease_owner", String(80), nullable=True),
    Column("lease_until", BigInteger, nullable=False, server_default="0"),
    Column("before", Document, nullable=True),
    Column("receipt", Document, nullable=True),
    Column("proof", Document, nullable=True),
    Column("outcome", String(20), nullable=True),
    Column("reason", Text, nullable=False, server_default=""),
    Column("instructions", Text, nullable=False, server_default=""),
    Column("last_error", Text, nullable=False, server_default=""),
    Column("started_at", BigInteger, nullable=True),
    Column("finished_at", BigInteger, nullable=True),
    Column("undoes_run", Id, nullable=True),
    # what a skipped step would have needed: permission
    Column("lacks", String(20), nullable=False, server_default=""),
    CheckConstraint("state in ('held','ready','leased','done')", name="state"),
    Index("uq_step_run_node", "run_id", "node", unique=True),
    Index("ix_step_state_not_before", "state", "not_before"),
    Index("ix_step_state_lease_until", "state", "lease_until"),
)

# ``success`` says that the needed step must have ended well, not merely ended; ``followed`` that
# one at least of those marked so must have been approved.
step_need = Table(
    "step_need",
    metadata,
    Column("step_id", Id, ForeignKey("step.id"), primary_key=True),
    Column("needs_id", Id, ForeignKey("step.id"), primary_key=True),
    Column("success", Boolean, nullable=False),
    Column("followed", Boolean, nullable=False, server_default=false()),
    Index("ix_step_need_needs_id", "needs_id"),
)

# One row per change that was about to be sent: open until its outcome is known.
intent = Table(
    "intent",
    metadata,
    Column("id", Id, primary_key=True),
    Column("step_id", Id, ForeignKey("step.id"), nullable=False),
    Column("fence", Integer, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    # open -> answered | refused | unknown -> reconciled
    Column("state", String(12), nullable=False),
    Index("ix_intent_step_id_state", "step_id", "state"),
)

# A secret that one person is to be given once. It is sealed, and gone as soon as it was shown.
handover = Table(
    "handover",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("run_id", Id, ForeignKey("run.id"), nullable=False),
    Column("step_id", Id, ForeignKey("step.id"), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("for_user", Id, ForeignKey("console_user.id"), nullable=False),
    # by the vendor: RFC 3339, or unknown
    Column("usable_until", String(40), nullable=False),
    Column("sealed", LargeBinary, nullable=True),
    # kept -> waiting -> revealed | void
    Column("state", String(10), nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("gone_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, nullable=True),
    Index("ix_handover_step_id", "step_id"),
    Index("ix_handover_run_id", "run_id"),
    Index("ix_handover_state_gone_at", "state", "gone_at"),
)

approval = Table(
    "approval",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("run_id", Id, ForeignKey("run.id"), nullable=False),
    Column("plan_hash", String(80), nullable=False),
    # pending -> approved | denied | expired | superseded
    Column("state", String(10), nullable=False),
    Column("requested_at", BigInteger, nullable=False),
    Column("deadline", BigInteger, nullable=False),
    Column("decided_at", BigInteger, nullable=True),
    Column("decided_by", String(200), nullable=True),
    Column("reason", Text, nullable=False, server_default=""),
    Index("uq_approval_run_plan", "run_id", "plan_hash", unique=True),
    Index("ix_approval_state_deadline", "state", "deadline"),
)

# What people are to be told: written with the business change, delivered after the commit.
notice = Table(
    "notice",
    metadata,
    Column("id", Id, primary_key=True),
    Column("run_id", Id, nullable=True),
    Column("approval_id", String(40), nullable=True),
    Column("kind", String(40), nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    # due -> sent | partial | nobody | unknown | failed (failed tries go back to due first)
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before", BigInteger, nullable=False, server_default="0"),
    Column("lease_until", BigInteger, nullable=False, server_default="0"),
    Column("rung_at", BigInteger, nullable=True),
    Column("result", Document, nullable=True),
    Column("created_at", BigInteger, nullable=False),
    Index("ix_notice_state_not_before", "state", "not_before"),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("leaf", String(71), nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("event", String(40), nullable=False),
    Column("run_id", Id, nullable=True),
    Column("record", LargeBinary, nullable=False),
    Index("ix_audit_run_id", "run_id"),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("leaf", String(71), nullable=False),
)

# The values behind a record's salted digests: they can be erased without breaking the chain.
audit_private = Table(
    "audit_private",
    metadata,
    Column("record_id", Id, primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("salt", String(64), nullable=False),
    Column("value", Text, nullable=False),
)

console_user = Table(
    "console_user",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("role", String(20), nullable=False),
    Column("account_ids", Document, nullable=True),
    Column("disabled", Boolean, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("locked_until", BigInteger, nullable=False, server_default="0"),
    Column("created_at", BigInteger, nullable=False),
)

# Keyed by the digest of the cookie, so that reading this table lets nobody in.
console_session = Table(
    "console_session",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("user_id", Id, ForeignKey("console_user.id"), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

control = Table(
    "control",
    metadata,
    Column("key", String(40), primary_key=True),
    Column("value", Document, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("changed_by", String(200), nullable=False),
)
