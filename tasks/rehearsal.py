"""Going once through what an alert sets off, before the first one comes, and leaving nothing behind.

A first time takes several times as long as the next: statements are compiled, modules loaded,
validators built. It all happens in one transaction that is rolled back, and no vendor is asked.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import NoReturn

from sqlalchemy import Connection

from config.settings import Mode
from connectors.directory import Identification
from connectors.system import Account
from detectors import registry
from detectors.alert import NotUnderstood
from ledger import alerts, deliveries, folding, intents, leases, locks
from ledger.steps import Ended
from playbooks.routing.table import LAST_RESORT
from tasks import decisions, opening
from tasks.faults import where
from tasks.opening import Request
from tasks.service import Service
from tasks.systems import Systems

_log = logging.getLogger(__name__)

#: Ids that are nobody's and look as ids do.
_IDS = {
    "entra": "00000000-0000-0000-0000-000000000000",
    "okta": "00u" + "0" * 17,
    "auth0": "auth0|" + "0" * 24,
}


class _Over(Exception):
    """Takes everything back."""


def rehearse(service: Service, systems: Systems) -> None:
    """Warm the way from an alert to the end of a run's first steps; a failure is only logged."""
    try:
        for name, source in service.settings.all_sources.items():
            with suppress(NotUnderstood):
                registry.parse(source.kind, b"{}", name, source)
        for tenant in list(service.settings.tenants)[:1]:
            with suppress(_Over), service.database.write() as connection:
                _go_through(connection, service, systems, tenant)
    except Exception as error:  # noqa: BLE001 - a cold start is slow, and no reason not to start
        _log.warning("the first alert will take longer: %s", where(error))


def _go_through(
    connection: Connection, service: Service, systems: Systems, tenant: str
) -> NoReturn:
    audit, settings = service.audit, service.settings
    locks.take(connection, locks.CHANGES, shared=True)  # in the order of those who do it in earnest
    received = deliveries.receive(
        connection, audit, source="rehearsal", kind="generic", body=b"rehearsal", fold_s=60
    )
    held = alerts.claim(connection, received.id, 60)
    assert held is not None  # noqa: S101 - it was stored in this transaction
    alerts.hold(connection, held)
    folding.earlier(connection, "rehearsal", held.id, fold_s=60)
    named = (source.playbook for source in settings.all_sources.values() if source.playbook)
    playbook = next(named, LAST_RESORT)
    request = Request(tenant, playbook, Mode.AUTO, "rehearsal", alert_id=held.id)
    accounts = {
        name: Account(tenant, name, _IDS[name], f"rehearsal-{name}")
        for name in (system.name for system in systems.of(tenant))
        if name in _IDS
    }
    opened = opening.open_run(connection, service, systems, request, Identification(accounts))
    alerts.settle(connection, held.id, state="run", event_key="rehearsal", run_ids=[opened.run_id])
    for step_id in opened.rings.steps:
        claim = leases.claim(connection, audit, step_id, service.owner, 60)
        if claim is not None:
            _perform(connection, service, claim)
    raise _Over


def _perform(connection: Connection, service: Service, claim: leases.Claim) -> None:
    audit, run_id = service.audit, claim.step.run_id
    leases.keep_before(connection, audit, claim, {"snapshot": {}, "satisfied": False})
    intent_id = intents.make(
        connection, audit, run_id=run_id, step=claim.named, plan_hash=claim.plan_hash, request={}
    )
    intents.answer(
        connection, audit, run_id=run_id, step=claim.named, intent_id=intent_id,
        result="answered", response={"status": 200}, error=None,
    )  # fmt: skip
    leases.keep_receipt(connection, claim, {})
    leases.finish(connection, audit, claim, Ended("accepted", "rehearsed", receipt={}, proof={}))
    decisions.move_on(connection, service, run_id)
