"""The simulated Graph over real HTTP: shapes, states and what really dies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from cli.demonstration.stage import CLIENT_ID
from simulator import Simulator
from simulator.entra_access import QUARANTINE_POLICY
from simulator.entra_state import EntraUser, InboxRule
from simulator.footholds import ARCHIVER, REPORTS
from simulator.logbook import OUR_APP_ID
from simulator.loot import EntraLoot
from simulator.okta_scene import THIEF
from simulator.people import LINE_APP, MOBILE_PHONE_ID, QUARANTINE_GROUP
from simulator.tenant import TENANT_ID

STRONG = {"password": "Correct-Horse-7-Battery", "forceChangePasswordNextSignIn": True}
# One client for all: each new one would build a TLS context first.
PLAIN = httpx.Client(timeout=60, trust_env=False)
POLICY = f"/identity/conditionalAccess/policies/{QUARANTINE_POLICY}"


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh(sim: Simulator) -> None:
    sim.reset()


@pytest.fixture(scope="module")
def graph(sim: Simulator) -> Iterator[httpx.Client]:
    headers = {"Authorization": "Bearer simulated-graph-token"}
    with httpx.Client(
        base_url=f"{sim.url}/v1.0", headers=headers, timeout=60, trust_env=False
    ) as client:
        yield client


def account(sim: Simulator, name: str) -> EntraUser:
    user = sim.tenant.person(name).entra
    assert user is not None
    return user


def stolen(sim: Simulator, name: str, *, password_based: bool = True) -> EntraLoot:
    loot = sim.steal(name, password_based=password_based).entra
    assert loot is not None
    return loot


def refresh(sim: Simulator, loot: EntraLoot, **more: str) -> httpx.Response:
    form = {
        "grant_type": "refresh_token",
        "client_id": loot.client_id,
        "refresh_token": loot.refresh_token,
        **more,
    }
    return PLAIN.post(f"{sim.url}/{loot.tenant_id}/oauth2/v2.0/token", data=form)


def authorize(sim: Simulator, cookie: str) -> dict[str, list[str]]:
    response = PLAIN.get(
        f"{sim.url}/{TENANT_ID}/oauth2/v2.0/authorize?prompt=none&state=s1",
        headers={"Cookie": f"ESTSAUTH={cookie}"},
    )
    assert response.status_code == 302
    return parse_qs(urlsplit(response.headers["location"]).query)


def resource(sim: Simulator, kind: str, token: str) -> httpx.Response:
    return PLAIN.get(
        f"{sim.url}/_sim/resource/{kind}",
        headers={"Authorization": f"Bearer {token}"},
    )


def code(response: httpx.Response) -> str:
    return str(response.json()["error"]["code"])


def test_a_missing_token_is_answered_in_graphs_error_shape(sim: Simulator) -> None:
    response = PLAIN.get(f"{sim.url}/v1.0/organization", headers={"client-request-id": "mine"})
    assert response.status_code == 401
    error = response.json()["error"]
    assert error["code"] == "InvalidAuthenticationToken"
    assert error["innerError"]["request-id"] == response.headers["request-id"]
    assert error["innerError"]["client-request-id"] == "mine"
    assert response.headers["client-request-id"] == "mine"
    assert response.headers["Date"].endswith("GMT")


def test_users_are_found_by_filter_and_by_awkward_names(
    sim: Simulator, graph: httpx.Client
) -> None:
    upn = "o'brien/dev.ops@contoso.com"
    quoted = upn.replace("'", "''")
    found = graph.get("/users", params={"$filter": f"userPrincipalName eq '{quoted}'"}).json()
    assert [u["userPrincipalName"] for u in found["value"]] == [upn]
    by_upn = graph.get(f"/users/{quote(upn, safe='')}").json()
    assert by_upn["id"] == account(sim, upn).id
    doubled = graph.get(f"{sim.url}/v1.0//users//{by_upn['id']}")
    assert doubled.json()["userPrincipalName"] == upn
    guest = graph.get("/users/sam_partner.example%23EXT%23@contoso.com?$select=userType").json()
    assert guest["userType"] == "Guest"
    assert graph.get("/users", params={"$filter": "nonsense"}).status_code == 400
    missing = graph.get("/users/nobody@contoso.com")
    assert (missing.status_code, code(missing)) == (404, "Request_ResourceNotFound")


def test_the_stamp_must_be_selected(sim: Simulator, graph: httpx.Client) -> None:
    nora = account(sim, "nora.lind")
    assert "signInSessionsValidFromDateTime" not in graph.get(f"/users/{nora.id}").json()
    chosen = graph.get(f"/users/{nora.id}?$select=id,signInSessionsValidFromDateTime").json()
    assert set(chosen) == {"@odata.context", "id", "signInSessionsValidFromDateTime"}
    assert graph.get(f"/users/{nora.id}?$select=nonsense").status_code == 400


def test_revoking_kills_token_and_cookie_and_moves_the_stamp(
    sim: Simulator, graph: httpx.Client
) -> None:
    nora, loot = account(sim, "nora.lind"), stolen(sim, "nora.lind")
    assert refresh(sim, loot).status_code == 200
    assert "code" in authorize(sim, loot.estsauth)
    answer = graph.post(f"/users/{nora.id}/revokeSignInSessions")
    assert (answer.status_code, answer.json()["value"]) == (200, True)
    stamp = graph.get(f"/users/{nora.id}?$select=signInSessionsValidFromDateTime").json()
    moment = datetime.fromisoformat(stamp["signInSessionsValidFromDateTime"])
    assert moment.microsecond == 0
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 60
    dead = refresh(sim, loot)
    assert (dead.status_code, dead.json()["error"]) == (400, "invalid_grant")
    assert dead.json()["error_codes"] == [50173]
    assert authorize(sim, loot.estsauth)["error"] == ["interaction_required"]
    assert authorize(sim, "made up")["error"] == ["login_required"]
    # Whoever signs in anew, even within the same second, is let in.
    assert refresh(sim, stolen(sim, "nora.lind")).status_code == 200


def test_a_renewed_token_does_not_outlive_its_sign_in(sim: Simulator, graph: httpx.Client) -> None:
    loot = stolen(sim, "nora.lind")
    renewed = refresh(sim, loot).json()["refresh_token"]
    assert renewed != loot.refresh_token
    graph.post(f"/users/{account(sim, 'nora.lind').id}/revokeSignInSessions")
    assert refresh(sim, loot, refresh_token=renewed).status_code == 400


def test_access_tokens_outlive_revocation_unless_the_resource_asks_again(
    sim: Simulator, graph: httpx.Client
) -> None:
    issued = refresh(sim, stolen(sim, "nora.lind")).json()
    token = issued["access_token"]
    assert issued["expires_in"] == 75 * 60
    assert resource(sim, "plain", token).status_code == 200
    assert resource(sim, "cae", token).status_code == 200
    graph.post(f"/users/{account(sim, 'nora.lind').id}/revokeSignInSessions")
    assert resource(sim, "plain", token).status_code == 200
    refused = resource(sim, "cae", token)
    assert refused.status_code == 401
    assert "insufficient_claims" in refused.headers["www-authenticate"]
    sim.tenant.advance(76 * 60)
    assert resource(sim, "plain", token).status_code == 401


def test_revoking_a_guest_is_answered_with_success_and_does_nothing(
    sim: Simulator, graph: httpx.Client
) -> None:
    guest, loot = account(sim, "sam.partner"), stolen(sim, "sam.partner")
    assert graph.post(f"/users/{guest.id}/revokeSignInSessions").json()["value"] is True
    assert refresh(sim, loot).status_code == 200
    assert sim.requests.writes("entra")[-1].changed is False


def test_a_new_password_ends_password_sign_ins_only(sim: Simulator, graph: httpx.Client) -> None:
    nora = account(sim, "nora.lind")
    by_password = stolen(sim, "nora.lind")
    otherwise = stolen(sim, "nora.lind", password_based=False)
    before = nora.password_changed
    assert graph.patch(f"/users/{nora.id}", json={"passwordProfile": STRONG}).status_code == 204
    assert nora.password_changed > before
    assert refresh(sim, by_password).status_code == 400
    assert refresh(sim, otherwise).status_code == 200
    graph.post(f"/users/{nora.id}/revokeSignInSessions")
    assert refresh(sim, otherwise).status_code == 400


def test_disabling_refuses_everything_and_enabling_brings_it_back(
    sim: Simulator, graph: httpx.Client
) -> None:
    omar, loot = account(sim, "omar.reyes"), stolen(sim, "omar.reyes")
    assert graph.patch(f"/users/{omar.id}", json={"accountEnabled": False}).status_code == 204
    assert refresh(sim, loot).json()["error_codes"] == [50057]
    assert authorize(sim, loot.estsauth)["error"] == ["interaction_required"]
    graph.patch(f"/users/{omar.id}", json={"accountEnabled": False})
    assert [e.changed for e in sim.requests.writes("entra")] == [True, False]
    graph.patch(f"/users/{omar.id}", json={"accountEnabled": True})
    assert refresh(sim, loot).status_code == 200


@pytest.mark.parametrize(
    ("name", "body", "status", "expected"),
    [
        ("quentin.admin", {"accountEnabled": False}, 403, "Authorization_RequestDenied"),
        ("quentin.admin", {"passwordProfile": STRONG}, 403, "Authorization_RequestDenied"),
        ("rosa.sync", {"accountEnabled": False}, 400, "Request_BadRequest"),
        ("rosa.sync", {"passwordProfile": STRONG}, 400, "Request_BadRequest"),
        ("nora.lind", {"passwordProfile": {"password": "simple"}}, 400, "Request_BadRequest"),
        ("nora.lind", {"accountEnabled": "no"}, 400, "Request_BadRequest"),
        ("nora.lind", {"jobTitle": "x"}, 400, "Request_BadRequest"),
        ("nora.lind", [], 400, "BadRequest"),
    ],
)
def test_changes_that_are_refused(
    sim: Simulator, graph: httpx.Client, name: str, body: object, status: int, expected: str
) -> None:
    answer = graph.patch(f"/users/{account(sim, name).id}", json=body)
    assert (answer.status_code, code(answer)) == (status, expected)
    assert sim.requests.writes("entra")[-1].changed is False


def test_the_privileged_role_reaches_administrators(sim: Simulator, graph: httpx.Client) -> None:
    sim.tenant.app_roles.add("Privileged Authentication Administrator")
    quentin = account(sim, "quentin.admin")
    assert graph.patch(f"/users/{quentin.id}", json={"accountEnabled": False}).status_code == 204


def test_methods_are_deleted_by_type_and_the_default_one_last(
    sim: Simulator, graph: httpx.Client
) -> None:
    nora = account(sim, "nora.lind")
    base = f"/users/{nora.id}/authentication"
    methods = {m["@odata.type"]: m["id"] for m in graph.get(f"{base}/methods").json()["value"]}
    authenticator = methods["#microsoft.graph.microsoftAuthenticatorAuthenticationMethod"]
    oath = methods["#microsoft.graph.softwareOathAuthenticationMethod"]
    password = methods["#microsoft.graph.passwordAuthenticationMethod"]
    assert graph.delete(f"{base}/phoneMethods/{oath}").status_code == 404
    trap = graph.delete(f"{base}/microsoftAuthenticatorMethods/{authenticator}")
    assert (trap.status_code, code(trap)) == (400, "badRequest")
    assert graph.delete(f"{base}/passwordMethods/{password}").status_code == 405
    assert graph.delete(f"{base}/softwareOathMethods/{oath}").status_code == 204
    assert graph.delete(f"{base}/softwareOathMethods/{oath}").status_code == 404
    assert graph.delete(f"{base}/phoneMethods/{MOBILE_PHONE_ID}").status_code == 204
    assert graph.delete(f"{base}/microsoftAuthenticatorMethods/{authenticator}").status_code == 204
    kinds = [m["@odata.type"] for m in graph.get(f"{base}/methods").json()["value"]]
    assert kinds == ["#microsoft.graph.passwordAuthenticationMethod"]


def test_the_default_method_is_moved_in_beta(sim: Simulator, graph: httpx.Client) -> None:
    nora = account(sim, "nora.lind")
    details = f"/reports/authenticationMethods/userRegistrationDetails/{nora.id}"
    name = "userPreferredMethodForSecondaryAuthentication"
    assert graph.get(details).json()[name] == "push"
    path = f"/users/{nora.id}/authentication/signInPreferences"
    assert graph.patch(path, json={name: "sms"}).status_code == 405
    assert graph.patch(f"{sim.url}/beta{path}", json={name: "sms"}).status_code == 204
    assert graph.get(details).json()[name] == "sms"
    admin = account(sim, "quentin.admin").id
    assert graph.get(details.replace(nora.id, admin)).json()["isAdmin"] is True


def test_inbox_rules_are_disabled_deleted_and_put_back(sim: Simulator, graph: httpx.Client) -> None:
    base = f"/users/{account(sim, 'nora.lind').id}/mailFolders/inbox/messageRules"
    rule = next(r for r in graph.get(base).json()["value"] if r["displayName"] == ".")
    assert rule["actions"]["forwardTo"][0]["emailAddress"]["address"] == "collector@example.com"
    path = f"{base}/{quote(rule['id'], safe='')}"
    disabled = graph.patch(path, json={"isEnabled": False})
    assert (disabled.status_code, disabled.json()["isEnabled"]) == (200, False)
    assert graph.get(path).json()["isEnabled"] is False
    assert graph.delete(path).status_code == 204
    assert graph.delete(path).status_code == 404
    kept = {k: v for k, v in rule.items() if k not in ("id", "hasError", "isReadOnly")}
    again = graph.post(base, json=kept)
    assert again.status_code == 201
    assert again.json()["id"] != rule["id"]
    assert graph.post(base, json={"id": "x"}).status_code == 400


def test_rules_out_of_reach(sim: Simulator, graph: httpx.Client) -> None:
    nora = account(sim, "nora.lind")
    with sim.tenant.lock:
        nora.rules.append(InboxRule("AQfixed=", "Compliance", 9, read_only=True))
    base = f"/users/{nora.id}/mailFolders/inbox/messageRules"
    assert graph.delete(f"{base}/AQfixed%3D").status_code == 403
    guest = account(sim, "sam.partner")
    none = graph.get(f"/users/{guest.id}/mailFolders/inbox/messageRules")
    assert (none.status_code, code(none)) == (404, "MailboxNotEnabledForRESTAPI")


def lifetime(text: str) -> dict[str, object]:
    inner = {"TokenLifetimePolicy": {"Version": 1, "AccessTokenLifetime": text}}
    return {"displayName": "short", "definition": [json.dumps(inner)]}


def test_token_lifetimes_are_shortened_and_restored(sim: Simulator, graph: httpx.Client) -> None:
    found = graph.get("/applications", params={"$filter": f"appId eq '{LINE_APP.app_id}'"})
    app = found.json()["value"][0]["id"]
    made = graph.post("/policies/tokenLifetimePolicies", json=lifetime("00:10:00"))
    assert made.status_code == 201
    policy = made.json()["id"]
    assigned = f"/applications/{app}/tokenLifetimePolicies"
    link = {"@odata.id": f"https://graph.example.com/v1.0/policies/tokenLifetimePolicies/{policy}"}
    assert graph.post(f"{assigned}/$ref", json=link).status_code == 204
    second = graph.post(f"{assigned}/%24ref", json=link)
    assert second.status_code == 400
    assert code(second) == "Request_MultipleObjectsWithSameKeyValue"
    assert [p["id"] for p in graph.get(assigned).json()["value"]] == [policy]
    assert refresh(sim, stolen(sim, "nora.lind")).json()["expires_in"] == 600
    cae = refresh(sim, stolen(sim, "nora.lind"), claims='{"access_token":{"xms_cc":["cp1"]}}')
    assert cae.json()["expires_in"] == 28 * 3600
    assert graph.delete(f"{assigned}/{policy}/$ref").status_code == 204
    assert graph.delete(f"/policies/tokenLifetimePolicies/{policy}").status_code == 204
    assert graph.get(f"/policies/tokenLifetimePolicies/{policy}").status_code == 404
    assert refresh(sim, stolen(sim, "nora.lind")).json()["expires_in"] == 75 * 60


@pytest.mark.parametrize("text", ["00:09:59", "1.00:00:01", "soon"])
def test_lifetimes_out_of_range_are_refused(graph: httpx.Client, text: str) -> None:
    assert graph.post("/policies/tokenLifetimePolicies", json=lifetime(text)).status_code == 400


def test_the_thiefs_registration_stands_in_the_audit_log(
    sim: Simulator, graph: httpx.Client
) -> None:
    nora = account(sim, "nora.lind")
    since = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = (
        f"targetResources/any(t: t/id eq '{nora.id}') and activityDateTime ge {since} "
        "and loggedByService eq 'Authentication Methods'"
    )
    found = graph.get("/auditLogs/directoryAudits", params={"$filter": text}).json()["value"]
    assert [a["activityDisplayName"] for a in found] == ["User registered security info"]
    assert found[0]["initiatedBy"]["user"]["id"] == nora.id


def sign_ins(graph: httpx.Client, version: str, text: str = "") -> list[dict[str, Any]]:
    url = f"{str(graph.base_url).removesuffix('/v1.0/')}/{version}/auditLogs/signIns"
    answer = graph.get(url, params={"$filter": text} if text else {})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["value"]
    return found


def test_the_sign_in_log_tells_less_in_v1_and_only_interactive_ones_unasked(
    graph: httpx.Client,
) -> None:
    plain, beta = sign_ins(graph, "v1.0"), sign_ins(graph, "beta")
    assert {row["id"] for row in plain} == {row["id"] for row in beta}
    assert all(row["isInteractive"] for row in beta)
    assert not any("sessionId" in row or "autonomousSystemNumber" in row for row in plain)
    kinds = "signInEventTypes/any(t: t eq 'nonInteractiveUser' or t eq 'servicePrincipal')"
    told = sign_ins(graph, "beta", kinds)
    assert {row["signInEventTypes"][0] for row in told} == {
        "nonInteractiveUser",
        "servicePrincipal",
    }
    assert [r["createdDateTime"] for r in told] == sorted(
        (r["createdDateTime"] for r in told), reverse=True
    )
    refused = graph.get("/auditLogs/signIns", params={"$filter": kinds})
    assert refused.status_code == 400


def test_who_comes_to_the_sign_in_side_is_written_down_let_in_or_refused(
    sim: Simulator, graph: httpx.Client
) -> None:
    loot, nora = stolen(sim, "nora.lind"), account(sim, "nora.lind")
    here = {"X-Forwarded-For": THIEF.ip, "User-Agent": THIEF.agent}
    since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = (
        f"createdDateTime ge {since} and userId eq '{nora.id}' and "
        "signInEventTypes/any(t: t eq 'nonInteractiveUser')"
    )

    def come() -> None:
        form = {
            "grant_type": "refresh_token",
            "client_id": loot.client_id,
            "refresh_token": loot.refresh_token,
        }
        PLAIN.post(f"{sim.url}/{TENANT_ID}/oauth2/v2.0/token", data=form, headers=here)

    come()
    come()
    (row,) = sign_ins(graph, "beta", text)
    assert (row["ipAddress"], row["autonomousSystemNumber"]) == (THIEF.ip, THIEF.asn)
    assert (row["status"]["errorCode"], row["incomingTokenType"]) == (0, "refreshToken")
    assert row["sessionId"] == nora.refresh_tokens[0].session
    nora.set_enabled(False, sim.tenant.now())
    come()
    codes = {each["status"]["errorCode"] for each in sign_ins(graph, "beta", text)}
    assert codes == {0, 50057}
    sim.tenant.signin_lag_s = 60
    assert sign_ins(graph, "beta", text) == []


def test_without_the_licence_the_sign_in_log_is_refused(
    sim: Simulator, graph: httpx.Client
) -> None:
    sim.tenant.sign_ins_licensed = False
    answer = graph.get("/auditLogs/signIns")
    assert answer.status_code == 403
    assert answer.json()["error"]["code"].startswith("Authentication_RequestFromNonPremium")


def test_rescinds_own_application_is_the_one_of_the_pages(sim: Simulator) -> None:
    page = Path(__file__).parents[2] / "docs" / "simulator.md"
    assert f'client_id = "{OUR_APP_ID}"' in page.read_text(encoding="utf-8")
    assert CLIENT_ID == OUR_APP_ID
    user = account(sim, "user01")
    PLAIN.post(
        f"{sim.url}/v1.0/users/{user.id}/revokeSignInSessions",
        headers={"Authorization": "Bearer simulated-graph-token"},
    )
    assert sim.tenant.audits[-1]["initiatedBy"]["app"]["appId"] == OUR_APP_ID


def test_a_disabled_app_gets_no_token_until_it_is_enabled(
    sim: Simulator, graph: httpx.Client
) -> None:
    path = f"/servicePrincipals/{LINE_APP.service_principal_id}"
    loot = stolen(sim, "nora.lind")
    assert graph.patch(path, json={"accountEnabled": False}).status_code == 204
    assert graph.get(path).json()["accountEnabled"] is False
    refused = refresh(sim, loot)
    assert refused.status_code == 400
    assert refused.json()["error_codes"] == [7000112]
    assert graph.patch(path, json={"accountEnabled": True}).status_code == 204
    assert refresh(sim, loot).status_code == 200


def test_a_grant_is_made_once_and_its_id_spells_what_it_is_for(
    sim: Simulator, graph: httpx.Client
) -> None:
    nora = account(sim, "nora.lind")
    listed = graph.get(f"/users/{nora.id}/oauth2PermissionGrants").json()["value"]
    grant = listed[0]
    makings = {name: value for name, value in grant.items() if name != "id"}
    assert graph.post("/oauth2PermissionGrants", json=makings).status_code == 409
    assert graph.delete(f"/oauth2PermissionGrants/{grant['id']}").status_code == 204
    assert graph.delete(f"/oauth2PermissionGrants/{grant['id']}").status_code == 404
    assert graph.post("/oauth2PermissionGrants", json=makings).json()["id"] == grant["id"]


@pytest.mark.parametrize("selected", [True, False])
def test_certificates_show_their_bytes_only_where_they_are_selected(
    graph: httpx.Client, selected: bool
) -> None:
    path = f"/applications/{REPORTS.id}"
    query = {"$select": "id,keyCredentials"} if selected else {}
    keys = graph.get(path, params=query).json()["keyCredentials"]
    assert all(bool(key["key"]) is selected for key in keys)
    altered = [{**key, "key": "AAAA"} for key in keys]
    assert graph.patch(path, json={"keyCredentials": altered}).status_code == 400


def test_an_app_of_another_tenant_has_a_service_principal_only(graph: httpx.Client) -> None:
    query = {"$filter": f"appId eq '{ARCHIVER.app_id}'"}
    assert graph.get("/applications", params=query).json()["value"] == []
    (principal,) = graph.get("/servicePrincipals", params=query).json()["value"]
    assert graph.get(f"/applications/{ARCHIVER.id}").status_code == 404
    assert graph.get(f"/servicePrincipals/{principal['id']}").status_code == 200


def test_pages_are_linked(sim: Simulator, graph: httpx.Client) -> None:
    sim.tenant.page_size = 7
    names: list[str] = []
    url = "/users?$select=userPrincipalName"
    for _ in range(5):
        page = graph.get(url).json()
        names += [u["userPrincipalName"] for u in page["value"]]
        if "@odata.nextLink" not in page:
            break
        assert len(page["value"]) == 7
        url = page["@odata.nextLink"]
    assert len(names) == len(set(names)) == len(sim.tenant.entra_users())


def test_readers_see_a_write_only_after_the_lag(sim: Simulator, graph: httpx.Client) -> None:
    nora, loot = account(sim, "nora.lind"), stolen(sim, "nora.lind")
    url = f"/users/{nora.id}?$select=accountEnabled"
    sim.tenant.read_lag_s = 60
    graph.patch(f"/users/{nora.id}", json={"accountEnabled": False})
    assert graph.get(url).json()["accountEnabled"] is True
    assert refresh(sim, loot).status_code == 400
    sim.tenant.advance(61)
    assert graph.get(url).json()["accountEnabled"] is False


def test_a_policy_keeps_a_member_out_while_it_is_on(sim: Simulator, graph: httpx.Client) -> None:
    nora, loot = account(sim, "nora.lind"), stolen(sim, "nora.lind")
    sim.tenant.groups[QUARANTINE_GROUP].members.append(nora.id)
    for state, status in (
        ("enabled", 400),
        ("enabledForReportingButNotEnforced", 200),
        ("enabled", 400),
        ("disabled", 200),
    ):
        assert graph.patch(POLICY, json={"state": state}).status_code == 204
        assert graph.get(POLICY).json()["state"] == state
        assert refresh(sim, loot).status_code == status
    assert graph.patch(POLICY, json={"state": "on"}).status_code == 400
    assert graph.patch(POLICY, json={"state": "enabled"}).status_code == 204
    assert "AADSTS53003" in authorize(sim, loot.estsauth)["error_description"][0]
    assert refresh(sim, stolen(sim, "omar.reyes")).status_code == 200
    assert graph.delete(POLICY).status_code == 204
    assert refresh(sim, loot).status_code == 200


def test_a_token_lives_on_when_a_policy_begins_to_block(sim: Simulator) -> None:
    loot = stolen(sim, "nora.lind")
    token = refresh(sim, loot).json()["access_token"]
    sim.tenant.groups[QUARANTINE_GROUP].members.append(account(sim, "nora.lind").id)
    assert refresh(sim, loot).status_code == 400
    assert resource(sim, "cae", token).status_code == 200


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("clientAppTypes", ["exchangeActiveSync", "other"]),
        ("locations", {"includeLocations": ["AllTrusted"]}),
        ("applications", {"includeApplications": [ARCHIVER.app_id]}),
        ("users", {"includeGroups": [QUARANTINE_GROUP], "excludeUsers": ["All"]}),
    ],
)
def test_a_policy_that_asks_for_more_lets_her_in(
    sim: Simulator, graph: httpx.Client, part: str, value: object
) -> None:
    loot = stolen(sim, "nora.lind")
    sim.tenant.groups[QUARANTINE_GROUP].members.append(account(sim, "nora.lind").id)
    assert refresh(sim, loot).status_code == 400
    assert graph.patch(POLICY, json={"conditions": {part: value}}).status_code == 204
    assert refresh(sim, loot).status_code == 200
