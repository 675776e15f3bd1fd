"""Leads: what a step has found by reading, kept as alerts of our own, so that they are taken up like any.

Each is stored in the commit that ends its step: once for a step and an account, however often that is
tried.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import rfc8785
from sqlalchemy import Connection, Row, select

from config.settings import OWN_SOURCE
from ledger import deliveries, tables
from ledger.chain import AuditLog
from ledger.storable import storable

#: The kind of our own alerts; no source of the settings can have it.
KIND = "own"

_alert, _body = tables.alert, tables.delivery_body


def keep(
    connection: Connection, audit: AuditLog, step: Row[Any], lead: Mapping[str, Any]
) -> str | None:
    """Store a lead that ``step`` has found; return its alert's id, None where it is here already.

    ``lead`` has ``kind``, ``system``, ``id``, ``name``, ``seen``, ``at``, ``last``, ``addresses`` and
    ``entries``, as ``connectors.action.Lead``.
    """
    key = f"{_about(lead['kind'], lead['system'], lead['id'])}{step.run_id}:{step.node}"
    known = connection.execute(select(_alert.c.id).where(_alert.c.delivery_key == key)).first()
    if known is not None:
        return None
    told = {"v": 1, "run": step.run_id, "step": step.node, "tenant": step.tenant, **lead}
    return deliveries.store(
        connection,
        audit,
        source=OWN_SOURCE,
        kind=KIND,
        body=rfc8785.dumps(storable(told)),
        content_type="application/json",
        key=key,
        run_id=step.run_id,
    )


def earlier(connection: Connection, kind: str, system: str, account_id: str) -> list[bytes]:
    """Return the leads of a kind that were stored about an account, as they were written."""
    known = (
        select(_body.c.bytes)
        .join(_alert, _alert.c.body_sha256 == _body.c.sha256)
        .where(_alert.c.delivery_key.startswith(_about(kind, system, account_id), autoescape=True))
        .order_by(_alert.c.received_at)
    )
    return [bytes(each) for each in connection.execute(known).scalars()]


def _about(kind: str, system: str, account_id: str) -> str:
    """Return how the key of each lead of a kind about an account begins; vendors' ids may be long."""
    digest = hashlib.sha256(f"{system}\x00{account_id}".encode()).hexdigest()[:32]
    return f"{OWN_SOURCE}:{kind}:{digest}:"
