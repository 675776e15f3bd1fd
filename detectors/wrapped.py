"""The vendor's own event inside a SIEM's document (``event.original``, ``_raw``, ``full_log``).

The SIEM's fields say less than the event that they were made of; where it is there and its shape is
known, its own adapter reads it.
"""

from __future__ import annotations

from pydantic import JsonValue

from detectors import compose, findings, paths, registry
from detectors.alert import Alert, NotUnderstood

#: Only a shape that one vendor alone has is trusted inside another's document.
_CERTAIN = 0.85


def original(value: JsonValue, source: str, wrapper: str) -> Alert | None:
    """Read the event inside a document.

    Args:
        value: the event, as an object or as text.
        source: the source's name.
        wrapper: the kind of the document around it, which is not looked for again.

    Returns:
        The alert of the one event, or None where it is none that is known.
    """
    event = paths.inside(value)
    if not isinstance(event, dict):
        return None
    known = registry.recognise(event)
    if known.kind is None or known.kind == wrapper or known.surety < _CERTAIN:
        return None
    try:
        found = registry.read(known.kind, event, source, registry.bare_source(known.kind))
    except NotUnderstood:
        return None
    first = found[0]
    return first if len(found) == 1 and isinstance(first, Alert) else None


def better(outer: Alert, inner: Alert | None) -> Alert:
    """Choose between what a SIEM's document says and what the event inside it says.

    The inner one counts where the vendor itself gives a reason to act, or where only it names the
    person; then a finding of the SIEM keeps its verdict. What was closed in the SIEM stays closed.
    ``raw_sha256`` and the id stay the outer's.
    """
    if inner is None:
        return outer
    ended = outer.why.startswith(findings.ENDED)
    if inner.actionable and not outer.actionable and not ended:
        return inner.model_copy(
            update={"source": outer.source, "event_id": outer.event_id, "named": outer.named}
        )
    if outer.victims or not inner.victims:
        return outer
    reached = any(person.can_be_sought for person in inner.victims)
    if outer.nameless and reached:
        why = outer.why.partition(compose.NAMELESS)[0]
        outer = outer.model_copy(update={"nameless": False, "actionable": True, "why": why})
    return outer.model_copy(
        update={
            "persons": inner.persons,
            "session_ids": outer.session_ids or inner.session_ids,
            "token_ids": outer.token_ids or inner.token_ids,
            "ips": outer.ips or inner.ips,
        }
    )
