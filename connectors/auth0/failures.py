"""What an answer of Auth0's means, told by status and ``errorCode``, never by prose.

Sources: Auth0 Management API v2 (``statusCode``, ``error``, ``message``, ``errorCode``), Auth0 rate
limit policy (``x-ratelimit-*``), Auth0 Authentication API (token endpoint: RFC 6749 5.2). Sessions and
refresh tokens are managed on Enterprise plans only; the code for that is not documented, so the
known ones of features that a tenant does not have are listed, and any other 403 is a missing scope.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from connectors import errors
from connectors.clock import http_date
from connectors.door import Answer
from connectors.limits import LONGEST_WAIT_S, retry_after_s

_NOT_IN_PLAN = frozenset({"feature_not_enabled", "operation_not_supported"})
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_REQUEST_IDS = ("x-auth0-requestid", "x-request-id", "cf-ray")
_BY_STATUS: Mapping[int, type[errors.ConnectorError]] = {
    401: errors.Unauthenticated,
    404: errors.NotFound,
    409: errors.Conflict,
    410: errors.NotFound,
    412: errors.Conflict,
    429: errors.Throttled,
    503: errors.Unavailable,
}


class NotInPlan(errors.Forbidden):
    """The tenant's Auth0 plan does not include this."""

    remedy = (
        "Sessions and refresh tokens are managed on Enterprise plans only: block the user, which "
        "keeps them from being used to sign in again, and end sessions in the apps themselves."
    )


def understand(
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    *,
    write: bool,
    answered: bool = False,
    needs: str = "",
) -> Answer:
    """Turn what arrived into an ``Answer``, or raise what it means.

    Args:
        status: the HTTP status.
        headers: header names in lower case.
        content: the body as it came.
        write: whether the request was a change; its body is dropped, and an answer that does not
            say whether it happened is an ``UnknownOutcome``.
        answered: whether a change's body is kept; None stands for one that is no JSON.
        needs: the scope that is missing if the answer is 403.

    Raises:
        errors.ConnectorError: for everything but a success; ``errors.Unavailable`` also for a
            success to a read whose body is no JSON.
    """
    request_id = next(filter(None, (_safe(headers.get(name)) for name in _REQUEST_IDS)), None)
    body = _decoded(content)
    if 200 <= status < 300:
        if write and "html" in headers.get("content-type", ""):
            raise errors.UnknownOutcome("somebody else than Auth0 answered", status=status)
        if body is None and not write:
            raise errors.Unavailable("the answer is not JSON", status=status, request_id=request_id)
        date = http_date(headers.get("date"))
        dropped = write and not answered
        return Answer(status, headers, None if dropped else body, request_id, date)
    code = _code(body)
    kind = _kind(status, code, write=write)
    raise kind(
        "Auth0 answered with a redirect, which is never followed" if 300 <= status < 400 else "",
        status=status,
        code=code,
        request_id=request_id,
        retry_after_s=_wait_s(status, headers),
        remedy=_remedy(kind, status, needs),
    )


def token_refused(status: int, headers: Mapping[str, str], content: bytes) -> errors.ConnectorError:
    """Classify what the token endpoint answered instead of a token. Nothing was changed by it."""
    code = _code(_decoded(content))
    if status == 429:
        return errors.Throttled(
            "the token endpoint", status=status, retry_after_s=_wait_s(status, headers)
        )
    if status in (400, 401, 403):
        return errors.Unauthenticated(
            "Auth0 gave the application no token",
            status=status,
            code=code,
            remedy="Check auth0.domain (no custom domain), auth0.client_id and auth0.client_secret, "
            "and that the application is authorized for the Management API.",
        )
    return errors.Unavailable("the token endpoint gave no token", status=status, code=code)


def _kind(status: int, code: str | None, *, write: bool) -> type[errors.ConnectorError]:
    if status == 402 or (status == 403 and code in _NOT_IN_PLAN):
        return NotInPlan
    if status == 403:
        return errors.Forbidden
    if status < 400:
        return errors.Refused
    known = _BY_STATUS.get(status)
    if known is not None:
        return known
    if status >= 500 or status == 408:
        return errors.UnknownOutcome if write else errors.Unavailable
    return errors.Invalid


def _remedy(kind: type[errors.ConnectorError], status: int, needs: str) -> str | None:
    if kind is errors.Forbidden and needs:
        return (
            f"Grant Rescind's application {needs} for the Management API (and look whether the "
            "tenant's plan includes this), or carry the step out by hand."
        )
    if 300 <= status < 400:
        return "Set auth0.domain to the tenant's own domain, as contoso.eu.auth0.com."
    return None


def _wait_s(status: int, headers: Mapping[str, str]) -> float | None:
    """Seconds to wait: what ``Retry-After`` says, else until the bucket opens by Auth0's clock.

    The rate-limit headers stand on every answer; only a 429 is about them.
    """
    if status not in (429, 503):
        return None
    after = retry_after_s(headers)
    reset, now = headers.get("x-ratelimit-reset", ""), http_date(headers.get("date"))
    if after is not None or status != 429 or not reset.isdigit() or now is None:
        return after
    wait = float(reset) - now.timestamp() + 1
    return wait if 0 <= wait <= LONGEST_WAIT_S else None


def _decoded(content: bytes) -> object:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _code(body: object) -> str | None:
    if not isinstance(body, dict):
        return None
    # The Management API's ``error`` is the status in words ("Bad Request"), OAuth's is a code.
    return _safe(body.get("errorCode")) or _safe(body.get("error"))


def _safe(text: object) -> str | None:
    # What a stranger's server put there may end in a log: only what looks like a code passes.
    return text if isinstance(text, str) and _CODE.fullmatch(text) else None
