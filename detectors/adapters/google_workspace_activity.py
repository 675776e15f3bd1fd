"""Google Workspace's audit log: activities of the Reports API, as it or a SIEM hands them on.

An activity has an ``actor`` and ``events`` with ``parameters``: a list of ``{name, value}``, or, where
a SIEM made one record of each event, an object. The account acted upon stands in a parameter.

Vendor documentation: developers.google.com, Admin SDK, "Reports API: activities.list" and the lists of
login, user accounts, admin, OAuth token, mobile and Chrome audit events.
"""

from __future__ import annotations

import re

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

_ENVELOPES = ("items",)
_REMEDY = "Send activities of the Reports API as activities.list has them."
#: Parameters that name the account acted upon.
_TARGETS = ("affected_email_address", "USER_EMAIL", "user_email", "DEVICE_USER")
#: What Google itself has judged: why, and what it is a sign of.
_FINDINGS = {
    "suspicious_login": ("Google holds a sign-in to be somebody else's.", Signal.RISK),
    "suspicious_login_less_secure_app": (
        "Google holds a sign-in to be somebody else's.", Signal.RISK,
    ),
    "suspicious_programmatic_login": (
        "Google holds a program's sign-in to be somebody else's.", Signal.RISK,
    ),
    "user_signed_out_due_to_suspicious_session_cookie": (
        "Google signed the user out: her session cookie is in somebody else's hands.",
        Signal.SESSION_THEFT,
    ),
    "account_disabled_hijacked": ("Google disabled the account as hijacked.", Signal.CREDENTIAL),
    "account_disabled_password_leak": (
        "Google disabled the account: its password is known from a leak.", Signal.CREDENTIAL,
    ),
}  # fmt: skip
_SIGNALS = {
    "gov_attack_warning": Signal.RISK, "risky_sensitive_action_allowed": Signal.RISK,
    "risky_sensitive_action_blocked": Signal.RISK, "SUSPICIOUS_ACTIVITY_EVENT": Signal.RISK,
    "email_forwarding_out_of_domain": Signal.MAIL_RULE,
    "2sv_disable": Signal.MFA, "titanium_unenroll": Signal.MFA,
    "TURN_OFF_2_STEP_VERIFICATION": Signal.MFA, "UNENROLL_USER_FROM_STRONG_AUTH": Signal.MFA,
    "GENERATE_2SV_SCRATCH_CODES": Signal.MFA, "ENFORCE_STRONG_AUTHENTICATION": Signal.MFA,
    "ALLOW_STRONG_AUTHENTICATION": Signal.MFA,
    "password_edit": Signal.CREDENTIAL, "CHANGE_PASSWORD": Signal.CREDENTIAL,
    "CHANGE_PASSWORD_ON_NEXT_LOGIN": Signal.CREDENTIAL,
    "ADD_APPLICATION": Signal.CONSENT, "AUTHORIZE_API_CLIENT_ACCESS": Signal.CONSENT,
    "ADD_TO_TRUSTED_OAUTH2_APPS": Signal.CONSENT,
}  # fmt: skip
#: Scopes that open mail, files, directories or a cloud project, not only a profile.
_WIDE = re.compile(
    r"https://(mail\.google\.com|www\.googleapis\.com/auth/(gmail|drive|admin|ediscovery|cloud|apps"
    r"|contacts|calendar|directory|groups|chat|spreadsheets|documents)).*",
    re.IGNORECASE,
)
_SETTINGS = (
    (re.compile(r"message_security_rule|routing|forwarding", re.IGNORECASE), Signal.MAIL_RULE),
    (re.compile(r"marketplace", re.IGNORECASE), Signal.CONSENT),
    (re.compile(r"2[- ]?step|two[- ]step|strong auth", re.IGNORECASE), Signal.MFA),
    (re.compile(r"password", re.IGNORECASE), Signal.CREDENTIAL),
)


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read activities, one alert for each of their events.

    ``event_id`` is ``id.uniqueQualifier``, with the number of the event where there are several.
    """
    found = [
        (item, event, number)
        for item in wrapping.events(payload, _EVENT, *_ENVELOPES)
        for number, event in enumerate(_events(item))
    ]
    return each(found, lambda one: _alert(*one, source))


def _events(item: JsonValue) -> list[JsonValue]:
    activity = Fields(item)
    inner = [each for each in activity.items("events", "event") if isinstance(each, dict)]
    return list(inner) or [item]


def _alert(item: JsonValue, event_value: JsonValue, number: int, source: str) -> Alert:
    activity, event = Fields(item), Fields(event_value)
    about = activity.at("id")
    application = about.text("applicationName", limit=60)
    if not application:
        raise NotUnderstood("it is no activity: no id.applicationName", _REMEDY)
    name = event.text("name", limit=120)
    said = _parameters(event)
    cast = Cast()
    _people(cast, activity.at("actor"), said, judged=name.lower() in _FINDINGS)
    unique = about.text("uniqueQualifier", limit=100)
    return compose.alert(
        source=source,
        kind=name or event.text("type", limit=120) or application,
        raw={"activity": item, "number": number},
        verdict=_verdict(name, said),
        cast=cast,
        event_id=f"{unique}.{number}" if unique and number else unique,
        title=f"{application}: {(name or event.text('type')).replace('_', ' ').lower()}",
        rule=said.get("rule_name") or name,
        severity=said.get("severity"),
        occurred_at=about.get("time"),
        ips=[activity.get("ipAddress")],
        devices=[compose.thing(said.get("DEVICE_ID", "device_id"), said.get("DEVICE_NAME"))],
        apps=[compose.thing(said.get("client_id"), said.get("app_name"))],
        tenant_hint=about.get("customerId"),
        details={
            "application": application,
            "event_type": event.text("type", limit=120),
            "setting": said.text("SETTING_NAME"),
            "new_value": said.text("NEW_VALUE"),
            "login_type": said.text("login_type", limit=60),
            "forwards_to": said.text("email_forwarding_destination_address"),
        },
    )


def _parameters(event: Fields) -> Fields:
    """Return an event's parameters as one object, whichever way they are written."""
    given = event.get("parameters")
    if isinstance(given, dict):
        return Fields(given)
    found: dict[str, JsonValue] = {}
    for item in event.items("parameters"):
        one = Fields(item)
        name = one.text("name", limit=120)
        if name:
            found[name] = one.get("value", "multiValue", "intValue", "boolValue")
    return Fields(found)


def _people(cast: Cast, actor: Fields, said: Fields, judged: bool) -> None:
    acting: list[Candidate] = [
        (IdKind.GOOGLE_EMAIL, actor.get("email")),
        (IdKind.GOOGLE_PROFILE_ID, actor.get("profileId")),
    ]
    if actor.text("callerType", limit=20).upper() == "KEY":
        cast.leave_out("an application, which is nobody")
        acting = []
    target = said.get(*_TARGETS)
    if judged and not (isinstance(target, str) and "@" in target):
        cast.leave_out("a finding that does not say whose account it is")
        acting = []
    if isinstance(target, list):
        target = target[0] if target else None
    name = target.partition("@")[0] if isinstance(target, str) else None
    parts.acted(cast, acting, [(IdKind.GOOGLE_EMAIL, target)], target_name=name)
    for other in ("new_owner", "target_user"):
        cast.add(Role.BYSTANDER, (IdKind.GOOGLE_EMAIL, said.get(other)))


def _verdict(name: str, said: Fields) -> Verdict:
    finding = _FINDINGS.get(name.lower())
    if finding:
        return Verdict(True, finding[0], finding[1])
    if name == "login_success" and str(said.get("is_suspicious")).lower() == "true":
        return Verdict(True, "Google holds the sign-in to be somebody else's.", Signal.RISK)
    if name == "gov_attack_warning":
        return record(
            "Google saw an attempt on the account; nothing says that it worked.", Signal.RISK
        )
    if name == "authorize":
        wide = any(isinstance(each, str) and _WIDE.fullmatch(each) for each in said.items("scope"))
        return record(
            "A person has let an application in.", Signal.CONSENT if wide else Signal.OTHER
        )
    signal = _SIGNALS.get(name, Signal.OTHER)
    if signal is Signal.OTHER:
        setting = said.text("SETTING_NAME")
        signal = next((kind for pattern, kind in _SETTINGS if pattern.search(setting)), signal)
    return record(signal=signal)


_APPLICATIONS = (
    r"access_transparency|admin|assignments|calendar|chat|chrome|classroom|contacts|"
    r"context_aware_access|currents|data_migration|data_studio|directory_sync|drive|gcp|gemini.*|"
    r"gmail|gplus|groups|groups_enterprise|jamboard|keep|ldap|login|logout|looker_studio|meet.*|"
    r"meet_hardware|mobile|profile|rules|saml|takeout|tasks|token|user_accounts|vault"
)
_EVENT = by_shapes(
    Shape(
        values={"kind": r"admin#reports#activity", "id.applicationName": r"\w{2,60}"},
        also=("actor", "id.uniqueQualifier", "id.customerId"),
    ),
    Shape(
        needs=("name|type|events|event|parameters",),
        values={"id.applicationName": _APPLICATIONS},
        also=("actor.email", "id.customerId", "id.time", "parameters"),
        surety=0.8,
        most=0.95,
    ),
    envelopes=_ENVELOPES,
)
DETECTOR = Detector(
    kind="google_workspace_activity",
    title="Google Workspace audit log",
    documentation=(
        "https://developers.google.com/workspace/admin/reports/reference/rest/v1/activities/list",
        "https://developers.google.com/workspace/admin/reports/v1/appendix/activity/login",
        "https://developers.google.com/workspace/admin/reports/v1/appendix/activity/user-accounts",
        "https://developers.google.com/workspace/admin/reports/v1/appendix/activity/token",
    ),
    parse=parse,
    recognises=wrapping.even_wrapped(_EVENT, *_ENVELOPES),
    takes_lines=True,
)
