"""Form fields from a browser, in bounds."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from web import body

#: Larger than any form here can become.
MAX_BYTES = 32_768
_MAX_FIELDS = 20


class NotAForm(Exception):
    """The request is not a form of ours."""


async def fields(request: Request) -> dict[str, str]:
    """Return the fields of a URL-encoded form.

    Raises:
        NotAForm: another content type, not UTF-8, with NUL, a field twice, too many fields, too large,
            or incomplete.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise NotAForm
    try:
        content = (await body.read(request, MAX_BYTES)).decode("ascii")
        pairs = parse_qsl(
            content, keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict"
        )
    except (body.TooLarge, body.TooSlow, ClientDisconnect, ValueError):
        raise NotAForm from None
    if any("\0" in value for _, value in pairs):  # which no database text can hold
        raise NotAForm
    found = dict(pairs)
    if len(found) < len(
        pairs
    ):  # no browser sends it, and which of the two was meant cannot be told
        raise NotAForm
    return found
