"""Sign-ins as the Microsoft Entra admin center downloads them: CSV with headings for people.

Service principals' sign-ins have the same columns, with those of the application in place of the user's.

Vendor documentation: Microsoft Learn, "How to download and analyze the Microsoft Entra logs"; Microsoft
Graph resource type ``signIn``, whose properties the columns are.
"""

from __future__ import annotations

from pydantic import JsonValue

from detectors.fields import Fields

#: What only such a download has together.
COLUMNS = (
    "Date (UTC)",
    "Request ID",
    "Correlation ID",
    "Username|Service principal ID",
    "IP address",
)
#: Columns that are called otherwise than the property of a ``signIn``; case and blanks do not matter.
_CALLED = {
    "createdDateTime": "Date (UTC)",
    "id": "Request ID",
    "userPrincipalName": "Username",
    "userDisplayName": "User",
    "appDisplayName": "Application",
    "appId": "Application ID",
    "resourceDisplayName": "Resource",
    "clientAppUsed": "Client app",
}


def is_sign_in(row: Fields) -> bool:
    """Whether it is a row of a downloaded sign-in log."""
    return all(any(name in row for name in column.split("|")) for column in COLUMNS)


def sign_in(row: Fields) -> Fields:
    """Return a row of a download as the ``signIn`` that Microsoft Graph has of it."""
    renamed: dict[str, JsonValue] = {
        name.lower(): row.get(column) for name, column in _CALLED.items()
    }
    told = row.text("Status", limit=20)
    # The code of a success is left empty or written as a word.
    code = "0" if told.lower() == "success" else row.text("Sign-in error code", limit=20) or told
    return Fields({
        **row.everything(),
        **renamed,
        "status": {"errorCode": code, "failureReason": row.get("Failure reason")},
        "location": {"city": row.get("Location")},
        "deviceDetail": {"deviceId": row.get("Device ID")},
    })  # fmt: skip
