"""What can go wrong at a vendor, told apart by status and code, never by prose.

Each class docstring is the message a person reads; ``remedy`` is what she should do.
"""

from __future__ import annotations

from typing import ClassVar


class ConnectorError(Exception):
    """The vendor's system did not do what was asked."""

    retryable: ClassVar[bool] = False
    remedy: str = "Look at the vendor's request id in the audit log and ask the vendor."

    def __init__(
        self,
        detail: str = "",
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        retry_after_s: float | None = None,
        remedy: str | None = None,
    ) -> None:
        """Build the error.

        Args:
            detail: what is known beyond the class; never a secret, never a request body.
            status: the HTTP status, None where no answer came.
            code: the vendor's machine-readable error code (Graph ``error.code``, Okta and Auth0
                ``errorCode``).
            request_id: the vendor's own id of the request, to find it in the vendor's log.
            retry_after_s: seconds the vendor asks to wait.
            remedy: replaces the class's remedy where more is known.
        """
        self.detail = detail
        self.status = status
        self.code = code
        self.request_id = request_id
        self.retry_after_s = retry_after_s
        if remedy is not None:
            self.remedy = remedy
        super().__init__(detail)

    def __str__(self) -> str:
        facts = ", ".join(
            part
            for part in (
                f"status {self.status}" if self.status is not None else "",
                self.code or "",
                self.detail,
            )
            if part
        )
        sentence = (type(self).__doc__ or "").splitlines()[0]
        return f"{sentence} ({facts})" if facts else sentence


class Throttled(ConnectorError):
    """The vendor asks us to slow down."""

    retryable = True
    remedy = "Nothing to do: the step goes on by itself when the vendor allows it."


class Unavailable(ConnectorError):
    """The vendor's service does not answer, or says it cannot now."""

    retryable = True
    remedy = "Look at the vendor's status page; the step is tried again by itself."


class UnknownOutcome(ConnectorError):
    """A change was sent and no answer says whether it happened."""

    retryable = True
    remedy = "The state is read again before anything is repeated; look at the step's proof."


class Unauthenticated(ConnectorError):
    """The vendor does not accept our credential."""

    remedy = "Check the tenant's client secret, certificate or API token: it may have expired."


class TokenRefused(Unauthenticated):
    """The vendor does not take this token any more, and may take a new one."""


class Forbidden(ConnectorError):
    """Our credential is valid and may not do this."""

    remedy = "Grant the permission or role the step names, or carry the step out by hand."


class NotFound(ConnectorError):
    """The vendor knows no such object."""

    remedy = "Check the id: the account may have been deleted, or live in another tenant."


class Conflict(ConnectorError):
    """The object's state does not allow this change."""

    remedy = "Look at the object's state; somebody may have changed it meanwhile."


class Invalid(ConnectorError):
    """The vendor refused the request as malformed."""

    remedy = "This is a fault of Rescind: report it with the vendor's request id."


class OutOfReach(ConnectorError):
    """The account is mastered elsewhere, and cannot be changed from here."""

    remedy = "Change the account where it is mastered, as the step's instructions say."


class Refused(ConnectorError):
    """The request was not sent, because it would leave the allowed path."""

    remedy = "An id or address did not look as it must; check the alert and the tenant's settings."


class Paused(ConnectorError):
    """All changes are paused by an administrator."""

    retryable = True
    remedy = "`rescind resume` lets the waiting steps go on."


class Busy(ConnectorError):
    """Another step is changing the same object."""

    retryable = True
    remedy = "Nothing to do: the step goes on by itself when the other one has ended."


class LockLost(Busy):
    """The lock on what this step was changing was lost before all of it was sent."""

    remedy = (
        "Nothing to do unless it stays so: it is read again, then tried again. The vendor or the database "
        "answers too slowly."
    )


class LeaseLost(ConnectorError):
    """Another worker has taken this step over."""

    remedy = "Nothing to do: the other worker finishes the step."
