"""What Entra's logs tell of a theft, and of what came after the containment."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from pydantic import ValidationError

from connectors import errors
from connectors.action import Action, Impact, Outcome, Target
from connectors.door import Door
from connectors.entra import audit_entries, credential, sign_in_entries
from connectors.entra.system import EntraSystem
from connectors.limits import Limits
from connectors.timeline import Kind, digest
from simulator.clock import graph_time
from simulator.entra_sign_ins import APP, INTERACTIVE, RENEWAL, SignIn
from simulator.entra_state import EntraUser
from simulator.faults import Effect, Fault, empty_page, forbid, status, throttle
from simulator.footholds import REPORTS
from simulator.ids import guid
from simulator.logbook import OUR_APP_ID, OUR_PRINCIPAL_ID, Affected
from simulator.okta_scene import HOME, THIEF, Scene
from simulator.theft import steal

if TYPE_CHECKING:
    from entra_tenant import Practice

pytest_plugins = ("entra_tenant",)

TRACE, WATCH = "entra.trace_source", "entra.watch"
MAIL = "Contoso Mail to Microsoft Graph"
EXPENSES = "Contoso Expenses to Microsoft Graph"


@pytest.fixture
def ours(practice: Practice) -> EntraSystem:
    """The connector, which knows which application it is."""
    return practice.signed_in_as(OUR_APP_ID)


@pytest.fixture
def nora(practice: Practice) -> EntraUser:
    user = practice.person().entra
    assert user is not None
    return user


def session_of(nora: EntraUser) -> str:
    return nora.refresh_tokens[0].session


def impatient(practice: Practice) -> EntraSystem:
    """A connector that tries once."""
    from entra_tenant import door_for, settings_for  # noqa: PLC0415 - a plugin, loaded by pytest

    return EntraSystem("contoso", settings_for(practice.sim.url), door_for(attempts=1))


async def seen(
    practice: Practice, name: str, system: EntraSystem | None = None, **parameters: Any
) -> Any:
    action = (system or practice.system).action(name, parameters, practice.journal)
    observation = await action.observe(practice.target())
    assert observation.verdict is not None
    return observation


# -- where the session came from ---------------------------------------------------------


async def test_the_root_the_replay_the_apps_the_changes_and_the_others_are_told(
    practice: Practice, ours: EntraSystem, nora: EntraUser
) -> None:
    found = await seen(practice, TRACE, ours)
    told = found.snapshot
    (root,) = told["roots"]
    assert (root["event"], root["ip"], root["asn"]) == (
        "interactiveUser: oAuth2", HOME.ip, HOME.asn,
    )  # fmt: skip
    assert root["device"].startswith("NORA-LAPTOP")
    (source,) = told["sources"]
    assert (source["ip"], source["asn"], source["place"]) == (
        THIEF.ip, THIEF.asn, "Frankfurt, Germany",
    )  # fmt: skip
    assert (source["differs"], source["agents"]) == (["agent", "asn", "ip"], [THIEF.agent])
    assert [app["app"] for app in told["apps"]] == [EXPENSES, MAIL]
    assert {change["event"] for change in told["changes"]} >= {
        "User registered security info",
        "Consent to application",
        "Update application \N{EN DASH} Certificates and secrets management",
        "Register device",
    }
    assert all(change["from_source"] for change in told["changes"])
    others = {(o["name"], o["let_in"]) for o in told["others"]}
    assert others == {("user07@contoso.com", True), (REPORTS.display_name, True)}
    assert told["missing"] == []
    assert told["problem"] is None
    assert found.verdict.outcome is Outcome.OBSERVED
    for part in (
        HOME.ip,
        f"replayed from {THIEF.ip}",
        "user07@contoso.com (let in)",
        "minutes late",
    ):
        assert part in found.verdict.reason
    assert told["timeline"] == sorted(told["timeline"], key=lambda entry: entry["at"])
    replay = [e for e in told["timeline"] if e.get("ip") == THIEF.ip and e.get("person") == nora.id]
    assert "nonInteractiveUser: refreshToken" in {entry["event"] for entry in replay}
    assert practice.writes == []


async def test_no_session_id_stands_in_the_evidence_and_a_tokens_id_does(
    practice: Practice, nora: EntraUser
) -> None:
    session = session_of(nora)
    for name in (TRACE, WATCH):
        found = await seen(practice, name, **({"session_ids": [session]} if name == TRACE else {}))
        assert session not in repr(found)
    traced = (await seen(practice, TRACE)).snapshot
    assert traced["roots"][0]["session"] == digest(session, "contoso")
    assert traced["roots"][0]["issued"]


@pytest.mark.parametrize("named", ["ips", "session_ids", "digest", "token_ids", "uti"])
async def test_what_the_alert_names_is_followed_where_no_replay_shows(
    practice: Practice, nora: EntraUser, named: str
) -> None:
    session, tenant = session_of(nora), practice.sim.tenant
    with tenant.lock:
        for row in tenant.sign_ins:
            if row["ipAddress"] == THIEF.ip:
                row["sessionId"] = None if named == "ips" else row["sessionId"]
                row["autonomousSystemNumber"], row["userAgent"] = HOME.asn, HOME.agent
    (used,) = [
        r for r in tenant.sign_ins if r["ipAddress"] == THIEF.ip and "Mail" in r["appDisplayName"]
    ]
    as_bytes = base64.urlsafe_b64encode(UUID(used["id"]).bytes_le).decode().rstrip("=")
    parameters: dict[str, Any] = {
        "ips": {"ips": [THIEF.ip, HOME.ip]},
        "session_ids": {"session_ids": [session]},
        "digest": {"session_ids": [digest(session, "contoso")]},
        "token_ids": {"token_ids": [used["uniqueTokenIdentifier"]]},
        "uti": {"token_ids": [as_bytes]},
    }[named]  # fmt: skip
    found = (await seen(practice, TRACE, **parameters)).snapshot
    if named != "ips":
        assert [root["session"] for root in found["roots"]] == [digest(session, "contoso")]
        assert found["sources"] == []
    else:
        assert [source["ip"] for source in found["sources"]] == [THIEF.ip]
        assert "user07@contoso.com" in {other["name"] for other in found["others"]}


async def test_an_address_of_the_alert_cannot_change_the_question(practice: Practice) -> None:
    odd = ["x' or userId ne '", "not an address", "203.0.113.66' or 1 eq 1"]
    found = await seen(practice, TRACE, ips=odd, session_ids=["a' or 'a' eq 'a"])
    queries = [e.path for e in practice.sim.requests.all("entra") if "signIns" in e.path]
    assert not any("or+1" in path or "userId+ne" in path for path in queries)
    assert found.snapshot["problem"] is None


async def test_a_quote_in_a_sessions_id_stays_within_the_question(practice: Practice) -> None:
    for row in practice.sim.tenant.sign_ins:
        row["sessionId"] = "it's" if row["userPrincipalName"] == "nora.lind@contoso.com" else None
    found = await seen(practice, TRACE)
    assert found.snapshot["sources"]
    assert found.snapshot["problem"] is None


async def test_a_log_on_many_pages_is_read_whole(practice: Practice) -> None:
    practice.sim.tenant.page_size = 2
    whole = (await seen(practice, TRACE)).snapshot
    assert {other["name"] for other in whole["others"]} >= {"user07@contoso.com"}
    assert whole["cut"] is False
    pages = [e for e in practice.sim.requests.all("entra") if "signIns" in e.path]
    assert len(pages) > 5


async def test_of_a_longer_log_the_newest_are_read_and_that_there_is_more_is_said(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.entra.trace._MOST", 3)
    found = await seen(practice, TRACE)
    assert found.snapshot["cut"] is True
    assert "further back than was read" in found.verdict.reason
    assert [source["ip"] for source in found.snapshot["sources"]] == [THIEF.ip]


async def test_an_empty_page_ends_nothing(practice: Practice) -> None:
    practice.sim.faults.add(Fault(empty_page(), path_regex="signIns", times=1))
    assert (await seen(practice, TRACE)).snapshot["sources"]


async def test_five_questions_are_enough_for_the_reports_limit(practice: Practice) -> None:
    await seen(practice, TRACE)
    logs = [e for e in practice.sim.requests.all("entra") if "auditLogs" in e.path]
    assert len(logs) <= 5


class Asked(Limits):
    """Limits that hold nobody back, and keep how many turns each request leaves free."""

    def __init__(self) -> None:
        super().__init__(known={})
        self.leaves: list[int] = []

    async def enter(
        self, system: str, tenant: str, bucket: str, patience_s: float, leaves: int = 0
    ) -> None:
        if bucket == "reports":
            self.leaves.append(leaves)
        await super().enter(system, tenant, bucket, patience_s, leaves)


@pytest.mark.parametrize(
    ("name", "leaves"),
    [(TRACE, 2), (WATCH, 2), ("entra.revoke_consents", 0), ("entra.remove_auth_methods", 0)],
)
async def test_what_only_reads_leaves_two_turns_at_the_logs_to_what_cleans_up(
    practice: Practice, name: str, leaves: int
) -> None:
    from entra_tenant import settings_for  # noqa: PLC0415 - a plugin, loaded by pytest

    asked = Asked()
    system = EntraSystem("contoso", settings_for(practice.sim.url), Door(limits=asked))
    await system.action(name, {}, practice.journal).observe(practice.target())
    await system.close()
    assert asked.leaves
    assert set(asked.leaves) == {leaves}


async def test_what_is_late_is_not_claimed_to_be_absent(practice: Practice) -> None:
    practice.sim.tenant.signin_lag_s = 30 * 60
    found = await seen(practice, TRACE)
    assert found.snapshot["sources"] == []
    assert "no replay is to be seen" in found.verdict.reason
    assert "sign-ins may be 15 minutes late" in found.verdict.reason


async def test_a_root_before_the_window_is_said_not_to_be_known(practice: Practice) -> None:
    found = await seen(practice, TRACE, lookback_hours=1)
    assert found.snapshot["roots"] == []
    assert "not in the log that was read" in found.verdict.reason


async def test_the_log_is_asked_no_further_back_than_it_is_kept(practice: Practice) -> None:
    found = await seen(practice, TRACE, lookback_hours=2160)
    begins = datetime.fromisoformat(found.snapshot["since"])
    assert datetime.now(UTC) - begins < timedelta(days=30, minutes=5)


async def test_an_interrupted_sign_in_is_no_root_and_a_walk_no_replay(
    practice: Practice,
) -> None:
    found = (await seen(practice, TRACE)).snapshot
    outcomes = {(e["event"], e["outcome"]) for e in found["timeline"]}
    assert ("interactiveUser: oAuth2", "interrupted") in outcomes
    assert "198.51.100.77" not in {source["ip"] for source in found["sources"]}


# -- what cannot be read -----------------------------------------------------------------


async def test_several_kinds_at_once_refused_are_asked_one_by_one(practice: Practice) -> None:
    practice.sim.faults.add(
        Fault(status(400), path_regex="interactiveUser' or t eq|nonInteractiveUser' or t eq")
    )
    found = await seen(practice, TRACE)
    assert found.snapshot["sources"]
    assert {o["name"] for o in found.snapshot["others"]} >= {REPORTS.display_name}
    assert found.verdict.outcome is Outcome.OBSERVED


async def test_where_beta_refuses_the_interactive_ones_are_told_and_the_rest_is_said_missing(
    practice: Practice,
) -> None:
    practice.sim.faults.add(Fault(status(400), path_regex="/beta/auditLogs/signIns"))
    found = await seen(practice, TRACE, ips=[THIEF.ip])
    events = {entry["event"] for entry in found.snapshot["timeline"]}
    assert "interactiveUser" in events
    assert not any("nonInteractive" in event for event in events)
    assert found.verdict.outcome is Outcome.UNVERIFIABLE
    assert "token renewals and sessions were not read" in found.verdict.reason
    assert found.snapshot["missing"]


async def test_renewals_refused_alone_are_said_missing(practice: Practice) -> None:
    practice.sim.faults.add(Fault(status(400), path_regex="nonInteractiveUser"))
    found = await seen(practice, TRACE)
    assert found.snapshot["roots"] == []
    assert "nonInteractiveUser sign-ins were not read" in found.verdict.reason
    assert found.verdict.outcome is Outcome.UNVERIFIABLE


async def test_a_session_that_cannot_be_asked_about_is_said(practice: Practice) -> None:
    practice.sim.faults.add(Fault(status(400), path_regex="sessionId"))
    found = await seen(practice, TRACE)
    assert "who else was in the session was not read" in found.verdict.reason
    assert "user07@contoso.com" in {other["name"] for other in found.snapshot["others"]}
    assert found.verdict.outcome is Outcome.OBSERVED


async def test_without_a_licence_the_changes_are_told_and_the_sign_ins_said_missing(
    practice: Practice, ours: EntraSystem
) -> None:
    practice.sim.tenant.sign_ins_licensed = False
    for name in (TRACE, WATCH):
        parameters = {"since": _ago(60)} if name == WATCH else {}
        found = await seen(practice, name, ours, **parameters)
        assert "a licence of Microsoft Entra ID P1" in found.verdict.reason
    traced = await seen(practice, TRACE, ours)
    assert traced.verdict.outcome is Outcome.UNVERIFIABLE
    assert "Consent to application" in {c["event"] for c in traced.snapshot["changes"]}


async def test_without_the_audit_log_the_sign_ins_are_told(practice: Practice) -> None:
    practice.sim.faults.add(Fault(forbid(), path_regex="directoryAudits"))
    found = await seen(practice, TRACE)
    assert [source["ip"] for source in found.snapshot["sources"]] == [THIEF.ip]
    assert found.verdict.outcome is Outcome.UNVERIFIABLE
    assert "audit log was not read" in found.verdict.reason


@pytest.mark.parametrize("name", [TRACE, WATCH])
@pytest.mark.parametrize(
    ("effect", "error"),
    [(forbid(), errors.Forbidden), (status(503), errors.Unavailable)],
)
async def test_a_log_that_cannot_be_read_is_no_empty_log(
    practice: Practice, name: str, effect: Effect, error: type[errors.ConnectorError]
) -> None:
    practice.sim.faults.add(Fault(effect, system="entra", path_regex="auditLogs"))
    system = impatient(practice)
    with pytest.raises(error) as caught:
        await seen(practice, name, system)
    if error is errors.Forbidden:
        assert "AuditLog.Read.All" in caught.value.remedy
    await system.close()


async def test_throttled_once_it_works(practice: Practice) -> None:
    practice.sim.faults.add(Fault(throttle(0), path_regex="auditLogs", times=1))
    assert (await seen(practice, TRACE)).snapshot["sources"]


async def test_the_persons_own_story_stands_where_the_others_cannot_be_read(
    practice: Practice,
) -> None:
    practice.sim.faults.add(Fault(status(503), path_regex="ipAddress"))
    system = impatient(practice)
    found = await seen(practice, TRACE, system)
    await system.close()
    assert found.snapshot["roots"]
    assert found.snapshot["others"] == []
    assert "who else came from there was not read" in found.verdict.reason


async def test_somebody_who_is_not_there_is_not_found(practice: Practice) -> None:
    nobody = Target("contoso", "entra", guid("entra-user", "nobody"), "nobody@contoso.com")
    for name in (TRACE, WATCH):
        with pytest.raises(errors.NotFound):
            await practice.action(name).observe(nobody)


async def test_reading_changes_nothing(practice: Practice) -> None:
    for name in (TRACE, WATCH):
        action = practice.action(name)
        assert action.spec.impact is Impact.NONE
        assert action.preview(practice.target()) == ()
        before = await action.observe(practice.target())
        receipt = await action.apply(practice.target(), before)
        proof = await action.verify(practice.target(), before, receipt, practice.short)
        assert (receipt.data["sent"], proof.outcome) == (False, Outcome.VERIFIED)
    assert practice.journal.lines == []
    assert practice.writes == []


# -- what came after the containment -----------------------------------------------------


async def contained(practice: Practice, system: EntraSystem, *more: str) -> None:
    steps = ("entra.revoke_sessions", "entra.disable_user", "entra.disable_inbox_rules", *more)
    for name in steps:
        action: Action = system.action(name, {}, practice.journal)
        await action.apply(practice.target(), await action.observe(practice.target()))
    practice.sim.tenant.advance(2)


async def test_nothing_since_the_containment_is_said_and_our_own_doing_is_none(
    practice: Practice, ours: EntraSystem
) -> None:
    await contained(
        practice, ours, "entra.reset_password", "entra.remove_auth_methods", "entra.revoke_consents",
        "entra.disable_devices",
    )  # fmt: skip
    found = await seen(practice, WATCH, ours)
    assert (found.snapshot["found"], found.snapshot["enabled"]) == (0, False)
    assert found.snapshot["since"] is not None
    assert found.verdict.outcome is Outcome.OBSERVED
    asked = await seen(practice, WATCH, ours, since=_ago(0, practice))
    assert asked.snapshot["drift"] == []


async def test_a_thief_who_goes_on_is_refused_and_counted(
    practice: Practice, ours: EntraSystem
) -> None:
    loot = steal(practice.sim.tenant, "nora.lind").entra
    assert loot is not None
    await contained(practice, ours)
    assert redeemed(practice, loot.client_id, loot.refresh_token).status_code == 400
    practice.sim.tenant.advance(2)
    found = await seen(practice, WATCH, ours)
    assert (found.snapshot["found"], found.snapshot["refused"]) == (0, 1)
    assert "1 sign-ins were refused" in found.verdict.reason


async def test_a_thief_who_gets_in_again_is_told_with_where_from(
    practice: Practice, ours: EntraSystem, nora: EntraUser
) -> None:
    await contained(practice, ours)
    tenant = practice.sim.tenant
    with tenant.lock:
        nora.set_enabled(True, tenant.now())
        nora.sign_in(tenant.now(), tenant.applications[0].app_id)
    # what she did to somebody else says nothing of her own account
    other = practice.person("user01").entra
    assert other is not None
    tenant.audit("Enable account", other, by_user=nora, ip=THIEF.ip)
    new = nora.refresh_tokens[-1]
    assert redeemed(practice, new.client_id, new.value).status_code == 200
    tenant.advance(2)
    found = await seen(practice, WATCH, ours)
    events = {(entry["event"], entry.get("ip")) for entry in found.snapshot["drift"]}
    assert ("nonInteractiveUser: refreshToken", THIEF.ip) in events
    assert ("the account is enabled", None) in events
    assert ("Enable account", THIEF.ip) in events
    assert found.snapshot["found"] == 3
    assert found.verdict.outcome is Outcome.MANUAL
    assert THIEF.ip in found.verdict.reason
    assert "containment again" in found.verdict.instructions
    assert new.value not in repr(found)


def redeemed(
    practice: Practice, client_id: str, token: str, scene: Scene = THIEF
) -> httpx.Response:
    form = {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": token}
    here = {"X-Forwarded-For": scene.ip, "User-Agent": scene.agent}
    url = f"{practice.sim.url}/contoso.com/oauth2/v2.0/token"
    return httpx.post(url, data=form, headers=here, timeout=60)


async def test_a_login_with_late_logs_shows_at_the_next_look(
    practice: Practice, ours: EntraSystem, nora: EntraUser
) -> None:
    await contained(practice, ours)
    tenant = practice.sim.tenant
    tenant.sign_in(SignIn(nora, tenant.applications[0], THIEF, INTERACTIVE, "s"))
    tenant.signin_lag_s = 15 * 60
    first = await seen(practice, WATCH, ours)
    assert first.snapshot["found"] == 0
    assert "minutes late" in first.verdict.reason
    tenant.advance(16 * 60)
    later = await seen(practice, WATCH, ours)
    assert [entry["event"] for entry in later.snapshot["drift"]] == ["interactiveUser: oAuth2"]


@pytest.mark.parametrize(
    ("activity_name", "by_herself"),
    [
        ("User registered security info", True),
        ("Consent to application", True),
        ("Register device", True),
        ("Add service principal credentials", True),
        ("Enable account", False),
        ("Reset user password", False),
    ],
)
async def test_whoever_changed_something_since_is_told(
    practice: Practice, ours: EntraSystem, nora: EntraUser, activity_name: str, by_herself: bool
) -> None:
    await contained(practice, ours)
    tenant = practice.sim.tenant
    admin = practice.person("quentin.admin").entra
    what = nora if "user" in activity_name.casefold() or not by_herself else (
        Affected(guid("device", "new"), "DESKTOP-NEW", "Device")
        if "device" in activity_name
        else Affected(REPORTS.service_principal_id, REPORTS.display_name, "ServicePrincipal")
    )  # fmt: skip
    by = nora if by_herself else admin
    tenant.audit(activity_name, what, by_user=by, ip=THIEF.ip)
    found = await seen(practice, WATCH, ours)
    (entry,) = found.snapshot["drift"]
    assert (entry["event"], entry["ip"], entry["actor"]) == (activity_name, THIEF.ip, by and by.id)
    assert found.verdict.outcome is Outcome.MANUAL


async def test_a_method_she_registers_once_she_has_her_account_back_is_expected_with_its_note(
    practice: Practice, ours: EntraSystem, nora: EntraUser
) -> None:
    await contained(practice, ours)
    tenant = practice.sim.tenant
    tenant.advance(5)
    back = _ago(0.05, practice)
    tenant.audit("User registered security info", nora, by_user=nora, ip=HOME.ip)
    tenant.audit("Update user", nora)
    tenant.audits[-1]["initiatedBy"]["app"] = {
        "appId": None, "displayName": "Azure MFA StrongAuthenticationService",
        "servicePrincipalId": guid("servicePrincipal", "mfa"),
    }  # fmt: skip
    found = await seen(practice, WATCH, ours, given_back=back)
    assert found.snapshot["drift"] == []
    events = ["User registered security info", "Update user"]
    assert [entry["event"] for entry in found.snapshot["expected"]] == events
    assert "Ask the person" in found.verdict.instructions
    # without a method beside it, it is somebody's doing; so is a method of somebody else's
    tenant.audits[-1]["activityDateTime"] = graph_time(tenant.now() + 600)
    tenant.audits[-2]["initiatedBy"]["user"]["id"] = guid("user", "somebody")
    tenant.advance(601)
    found = await seen(practice, WATCH, ours, given_back=back)
    assert [entry["event"] for entry in found.snapshot["drift"]] == events


async def test_what_the_directory_notes_under_our_own_request_is_ours(
    practice: Practice, ours: EntraSystem, nora: EntraUser
) -> None:
    await contained(practice, ours)
    tenant = practice.sim.tenant
    tenant.audit("Update user", nora)
    tenant.audit("Update user", nora)
    echo, ours_too = tenant.audits[-2:]
    echo["initiatedBy"]["app"] = {
        "appId": None, "displayName": "Microsoft Substrate Management",
        "servicePrincipalId": guid("servicePrincipal", "substrate"),
    }  # fmt: skip
    echo["correlationId"] = ours_too["correlationId"]
    assert (await seen(practice, WATCH, ours)).snapshot["drift"] == []
    echo["correlationId"] = guid("correlation", "another")
    (drift,) = (await seen(practice, WATCH, ours)).snapshot["drift"]
    assert drift["actor_name"] == "Microsoft Substrate Management"


async def test_a_rule_that_forwards_is_told_and_her_own_is_not(
    practice: Practice, ours: EntraSystem, nora: EntraUser
) -> None:
    await contained(practice, ours)
    nora.rules[1].enabled = True
    found = await seen(practice, WATCH, ours)
    (entry,) = found.snapshot["drift"]
    assert entry["id"] == nora.rules[1].id
    assert "forwards to collector@example.com" in entry["event"]
    nora.rules[1].conditions, nora.rules[1].display_name = {}, "Copies"
    nora.rules[1].actions = {"forwardTo": nora.rules[1].actions["forwardTo"]}
    known = await seen(practice, WATCH, ours, own_domains=["example.com"])
    assert known.snapshot["found"] == 0


async def test_rules_that_cannot_be_read_are_said_missing(
    practice: Practice, ours: EntraSystem
) -> None:
    await contained(practice, ours)
    practice.sim.faults.add(Fault(forbid(), path_regex="messageRules"))
    found = await seen(practice, WATCH, ours)
    assert found.verdict.outcome is Outcome.UNVERIFIABLE
    assert "inbox rules were not read" in found.verdict.reason


async def test_a_password_the_log_says_nothing_of_is_told_once_the_log_should_know(
    practice: Practice, ours: EntraSystem, nora: EntraUser
) -> None:
    await contained(practice, ours)
    nora.reset_password(practice.sim.tenant.now())
    practice.sim.tenant.advance(60)
    assert (await seen(practice, WATCH, ours)).snapshot["found"] == 0
    practice.sim.tenant.advance(20 * 60)
    (entry,) = (await seen(practice, WATCH, ours)).snapshot["drift"]
    assert entry["event"] == "the password was set"


async def test_since_when_is_never_guessed(practice: Practice, ours: EntraSystem) -> None:
    for system, why in ((ours, "no containing change of ours"), (None, "which changes")):
        found = await seen(practice, WATCH, system)
        assert found.verdict.outcome is Outcome.UNVERIFIABLE
        assert why in found.verdict.reason
        assert found.snapshot["since"] is None
    asked = await seen(practice, WATCH, ours, since=_ago(60))
    assert asked.snapshot["found"] > 0
    # nothing is said of a time that was not read
    older = await seen(practice, WATCH, ours, since=_ago(60 * 100), hours=2)
    assert datetime.fromisoformat(older.snapshot["since"]) > datetime.fromisoformat(_ago(130))
    with pytest.raises(ValidationError):
        await seen(practice, WATCH, since="yesterday")


async def test_where_it_is_not_known_who_we_are_an_apps_changes_are_not_judged(
    practice: Practice, ours: EntraSystem
) -> None:
    since = _ago(0)
    practice.sim.tenant.advance(2)
    await contained(practice, ours)
    found = await seen(practice, WATCH, since=since)
    assert found.snapshot["drift"] == []
    assert "those are not judged" in found.verdict.reason
    assert found.verdict.outcome is Outcome.UNVERIFIABLE


def _ago(minutes: float, practice: Practice | None = None) -> str:
    now = datetime.fromtimestamp(practice.sim.tenant.now(), UTC) if practice else datetime.now(UTC)
    return (now - timedelta(minutes=minutes)).isoformat()


async def test_a_log_that_names_our_service_principal_alone_tells_of_us_too(
    practice: Practice, ours: EntraSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    await contained(practice, ours)
    for audit in practice.sim.tenant.audits:
        if audit["initiatedBy"]["app"]:
            audit["initiatedBy"]["app"]["appId"] = None
    said = base64.urlsafe_b64encode(f'{{"oid": "{OUR_PRINCIPAL_ID.upper()}"}}'.encode()).decode()
    assert credential.own_ids(f"h.{said}.s") == {OUR_PRINCIPAL_ID}
    assert credential.own_ids("no token") == frozenset()

    async def own_ids() -> frozenset[str]:
        return credential.own_ids(f"h.{said}.s")

    monkeypatch.setattr(practice.system.client, "own_ids", own_ids)
    found = await seen(practice, WATCH)
    assert (found.snapshot["since"] is not None, found.snapshot["found"]) == (True, 0)


# -- reading one row ---------------------------------------------------------------------


def test_an_odd_row_hides_no_other_and_says_only_what_it_knows() -> None:
    at = {"createdDateTime": "2026-11-22T08:00:00Z"}
    assert sign_in_entries.entry_of(7, "contoso") is None
    assert sign_in_entries.entry_of({"id": "x"}, "contoso") is None
    bare = sign_in_entries.entry_of({**at, "status": None, "location": [], "userId": 3}, "contoso")
    assert bare is not None
    assert (bare.ip, bare.person, bare.outcome, bare.session) == (None, None, "unknown", None)
    odd = {
        **at, "userAgent": "a\x1b[31m" + "b" * 300, "autonomousSystemNumber": 0,
        "deviceDetail": {"deviceId": "", "displayName": "Laptop"}, "sessionId": "s",
        "signInEventTypes": ["nonInteractiveUser"], "isInteractive": True,
    }  # fmt: skip
    entry = sign_in_entries.entry_of(odd, "contoso")
    assert entry is not None
    assert entry.agent == "a[31m" + "b" * 195
    assert (entry.asn, entry.device, entry.kind) == (None, "Laptop", Kind.TOKEN)
    assert entry.session == digest("s", "contoso")
    assert audit_entries.entry_of({"activityDateTime": "2026-11-22T08:00:00Z"}) is None
    assert audit_entries.entry_of(None) is None


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"signInEventTypes": ["interactiveUser"]}, INTERACTIVE),
        ({"signInEventTypes": ["nonInteractiveUser"]}, RENEWAL),
        ({"signInEventTypes": ["servicePrincipal"]}, APP),
        ({"isInteractive": False}, RENEWAL),
        ({}, INTERACTIVE),
    ],
)
def test_each_row_is_of_one_kind(row: dict[str, Any], kind: str) -> None:
    assert sign_in_entries.kind_of(row) == kind


def test_revocations_end_and_risk_signals() -> None:
    at = {"activityDateTime": "2026-11-22T08:00:00Z"}
    for activity_name, service, kind in (
        ("Update StsRefreshTokenValidFrom Timestamp", "Core Directory", Kind.END),
        ("Risky user dismissed", "Identity Protection", Kind.SIGNAL),
        ("Add member to group", "Core Directory", Kind.CHANGE),
    ):
        entry = audit_entries.entry_of(
            {**at, "activityDisplayName": activity_name, "loggedByService": service}
        )
        assert entry is not None
        assert entry.kind is kind
