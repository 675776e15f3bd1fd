"""The false answers themselves, each in the shape its vendor gives them."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING
from urllib.parse import quote

from simulator.answers import (
    Answer,
    auth0_body,
    cae_challenge,
    graph_body,
    json_answer,
    okta_body,
)
from simulator.exchange_io import exchange_body
from simulator.faults import Effect

if TYPE_CHECKING:
    from simulator.gate import Call

_GRAPH_CODES = {
    400: "BadRequest",
    401: "InvalidAuthenticationToken",
    403: "Authorization_RequestDenied",
    404: "Request_ResourceNotFound",
    409: "Request_Conflict",
    429: "TooManyRequests",
    500: "InternalServerError",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}
_OKTA_CODES = {
    400: "E0000001",
    401: "E0000011",
    403: "E0000006",
    404: "E0000007",
    429: "E0000047",
}
_AUTH0_CODES = {
    400: "invalid_body",
    403: "insufficient_scope",
    404: "inexistent_user",
    429: "too_many_requests",
}
#: RFC 8935, 2.4.
_SET_CODES = {400: "invalid_request", 401: "authentication_failed", 403: "access_denied"}
_PHRASES = {
    403: "Insufficient privileges to complete the operation.",
    429: "Too many requests.",
    500: "Something went wrong on the server.",
    503: "The service is unavailable for the moment.",
    504: "The service behind the gateway did not answer in time.",
}


def failure(call: Call, status: int, now: float, *headers: tuple[str, str]) -> Answer:
    """An error of this status in the shape of the called system; 502 comes from a proxy."""
    if status == 502:
        page = b"<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"
        return Answer(502, [("Content-Type", "text/html"), *headers], page)
    phrase = _PHRASES.get(status, f"The request failed with status {status}.")
    if call.system.startswith("entra"):
        code = _GRAPH_CODES.get(status, "UnknownError")
        body = graph_body(code, phrase, call.request_id, call.client_request_id, now)
    elif call.system == "exchange":
        body = exchange_body(status, _GRAPH_CODES.get(status, "UnknownError"), "", phrase)
    elif call.system.startswith("auth0"):
        body = auth0_body(status, _AUTH0_CODES.get(status, ""), phrase)
    elif call.system.startswith("payroll"):
        body = {"err": _SET_CODES.get(status, ""), "description": phrase}
    else:
        if status == 429:
            phrase = "API call exceeded rate limit due to too many requests."
        body = okta_body(_OKTA_CODES.get(status, "E0000009"), phrase)
    return json_answer(status, body, *headers)


def instead(call: Call, effect: Effect, now: float) -> Answer:
    """The answer given without touching the tenant."""
    match effect.kind:
        case "throttle":
            return _throttled(call, effect.seconds, now)
        case "empty":
            return Answer(effect.status or 500)
        case "forbid":
            return failure(call, 403, now)
        case "cae_challenge":
            return failure(call, 401, now, ("WWW-Authenticate", cae_challenge(now)))
        case "redirect":
            return Answer(302, [("Location", effect.url or "/")])
        case "empty_page":
            return _empty_page(call)
    return failure(call, effect.status or 500, now)


def _throttled(call: Call, wait_s: float | None, now: float) -> Answer:
    """Graph and the app name the wait in Retry-After; Okta and Auth0 name the instant."""
    if call.system.startswith(("entra", "exchange", "payroll")):
        hints = [] if wait_s is None else [("Retry-After", str(math.ceil(wait_s)))]
        return failure(call, 429, now, *hints)
    # Without a wait it is the concurrency limit, whose headers are zero and whose reset
    # is only a hint.
    limit = "0" if wait_s is None else "600"
    reset = str(math.ceil(now + (wait_s or 0)))
    name = "X-RateLimit" if call.system.startswith("auth0") else "X-Rate-Limit"
    return failure(
        call,
        429,
        now,
        (f"{name}-Limit", limit),
        (f"{name}-Remaining", "0"),
        (f"{name}-Reset", reset),
    )


def _empty_page(call: Call) -> Answer:
    host = call.headers.get("host", "127.0.0.1")
    query = call.scope["query_string"].decode("latin-1")
    more = f"{query}&" if query else ""
    here = f"http://{host}{quote(call.scope['path'], safe='/%$:@' + chr(39))}?{more}"
    if call.system in ("entra", "exchange"):
        return json_answer(200, {"value": [], "@odata.nextLink": f"{here}$skiptoken=0"})
    if call.system == "auth0":
        return json_answer(200, {"sessions": [], "tokens": [], "next": "0"})
    return json_answer(200, [], ("Link", f'<{here}after=0>; rel="next"'))


def with_next_link(call: Call, answer: Answer, url: str) -> Answer:
    """The same list, continued at another host."""
    if answer.status != 200:
        return answer
    if call.system not in ("entra", "exchange"):
        headers = [h for h in answer.headers if 'rel="next"' not in h[1]]
        return Answer(200, [*headers, ("Link", f'<{url}>; rel="next"')], answer.body)
    body = json.loads(answer.body)
    body["@odata.nextLink"] = url
    headers = [h for h in answer.headers if h[0].lower() != "content-length"]
    return Answer(200, headers, json.dumps(body).encode())
