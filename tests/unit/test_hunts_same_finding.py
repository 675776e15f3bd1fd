"""A finding is the same finding however often it is hunted for: an alert is sent once."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hunting import FIREFOX, HOME, HOSTING, Row, audit, entra, hunted, okta, usual


def foreign(minutes: float, session: str, **more: object) -> Row:
    return entra(minutes, HOSTING, session=session, agent=FIREFOX, os="Linux", **more)  # type: ignore[arg-type]


def spelled(row: Row, name: str) -> Row:
    row["properties"]["userPrincipalName"] = name
    return row


#: For each hunt something it finds in two sessions, with the person's name in two spellings.
SEVERAL: dict[str, list[Row]] = {
    "hosting-network-sign-in": [
        foreign(0, "one"),
        spelled(foreign(10, "two"), "Ada@Contoso.com"),
    ],
    "device-code-and-binding": [
        foreign(0, "one", authenticationProtocol="deviceCode"),
        spelled(foreign(10, "two", authenticationProtocol="deviceCode"), "Ada@Contoso.com"),
    ],
    "foothold-after-risk": [
        foreign(0, "one", riskLevelDuringSignIn="high"),
        spelled(foreign(10, "two", riskLevelDuringSignIn="high"), "Ada@Contoso.com"),
        audit("User registered security info", 20, HOSTING[0]),
    ],
    "refresh-token-reuse": [
        foreign(0, "one", code=50173),
        spelled(foreign(10, "two", code=50173), "Ada@Contoso.com"),
    ],
}


@pytest.mark.parametrize("name", list(SEVERAL))
def test_a_finding_over_several_sessions_tells_the_first_in_whatever_order(
    tmp_path: Path, name: str
) -> None:
    rows = [*usual(), *SEVERAL[name]]
    told = set()
    for seed in range(4):
        shuffled = rows[::-1] if seed == 0 else random.Random(seed).sample(rows, len(rows))
        (found,) = hunted(tmp_path, name, shuffled)
        told.add((found.id, found.session_id, found.user_name))
    ((_, session, name_told),) = told
    assert (session, name_told) == ("one", "ada@contoso.com")


def test_a_copied_device_token_is_told_with_the_session_of_the_copy(tmp_path: Path) -> None:
    own = [
        okta(hour * 60, HOME, days=-day, session=f"own-{day}")
        for day in range(1, 6)
        for hour in range(3)
    ]
    copy = [okta(5 + n, HOSTING, session="thief", os="Linux", agent=FIREFOX) for n in range(3)]
    (found,) = hunted(tmp_path, "okta-session-spread", [*own, *copy])
    assert found.session_id == "thief"
