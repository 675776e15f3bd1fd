"""How machines are answered: JSON that says what went wrong and what would be right."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse, Response


def failure(
    status: int, error: str, detail: str, remedy: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Build an error answer.

    Args:
        status: the HTTP status.
        error: a stable word for programs.
        detail: what went wrong, for people; never content that was sent.
        remedy: what a person should do.
        headers: further headers.
    """
    return JSONResponse(
        {"error": error, "detail": detail, "remedy": remedy},
        status_code=status,
        headers=dict(headers or {}),
    )


def set_refused(err: str, description: str) -> Response:
    """Build the answer to a security event token that is not accepted (RFC 8935 §2.3).

    Args:
        err: a word of that RFC's registry.
        description: what was wrong, in English; never content that was sent.
    """
    return JSONResponse(
        {"err": err, "description": description},
        status_code=400,
        headers={"Content-Language": "en"},
    )
