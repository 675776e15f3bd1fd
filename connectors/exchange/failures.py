"""What an answer of Exchange Online means: by status and the exception's type, never by its message.

The service names the exception of the cmdlet in ``error.innererror`` and, before a ``|``, in
``error.details[].message``, as the ExchangeOnlineManagement module reads them; nothing of it is
documented. A role that lacks a cmdlet is told by 401, 403, or by the cmdlet not being there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from connectors import errors
from connectors.clock import http_date
from connectors.door import Answer
from connectors.entra import answers
from connectors.limits import retry_after_s

_TYPE = re.compile(r"[A-Za-z0-9_.]{1,200}")
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_BY_TYPE: Mapping[str, type[errors.ConnectorError]] = {
    "ManagementObjectNotFoundException": errors.NotFound,
    "CmdletAccessDeniedException": errors.Forbidden,
    "CommandNotFoundException": errors.Forbidden,
    "UserNotFoundInAccessListException": errors.NotFound,
}
_BY_STATUS: Mapping[int, type[errors.ConnectorError]] = {
    401: errors.Unauthenticated,
    403: errors.Forbidden,
    404: errors.NotFound,
    409: errors.Conflict,
    412: errors.Conflict,
    429: errors.Throttled,
    503: errors.Unavailable,
}


def understand(
    status: int, headers: Mapping[str, str], content: bytes, *, write: bool, needs: str = ""
) -> Answer:
    """Turn what arrived into an ``Answer``, or raise what it means.

    Args:
        status: the HTTP status.
        headers: header names in lower case.
        content: the body as it came.
        write: whether the cmdlet changes something; decides what a 5xx, or no JSON, means.
        needs: the permission and role that are missing where it is refused.

    Raises:
        errors.ConnectorError: for everything but a success.
    """
    body, request_id = _decoded(content), _safe(headers.get("request-id"))
    if 200 <= status < 300:
        if not isinstance(body, dict) and (content or not write):
            unclear = errors.UnknownOutcome if write else errors.Unavailable
            raise unclear("the answer is no JSON object", status=status, request_id=request_id)
        return Answer(status, headers, body, request_id, http_date(headers.get("date")))
    said = _exception(body)
    kind = _kind(status, headers, said, write=write)
    remedy = None
    if kind is errors.Forbidden and needs:
        remedy = f"Grant Rescind's application {needs}, or carry the step out by hand."
    raise kind(
        status=status,
        code=said or _code(body),
        request_id=request_id,
        retry_after_s=retry_after_s(headers),
        remedy=remedy,
    )


def _kind(
    status: int, headers: Mapping[str, str], said: str | None, *, write: bool
) -> type[errors.ConnectorError]:
    if status < 400:
        return errors.Refused
    if status == 401:
        if answers.claims(headers) is not None:
            return errors.TokenRefused
        # Behind the sign-in it is the service that refuses: the role lacks the cmdlet.
        return errors.Forbidden if said else errors.Unauthenticated
    known = _BY_TYPE.get(said or "") or _BY_STATUS.get(status)
    if known is not None:
        return known
    if status >= 500 or status == 408:
        return errors.UnknownOutcome if write else errors.Unavailable
    return errors.Invalid


def _exception(body: object) -> str | None:
    """The last part of the exception's type, where the answer names one."""
    error = _part(body, "error")
    inner = _part(error, "innererror")
    details = error.get("details") if isinstance(error.get("details"), list) else []
    texts = [detail.get("message") for detail in details or () if isinstance(detail, dict)]
    named: list[object] = [str(text).split("|")[1] for text in texts if str(text).count("|") >= 2]
    named.append(_part(inner, "internalexception").get("type"))
    named.append(inner.get("type"))
    for name in named:
        if isinstance(name, str) and _TYPE.fullmatch(name):
            return name.rpartition(".")[2]
    return None


def _code(body: object) -> str | None:
    return _safe(_part(body, "error").get("code"))


def _part(value: object, name: str) -> dict[str, Any]:
    part = value.get(name) if isinstance(value, dict) else None
    return part if isinstance(part, dict) else {}


def _decoded(content: bytes) -> object:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _safe(text: object) -> str | None:
    # What a stranger's server put there may end in a log: only what looks like a code passes.
    return text if isinstance(text, str) and _ID.fullmatch(text) else None
