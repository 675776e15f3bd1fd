"""Telling a person that a secret waits for her to hand over; the secret itself never leaves the console."""

from __future__ import annotations

from sqlalchemy import Connection

from connectors.action import Outcome
from ledger import handovers, notices
from ledger.leases import Claim
from ledger.steps import GOOD, Ended
from tasks import messages
from tasks.service import Rings, Service


def announce(connection: Connection, service: Service, claim: Claim, ended: Ended) -> Rings:
    """Let what a step has made wait for its person and tell her, inside the commit that ends the step."""
    good = ended.outcome in GOOD or ended.outcome == Outcome.MANUAL
    handover_id = handovers.settle(connection, service.audit, claim, good=good)
    row = handovers.get(connection, handover_id) if handover_id is not None else None
    if row is None:
        return Rings()
    title, body = messages.handover_waits(service.settings, row)
    notice = notices.add(
        connection, kind="handover_waits", title=title, body=body, run_id=claim.step.run_id
    )
    return Rings(notices=(notice,))
