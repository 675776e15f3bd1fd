"""Appending to the audit log: canonical records, each with the hash of the one before.

Bytes are canonical JSON (RFC 8785) and are stored as hashed; verification never serialises again.
The hash of a record is the leaf hash of RFC 6962 §2.1, SHA-256(0x00 || bytes), so that the same
records are leaves of a Merkle tree without being written anew.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import rfc8785
from sqlalchemy import Connection, select

from ledger import tables
from ledger.database import now_ms
from ledger.identifiers import new_id
from ledger.storable import storable
from ledger.vocabulary import Event

#: ``prev`` of the first record; the head row starts out with it and sequence number -1.
GENESIS = "sha256:" + "0" * 64

#: Written to, so that appending is serialised: a chain may not fork.
_HEAD = 1


def leaf_hash(record: bytes) -> str:
    """Return the RFC 6962 leaf hash of a record's bytes as ``sha256:<hex>``."""
    return "sha256:" + hashlib.sha256(b"\x00" + record).hexdigest()


def sealed_digest(salt: str, value: str) -> str:
    """Return the digest under which a private value stands in its record."""
    return "sha256:" + hashlib.sha256(f"{salt}\x00{value}".encode()).hexdigest()


def rfc3339(milliseconds: int) -> str:
    """Return milliseconds since 1970 as RFC 3339 UTC with milliseconds."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"


class AuditLog:
    """Appends records for one installation. Holds no state: the head lives in the database."""

    def __init__(self, origin: str) -> None:
        """``origin`` names the log; it stands in every record and never changes."""
        self.origin = origin

    def append(
        self,
        connection: Connection,
        happened: Event,
        *,
        run_id: str | None = None,
        private: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> int:
        """Append one record inside the caller's write transaction; return its sequence number.

        Call it after the business statements: the head row is locked until the commit.

        Args:
            connection: a connection in a write transaction.
            happened: what the record is about.
            run_id: the run it belongs to, if it does.
            private: personal values by name; the record holds only their salted digests.
            fields: further members of the record. No secrets, no floats.
        """
        head = connection.execute(
            select(tables.audit_head.c.seq, tables.audit_head.c.leaf)
            .where(tables.audit_head.c.id == _HEAD)
            .with_for_update()
        ).one()
        seq = head.seq + 1
        time = now_ms(connection)
        record_id = new_id()
        record: dict[str, Any] = {
            "v": 1,
            "log": self.origin,
            "seq": seq,
            "prev": head.leaf,
            "id": record_id,
            "time": rfc3339(time),
            "event": happened.value,
        }
        if run_id is not None:
            record["run"] = run_id
        taken = record.keys() & fields.keys()
        if taken:
            raise ValueError(f"these members are the record's own: {', '.join(sorted(taken))}")
        record |= {name: storable(value) for name, value in fields.items() if value is not None}
        if private:
            record["sealed"] = _seal(connection, record_id, private)
        written = rfc8785.dumps(record)
        leaf = leaf_hash(written)
        connection.execute(
            tables.audit.insert().values(
                seq=seq, leaf=leaf, time=time, event=happened.value, run_id=run_id, record=written
            )
        )
        connection.execute(
            tables.audit_head.update()
            .where(tables.audit_head.c.id == _HEAD)
            .values(seq=seq, leaf=leaf)
        )
        return int(seq)


class HeldBack(AuditLog):
    """Keeps records of several pieces of work back until all of them have written their rows.

    The head is everybody's lock: who has it and then waits for a row would stand in the way of whoever
    has the row and waits for the head.
    """

    def __init__(self, origin: str) -> None:
        """``origin`` as for the log that they are appended to."""
        super().__init__(origin)
        self._records: list[tuple[Event, dict[str, Any]]] = []

    def append(
        self,
        connection: Connection,  # noqa: ARG002 - it is the same one later
        happened: Event,
        *,
        run_id: str | None = None,
        private: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> int:
        """Keep a record for later; its sequence number is not known yet (-1)."""
        self._records.append((happened, {"run_id": run_id, "private": private, **fields}))
        return -1

    def clear(self) -> None:
        """Forget what was kept: the work it tells of was undone."""
        self._records.clear()

    def appended(self, connection: Connection, log: AuditLog) -> None:
        """Append to ``log`` what was kept back, in its order."""
        for happened, fields in self._records:
            log.append(connection, happened, **fields)
        self.clear()


def _seal(connection: Connection, record_id: str, private: Mapping[str, str]) -> dict[str, str]:
    sealed = {}
    for name, given in private.items():
        value = storable(given)
        salt = secrets.token_hex(16)
        sealed[name] = sealed_digest(salt, value)
        connection.execute(
            tables.audit_private.insert().values(
                record_id=record_id, name=name, salt=salt, value=value
            )
        )
    return sealed
