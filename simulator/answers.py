"""Answers in each vendor's own shape: errors, pages and headers."""

from __future__ import annotations

import base64
import json
import math
import secrets
import uuid
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulator.clock import graph_time

JsonObject = dict[str, Any]


@dataclass
class Answer:
    """A finished HTTP answer, before it goes on the wire."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first header with this name, whatever its case."""
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)


class GraphError(Exception):
    """A Graph error to answer with: status, code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class OktaError(Exception):
    """An Okta error to answer with: status, code, summary and causes."""

    def __init__(self, status: int, code: str, summary: str, *causes: str) -> None:
        super().__init__(summary)
        self.status, self.code, self.summary, self.causes = status, code, summary, causes


class Auth0Error(Exception):
    """An Auth0 Management API error to answer with: status, code (may be empty) and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def not_found(what: str, kind: str) -> OktaError:
    """Okta's 404, which names the id and the kind of thing."""
    return OktaError(404, "E0000007", f"Not found: Resource not found: {what} ({kind})")


def graph_not_found(what: str) -> GraphError:
    """Graph's 404 for directory objects."""
    return GraphError(404, "Request_ResourceNotFound", f"Resource '{what}' does not exist.")


def graph_body(code: str, message: str, request_id: str, client_id: str, now: float) -> JsonObject:
    """Graph's error shape with innerError."""
    return {
        "error": {
            "code": code,
            "message": message,
            "innerError": {
                "date": graph_time(now).rstrip("Z"),
                "request-id": request_id,
                "client-request-id": client_id,
            },
        }
    }


def okta_body(code: str, summary: str, causes: tuple[str, ...] = ()) -> JsonObject:
    """Okta's error shape."""
    return {
        "errorCode": code,
        "errorSummary": summary,
        "errorLink": code,
        "errorId": "oae" + secrets.token_urlsafe(16),
        "errorCauses": [{"errorSummary": cause} for cause in causes],
    }


def auth0_body(status: int, code: str, message: str) -> JsonObject:
    """Auth0's error shape; the code is missing where there is none."""
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Error"
    body: JsonObject = {"statusCode": status, "error": phrase, "message": message}
    return {**body, "errorCode": code} if code else body


def json_answer(status: int, body: object, *headers: tuple[str, str]) -> Answer:
    """A JSON answer built outside the routes."""
    return Answer(
        status, [("Content-Type", "application/json"), *headers], json.dumps(body).encode()
    )


def cae_challenge(now: float) -> str:
    """The WWW-Authenticate value that asks for a token issued after `now`.

    Source: entra-docs, claims-challenge.md; the claims travel base64-encoded.
    """
    wanted = {"access_token": {"nbf": {"essential": True, "value": str(math.ceil(now))}}}
    claims = base64.b64encode(json.dumps(wanted).encode()).decode()
    return f'Bearer realm="", error="insufficient_claims", claims="{claims}"'


def context(request: Request, fragment: str) -> str:
    """The @odata.context of an answer."""
    version = request.url.path.split("/")[1]
    return f"{origin(request)}/{version}/$metadata#{fragment}"


def origin(request: Request) -> str:
    """Scheme and authority as the caller addressed us."""
    return f"{request.url.scheme}://{request.headers.get('host', request.url.netloc)}"


def whole_number(text: str | None, default: int) -> int | None:
    """A query parameter as a number; the default when absent, None when it is not one."""
    if text is None:
        return default
    return int(text) if text.isdigit() else None


def graph_page(
    request: Request, fragment: str, items: list[JsonObject], page_size: int | None
) -> JSONResponse:
    """One page of a Graph collection, with @odata.nextLink while more remains.

    Args:
        request: $top and $skiptoken are read from it.
        fragment: what @odata.context names.
        items: the whole collection.
        page_size: the tenant's own limit, None for no paging.
    """
    top = whole_number(request.query_params.get("$top"), len(items))
    start = whole_number(request.query_params.get("$skiptoken"), 0)
    if top is None or start is None:
        raise GraphError(400, "BadRequest", "$top and $skiptoken take a whole number.")
    size = min(top, page_size or top) or len(items)
    body: JsonObject = {
        "@odata.context": context(request, fragment),
        "value": items[start : start + size],
    }
    if start + size < len(items):
        query = [(k, v) for k, v in request.query_params.multi_items() if k != "$skiptoken"]
        query.append(("$skiptoken", str(start + size)))
        body["@odata.nextLink"] = f"{origin(request)}{request.url.path}?{urlencode(query)}"
    return JSONResponse(body)


def okta_page(
    request: Request,
    items: list[JsonObject],
    *,
    limit: int,
    most: int,
    page_size: int | None,
    always_next: bool = False,
    within: str | None = None,
) -> Response:
    """One page of an Okta list, self and next in two Link headers as Okta sends them.

    Args:
        request: limit and after are read from it.
        items: the whole list.
        limit: the default page size of this list.
        most: the largest limit it takes.
        page_size: the tenant's own limit, None for no further one.
        always_next: the System Log's polling mode, which never runs out of next links.
        within: the key of the answer under which the list stands where Okta wraps it; the next page's
            address stands beside it then, and in no header.
    """
    wanted = whole_number(request.query_params.get("limit"), limit)
    start = whole_number(request.query_params.get("after"), 0)
    if wanted is None or start is None or not 0 < wanted <= most:
        raise OktaError(400, "E0000001", "Api validation failed: limit", "limit is out of range")
    size = min(wanted, page_size or wanted)
    page = items[start : start + size]
    here = f"{origin(request)}{request.url.path}"
    query = [(k, v) for k, v in request.query_params.multi_items() if k != "after"]
    following: str | None = None
    if always_next or start + size < len(items):
        following = f"{here}?{urlencode([*query, ('after', str(start + len(page)))])}"
    if within is not None:
        links = {"next": {"href": following}} if following else {}
        return JSONResponse({within: page, "_links": links})
    response = JSONResponse(page)
    itself = f"{here}?{urlencode(query)}" if query else here
    response.headers.append("link", f'<{itself}>; rel="self"')
    if following:
        response.headers.append("link", f'<{following}>; rel="next"')
    return response


def new_request_id(system: str) -> str:
    """A request id in the vendor's form."""
    return str(uuid.uuid4()) if system.startswith("entra") else secrets.token_hex(16)
