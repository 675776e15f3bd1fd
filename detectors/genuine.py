"""What comes of looking whether a delivery comes from its detector: it does, or why it does not.

No reason given here holds a secret, a signature or content.
"""

from __future__ import annotations

from dataclasses import dataclass


class NotGenuine(Exception):
    """The request does not prove that it comes from the detector."""

    remedy = "Compare the sender's secret with the source's; look at the sender's clock."

    def __init__(self, reason: str) -> None:
        """Say what was missing or wrong."""
        super().__init__(reason)
        self.reason = reason


class NotAccepted(NotGenuine):
    """A security event token is not accepted; ``err`` is the transmitter's word for it (RFC 8935 §2.4)."""

    remedy = "Compare issuer, audience and keys of the source with the transmitter's stream."

    def __init__(self, err: str, reason: str) -> None:
        """Say what was wrong, as the transmitter is told it."""
        super().__init__(reason)
        self.err = err


class UnknownKey(NotAccepted):
    """The token is signed by a key that is not among those we know: newer ones may have it."""


@dataclass(frozen=True, slots=True)
class Proven:
    """The request is genuine.

    Attributes:
        delivery_id: the sender's own id of this delivery, the same when it is sent again; None where the
            proof carries none.
        by_previous_secret: whether the sender has yet to be moved to the new secret.
        content: what is kept instead of the body, where the proof stands in the body itself.
        left_out: what of the body did not prove itself and is not in ``content``, and why.
    """

    delivery_id: str | None = None
    by_previous_secret: bool = False
    content: bytes | None = None
    left_out: str = ""
