"""Each hunt finds the theft that was planted, and not its benign twin."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hunting import (
    ABROAD,
    ADA,
    BOB,
    CHROME,
    FAR,
    FIREFOX,
    HOME,
    HOSTING,
    MOBILE,
    START,
    Row,
    at,
    audit,
    auth0,
    entra,
    hunted,
    okta,
    usual,
    worth_an_alert,
)

from detectors.hunts.catalogue import hunts

LAPTOP = "22222222-0000-4000-8000-000000000001"
BROKER = "29d9ed98-a469-4536-ade2-f981bc1d605e"
SYNC = "Sync_DC01_ab12@contoso.onmicrosoft.com"


def stamp(after: str, before: str = "2026-07-01T00:00:00Z", **who: object) -> Row:
    row = audit("Update StsRefreshTokenValidFrom Timestamp", 0, **who)  # type: ignore[arg-type]
    row["targetResources"][0]["modifiedProperties"] = [
        {
            "displayName": "StsRefreshTokensValidFrom",
            "oldValue": f'["{before}"]',
            "newValue": f'["{after}"]',
        }
    ]
    return row


@pytest.mark.parametrize(
    ("after", "severity", "said"),
    [
        ("2026-05-01T00:00:00Z", "high", "moved back"),
        ("2026-11-05T00:00:00Z", "high", "far ahead"),
        ("2026-10-05T08:00:00Z", "low", "0 minutes remaining"),
    ],
)
def test_a_stamp_that_moved_back_or_far_ahead_stands_out(
    tmp_path: Path, after: str, severity: str, said: str
) -> None:
    (found,) = hunted(tmp_path, "refresh-stamp-changed", [stamp(after)])
    assert found.severity == severity
    assert said in found.why
    assert "minutes added" in found.why
    assert found.ips == (HOME[0],)
    assert found.who == "ada@contoso.com"


def test_directory_sync_stamps_as_it_likes(tmp_path: Path) -> None:
    row = stamp("2026-05-01T00:00:00Z")
    row["initiatedBy"]["user"]["userPrincipalName"] = SYNC
    allowed = stamp("2026-05-01T00:00:00Z", who=BOB)
    tuning = {"refresh-stamp-changed.allow_actors": BOB}
    assert hunted(tmp_path, "refresh-stamp-changed", [row, allowed], tuning=tuning) == []


def test_a_stamp_in_defender_tells_the_anonymous_proxy(tmp_path: Path) -> None:
    row = {
        "Timestamp": at(0), "ActionType": "Update StsRefreshTokenValidFrom Timestamp.",
        "AccountObjectId": ADA, "AccountDisplayName": "Ada", "IPAddress": "203.0.113.9",
        "IsAnonymousProxy": True, "ISP": "Shady Hosting",
        "RawEventData": {
            "UserId": "ada@contoso.com", "ObjectId": "ada@contoso.com", "Operation": "Update StsRefreshTokenValidFrom Timestamp.",
            "ModifiedProperties": [{"Name": "StsRefreshTokensValidFrom", "OldValue": '["2026-10-04T08:00:00Z"]', "NewValue": f'["{at(0)}"]'}],
        },
    }  # fmt: skip
    (found,) = hunted(tmp_path, "refresh-stamp-changed", [row])
    assert found.severity == "medium"
    assert "1440 minutes added" in found.why
    assert "203.0.113.9 (Shady Hosting), an anonymous proxy" in found.why


def test_a_refresh_token_exchanged_in_too_many_places_is_found(tmp_path: Path) -> None:
    stolen = [
        auth0(n * 20, f"203.0.{n}.7", country=country)
        for n, country in enumerate(("NO", "BR", "SG", "US", "DE", "FR", "NO"))
    ]
    phone = [auth0(n * 20, f"192.0.{n % 2}.{n}", family="f2", who="bob") for n in range(30)]
    server = [
        auth0(n, "198.51.100.1", who=f"user{n}", family=f"s{n}", client="portal") for n in range(9)
    ]
    (found,) = hunted(tmp_path, "refresh-token-places", [*stolen, *phone, *server])
    assert found.user_id == "auth0|ada"
    assert found.severity == "high"
    assert "7 networks and 6 countries" in found.why
    assert {cause.cause for cause in found.causes} == {"moving", "same provider", "server"}


def test_tokens_of_a_server_used_elsewhere_are_found_by_the_list_of_its_addresses(
    tmp_path: Path,
) -> None:
    rows = [
        auth0(1, "198.51.100.1", client="portal"),
        auth0(2, "203.0.113.9", client="portal", who="bob"),
    ]
    tuning = {"refresh-token-places.server_ips": "portal=198.51.100.1"}
    (found,) = hunted(tmp_path, "refresh-token-places", rows, tuning=tuning)
    assert found.user_id == "auth0|bob"
    assert hunted(tmp_path, "refresh-token-places", rows) == []


@pytest.mark.parametrize(
    ("minutes", "ip", "severity"),
    [(0.2, "192.0.2.10", "low"), (90, "203.0.113.9", "high"), (90, "192.0.2.10", "high")],
)
def test_reuse_of_a_rotated_token_is_found_and_a_retry_is_low(
    tmp_path: Path, minutes: float, ip: str, severity: str
) -> None:
    rows = [auth0(0, "192.0.2.10"), auth0(minutes, ip, kind="ferrt")]
    (found,) = hunted(tmp_path, "refresh-token-places", rows)
    assert found.severity == severity


def session(*away: Row, device: str = "") -> list[Row]:
    own = [entra(n * 10, device=device, interactive=n == 0) for n in range(12)]
    return [*usual(), *own, *away]


THEFT = [entra(n * 10 + 5, HOSTING, agent=FIREFOX, os="Linux") for n in range(2, 6)]
COPIED = [entra(n * 10 + 5, HOSTING) for n in range(2, 6)]


@pytest.mark.parametrize(
    "away",
    [THEFT, COPIED, [{**row, "category": "SignInLogs"} for row in THEFT]],
    ids=["other system", "copied agent", "interactive"],
)
def test_a_session_that_goes_on_in_a_data_centre_is_found(tmp_path: Path, away: list[Row]) -> None:
    (found,) = hunted(tmp_path, "entra-session-spread", session(*away))
    assert (found.who, found.session_id, found.ips) == (
        "ada@contoso.com",
        "session-1",
        ("203.0.113.9",),
    )
    assert "AS14061 (DigitalOcean)" in found.why
    assert len(found.evidence) == 4
    assert {cause.cause for cause in found.causes} >= {"company egress", "personal VPN", "moving"}
    assert found.signal == "session_theft"


@pytest.mark.parametrize(
    "away",
    [
        [entra(n * 10 + 5, MOBILE) for n in range(2, 6)],
        [entra(600 + n, ABROAD) for n in range(9)],
        [entra(600 + n, HOSTING, device=LAPTOP) for n in range(9)],
        [
            entra(1, HOSTING, days=day - 9, session=f"vpn-{day}", interactive=True)
            for day in range(3)
        ]
        + COPIED,
    ],
    ids=["mobile", "trip", "vpn on the same device", "vpn as a habit"],
)
def test_a_session_that_only_moves_is_not_found(tmp_path: Path, away: list[Row]) -> None:
    device = LAPTOP if any(row["properties"]["deviceDetail"]["deviceId"] for row in away) else ""
    assert (
        worth_an_alert(hunted(tmp_path, "entra-session-spread", session(*away, device=device)))
        == []
    )


def test_the_way_out_of_a_company_is_recognised_or_allowed(tmp_path: Path) -> None:
    colleagues = [
        entra(
            n,
            HOSTING,
            days=-n,
            who=f"11111111-0000-4000-8000-00000000010{n}",
            session=f"colleague-{n}",
            interactive=True,
        )
        for n in range(6)
    ]
    assert (
        worth_an_alert(hunted(tmp_path, "entra-session-spread", session(*COPIED, *colleagues)))
        == []
    )
    assert (
        hunted(
            tmp_path, "entra-session-spread", session(*COPIED), tuning={"allow_ips": "203.0.113."}
        )
        == []
    )
    assert (
        hunted(tmp_path, "entra-session-spread", session(*COPIED), tuning={"allow_asns": "AS14061"})
        == []
    )
    assert (
        hunted(
            tmp_path,
            "entra-session-spread",
            session(*COPIED),
            tuning={"entra-session-spread.list_points": "9"},
        )
        == []
    )


def test_only_what_went_on_since_is_found(tmp_path: Path) -> None:
    rows = session(*THEFT)
    assert hunted(tmp_path, "entra-session-spread", rows, since=START + timedelta(minutes=30))
    assert (
        worth_an_alert(
            hunted(tmp_path, "entra-session-spread", rows, since=START + timedelta(days=1))
        )
        == []
    )


def test_impossible_travel_inside_a_session_is_found_by_speed(tmp_path: Path) -> None:
    to_and_fro = [entra(n * 10 + 5, FAR) for n in range(2, 6)]
    (found,) = hunted(tmp_path, "impossible-travel-in-session", session(*to_and_fro))
    assert found.ips == ("203.0.113.50",)
    assert "km/h" in found.why
    within_country = [
        entra(n * 10 + 5, ("192.0.2.201", 64511, "NO", "Tromso", 69.6, 18.9)) for n in range(2, 6)
    ]
    assert hunted(tmp_path, "impossible-travel-in-session", session(*within_country))


def test_one_impossible_hop_may_be_a_vpn_and_is_listed(tmp_path: Path) -> None:
    (found,) = hunted(
        tmp_path, "impossible-travel-in-session", session(entra(115, FAR), entra(117, FAR))
    )
    assert found.severity == "low"
    assert [cause.cause for cause in found.causes if not cause.ruled_out] == ["VPN"]


@pytest.mark.parametrize(
    "away",
    [
        [entra(24 * 60 + n, FAR) for n in range(9)],
        [entra(115 + n, ABROAD) for n in range(9)],
        [entra(n * 10 + 5, MOBILE) for n in range(9)],
        [entra(n * 10 + 5, HOSTING) for n in range(2, 6)],
    ],
    ids=["a flight", "one hop", "carrier gateway", "data centre"],
)
def test_travel_that_is_possible_or_a_vpn_is_not_found(tmp_path: Path, away: list[Row]) -> None:
    assert worth_an_alert(hunted(tmp_path, "impossible-travel-in-session", session(*away))) == []


def test_use_from_a_hosting_network_is_found_against_the_baseline(tmp_path: Path) -> None:
    stolen = [
        entra(n, HOSTING, session=None, agent="python-requests/2.32", os="") for n in range(3)
    ]
    (found,) = hunted(tmp_path, "hosting-network-sign-in", [*usual(), *stolen])
    assert found.severity == "medium"
    assert "nobody signed in there" in found.why
    assert "a script" in found.why


@pytest.mark.parametrize(
    "rows",
    [
        [
            *usual(),
            entra(
                0, ("203.0.113.9", 14061, "NO", "Oslo", 59.9, 10.7), session="new", interactive=True
            ),
        ],
        [entra(n, HOSTING, days=-n, session=f"s{n}", interactive=True) for n in range(9)],
        [*usual(), *[entra(n, FAR, session=None, agent=FIREFOX, os="Linux") for n in range(3)]],
    ],
    ids=["first evening of a vpn", "works in the cloud", "no hosting network"],
)
def test_a_hosting_network_alone_is_not_found(tmp_path: Path, rows: list[Row]) -> None:
    assert worth_an_alert(hunted(tmp_path, "hosting-network-sign-in", rows)) == []


def consent(app: str, scope: str, minutes: float = 0, who: str = ADA) -> Row:
    said = f"[] => [[ConsentType: Principal, Scope: {scope}, CreatedDateTime: ]]"
    target = {
        "id": f"id-{app}", "displayName": app, "type": "ServicePrincipal",
        "modifiedProperties": [{"displayName": "ConsentAction.Permissions", "newValue": said}],
    }  # fmt: skip
    return audit("Consent to application", minutes, who=who, targetResources=[target])


def test_consent_to_an_unfamiliar_application_is_found_by_its_reach(tmp_path: Path) -> None:
    rows = [
        consent("Document Viewer", "Mail.ReadWrite offline_access"),
        consent("Quiz", "openid profile", who=BOB),
    ]
    viewer, quiz = hunted(tmp_path, "unfamiliar-consent", rows)
    assert (viewer.severity, viewer.who) == ("medium", "ada@contoso.com")
    assert "Mail.ReadWrite" in viewer.why
    assert (quiz.severity, quiz.who) == ("low", "person-0002@contoso.com")


def test_consent_to_what_everybody_uses_is_not_found(tmp_path: Path) -> None:
    used = [
        entra(
            n,
            who=f"11111111-0000-4000-8000-00000000020{n}",
            session=f"u{n}",
            days=-2,
            appDisplayName="Planner",
        )
        for n in range(4)
    ]
    assert hunted(tmp_path, "unfamiliar-consent", [*used, consent("Planner", "Mail.Read")]) == []
    allowed = {"unfamiliar-consent.allow_apps": "Planner"}
    assert (
        hunted(tmp_path, "unfamiliar-consent", [consent("Planner", "Mail.Read")], tuning=allowed)
        == []
    )


def okta_days() -> list[Row]:
    return [
        okta(
            hour * 60,
            days=day - 6,
            session=f"old-{day}",
            event="user.session.start" if hour == 0 else "user.authentication.sso",
        )
        for day in range(5)
        for hour in range(3)
    ]


def test_an_okta_session_from_two_parties_is_found(tmp_path: Path) -> None:
    own = [okta(n * 10) for n in range(10)]
    stolen = [
        okta(n * 10 + 5, HOSTING, cookie="dt-thief", os="Linux", agent=FIREFOX) for n in range(3)
    ]
    (found,) = hunted(tmp_path, "okta-session-spread", [*okta_days(), *own, *stolen])
    assert (found.user_id, found.session_id) == ("00u1ada", "idx-1")
    assert "on linux instead of windows" in found.why


def test_a_copied_device_token_is_found_in_a_session_of_its_own(tmp_path: Path) -> None:
    stolen = [okta(n, FAR, session="idx-thief", os="Linux", agent=FIREFOX) for n in range(3)]
    (found,) = hunted(tmp_path, "okta-session-spread", [*okta_days(), *stolen])
    assert "device token" in found.why
    assert found.ips == (FAR[0],)


@pytest.mark.parametrize(
    "away",
    [
        [okta(n, MOBILE) for n in range(9)],
        [okta(n, HOME, os="iOS", agent="Mozilla/5.0 (iPad)") for n in range(3)],
    ],
    ids=["mobile", "asks for the desktop site"],
)
def test_an_okta_session_that_moves_is_not_found(tmp_path: Path, away: list[Row]) -> None:
    own = [okta(n * 10) for n in range(10)]
    assert (
        worth_an_alert(hunted(tmp_path, "okta-session-spread", [*okta_days(), *own, *away])) == []
    )


def token_event(
    minutes: float, event: str, place: tuple[str, int, str, str, float, float] = HOME
) -> Row:
    return okta(
        minutes, place, event=event, actor={"id": "client-1", "type": "PublicClientApp", "displayName": "Shop"},
        target=[{"id": "00u1ada", "type": "User", "alternateId": "ada@contoso.com"}],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("minutes", "place", "severity"),
    [(0.1, HOME, "low"), (0.1, HOSTING, "high"), (60, HOME, "high")],
)
def test_a_one_time_token_sent_twice_is_found_and_a_retry_is_low(
    tmp_path: Path, minutes: float, place: tuple[str, int, str, str, float, float], severity: str
) -> None:
    rows = [
        token_event(0, "app.oauth2.token.grant.access_token"),
        token_event(minutes, "app.oauth2.token.detect_reuse", place),
    ]
    (found,) = hunted(tmp_path, "refresh-token-reuse", rows)
    assert (found.severity, found.user_id, found.who) == (severity, "00u1ada", "ada@contoso.com")


def test_a_revoked_token_from_a_foreign_network_is_found(tmp_path: Path) -> None:
    rows = [*usual(), entra(0, HOSTING, code=50173, agent=FIREFOX, os="Linux")]
    (found,) = hunted(tmp_path, "refresh-token-reuse", rows)
    assert found.severity == "high"
    assert "AS14061" in found.why
    assert hunted(tmp_path, "refresh-token-reuse", [*usual(), entra(0, code=50173)]) == []


FOOTHOLDS = [
    audit("User registered security info", 20, HOSTING[0]),
    audit("Consent to application", 20, HOSTING[0]),
    {
        "CreationTime": at(30), "Id": "r1", "Operation": "New-InboxRule", "Workload": "Exchange", "ResultStatus": "True",
        "UserId": "Ada@contoso.com", "UserKey": "1003", "ClientIP": "203.0.113.9:443", "Parameters": [{"Name": "DeleteMessage", "Value": "True"}],
    },
    okta(20, HOSTING, event="user.mfa.factor.activate"),
]  # fmt: skip


@pytest.mark.parametrize("added", FOOTHOLDS, ids=["method", "consent", "rule", "okta factor"])
def test_a_foothold_within_the_hour_after_a_risky_sign_in_is_found(
    tmp_path: Path, added: Row
) -> None:
    risky = entra(
        0,
        HOSTING,
        session="new",
        interactive=True,
        riskLevelDuringSignIn="high",
        riskState="atRisk",
    )
    (found,) = hunted(tmp_path, "foothold-after-risk", [*usual(), risky, added])
    assert found.who == "ada@contoso.com"
    assert "high risk" in found.why


@pytest.mark.parametrize(
    "rows",
    [
        [entra(0, riskLevelDuringSignIn="medium"), audit("User registered security info", 20)],
        [entra(0, HOSTING, riskLevelDuringSignIn="high", riskState="remediated"), FOOTHOLDS[0]],
        [entra(0, HOSTING, riskLevelDuringSignIn="low"), FOOTHOLDS[0]],
        [entra(-90, HOSTING, riskLevelDuringSignIn="high"), FOOTHOLDS[0]],
        [
            entra(0, HOSTING, riskLevelDuringSignIn="high"),
            audit("User registered security info", 20, "192.0.2.99", who=BOB),
        ],
    ],
    ids=["at home", "answered", "low", "two hours later", "somebody else"],
)
def test_a_change_without_risk_or_from_home_is_not_found(tmp_path: Path, rows: list[Row]) -> None:
    assert hunted(tmp_path, "foothold-after-risk", [*usual(), *rows]) == []


def test_a_device_code_from_a_foreign_network_is_found(tmp_path: Path) -> None:
    coded = entra(
        0, FAR, session="coded", interactive=True, authenticationProtocol="deviceCode", appId=BROKER
    )
    (found,) = hunted(tmp_path, "device-code-and-binding", [*usual(), coded])
    assert found.severity == "high"
    assert "authentication broker" in found.why
    later = entra(90, FAR, session="coded", originalTransferMethod="deviceCodeFlow")
    assert hunted(tmp_path, "device-code-and-binding", [*usual(), later])


def bound(status: str) -> dict[str, object]:
    return {"tokenProtectionStatusDetails": {"signInSessionStatus": status}}


def test_tokens_that_were_bound_and_are_not_any_more_are_found(tmp_path: Path) -> None:
    own = [entra(n, device=LAPTOP, interactive=n == 0, **bound("bound")) for n in range(3)]
    (found,) = hunted(
        tmp_path, "device-code-and-binding", [*usual(), *own, entra(9, FAR, **bound("unbound"))]
    )
    assert "unbound" in found.why
    assert found.ips == (FAR[0],)


@pytest.mark.parametrize(
    "rows",
    [
        [entra(0, interactive=True, session="cli", authenticationProtocol="deviceCode")],
        [
            *[
                entra(
                    0,
                    days=-day - 1,
                    session=f"cli{day}",
                    interactive=True,
                    authenticationProtocol="deviceCode",
                )
                for day in range(4)
            ],
            entra(0, ABROAD, session="cli", interactive=True, authenticationProtocol="deviceCode"),
        ],
        [
            entra(0, device=LAPTOP, interactive=True, **bound("bound")),
            entra(9, ABROAD, device=LAPTOP, **bound("unbound")),
        ],
        [
            entra(0, device=LAPTOP, interactive=True, **bound("bound")),
            entra(9, agent=CHROME, **bound("unbound")),
        ],
    ],
    ids=["at home", "habit", "same device", "old application at home"],
)
def test_device_codes_and_unbound_tokens_of_every_day_are_not_found(
    tmp_path: Path, rows: list[Row]
) -> None:
    assert hunted(tmp_path, "device-code-and-binding", [*usual(), *rows]) == []


@pytest.mark.parametrize("name", hunts())
def test_no_hunt_finds_anything_in_days_like_any_other(tmp_path: Path, name: str) -> None:
    people = [f"11111111-0000-4000-8000-00000000030{n}" for n in range(4)]
    rows = [row for who in people for row in usual(who)]
    assert hunted(tmp_path, name, [*rows, *okta_days(), auth0(0, "192.0.2.10")]) == []
