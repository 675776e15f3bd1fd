"""What telephones, retries and Microsoft's own network look like to a hunt, beside the theft that resembles it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hunting import (
    ADA,
    CHROME,
    FAR,
    FIREFOX,
    HOME,
    HOSTING,
    MOBILE,
    Place,
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

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
HOTEL = FAR
AZURE = ("203.0.113.120", 8075, "SG", "Singapore", 1.3, 103.8)


def phone(minutes: float, place: Place, **more: Any) -> Row:
    return entra(minutes, place, agent=IPHONE, os="Ios 18.1", **more)


def carrier_days(**more: Any) -> list[Row]:
    """A telephone on mobile data before the journey, and a computer at home."""
    on_the_way = [phone(hour * 60, MOBILE, days=-2, session="old-phone") for hour in range(6)]
    return [*usual(), *on_the_way, phone(0, MOBILE, interactive=True, **more)]


def test_a_roaming_telephone_between_the_hotel_and_its_carrier_is_only_listed(
    tmp_path: Path,
) -> None:
    roaming = [phone(20 + n * 20, HOTEL if n % 2 else MOBILE) for n in range(12)]
    (found,) = hunted(tmp_path, "impossible-travel-in-session", [*carrier_days(), *roaming])
    assert found.severity == "low"
    assert "roaming" in [cause.cause for cause in found.causes if not cause.ruled_out]


def test_a_telephone_abroad_beside_its_owners_computer_is_only_listed(tmp_path: Path) -> None:
    """Her carrier is her provider at home, too: the network alone does not tell it from Wi-Fi at home."""
    packed = entra(0, days=-2, session="laptop", device="pc-1", interactive=True)
    laptop = [
        packed,
        *(entra(30 + n * 60, HOTEL, session="laptop", device="pc-1") for n in range(3)),
    ]
    roaming = [phone(20 + n * 20, HOTEL if n % 2 else HOME) for n in range(12)]
    rows = [*usual(), phone(0, HOME, interactive=True), *laptop, *roaming]
    (found,) = hunted(tmp_path, "impossible-travel-in-session", rows)
    assert found.severity == "low"


@pytest.mark.parametrize("stolen_on", ["a computer", "a telephone at home"])
def test_a_session_that_jumps_while_its_owner_is_at_home_is_an_alert(
    tmp_path: Path, stolen_on: str
) -> None:
    use = phone if stolen_on == "a telephone at home" else entra
    jumping = [use(20 + n * 20, HOTEL if n % 2 else HOME) for n in range(12)]
    root = use(0, HOME, interactive=True)
    (found,) = hunted(tmp_path, "impossible-travel-in-session", [*usual(), root, *jumping])
    assert found.severity == "high"


def roaming_reuse(kind: str, ip: str, country: str, agent: str) -> Row:
    row = auth0(0.2, ip, kind=kind, country=country)
    row["data"]["user_agent"] = agent
    return row


@pytest.mark.parametrize(
    ("country", "agent", "severity"),
    [("NO", "okhttp/4.12", "low"), ("BR", "okhttp/4.12", "high"), ("NO", FIREFOX, "high")],
    ids=["the same app off its Wi-Fi", "abroad", "another agent"],
)
def test_a_retry_may_come_from_the_network_the_telephone_fell_back_to(
    tmp_path: Path, country: str, agent: str, severity: str
) -> None:
    rows = [auth0(0, "192.0.2.10"), roaming_reuse("ferrt", "198.51.100.7", country, agent)]
    (found,) = hunted(tmp_path, "refresh-token-places", rows)
    assert found.severity == severity


@pytest.mark.parametrize(("place", "severity"), [(MOBILE, "low"), (FAR, "high"), (HOSTING, "high")])
def test_a_one_time_token_may_be_retried_over_mobile_data(
    tmp_path: Path, place: Place, severity: str
) -> None:
    client = {
        "actor": {"id": "client-1", "type": "PublicClientApp", "displayName": "Shop"},
        "target": [{"id": "00u1ada", "type": "User", "alternateId": "ada@contoso.com"}],
    }
    rows = [
        okta(0, HOME, event="app.oauth2.as.token.grant.refresh_token", **client),
        okta(0.2, place, event="app.oauth2.as.token.detect_reuse", **client),
    ]
    (found,) = hunted(tmp_path, "refresh-token-reuse", rows)
    assert found.severity == severity


def exchange(minutes: float, ip: str, agent: str = IPHONE, country: str = "NO") -> Row:
    row = auth0(minutes, ip, country=country)
    row["data"]["user_agent"] = agent
    return row


def test_a_telephone_in_many_address_ranges_of_one_country_is_only_listed(tmp_path: Path) -> None:
    rows = [exchange(n * 40, f"203.0.{n}.7") for n in range(12)]
    (found,) = hunted(tmp_path, "refresh-token-places", rows)
    assert found.severity == "low"
    assert "moving" in [cause.cause for cause in found.causes if not cause.ruled_out]


def test_a_token_in_many_address_ranges_of_two_countries_is_an_alert(tmp_path: Path) -> None:
    rows = [
        exchange(n * 40, f"203.0.{n}.7", country="BR" if n % 4 == 3 else "NO") for n in range(12)
    ]
    (found,) = hunted(tmp_path, "refresh-token-places", rows)
    assert found.severity == "medium"
    assert all(cause.ruled_out for cause in found.causes)


@pytest.mark.parametrize(
    ("agent", "country", "severity"),
    [("axios/1.7.7", "BR", "high"), (FIREFOX, "BR", "high"), ("axios/1.7.7", "NO", "medium")],
)
def test_a_token_family_that_changes_hands_is_found_in_two_places(
    tmp_path: Path, agent: str, country: str, severity: str
) -> None:
    own = [exchange(n * 60, "192.0.2.10") for n in range(6)]
    away = [exchange(200 + n, "203.0.113.9", agent, country) for n in range(3)]
    (found,) = hunted(tmp_path, "refresh-token-places", [*own, *away])
    assert found.severity == severity
    assert "203.0.113.9" in found.ips


@pytest.mark.parametrize("agent", [CHROME, IPHONE.replace("18_1", "18_2"), "Shop/7 CFNetwork"])
def test_a_token_family_that_stays_in_one_hand_is_not_found(tmp_path: Path, agent: str) -> None:
    """A desktop page asked for at home, an update, an agent that names no system."""
    own = [exchange(n * 60, "192.0.2.10") for n in range(6)]
    same = [
        exchange(200 + n, "192.0.2.10" if agent == CHROME else "198.51.100.9", agent)
        for n in range(3)
    ]
    assert hunted(tmp_path, "refresh-token-places", [*own, *same]) == []


def risk_detection(place: Place, layout: str, *, found_after: float = 2) -> Row:
    """A detection of the sign-in at minute 0, in the shape of a table or of the export."""
    ip, _, country, city, *_ = place
    where = {"city": city, "countryOrRegion": country}
    if layout == "table":
        return {
            "Type": "AADUserRiskEvents", "TimeGenerated": at(found_after + 1), "OperationName": "User Risk Detection",
            "ActivityDateTime": at(0), "DetectedDateTime": at(found_after), "RiskEventType": "anomalousToken",
            "RiskLevel": "high", "RiskState": "atRisk", "Id": "risk-1", "UserId": ADA, "IpAddress": ip,
            "UserPrincipalName": "ada@contoso.com", "Location": json.dumps(where),
        }  # fmt: skip
    return {
        "category": "UserRiskEvents", "time": at(found_after + 1),
        "properties": {
            "activityDateTime": at(0), "detectedDateTime": at(found_after), "riskEventType": "anomalousToken",
            "riskLevel": "high", "riskState": "atRisk", "id": "risk-1", "userId": ADA, "ipAddress": ip,
            "userPrincipalName": "ada@contoso.com", "location": where,
        },
    }  # fmt: skip


@pytest.mark.parametrize("layout", ["table", "export"])
def test_a_foothold_counts_from_the_sign_in_however_late_its_risk_was_found(
    tmp_path: Path, layout: str
) -> None:
    risk = risk_detection(FAR, layout, found_after=180)
    method = audit("User registered security info", 20, FAR[0])
    (found,) = hunted(tmp_path, "foothold-after-risk", [*usual(), risk, method])
    assert (found.severity, found.who) == ("high", "ada@contoso.com")


@pytest.mark.parametrize("layout", ["table", "export"])
def test_a_risk_that_names_no_autonomous_system_is_still_known_to_be_at_home(
    tmp_path: Path, layout: str
) -> None:
    rows = [*usual(), risk_detection(HOME, layout), audit("User registered security info", 20)]
    assert hunted(tmp_path, "foothold-after-risk", rows) == []


@pytest.mark.parametrize(("risk", "severity"), [("high", "medium"), ("medium", "low")])
def test_a_foothold_from_the_persons_own_provider_on_a_foreign_system_is_told(
    tmp_path: Path, risk: str, severity: str
) -> None:
    neighbour = ("192.0.2.222", *HOME[1:])
    risky = entra(
        0, neighbour, session="new", interactive=True, agent=FIREFOX, os="Linux",
        riskLevelDuringSignIn=risk, riskState="atRisk",
    )  # fmt: skip
    method = audit("User registered security info", 20, neighbour[0])
    (found,) = hunted(tmp_path, "foothold-after-risk", [*usual(), risky, method])
    assert found.severity == severity
    assert [cause.cause for cause in found.causes if not cause.ruled_out] == ["known network"]


def test_a_detection_has_the_system_of_the_sign_in_it_is_about(tmp_path: Path) -> None:
    neighbour = ("192.0.2.222", *HOME[1:])
    rows = [
        entra(0, neighbour, session="new", interactive=True, agent=FIREFOX, os="Linux"),
        risk_detection(neighbour, "export"),
        audit("User registered security info", 20, neighbour[0]),
    ]
    (found,) = hunted(tmp_path, "foothold-after-risk", [*usual(), *rows])
    assert found.severity == "medium"


def portal(minutes: float, ip: str, who: str, *, country: str = "NO", agent: str = "node") -> Row:
    row = auth0(minutes, ip, who=who, family=f"p-{who}", client="portal", country=country)
    row["data"]["user_agent"] = agent
    return row


def test_a_web_applications_token_used_elsewhere_is_found_without_a_list(tmp_path: Path) -> None:
    served = [portal(n, f"198.51.100.{1 + n % 2}", f"user{n % 30}") for n in range(120)]
    stolen = portal(200, "203.0.113.9", "user3", country="BR")
    (found,) = hunted(tmp_path, "refresh-token-places", [*served, stolen])
    assert (found.severity, found.user_id) == ("medium", "auth0|user3")
    moved = portal(200, "203.0.113.9", "user3")
    (found,) = hunted(tmp_path, "refresh-token-places", [*served, moved])
    assert found.severity == "low"


def test_a_page_that_is_mostly_used_in_the_office_has_no_servers(tmp_path: Path) -> None:
    office = [portal(n, "198.51.100.1", f"user{n % 30}", agent=CHROME) for n in range(120)]
    at_home = portal(200, "203.0.113.9", "user3", country="SE", agent=CHROME)
    assert hunted(tmp_path, "refresh-token-places", [*office, at_home]) == []


def azure(minutes: float, agent: str, os: str) -> Row:
    return entra(minutes, AZURE, agent=agent, os=os)


def test_a_session_that_goes_on_in_a_browser_on_a_machine_in_azure_is_found(tmp_path: Path) -> None:
    own = [entra(n * 10, interactive=n == 0) for n in range(12)]
    away = [azure(45 + n, FIREFOX, "Linux") for n in range(3)]
    (found,) = hunted(tmp_path, "entra-session-spread", [*usual(), *own, *away])
    assert found.severity in ("medium", "high")
    assert found.ips == (AZURE[0],)


@pytest.mark.parametrize(
    ("agent", "os"),
    [("azure-logic-apps/1.0", ""), ("python/3.9 (Linux-5.10) AZURECLI/2.64", "Linux"), (CHROME, "Windows 11"), ("", "")],
    ids=["connector", "cloud shell", "the same browser", "a service"],
)  # fmt: skip
def test_what_microsoft_does_for_a_person_is_not_found(tmp_path: Path, agent: str, os: str) -> None:
    own = [entra(n * 10, interactive=n == 0) for n in range(12)]
    away = [azure(45 + n, agent, os) for n in range(3)]
    rows = [*usual(), *own, *away]
    assert worth_an_alert(hunted(tmp_path, "entra-session-spread", rows)) == []
    assert worth_an_alert(hunted(tmp_path, "impossible-travel-in-session", rows)) == []
