"""Duo's administrator log: what people did in the Admin Panel or by its API.

``username`` is the administrator's name, ``object`` what was acted on: a user's name, or a phone, a
token, a policy or an integration, which ``action`` tells. ``description`` is JSON text.

Vendor documentation: duo.com/docs/adminapi, "Administrator logs" (the actions and their objects).
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

_ENVELOPES = ("response", "adminlogs")
_REMEDY = "Send entries as Duo's Admin API has them in administrator logs."
#: Actions whose object is an account.
_ON_USERS = re.compile(
    r"(user|bypass|u2f|webauthn|regcode|group_user|desktoptoken|deregister|admin)_\w+|\w+_(user|bypass)"
    r"|\w+_sync_by_user_\w+",
    re.IGNORECASE,
)
#: What somebody proves herself with, in the activity log.
_FACTORS = re.compile(r"(phone|webauthn\w*|bypass\w*|\w*token|authenticator)_\w+", re.IGNORECASE)
#: Telephone numbers, alone or with a name before them, are no account's name.
_PHONE = re.compile(r".{0,40}\(?\+?\d[\d\s().x-]{6,24}\)?", re.ASCII)


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read log entries; Duo gives them no id."""
    found = wrapping.events(payload, _EVENT, *_ENVELOPES)
    return each(found, lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    event = Fields(value)
    if "activity_id" in event:
        return _activity(value, event, source)
    action = event.text("action", limit=80)
    if not action:
        raise NotUnderstood("it is no entry of Duo's administrator log: no action", _REMEDY)
    said = Fields(wrapping.json_of(event.get("description")))
    cast = Cast()
    _people(cast, action, event, said)
    return compose.alert(
        source=source,
        kind=action,
        raw=value,
        verdict=_verdict(action, said),
        cast=cast,
        title=action.replace("_", " "),
        occurred_at=event.get("isotimestamp", "timestamp"),
        ips=[said.get("ip_address")],
        details={
            "object": event.text("object"),
            "error": said.text("error"),
            "status": said.text("status", limit=40),
            "factor": said.text("factor", limit=60),
        },
    )


def _activity(value: JsonValue, event: Fields, source: str) -> Alert:
    """Read an entry of the activity log, which names actor and target as objects."""
    action = event.at("action").text("name", limit=80)
    ends = []
    for end in (event.at("actor"), event.at("target")):
        person = end.text("type", limit=40).lower() in ("user", "admin")
        details = Fields(wrapping.json_of(end.get("details")))
        ids = [
            (IdKind.DUO_USERNAME, end.get("name")),
            (IdKind.DUO_USER_ID, end.get("key")),
            (IdKind.EMAIL, details.get("email")),
        ]
        ends.append(ids if person else [])
    cast = Cast()
    actor, target = ends
    if (
        event.at("actor").text("type", limit=40).lower() == "admin"
        and event.at("target")
        and not target
    ):
        cast.leave_out("what was changed is no account")
        cast.add(Role.ACTOR, *actor)
    else:
        parts.acted(cast, actor, target)
    verdict = _verdict(action, Fields(wrapping.json_of(event.at("action").get("details"))))
    if verdict.signal is Signal.OTHER and _FACTORS.fullmatch(action):
        verdict = record("A change of how people sign in.", Signal.MFA)
    return compose.alert(
        source=source,
        kind=action or "activity",
        raw=value,
        verdict=verdict,
        cast=cast,
        event_id=event.get("activity_id"),
        title=action.replace("_", " "),
        occurred_at=event.get("ts"),
        networks=[compose.network(event.at("access_device").at("ip").get("address"))],
    )


def _people(cast: Cast, action: str, event: Fields, said: Fields) -> None:
    acting: list[Candidate] = [(IdKind.DUO_USERNAME, event.get("username"))]
    acted_on = event.text("object", limit=320)
    login = action.lower().startswith(("admin_login", "admin_2fa", "admin_lockout"))
    if action.lower().startswith("o2fa_"):
        cast.add(Role.VICTIM, *acting)  # offline access: the user's own, the object is a computer
        return
    unsayable = parts.unsayable([(IdKind.DUO_USERNAME, event.get("object"))])
    if login or not (acted_on or unsayable):
        # The address in a login's description is the administrator's own.
        own = [(IdKind.EMAIL, said.get("email"))] if login else []
        cast.add(Role.VICTIM, *acting, *own)
        return
    if unsayable or not _ON_USERS.fullmatch(action) or _PHONE.fullmatch(acted_on):
        cast.leave_out("what was changed is no account")
        cast.add(Role.ACTOR, *acting)
        return
    target: list[Candidate] = [
        (IdKind.DUO_USERNAME, acted_on),
        (IdKind.DUO_USER_ID, said.get("user_id")),
    ]
    parts.acted(cast, acting, target, target_name=said.get("realname"))


def _verdict(action: str, said: Fields) -> Verdict:
    lower = action.lower()
    if "fraud" in said.text("error").lower():
        return Verdict(
            True, "The administrator says that the sign-in was not hers: somebody has her password.",
            Signal.CREDENTIAL, ("T1621",),
        )  # fmt: skip
    if lower == "bypass_create" and _is_help(said):
        return record(
            "A bypass code that Duo made, for a while and for so many uses: a help desk's."
        )
    if (
        lower in ("bypass_create", "bypass_view")
        or said.text("status", limit=20).lower() == "bypass"
    ):
        return record("A way past multi-factor authentication was opened.", Signal.MFA)
    if lower in ("update_admin_factor_restrictions", "user_bypass", "admin_reset_password"):
        return record("A change of how people sign in.", Signal.MFA)
    if lower.endswith("skey_view") or lower in ("integration_create", "integration_skey_bulk_view"):
        return record("An application's access was made or shown.", Signal.CONSENT)
    return record("A record of a change, made by a person or a system, and no finding.")


def _is_help(said: Fields) -> bool:
    """Whether a bypass code was made by chance and ends by itself; what somebody has made up may not."""
    ends = [said.get(key) for key in ("valid_secs", "remaining_uses")]
    return said.get("auto_generated") is True and all(
        isinstance(each, int) and not isinstance(each, bool) and each > 0 for each in ends
    )


_EVENT = by_shapes(
    Shape(
        needs=("username|object|host|eventtype", "isotimestamp|timestamp"),
        values={"action": r"[a-z0-9]+(_[a-z0-9]+)+"},
        also=("description", "isotimestamp"),
        never=("event", "actor", "user", "actor_uuid", "uuid", "initiated_by", "auditCode", "type"),
        surety=0.7,
        most=0.9,
    ),
    Shape(needs=("activity_id", "action.name", "actor")),
    Shape(needs=("action",), values={"eventtype": "admin_log|administrator"}, surety=0.93),
    envelopes=_ENVELOPES,
)
DETECTOR = Detector(
    kind="duo_admin_log",
    title="Duo administrator log",
    documentation=("https://duo.com/docs/adminapi#administrator-logs",),
    parse=parse,
    recognises=wrapping.even_wrapped(_EVENT, *_ENVELOPES),
    takes_lines=True,
)
