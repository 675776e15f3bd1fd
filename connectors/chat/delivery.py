"""What became of a message, told by channel name. Never by address: that is where the secrets are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

#: ``unknown``: the time ran out, and it may still arrive. ``nobody``: there was no channel to try.
ChannelStatus = Literal["sent", "failed", "unknown"]
Status = Literal["sent", "partial", "failed", "nobody", "unknown"]


@dataclass(frozen=True, slots=True)
class ChannelDelivery:
    """What became of it in one channel.

    ``url_id`` is apprise's salted hash of the channel's address: it tells two addresses apart and
    gives neither away.
    """

    channel: str
    status: ChannelStatus
    url_id: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of it in all. ``elapsed`` in seconds; ``reason`` where it is not ``sent``."""

    status: Status
    channels: tuple[ChannelDelivery, ...] = ()
    elapsed: float = 0.0
    reason: str = ""


def sum_up(channels: Sequence[ChannelDelivery], elapsed: float) -> Delivery:
    """Add channels up: ``sent`` only where everybody was told."""
    told = tuple(channels)
    statuses = {channel.status for channel in told}
    status: Status
    if statuses == {"sent"}:
        return Delivery("sent", told, elapsed)
    if "sent" in statuses:
        status = "partial"
    elif "unknown" in statuses:
        status = "unknown"
    else:
        status = "failed"
    missed = (f"{channel.channel}: {channel.status}" for channel in told)
    return Delivery(status, told, elapsed, ", ".join(missed))
