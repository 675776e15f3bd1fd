"""Entra's sign-ins as entries of a timeline.

Source: Microsoft Graph beta, signIn, and "Track and investigate identity activities with linkable
identifiers". The v1.0 resource lacks the session, the token and the network: its entries say less.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from connectors.clock import instant
from connectors.timeline import Entry, Kind, digest

INTERACTIVE, RENEWAL, APP = "interactiveUser", "nonInteractiveUser", "servicePrincipal"

# Not refused but asked for more, with a sign-in of its own once that is given (Microsoft Entra
# authentication and authorization error codes: those that are interrupts).
_INTERRUPTED = frozenset({50072, 50074, 50076, 50079, 50097, 50125, 50140, 50158, 50199})
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\u00a0-\uffff]")
_LONGEST = 200


def entry_of(row: object, tenant: str) -> Entry | None:
    """Read one sign-in; None where it is none.

    Args:
        row: one item of ``GET /auditLogs/signIns``. What the client's side wrote in it (agent, names)
            is the thief's to choose: it is cut to 200 printable characters.
        tenant: salts the digests of session ids.
    """
    if not isinstance(row, dict):
        return None
    at = instant(row.get("createdDateTime"))
    if at is None:
        return None
    kind = kind_of(row)
    by_app = kind == APP
    known_as = text(row, "servicePrincipalId" if by_app else "userId")
    name = text(row, "servicePrincipalName" if by_app else "userPrincipalName")
    session, token = raw_session(row), text(row, "uniqueTokenIdentifier")
    number = row.get("autonomousSystemNumber")
    return Entry(
        at=at,
        system="entra",
        id=text(row, "id") or "",
        event=_event(kind, row),
        kind=Kind.SIGN_IN if kind == INTERACTIVE else Kind.TOKEN,
        outcome=_outcome(row),
        actor=known_as.lower() if known_as else None,
        actor_name=name,
        person=known_as.lower() if known_as else None,
        person_name=name,
        ip=text(row, "ipAddress"),
        asn=number if isinstance(number, int) and number > 0 else None,
        place=_place(part(row, "location")),
        agent=text(row, "userAgent"),
        device=_device(part(row, "deviceDetail")),
        app=_app(row),
        session=digest(session, tenant) if session else None,
        issued=(token,) if token else (),
        by_app=by_app,
    )


def kind_of(row: Mapping[str, Any]) -> str:
    """Which kind of sign-in it is: interactive, a renewal, or an app's own."""
    told = row.get("signInEventTypes")
    kinds = told if isinstance(told, list) else []
    if APP in kinds:
        return APP
    interactive = INTERACTIVE in kinds or (RENEWAL not in kinds and row.get("isInteractive", True))
    return INTERACTIVE if interactive else RENEWAL


def raw_session(row: Mapping[str, Any]) -> str | None:
    """The id of the session the sign-in belongs to. It stays in memory."""
    return text(row, "sessionId")


def token_name(token_id: str) -> str:
    """One spelling for a token's id, to compare by.

    A token (claim ``uti``) has it as 16 bytes in base64, the log as the text of the same GUID in base64.
    What is neither is left as it is.
    """
    try:
        raw = base64.b64decode(token_id + "=" * (-len(token_id) % 4), altchars=b"-_", validate=True)
        return str(UUID(bytes_le=raw) if len(raw) == 16 else UUID(raw.decode("ascii")))
    except (binascii.Error, ValueError):
        return token_id


def part(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """An object within ``holder``; empty where there is none."""
    found = holder.get(key)
    return found if isinstance(found, dict) else {}


def text(holder: Mapping[str, Any], key: str) -> str | None:
    """A text within ``holder``, printable and cut; None where there is none."""
    value = holder.get(key)
    if not isinstance(value, str):
        return None
    return _UNPRINTABLE.sub("", value)[:_LONGEST].strip() or None


def _event(kind: str, row: Mapping[str, Any]) -> str:
    """The kind with how it was come by, as far as the log says: ``nonInteractiveUser: refreshToken``."""
    told = [text(row, "authenticationProtocol"), text(row, "incomingTokenType")]
    how = ", ".join(each for each in told if each and each.casefold() != "none")
    return f"{kind}: {how}" if how else kind


def _outcome(row: Mapping[str, Any]) -> str:
    code = part(row, "status").get("errorCode")
    if code == 0:
        return "success"
    if not isinstance(code, int):
        return "unknown"
    return "interrupted" if code in _INTERRUPTED else "failure"


def _place(where: Mapping[str, Any]) -> str | None:
    told = [text(where, "city"), text(where, "countryOrRegion")]
    return ", ".join(each for each in told if each) or None


def _device(device: Mapping[str, Any]) -> str | None:
    name, known_as = text(device, "displayName"), text(device, "deviceId")
    return f"{name} ({known_as})" if name and known_as else name or known_as


def _app(row: Mapping[str, Any]) -> str | None:
    client = text(row, "appDisplayName") or text(row, "appId")
    resource = text(row, "resourceDisplayName") or text(row, "resourceId")
    return f"{client} to {resource}" if client and resource else client or resource
