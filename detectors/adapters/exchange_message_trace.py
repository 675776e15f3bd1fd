"""Message traces of Exchange Online: who sent what to whom, and whether it was delivered.

All are records. Of mail that leaves the organisation the sender is the person, of all other mail the
recipient; the other end is only named.

Vendor documentation: Microsoft Learn, "MessageTrace report" (Office 365 Reporting web service),
"Get-MessageTraceV2", Microsoft Graph resource type ``exchangeMessageTrace``.
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, recognition
from detectors.alert import Alert, IdKind, NotUnderstood, Role
from detectors.batch import Finding, each
from detectors.cast import Cast
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import Shape, by_shapes

_ENVELOPES = ("value", "results")


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read rows of a message trace; ``event_id`` is the trace's id with its recipient's place."""
    return each(recognition.items(payload, *_ENVELOPES), lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    row = Fields(value)
    sender, recipient = row.get("senderAddress"), row.get("recipientAddress")
    if sender is None and recipient is None:
        raise NotUnderstood(
            "it is no row of a message trace: neither SenderAddress nor RecipientAddress",
            "Send rows as Exchange Online's message trace lists them.",
        )
    people = Cast()
    home = row.text("organization", limit=200).lower()
    leaves = bool(home) and _domain(sender) == home != _domain(recipient)
    first, second = (sender, recipient) if leaves else (recipient, sender)
    people.add(Role.VICTIM, (IdKind.EMAIL, first))
    people.add(Role.BYSTANDER, (IdKind.EMAIL, second))
    trace, place = row.text("messageTraceId", "id", limit=120), row.text("index", limit=10)
    return compose.alert(
        source=source,
        kind="message_trace",
        raw=value,
        verdict=compose.record("A message that was sent, and no finding."),
        cast=people,
        event_id=f"{trace}:{place}" if trace and place else trace,
        title=f"Message {row.text('status', limit=40).lower() or 'traced'}",
        severity="informational",
        occurred_at=row.get("received", "receivedDateTime"),
        ips=[row.get("fromIP")],
        details={"status": row.text("status", limit=40), "message_id": row.text("messageId")},
    )


def _domain(address: JsonValue) -> str:
    return address.rpartition("@")[2].strip().lower() if isinstance(address, str) else ""


DETECTOR = Detector(
    kind="exchange_message_trace",
    title="Exchange Online message trace",
    documentation=(
        "https://learn.microsoft.com/en-us/previous-versions/office/developer/o365-enterprise-developers/jj984335(v=office.15)",
        "https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/get-messagetracev2",
        "https://learn.microsoft.com/en-us/graph/api/resources/exchangemessagetrace",
    ),
    parse=parse,
    recognises=by_shapes(
        Shape(
            needs=("senderAddress", "recipientAddress", "messageTraceId|receivedDateTime|received"),
            also=("messageId", "fromIP", "status", "organization", "size"),
        ),
        envelopes=_ENVELOPES,
    ),
    takes_lines=True,
)
