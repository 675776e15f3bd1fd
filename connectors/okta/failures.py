"""What an answer of Okta's means, told by status and ``errorCode``, never by prose.

Sources: Okta's API error codes reference, and recorded answers: a missing feature is 401 with
E0000015, so 401 alone does not say "bad credential"; a state that does not allow the change is
403 with E0000038 or E0000032, or 400 with E0000001 on a lifecycle path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from multidict import CIMultiDictProxy

from connectors import errors
from connectors.clock import http_date
from connectors.limits import LONGEST_WAIT_S

_FEATURE_MISSING = "E0000015"
_WRONG_STATE = frozenset({"E0000038", "E0000032"})
_VALIDATION = "E0000001"
_NOT_GRANTED = frozenset({"invalid_scope", "access_denied", "consent_required"})
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:@=-]{1,128}")

Headers = CIMultiDictProxy[str]


def failure(
    status: int, headers: Headers, text: str, *, write: bool, lifecycle: bool
) -> errors.ConnectorError:
    """Classify an answer that is not a success.

    Args:
        status: the HTTP status.
        headers: the answer's headers.
        text: its body; only ``errorCode`` (or OAuth's ``error``) is taken from it, because the
            summary may name people.
        write: whether the request was to change something: then an answer that does not say
            whether it happened is an ``UnknownOutcome``.
        lifecycle: whether the path was a user lifecycle operation.

    Returns:
        The error to raise.
    """
    code = _error_code(text)
    kind = _kind(status, code, write=write, lifecycle=lifecycle)
    detail = ""
    remedy = None
    if code == _FEATURE_MISSING:
        detail = "this organization does not have the feature"
        remedy = "Carry the step out by hand, or ask Okta to enable the feature."
    elif 300 <= status < 400:
        detail = "Okta answered with a redirect, which is never followed"
        remedy = "Set org_url to the organization's own address, without -admin."
    return kind(
        detail,
        status=status,
        code=code,
        request_id=request_id(headers),
        retry_after_s=_wait_s(status, headers),
        remedy=remedy,
    )


def token_failure(status: int, headers: Headers, text: str) -> errors.ConnectorError:
    """Classify a refusal of the token endpoint (RFC 6749 §5.2). Nothing was changed by it."""
    error = failure(status, headers, text, write=False, lifecycle=False)
    if status not in (400, 401, 403):
        return error
    kind = errors.Forbidden if error.code in _NOT_GRANTED else errors.Unauthenticated
    remedy = (
        "Grant the service app the scopes in okta.scopes."
        if kind is errors.Forbidden
        else "Check okta.client_id, okta.key_id and okta.private_key."
    )
    return kind(
        "no token was given",
        status=status,
        code=error.code,
        request_id=error.request_id,
        remedy=remedy,
    )


def _kind(
    status: int, code: str | None, *, write: bool, lifecycle: bool
) -> type[errors.ConnectorError]:
    if status == 429:
        return errors.Throttled
    if status == 503:
        return errors.Unavailable
    if status >= 500 or status == 408:
        return errors.UnknownOutcome if write else errors.Unavailable
    if status == 401:
        return errors.Forbidden if code == _FEATURE_MISSING else errors.Unauthenticated
    if status == 403:
        return errors.Conflict if code in _WRONG_STATE else errors.Forbidden
    if status == 400 and code == _VALIDATION and lifecycle:
        return errors.Conflict
    return _BY_STATUS.get(status, errors.Refused if status < 400 else errors.Invalid)


_BY_STATUS: Mapping[int, type[errors.ConnectorError]] = {
    404: errors.NotFound,
    409: errors.Conflict,
    412: errors.Conflict,
}


def request_id(headers: Headers) -> str | None:
    """Okta's own id of the request, by which it is found in Okta's log."""
    value = headers.get("X-Okta-Request-Id", "")
    return value if _REQUEST_ID.fullmatch(value) else None


def _error_code(text: str) -> str | None:
    try:
        body = json.loads(text)
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    code = body.get("errorCode", body.get("error"))
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None


def _wait_s(status: int, headers: Headers) -> float | None:
    """Seconds to wait: what ``Retry-After`` says, else until the bucket opens by Okta's clock.

    The rate-limit headers stand on every answer; only a 429 is about them.
    """
    after = headers.get("Retry-After", "")
    if status in (429, 503) and after.isdigit() and float(after) <= LONGEST_WAIT_S:
        return float(after)
    if status != 429:
        return None
    resets = [float(value) for value in headers.getall("X-Rate-Limit-Reset", []) if value.isdigit()]
    now = http_date(headers.get("Date"))
    if resets and now is not None:
        wait = min(resets) - now.timestamp() + 1
        if 0 <= wait <= LONGEST_WAIT_S:
            return wait
    return None
