"""Times as people read them: absolute in UTC, and how far away."""

from __future__ import annotations

from datetime import UTC, datetime

from markupsafe import Markup

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def span(milliseconds: int) -> str:
    """Return a length of time in its largest fitting unit, two where minutes matter.

    Below two hours minutes count, because decisions have deadlines: 95 minutes are
    "1 hour 35 minutes".
    """
    seconds = max(0, milliseconds) // 1000
    for size, name in _UNITS:
        count, rest = divmod(seconds, size)
        if not count:
            continue
        first = _count(count, name)
        minutes = rest // 60
        if name == "hour" and minutes:
            return f"{first} {_count(minutes, 'minute')}"
        return first
    return "less than a second"


def _count(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"


def moment(value: int | str | None, now: int | None = None) -> Markup | str:
    """Return a ``time`` element, or plain text where ``value`` is no time.

    Args:
        value: milliseconds since 1970, or RFC 3339; anything else is shown as it is.
        now: milliseconds since 1970; with it the distance is shown too.
    """
    if value is None or value == "":
        return Markup("—")
    milliseconds = value if isinstance(value, int) else _milliseconds(value)
    if milliseconds is None:
        return str(value)
    try:
        when = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return str(value)
    shown = when.strftime("%Y-%m-%d %H:%M:%S UTC")
    element = Markup('<time datetime="{}">{}</time>').format(
        when.strftime("%Y-%m-%dT%H:%M:%SZ"), shown
    )
    if now is None:
        return element
    away = now - milliseconds
    distance = f"{span(away)} ago" if away >= 0 else f"in {span(-away)}"
    return Markup('{} <span class="away">{}</span>').format(element, distance)


def _milliseconds(value: str) -> int | None:
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return int(when.timestamp() * 1000)
