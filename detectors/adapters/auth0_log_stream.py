"""Auth0's tenant log as a log stream, the Management API or EventBridge hands it on.

A stream's record is ``{"log_id", "data": {...}}``; the API gives the event bare. ``type`` says what
happened; the user stands in ``user_id`` and ``user_name``. In events of the Management API
(``sapi``, ``fapi``) an administrator or an application acted: ``details.request.auth``; the user
acted upon stands in the request's path.

Vendor documentation: auth0.com/docs, "Log event type codes", "Log streams", "Refresh token rotation"
(``ferrt``: a rotated refresh token was used again), "Breached password detection".
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, parts, wrapping
from detectors.alert import Alert, IdKind, NotUnderstood, Role, Signal
from detectors.batch import Finding, each
from detectors.cast import Candidate, Cast
from detectors.compose import Verdict, record
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import Shape, by_shapes

_ENVELOPES = ("logs", "events")
_REMEDY = "Send Auth0's tenant log events as a log stream or GET /api/v2/logs has them."
_TYPE = r"[a-z][a-z0-9_]{0,60}"
#: Requests of the Management API, with their answers.
_API = frozenset({"sapi", "fapi", "mgmt_api_read", "mgmt_api_write", "api_limit"})
#: Those of them that change something.
_CHANGING = frozenset({"sapi", "mgmt_api_write"})
_USER_PATH = re.compile(r"/users/([^/?#]{3,200})")
#: A rotated token that failed for any of these was not used twice.
_NO_REUSE = re.compile(r"unknown|invalid|expired|not found|missing", re.IGNORECASE)
_MFA = re.compile(r"\bmfa\b|multi-?factor|guardian|\bfactor|risk[- ]assessment", re.IGNORECASE)
_CHANGES = (
    (_MFA, "A change to multi-factor authentication.", Signal.MFA),
    (
        re.compile(r"change password|password[- ]change|/users/[^/]+/password", re.IGNORECASE),
        "A change of a password.",
        Signal.CREDENTIAL,
    ),
    (
        re.compile(r"/grants|integration", re.IGNORECASE),
        "A change of what applications may do.",
        Signal.CONSENT,
    ),
)
_SIGNALS = {
    "signup_pwd_leak": Signal.CREDENTIAL, "reset_pwd_leak": Signal.CREDENTIAL,
    "limit_wc": Signal.CREDENTIAL, "limit_mu": Signal.CREDENTIAL, "limit_sul": Signal.CREDENTIAL,
    "fcoa": Signal.CREDENTIAL, "scp": Signal.CREDENTIAL, "scpr": Signal.CREDENTIAL,
    "pla": Signal.RISK, "mfar": Signal.MFA,
    "gd_enrollment_complete": Signal.MFA, "gd_unenroll": Signal.MFA, "gd_send_pn": Signal.MFA,
    "gd_auth_rejected": Signal.MFA, "gd_recovery_succeed": Signal.MFA,
    "gd_user_delete": Signal.MFA, "gd_update_device_account": Signal.MFA,
}  # fmt: skip


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read log events; ``event_id`` is ``log_id``, by which a stream's repetitions are told."""
    found = wrapping.events(payload, _EVENT, *_ENVELOPES)
    return each(found, lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    envelope = Fields(value)
    event = envelope.at("data") if "type" in envelope.at("data") else envelope
    kind = event.text("type", limit=80)
    if not re.fullmatch(_TYPE, kind):
        raise NotUnderstood("it has no event type of Auth0's", _REMEDY)
    details = event.at("details")
    request = details.at("request")
    cast = Cast()
    _people(cast, kind, event, request)
    location = event.at("location_info")
    return compose.alert(
        source=source,
        kind=kind,
        raw=value,
        verdict=_verdict(kind, event, request),
        cast=cast,
        event_id=event.get("log_id", "_id") or envelope.get("log_id"),
        title=event.text("description") or _TITLES.get(kind, ""),
        rule=kind,
        occurred_at=event.get("date"),
        session_ids=[details.get("session_id"), event.get("session_id")],
        networks=[
            compose.network(
                event.get("ip"), None, location.get("city_name"), location.get("country_name")
            )
        ],
        user_agents=[event.get("user_agent")],
        apps=[compose.thing(event.get("client_id"), event.get("client_name"))],
        actor_app_ids=[event.get("client_id")] if _by_application(kind, request) else [],
        tenant_hint=event.get("tenant_name", "hostname"),
        details={
            "connection": event.text("connection", limit=120),
            "strategy": event.text("strategy", limit=60),
            "path": request.text("path"),
        },
    )


def _by_application(kind: str, request: Fields) -> bool:
    """Whether an application has changed something itself, and nobody through it."""
    return kind in _CHANGING and not request.at("auth").at("user")


def _people(cast: Cast, kind: str, event: Fields, request: Fields) -> None:
    signed_in = request.at("auth").at("user")
    own = (IdKind.AUTH0_USER_ID, event.get("user_id"))
    login = (IdKind.USERNAME, event.get("user_name"))
    if kind not in _API and "/users/" not in request.text("path"):
        same = signed_in.get("user_id") in (None, event.get("user_id"))
        more = [(IdKind.EMAIL, signed_in.get("email"))] if same else []
        cast.add(Role.VICTIM, own, login, *more, name=signed_in.get("name") if same else None)
        return
    acting: list[Candidate] = [
        (IdKind.AUTH0_USER_ID, signed_in.get("user_id")),
        (IdKind.EMAIL, signed_in.get("email")),
    ]
    if not signed_in:
        acting = [] if request.at("auth") else [own, login]
        if not acting:
            cast.leave_out("an application, which is nobody")
    path = _USER_PATH.search(request.text("path"))
    target: list[Candidate] = []
    if path:
        target = [(IdKind.AUTH0_USER_ID, unquote(path[1]))]
        answer = request.at("body")
        if signed_in.get("email") != answer.get("email"):
            target.append((IdKind.EMAIL, answer.get("email")))
    elif re.search(r"/users/?$", request.text("path")) and request.text("method").lower() == "post":
        target = [(IdKind.EMAIL, request.at("body").get("email"))]  # a user was made
    parts.acted(cast, acting, target, actor_name=signed_in.get("name"))


def _verdict(event_type: str, event: Fields, request: Fields) -> Verdict:
    description = event.text("description")
    if event_type == "ferrt":
        if _NO_REUSE.search(description) and "reuse" not in description.lower():
            return record("A refresh token was refused, and not because it was used twice.")
        return Verdict(
            True, "A one-time refresh token was used twice: somebody else holds it.",
            Signal.TOKEN_THEFT, ("T1528",),
        )  # fmt: skip
    if event_type == "pwd_leak":
        return Verdict(
            True,
            "Somebody signed in with a password that is known from a breach.",
            Signal.CREDENTIAL,
        )
    if event_type in _API:
        changed = f"{request.text('path')} {description}"
        why, signal = next(
            ((said, signal) for pattern, said, signal in _CHANGES if pattern.search(changed)),
            ("A request to the Management API.", Signal.OTHER),
        )
        return record(why, signal)
    if event_type.startswith("limit_"):
        return record("The account or address is blocked already.", Signal.CREDENTIAL)
    return record(signal=_SIGNALS.get(event_type, Signal.OTHER))


_TITLES = {
    "s": "Successful login", "f": "Failed login", "fp": "Failed login (wrong password)",
    "fu": "Failed login (invalid email or user name)", "slo": "Successful logout",
    "ss": "Successful signup", "seacft": "Code exchanged for a token",
    "sertft": "Refresh token exchanged for a token", "ferrt": "Reused rotating refresh token",
    "pwd_leak": "Breached password used", "sapi": "Management API request",
}  # fmt: skip
_EVENT = by_shapes(
    Shape(
        needs=("log_id|data.log_id|data._id", "data.date|data.description", "data.type"),
        values={"data.type": _TYPE},
        also=("data.client_id", "data.ip", "data.details", "data.user_agent"),
    ),
    Shape(
        needs=("data.date", "data.details.request|data.connection|data.strategy"),
        values={"data.type": _TYPE},
        surety=0.85,
    ),
    Shape(
        needs=("log_id|_id", "date", "client_id|connection|details|hostname|user_agent|isMobile"),
        values={"type": _TYPE, "log_id": r"9002\d{10,90}"},
        also=("client_name", "ip", "strategy", "user_agent"),
    ),
    # Other ids than today's: of elder tenants, and of what polls the log and calls webhooks itself.
    Shape(
        needs=("log_id|_id", "date", "client_id", "client_name|connection_id", "ip", "user_agent"),
        values={"type": _TYPE},
        also=("connection", "strategy", "strategy_type", "isMobile", "hostname"),
        never=("eventType", "event_type", "realmId", "data"),
        surety=0.75,
        most=0.9,
    ),
    envelopes=_ENVELOPES,
)
DETECTOR = Detector(
    kind="auth0_log_stream",
    title="Auth0 tenant log",
    documentation=(
        "https://auth0.com/docs/deploy-monitor/logs/log-event-type-codes",
        "https://auth0.com/docs/customize/log-streams",
        "https://auth0.com/docs/secure/tokens/refresh-tokens/refresh-token-rotation",
    ),
    parse=parse,
    recognises=wrapping.even_wrapped(_EVENT, *_ENVELOPES),
    takes_lines=True,
)
