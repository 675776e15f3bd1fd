"""Deliveries: the raw bytes of what proved its origin, stored before they are answered."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, select

from ledger import folding, tables
from ledger.chain import AuditLog
from ledger.database import now_ms
from ledger.identifiers import new_id
from ledger.vocabulary import Event

_alert = tables.alert


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a delivery: its alert's id, and whether it had been here before."""

    id: str
    duplicate: bool


def receive(
    connection: Connection,
    audit: AuditLog,
    *,
    source: str,
    kind: str,
    body: bytes,
    content_type: str = "",
    delivery_id: str | None = None,
    fold_s: float,
) -> Received:
    """Store a genuine delivery: its raw bytes and its alert row.

    The same delivery is stored once: for ever by the sender's ``delivery_id`` with its bytes (a sender
    whose ids are all the same still says something else), else by its bytes for ``fold_s`` seconds. A detector whose messages hold neither id nor time says the same words
    again when the same person is robbed again.
    """
    digest = hashlib.sha256(body).hexdigest()
    key = f"{source}:id:{delivery_id}:{digest}" if delivery_id else f"{source}:sha256:{digest}"
    key = (
        key if len(key) <= 200 else f"{source}:idsha256:{hashlib.sha256(key.encode()).hexdigest()}"
    )
    if not delivery_id:
        folding.release_keys(connection, _alert.c.delivery_key, key, fold_s)
    known = connection.execute(
        select(_alert.c.id).where(_alert.c.delivery_key == key).with_for_update()
    ).scalar_one_or_none()
    if known is not None:
        connection.execute(
            _alert.update().where(_alert.c.id == known).values(copies=_alert.c.copies + 1)
        )
        audit.append(connection, Event.ALERT_DUPLICATE, alert=known, source=source)
        return Received(known, duplicate=True)
    alert_id = store(
        connection, audit, source=source, kind=kind, body=body, content_type=content_type, key=key
    )
    return Received(alert_id, duplicate=False)


def store(
    connection: Connection,
    audit: AuditLog,
    *,
    source: str,
    kind: str,
    body: bytes,
    content_type: str,
    key: str,
    run_id: str | None = None,
) -> str:
    """Store raw bytes and their alert's row under a key that is not there yet; return the alert's id.

    ``run_id`` names the run that has found it, where one of ours has.
    """
    digest = hashlib.sha256(body).hexdigest()
    keep_body(connection, digest, body)
    alert_id = new_id()
    connection.execute(
        _alert.insert().values(
            id=alert_id,
            source=source,
            kind=kind,
            received_at=now_ms(connection),
            body_sha256=digest,
            content_type=content_type[:200],
            delivery_key=key,
            state="received",
        )
    )
    audit.append(
        connection,
        Event.ALERT_RECEIVED,
        run_id=run_id,
        alert=alert_id,
        source=source,
        body_sha256=f"sha256:{digest}",
        size=len(body),
    )
    return alert_id


def keep_body(connection: Connection, digest: str, body: bytes) -> None:
    """Store raw bytes under their SHA-256, once."""
    stored = tables.delivery_body
    known = connection.execute(select(stored.c.sha256).where(stored.c.sha256 == digest)).first()
    if known is None:
        connection.execute(stored.insert().values(sha256=digest, bytes=body))


def reject(
    connection: Connection, audit: AuditLog, *, source: str, reason: str, remote: str, size: int
) -> None:
    """Record that a post did not prove its origin, without what it carried."""
    connection.execute(
        tables.rejection.insert().values(
            id=new_id(),
            source=source[:40],
            received_at=now_ms(connection),
            reason=reason,
            remote=remote[:64],
            size=size,
        )
    )
    audit.append(
        connection,
        Event.ALERT_REJECTED,
        source=source[:40],
        reason=reason,
        size=size,
        private={"remote": remote},
    )


def body_of(connection: Connection, digest: str) -> bytes:
    """Return the raw bytes of a delivery."""
    stored = tables.delivery_body
    return bytes(
        connection.execute(select(stored.c.bytes).where(stored.c.sha256 == digest)).scalar_one()
    )
