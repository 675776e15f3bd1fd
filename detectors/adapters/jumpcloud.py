"""JumpCloud's Directory Insights.

``initiated_by`` is who acted (``type`` admin or user), ``resource`` what was acted on (``type`` user, or a
group, an application, a policy). In an ``association_change`` the two ends are ``association.connection``.

Vendor documentation: docs.jumpcloud.com, "Directory Insights API" and "Directory Insights events".
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, parts, wrapping
from detectors.alert import Alert, IdKind, NotUnderstood, Role, Signal
from detectors.batch import Finding, each
from detectors.cast import Candidate, Cast, guessed
from detectors.compose import Verdict, record
from detectors.detector import Detector
from detectors.fields import Fields, text
from detectors.recognition import Shape, by_shapes

_ENVELOPES = ("events",)
_REMEDY = "Send events as JumpCloud's Directory Insights has them."
_PEOPLE = ("user", "admin", "systemuser")
_MFA_FIELDS = ("mfa", "totp_enabled", "enable_user_portal_multifactor", "mfaenrollment")


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read events; ``event_id`` is ``id``."""
    found = wrapping.events(payload, _EVENT, *_ENVELOPES)
    return each(found, lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    event = Fields(value)
    kind = event.text("event_type", limit=80)
    if not kind:
        raise NotUnderstood("it has no event_type of JumpCloud's", _REMEDY)
    cast = Cast()
    by, resource = event.at("initiated_by"), event.at("resource")
    person = by.text("type", limit=40).lower() in ("", *_PEOPLE)
    if by and not person:
        cast.leave_out("an application or a device, which is nobody")
    target = _ids(resource) if resource.text("type", limit=40).lower() in _PEOPLE else []
    if not by and not target:
        target = [guessed(event.get("username"))]
    parts.acted(cast, _ids(by) if person else [], target)
    for end in ("from", "to"):
        other = event.at("association").at("connection").at(end)
        if other.text("type", limit=40).lower() == "user":
            cast.add(
                Role.BYSTANDER, guessed(other.get("name")), (IdKind.USER_ID, other.get("object_id"))
            )
    place, agent = event.at("geoip"), event.at("useragent")
    system = event.at("auth_context").at("system")
    application = event.at("application")
    return compose.alert(
        source=source,
        kind=kind,
        raw=value,
        verdict=_verdict(kind, event),
        cast=cast,
        event_id=event.get("id"),
        title=kind.replace("_", " "),
        occurred_at=event.get("timestamp"),
        networks=[
            compose.network(
                event.get("client_ip"), None, place.get("region_name"), place.get("country_code")
            )
        ],
        user_agents=[" ".join(filter(None, (agent.text("name"), agent.text("version"))))],
        devices=[compose.thing(system.get("id"), system.get("displayName"))],
        apps=[compose.thing(application.get("id"), application.get("name"))],
        tenant_hint=event.get("organization"),
        details={
            "service": event.text("service", limit=40),
            "success": text(str(event.get("success")), 10),
            "error": event.text("error_message"),
        },
    )


def _ids(person: Fields) -> list[Candidate]:
    return [
        (IdKind.EMAIL, person.get("email", "email_type_value")),
        guessed(person.get("username")),
        (IdKind.USER_ID, person.get("id")),
    ]


def _verdict(kind: str, event: Fields) -> Verdict:
    changed = {Fields(each).text("field", limit=60).lower() for each in event.items("changes")}
    lower = kind.lower()
    if changed & set(_MFA_FIELDS) or ("mfa" in lower and "delet" in lower) or "totp" in lower:
        return record(signal=Signal.MFA)
    if "password" in lower or "lockout" in lower or "password" in changed:
        return record(signal=Signal.CREDENTIAL)
    return record()


_EVENT = by_shapes(
    Shape(
        needs=("initiated_by|resource|username", "organization"),
        values={
            "event_type": r"[a-z0-9_]{3,80}",
            "service": r"all|alerts|directory|ldap|mdm|mssp|notifications|object_storage|password_manager|"
            r"radius|reports|saas_app_management|software|sso|systems|workflows|access_management|\w+",
        },
        also=("@version", "client_ip", "geoip", "useragent"),
    ),
    envelopes=_ENVELOPES,
)
DETECTOR = Detector(
    kind="jumpcloud",
    title="JumpCloud Directory Insights",
    documentation=("https://docs.jumpcloud.com/api/insights/directory/1.0/index.html",),
    parse=parse,
    recognises=wrapping.even_wrapped(_EVENT, *_ENVELOPES),
    takes_lines=True,
)
