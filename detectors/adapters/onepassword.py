"""1Password's Events API: sign-in attempts, item usages and audit events.

``target_user`` is whose sign-in it is, ``user`` who used an item; in an audit event ``actor_uuid`` acted on
``object_uuid``, an account where ``object_type`` is ``user``.

Vendor documentation: developer.1password.com, "Events API reference" and "Audit event actions and objects".
"""

from __future__ import annotations

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
_REMEDY = "Send events as 1Password's Events API has them."
#: Audit objects that are an account or its membership.
_ACCOUNTS = frozenset({"user", "mngdacc", "sso", "mfa", "user2fa"})


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read events, bare or in the API's ``items``; ``event_id`` is ``uuid``."""
    found = wrapping.events(payload, _EVENT, *_ENVELOPES)
    return each(found, lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    event = Fields(value)
    cast = Cast()
    if "actor_uuid" in event or event.at("actor_details"):
        kind = f"{event.text('action', limit=40)} {event.text('object_type', limit=40)}".strip()
        _administered(cast, event)
    elif "target_user" in event:
        kind = event.text("type", limit=80) or event.text("category", limit=80)
        _named(cast, event.at("target_user"))
    elif "item_uuid" in event:
        kind = f"item {event.text('action', limit=40) or 'used'}"
        _named(cast, event.at("user"))
    else:
        raise NotUnderstood("it is no event of 1Password's: it names nobody and no item", _REMEDY)
    client, session, place = event.at("client"), event.at("session"), event.at("location")
    return compose.alert(
        source=source,
        kind=kind,
        raw=value,
        verdict=_verdict(event),
        cast=cast,
        event_id=event.get("uuid"),
        title=f"1Password: {kind.replace('_', ' ')}",
        rule=event.get("type", "action"),
        occurred_at=event.get("timestamp"),
        session_ids=[event.get("session_uuid"), session.get("uuid")],
        networks=[
            compose.network(
                client.get("ip_address") or session.get("ip"),
                None,
                place.get("city"),
                place.get("country") or event.get("country"),
            )
        ],
        devices=[compose.thing(session.get("device_uuid"), client.get("os_name"))],
        user_agents=[f"{client.text('app_name')} {client.text('app_version')}".strip()],
        details={
            "category": event.text("category", limit=60),
            "item": event.text("item_uuid", limit=60),
            "vault": event.text("vault_uuid", limit=60),
        },
    )


def _ids(person: Fields, uuid: JsonValue = None) -> list[Candidate]:
    return [(IdKind.EMAIL, person.get("email")), (IdKind.USER_ID, person.get("uuid") or uuid)]


def _named(cast: Cast, person: Fields) -> None:
    cast.add(Role.VICTIM, *_ids(person), name=person.get("name"))


def _administered(cast: Cast, event: Fields) -> None:
    acting = event.at("actor_details")
    on = event.at("object_details")
    account = event.text("object_type", limit=40).lower() in _ACCOUNTS
    target = _ids(on, event.get("object_uuid")) if account else []
    parts.acted(
        cast,
        _ids(acting, event.get("actor_uuid")),
        target,
        actor_name=acting.get("name"),
        target_name=on.get("name"),
    )


def _verdict(event: Fields) -> Verdict:
    category = event.text("category", limit=60).lower()
    if category in ("credentials_failed", "mfa_failed", "firewall_failed", "modern_version_failed"):
        signal = Signal.MFA if category == "mfa_failed" else Signal.CREDENTIAL
        return record("A sign-in that failed.", signal)
    if category:
        return record("A sign-in alone is no finding.")
    action = event.text("action", limit=60).lower()
    if event.text("object_type", limit=40).lower() in ("mfa", "user2fa") or action in (
        "disblmfa",
        "disbl2fa",
    ):
        return record(signal=Signal.MFA)
    return record()


_CLIENT = ("client.app_name", "client.platform_name", "client.ip_address")
_EVENT = by_shapes(
    Shape(needs=("uuid", "target_user", "session_uuid|category"), also=_CLIENT),
    Shape(needs=("item_uuid", "vault_uuid", "user|used_version"), also=_CLIENT),
    Shape(
        needs=("actor_uuid|actor_details", "object_type", "action"),
        also=("object_uuid", "session.uuid", "uuid"),
    ),
    envelopes=_ENVELOPES,
)
DETECTOR = Detector(
    kind="onepassword",
    title="1Password Events API",
    documentation=(
        "https://developer.1password.com/docs/events-api/reference/",
        "https://developer.1password.com/docs/events-api/audit-events/",
    ),
    parse=parse,
    recognises=wrapping.even_wrapped(_EVENT, *_ENVELOPES),
    takes_lines=True,
)
