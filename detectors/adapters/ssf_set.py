"""Security event tokens of the Shared Signals Framework: CAEP, RISC, and what Okta adds to them.

Read are a decoded token's claims, a compact token (its payload, without proving its signature: the
receiver of tokens proves it), and the answer of a poll (``sets``). The subject stands in ``sub_id`` or,
as older transmitters have it, in the event.

Documentation: OpenID SSF 1.0, CAEP 1.0, RISC 1.0; RFC 8417 (tokens), RFC 9493 (subject identifiers),
RFC 8935 and 8936 (push and poll); developer.okta.com, "SSF transmitter SET" and "SSF receiver".
"""

from __future__ import annotations

import base64
import binascii
import re

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, persons, wrapping
from detectors.alert import Alert, IdKind, NotUnderstood, Role, Signal, Thing
from detectors.batch import Finding, each
from detectors.cast import Candidate, Cast, guessed
from detectors.compose import Verdict, record
from detectors.detector import Detector
from detectors.fields import Fields, text
from detectors.recognition import Fit, Shape, by_shapes
from detectors.signals import signal_of

_REMEDY = "Send the claims of a security event token (RFC 8417), or the token in its compact form."
_COMPACT = re.compile(r"\s*[\w-]{4,2000}\.([\w-]{4,200000})\.[\w-]{0,4000}\s*", re.ASCII)
_URI = re.compile(r"https://schemas\.[\w.-]{3,80}/(?:secevent/)?.*/([a-z-]{2,60})/?", re.ASCII)
#: Keys of an object that carries a compact token.
_CARRIERS = ("SET", "set", "token", "jwt", "security_event_token", "text")


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read tokens, one alert for each event in them; ``event_id`` is ``jti``."""
    found = [
        (claims, uri, number)
        for claims in _tokens(payload)
        for number, uri in enumerate(_events(claims))
    ]
    return each(found, lambda one: _alert(*one, source))


def _tokens(payload: JsonValue) -> list[JsonValue]:
    polled = Fields(payload).get("sets")
    if isinstance(polled, dict):
        return [_claims(each) for each in polled.values()]
    given = payload if isinstance(payload, list) else [payload]
    return [wrapping.opened(_claims(item), _CLAIMS) for item in given]


def _claims(value: JsonValue) -> JsonValue:
    """Return a compact token's claims; anything else as it is."""
    if isinstance(value, dict) and "events" not in value:
        carrier = Fields(value)
        for key in _CARRIERS:
            found = carrier.get(key)
            if isinstance(found, str) and _COMPACT.fullmatch(found):
                value = found
                break
    match = _COMPACT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return value
    try:
        padded = match[1] + "=" * (-len(match[1]) % 4)
        return wrapping.json_of(base64.urlsafe_b64decode(padded).decode("utf-8"))
    except (binascii.Error, ValueError):
        return value


def _events(claims: JsonValue) -> list[str]:
    # A token without events is none; what has a subject is told all the same.
    return list(Fields(wrapping.json_of(Fields(claims).get("events"))).everything()) or [""]


def _alert(value: JsonValue, uri: str, number: int, source: str) -> Alert:
    claims = Fields(value)
    if not claims.text("iss") or "events" not in claims:
        raise NotUnderstood("it is no security event token: no iss, or no events", _REMEDY)
    said = Fields(wrapping.json_of(claims.get("events"))).at(uri)
    match = _URI.fullmatch(uri)
    kind = match[1] if match else text(uri, 120)
    issuer = claims.text("iss")
    subject = Fields(_subject(claims, said))
    cast, things = Cast(), _Things()
    verdict = _verdict(kind, said)
    _people(cast, things, subject, issuer)
    if kind in ("verification", "stream-updated"):
        cast = Cast()  # the subject is the stream itself
    jti = claims.text("jti", limit=150)
    return compose.alert(
        source=source,
        kind=kind or "security event token",
        raw={"claims": value, "event": uri},
        verdict=verdict,
        cast=cast,
        event_id=f"{jti}.{number}" if jti and number else jti,
        title=_reason(said) or kind.replace("-", " ").capitalize(),
        rule=kind,
        severity=said.get("current_level"),
        occurred_at=said.get("event_timestamp") or claims.get("toe", "iat"),
        session_ids=things.sessions,
        token_ids=things.tokens,
        ips=[said.get("current_ip_address"), said.get("ip")],
        devices=things.devices,
        to_do=_to_do(kind, said),
        tenant_hint=re.sub(r"^https?://|/.*$", "", issuer),
        details={
            "issuer": issuer,
            "initiating_entity": said.text("initiating_entity", limit=40),
            "change": said.text("change_type", limit=40),
            "credential": said.text("credential_type", limit=60),
            "reason": said.text("reason", "risk_reason"),
            "transaction": claims.text("txn", limit=100),
            "state": said.text("state", limit=120) if kind == "verification" else "",
            "stream_status": said.text("status", limit=40) if kind == "stream-updated" else "",
        },
    )


def _subject(claims: Fields, said: Fields) -> JsonValue:
    inner = said.get("subject", "sub_id")
    outer = claims.get("sub_id")
    if isinstance(inner, dict) or isinstance(outer, dict):
        return inner if isinstance(inner, dict) else outer
    return {"format": "iss_sub", "iss": claims.get("iss"), "sub": claims.get("sub")}


class _Things:
    """What a subject names besides people."""

    def __init__(self) -> None:
        self.sessions: list[JsonValue] = []
        self.tokens: list[JsonValue] = []
        self.devices: list[Thing | None] = []


def _people(cast: Cast, things: _Things, subject: Fields, issuer: str) -> None:
    """Take the user of a subject; a device, a session, a tenant or a token is nobody."""
    form = subject.text("format", "subject_type", limit=40).replace("-", "_").lower()
    members = {name: subject.at(name) for name in ("user", "device", "session", "application")}
    if form == "complex" or (not form and any(members.values())) or members["user"]:
        for name in ("id", "sub", "jti"):
            things.sessions.append(members["session"].get(name))
        things.devices.append(compose.thing(members["device"].get("id", "sub")))
        if members["user"]:
            _people(cast, things, members["user"], issuer)
        else:
            cast.leave_out("a subject that names no user")
        return
    if form in ("jwt_id", "saml_assertion_id"):
        things.tokens += [subject.get("jti", "assertion_id")]
        return
    ids = _ids(subject, form, issuer)
    for item in subject.items("identifiers"):
        one = Fields(item)
        ids += _ids(one, one.text("format", limit=40).lower(), issuer)
    cast.add(Role.VICTIM, *ids)


def _ids(subject: Fields, form: str, issuer: str) -> list[Candidate]:
    found: list[Candidate] = [(IdKind.EMAIL, subject.get("email"))]
    account = subject.text("uri", limit=320)
    if account.startswith("acct:"):
        found.append((IdKind.EMAIL, account.removeprefix("acct:")))
    if form in ("opaque", "") and "id" in subject:
        found.append(_by_issuer(issuer, subject.get("id")))
    if "sub" in subject:
        found.append(_by_issuer(subject.text("iss") or issuer, subject.get("sub")))
    return found


def _by_issuer(issuer: str, value: JsonValue) -> Candidate:
    """Tell what kind of id a subject is by who issued it."""
    host = re.sub(r"^https?://|[/:].*$", "", issuer).lower()
    plain = value.strip() if isinstance(value, str) else ""
    if "@" in plain:
        return guessed(value)
    if host.endswith(("okta.com", "oktapreview.com", "okta-emea.com")):
        return IdKind.OKTA_USER_ID, value
    if host.endswith(("microsoftonline.com", "windows.net")) and persons.guid(plain):
        return IdKind.ENTRA_OBJECT_ID, value
    if host.endswith("auth0.com"):
        return IdKind.AUTH0_USER_ID, value
    if host == "accounts.google.com":
        return IdKind.GOOGLE_PROFILE_ID, value
    return IdKind.USER_ID, value


def _reason(said: Fields) -> str:
    given = said.get("reason_admin")
    if isinstance(given, dict):
        return Fields(given).text("en") or next((text(each) for each in given.values()), "")
    return said.text("reason_admin")


#: By which a transmitter says that the account is in other hands.
_LOST = {
    "credential-compromise": "The transmitter says that a credential is in other hands.",
    "account-credential-change-required": "The transmitter demands a new credential of the user.",
}
_RECORDS = {
    "token-revoked": ("The transmitter has revoked the tokens itself.", Signal.OTHER),
    "tokens-revoked": ("The transmitter has revoked the tokens itself.", Signal.OTHER),
    "recovery-activated": ("An account's recovery was used.", Signal.CREDENTIAL),
    "recovery-information-changed": ("An account's recovery was changed.", Signal.CREDENTIAL),
}


def _verdict(kind: str, said: Fields) -> Verdict:
    if kind in _LOST:
        return Verdict(True, _LOST[kind], Signal.CREDENTIAL)
    if kind == "account-disabled" and said.text("reason", limit=60).lower() == "hijacking":
        return Verdict(True, "The transmitter disabled the account as hijacked.", Signal.CREDENTIAL)
    if kind in ("user-risk-change", "risk-level-change"):
        return _by_risk(kind, said)
    if kind == "verification":
        return record("The transmitter shows that its stream arrives.")
    if kind == "stream-updated":
        return record("The transmitter has changed the stream itself.")
    if kind in ("session-revoked", "sessions-revoked"):
        return record("The transmitter has ended the session itself.", signal_of(_reason(said)))
    if kind == "credential-change":
        password = said.text("credential_type", limit=40).lower() in ("password", "pin")
        return record("A credential was changed.", Signal.CREDENTIAL if password else Signal.MFA)
    return record(*_RECORDS.get(kind, ("A change that says nothing of theft.", Signal.OTHER)))


def _to_do(kind: str, said: Fields) -> str:
    """Say what people have to do where the transmitter sends nothing more (SSF 1.0, stream-updated)."""
    if kind != "stream-updated" or said.text("status", limit=40).lower() == "enabled":
        return ""
    return (
        "Look at the stream at the transmitter's: as long as it is paused or disabled, nothing of what "
        "happens there arrives here."
    )


def _by_risk(kind: str, said: Fields) -> Verdict:
    about = said.text("principal", limit=20).upper()
    if said.text("current_level", limit=20).upper() != "HIGH":
        return record("The risk is not high.", Signal.RISK)
    if kind == "risk-level-change" and about not in ("", "USER", "SESSION"):
        return record("The risk is not a user's.", Signal.RISK)
    return Verdict(True, "The transmitter rates the user's risk as high.", Signal.RISK)


_CLAIMS = by_shapes(
    Shape(
        needs=("iss", "jti", "events"), also=("iat", "aud", "sub_id", "txn"), never=("eventType",)
    ),
    Shape(needs=("iss", "events", "sub_id|aud"), surety=0.7, never=("eventType",)),
)


def _recognises(payload: JsonValue) -> Fit:
    first = _tokens(payload)[:8]
    if not first or not all("events" in Fields(each) for each in first):
        return Fit(0.0, "it has no events of a security event token")
    fit = _CLAIMS(list(first))
    uris = [uri for claims in first for uri in _events(claims) if uri]
    if uris and not all(_URI.fullmatch(uri) or uri.startswith("urn:") for uri in uris):
        return Fit(0.2, "its events are no URIs of event types")
    return fit


DETECTOR = Detector(
    kind="ssf_set",
    title="Shared Signals security event tokens (CAEP, RISC)",
    documentation=(
        "https://openid.net/specs/openid-sharedsignals-framework-1_0-final.html",
        "https://openid.net/specs/openid-caep-1_0-final.html",
        "https://openid.net/specs/openid-risc-1_0-final.html",
        "https://www.rfc-editor.org/rfc/rfc9493",
        "https://developer.okta.com/docs/reference/ssf-transmitter-sets/",
    ),
    parse=parse,
    recognises=_recognises,
    takes_lines=True,
)
