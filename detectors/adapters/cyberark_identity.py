"""CyberArk Identity's events, as a query of its ``Event`` table gives them (formerly Idaptive).

``NormalizedUser`` and ``UserGuid`` are whoever acted or signed in; where ``EntityType`` is ``User``, that account
was acted upon. A query's answer has each event as ``Row``; times are ``/Date(milliseconds)/``.

Vendor documentation: api-docs.cyberark.com, "Identity: Query (RedRock)", "Reports: Event table".
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from detectors import paths
from detectors.product import Product, detector_of, person
from detectors.recognition import Shape

_DATE = re.compile(r"/Date\((\d{10,14})\)/", re.ASCII)


def _timed(event: dict[str, JsonValue]) -> dict[str, JsonValue]:
    match = _DATE.fullmatch(paths.text(event, "WhenOccurred", 40))
    return {**event, "WhenOccurred": int(match[1])} if match else event


DETECTOR = detector_of(
    Product(
        kind="cyberark_identity",
        title="CyberArk Identity events",
        documentation=("https://api-docs.cyberark.com/docs/identity-api-reference/",),
        shapes=(
            Shape(
                needs=(
                    "WhenOccurred",
                    "NormalizedUser|UserGuid",
                    "Tenant|DirectoryServiceUuid",
                    "FromIPAddress",
                ),
                also=("EventType", "AuthMethod", "RequestHostName", "_TableName"),
            ),
            Shape(
                needs=("Row.WhenOccurred", "Row.NormalizedUser|Row.UserGuid", "Row.FromIPAddress")
            ),
        ),
        envelopes=("Result.Results", "Results"),
        inner="Row",
        targets=(person("EntityName", user_id="EntityUuid", where=("EntityType", "User")),),
        actors=(person("NormalizedUser", user_id="UserGuid"),),
        action="EventType|AuthMethod",
        event_id="ID",
        severity="Level",
        occurred_at="WhenOccurred",
        ips=("FromIPAddress",),
        tenant="Tenant",
        prepare=_timed,
    )
)
