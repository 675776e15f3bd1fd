"""What an answer of a recipient's means, told by status and code, never by prose.

Sources: RFC 8935 2.3 and 2.4 (202; 400 with ``err``), its registry of error codes,
draft-parecki-oauth-global-token-revocation-06 3.4 (204, 400, 401, 403, 404, 422).
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
_REQUEST_IDS = ("x-request-id", "x-okta-request-id", "cf-ray")
_BY_STATUS: Mapping[int, type[errors.ConnectorError]] = {
    401: errors.Unauthenticated,
    403: errors.Forbidden,
    404: errors.NotFound,
    409: errors.Conflict,
    410: errors.NotFound,
    422: errors.Conflict,
    429: errors.Throttled,
    503: errors.Unavailable,
}
#: RFC 8935 2.4: what each error code says of us, and what to do about it.
_BY_CODE: Mapping[str, tuple[type[errors.ConnectorError], str]] = {
    "invalid_key": (
        errors.Unauthenticated,
        "Let {name} read our keys at /.well-known/jwks.json again; it may hold an older one.",
    ),
    "invalid_issuer": (
        errors.Unauthenticated,
        "Let {name} trust signals.issuer, which has to be the same word for word.",
    ),
    "invalid_audience": (errors.Invalid, "Set audience of {name} to what it calls itself."),
    "authentication_failed": (errors.Unauthenticated, "Set authorization of {name} anew."),
    "access_denied": (errors.Forbidden, "Let {name} take this event from us."),
    "invalid_request": (
        errors.Invalid,
        "Look whether {name} takes this event, and a subject of this form.",
    ),
}
_GENERAL: Mapping[type[errors.ConnectorError], str] = {
    errors.Unauthenticated: "Let {name} trust our key, or set its authorization anew.",
    errors.Forbidden: "Let {name} take such requests from us.",
    errors.NotFound: "Check the url of {name}.",
    errors.Refused: "Set the url of {name} to where it answers by itself.",
    errors.Invalid: "Look whether {name} takes such a request, and a subject of this form.",
    errors.Conflict: "Sign the person out in {name} by hand.",
}


def understand(
    name: str, status: int, headers: Mapping[str, str], content: bytes, *, write: bool
) -> Answer:
    """Turn what arrived into an ``Answer``, or raise what it means; its body is dropped.

    Args:
        name: the recipient's, for people.
        status: the HTTP status.
        headers: header names in lower case.
        content: the body as it came.
        write: whether it was told of a person, and not only asked whether it is there.

    Raises:
        errors.ConnectorError: for everything but a success.
    """
    request_id = next(filter(None, (_safe(headers.get(each)) for each in _REQUEST_IDS)), None)
    if not write or 200 <= status < 300:
        if write and "html" in headers.get("content-type", ""):
            raise errors.UnknownOutcome(f"somebody else than {name} answered", status=status)
        return Answer(status, headers, None, request_id, http_date(headers.get("date")))
    code = _code(content)
    kind, remedy = _meaning(status, code)
    raise kind(
        f"{name} answered with a redirect, which is never followed" if status < 400 else name,
        status=status,
        code=code,
        request_id=request_id,
        retry_after_s=retry_after_s(headers) if status in (429, 503) else None,
        remedy=remedy.format(name=name) if remedy else None,
    )


def _meaning(status: int, code: str | None) -> tuple[type[errors.ConnectorError], str | None]:
    if code is not None and code in _BY_CODE and status in (400, 401, 403):
        return _BY_CODE[code]
    if status < 400:
        kind: type[errors.ConnectorError] = errors.Refused
    elif status >= 500 or status == 408:
        kind = _BY_STATUS.get(status, errors.UnknownOutcome)
    else:
        kind = _BY_STATUS.get(status, errors.Invalid)
    return kind, _GENERAL.get(kind)


def _code(content: bytes) -> str | None:
    try:
        body = json.loads(content)
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    return _safe(body.get("err")) or _safe(body.get("error"))


def _safe(text: object) -> str | None:
    # What a stranger's server put there may end in a log: only what looks like a code passes.
    return text if isinstance(text, str) and _CODE.fullmatch(text) else None
