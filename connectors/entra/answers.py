"""What an answer of Microsoft Graph means: by status and ``error.code``, never by its message.

Codes and statuses: Microsoft Graph error responses; throttling: Microsoft Graph throttling limits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from connectors import errors
from connectors.clock import http_date
from connectors.door import Answer
from connectors.limits import retry_after_s

_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_CLAIMS = re.compile(r'Bearer\b.*\bclaims="([^"]+)"', re.IGNORECASE)
# At most one token lifetime policy may be assigned to an application; Graph says so with a 400.
_BY_CODE: Mapping[str, type[errors.ConnectorError]] = {
    "Request_MultipleObjectsWithSameKeyValue": errors.Conflict,
}
_BY_STATUS: Mapping[int, type[errors.ConnectorError]] = {
    401: errors.Unauthenticated,
    403: errors.Forbidden,
    404: errors.NotFound,
    408: errors.Unavailable,
    409: errors.Conflict,
    410: errors.NotFound,
    412: errors.Conflict,
    423: errors.Unavailable,
    429: errors.Throttled,
    503: errors.Unavailable,
    509: errors.Throttled,
}


def understand(
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    *,
    write: bool,
    needs: str = "",
) -> Answer:
    """Turn what arrived into an ``Answer``, or raise what it means.

    Args:
        status: the HTTP status.
        headers: header names in lower case.
        content: the body as it came.
        write: whether the request was a change; decides what a 5xx means.
        needs: the permission or role that is missing if the answer is 403.

    Raises:
        errors.ConnectorError: for everything but a 2xx; ``errors.Unavailable`` also for a 2xx to a
            read whose body is no JSON, as a proxy's error page.
    """
    body = _decoded(content)
    request_id = _safe(headers.get("request-id"))
    if 200 <= status < 300:
        if body is None and not write:
            raise errors.Unavailable("the answer is not JSON", status=status, request_id=request_id)
        date, sent_as = http_date(headers.get("date")), _safe(headers.get("client-request-id"))
        return Answer(status, headers, body, request_id, date, sent_as)
    code = _code(body)
    kind = _BY_CODE.get(code or "") or _kind(status, write=write)
    if status == 401 and claims(headers) is not None:
        kind = errors.TokenRefused
    remedy = None
    if kind is errors.Forbidden and needs:
        remedy = f"Grant Rescind's application {needs}, or carry the step out by hand."
    raise kind(
        status=status,
        code=code,
        request_id=request_id,
        retry_after_s=retry_after_s(headers),
        remedy=remedy,
    )


def claims(headers: Mapping[str, str]) -> str | None:
    """The claims a new token must carry (continuous access evaluation), in base64 as they came."""
    found = _CLAIMS.match(headers.get("www-authenticate", ""))
    return found[1] if found else None


def _kind(status: int, *, write: bool) -> type[errors.ConnectorError]:
    if status < 400:
        return errors.Refused
    known = _BY_STATUS.get(status)
    if known is not None:
        return known
    if status >= 500:
        return errors.UnknownOutcome if write else errors.Unavailable
    return errors.Invalid


def _decoded(content: bytes) -> object:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _code(body: object) -> str | None:
    error = body.get("error") if isinstance(body, dict) else None
    return _safe(error.get("code")) if isinstance(error, dict) else None


def _safe(text: object) -> str | None:
    # What a stranger's server put there may end in a log: only what looks like a code passes.
    return text if isinstance(text, str) and _CODE.fullmatch(text) else None
