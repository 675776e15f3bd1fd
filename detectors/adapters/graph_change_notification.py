"""Change notifications of Microsoft Graph: that something changed, and where to look.

``resource`` names the person where it is a user's own (``Users('...')/messages('...')``,
``users/.../...``, ``identityProtection/riskyUsers/...``) or where ``resourceData`` is a user. A notification
is no finding; what it points to has to be asked for. Lifecycle events (``lifecycleEvent``) contain
nobody and ask for something to be done about the subscription. ``clientState`` is a secret of the subscription and is never read.

Vendor documentation: Microsoft Learn, Microsoft Graph resource types ``changeNotification`` and
``changeNotificationCollection``; "Reduce missing change notifications" (lifecycle events).
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, recognition
from detectors.alert import Alert, IdKind, NotUnderstood, Role, Signal
from detectors.batch import Finding, each
from detectors.cast import Cast
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import Shape, by_shapes

_ENVELOPES = ("value",)
#: users/ID, Users('ID'), riskyUsers/ID; an id in another tenant is written ID@TENANT.
_USER = re.compile(
    r"(?:^|/)(?:users|riskyusers)(?:/|\(')([^/'()?]+)(?:'\))?(?:[/?(]|$)", re.IGNORECASE
)
#: What has to be done after each lifecycle event, or no more notifications come.
_TO_DO = {
    "reauthorizationRequired": "Renew the subscription before it expires: PATCH /subscriptions/{id} with a later "
    "expirationDateTime, or POST /subscriptions/{id}/reauthorize.",
    "subscriptionRemoved": "Make the subscription anew (POST /subscriptions), and look by hand at what happened "
    "since: of that nothing came.",
    "missed": "Look by hand at what happened lately (the product's console, or a delta query): some "
    "notifications were lost on the way.",
}  # fmt: skip
_UNKNOWN_TO_DO = "Look at the subscription (GET /subscriptions/{id}): does it still send?"
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_A_USER = re.compile(r"#?microsoft\.graph\.(user|riskyuser)", re.IGNORECASE)


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read notifications. They have no id of their own; their hash without ``clientState`` is it."""
    return each(recognition.items(payload, *_ENVELOPES), lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    row = Fields(value)
    life = row.text("lifecycleEvent", limit=60)
    if not life and not (row.text("changeType", limit=40) and row.text("resource", limit=2000)):
        raise NotUnderstood(
            "it is no change notification: neither changeType with resource, nor lifecycleEvent",
            "Send notifications as Microsoft Graph posts them to the subscription's URL.",
        )
    people = Cast()
    resource, data = row.text("resource", limit=2000), row.at("resourceData")
    if not life:
        _name(resource, data, people)
    risky = re.search(r"risk", resource, re.IGNORECASE) is not None
    why = "A change, and no finding."
    if life:
        ends = row.text("subscriptionExpirationDateTime", limit=40)
        until = f"; it expires at {ends}" if ends else ""
        why = f"A message on the subscription itself{until}."
    telling = (
        {key: item for key, item in value.items() if key != "clientState"}
        if isinstance(value, dict)
        else value
    )
    return compose.alert(
        source=source,
        kind=f"lifecycle:{life}" if life else f"notification:{row.text('changeType', limit=40)}",
        raw=telling,
        verdict=compose.record(why, Signal.RISK if risky and not life else Signal.OTHER),
        cast=people,
        title=f"Subscription: {life}" if life else f"{row.text('changeType', limit=40)}: {_kind(data, resource)}",
        severity="informational",
        tenant_hint=row.get("tenantId", "organizationId"),
        to_do=_TO_DO.get(life, _UNKNOWN_TO_DO) if life else "",
        details={"subscription": row.text("subscriptionId", limit=80)},
    )  # fmt: skip


def _name(resource: str, data: Fields, people: Cast) -> None:
    candidates: list[JsonValue] = []
    found = _USER.search(resource)
    if found:
        candidates.append(found[1])
    if _A_USER.fullmatch(data.text("@odata.type", limit=80)):
        candidates.append(data.get("id"))
    for value in candidates:
        if not isinstance(value, str):
            continue
        plain, _, behind = value.partition("@")
        if _GUID.fullmatch(plain) and (not behind or _GUID.fullmatch(behind)):
            people.add(Role.VICTIM, (IdKind.ENTRA_OBJECT_ID, plain))
        else:
            people.add(Role.VICTIM, (IdKind.USER_PRINCIPAL_NAME, value))


def _kind(data: Fields, resource: str) -> str:
    odata = data.text("@odata.type", limit=80).rpartition(".")[2]
    return odata or re.sub(r"\(.*?\)|'[^']*'", "", resource).partition("/")[0][:60]


DETECTOR = Detector(
    kind="graph_change_notification",
    title="Microsoft Graph change notifications",
    documentation=(
        "https://learn.microsoft.com/en-us/graph/api/resources/changenotification",
        "https://learn.microsoft.com/en-us/graph/change-notifications-lifecycle-events",
    ),
    parse=parse,
    recognises=by_shapes(
        Shape(
            needs=("subscriptionId", "changeType", "resource"),
            also=("subscriptionExpirationDateTime", "clientState", "tenantId", "resourceData"),
        ),
        Shape(
            needs=("subscriptionId", "lifecycleEvent"),
            also=("subscriptionExpirationDateTime", "clientState", "tenantId", "organizationId"),
        ),
        envelopes=_ENVELOPES,
    ),
)
