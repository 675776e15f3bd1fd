"""Which rule takes an alert, what follows from it, and what is said of the others."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.settings import Mode, Source
from config.tenants import Tenant
from connectors.standing import EVERYTHING, UNKNOWN
from connectors.system import Account
from detectors import registry
from detectors.alert import Alert, Signal
from playbooks.routing import effect, facts, lint, rules
from playbooks.routing.table import NO_RULE, Bounds, Decision, Table, kept

SIEM = registry.bare_source("sentinel")
GENERIC = registry.bare_source("generic", {"title": "title", "person.email": "who"})
TENANT = Tenant(domains=("contoso.com",))
SHIPPED = effect.table(None, None)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
EVERYDAY = Account("contoso", "entra", "11111111-0000-4000-8000-000000000001", "nora.lind")
NO_ROLES = {"roles": [], "groups": [], "last_administrator": False}
ADMIN = {**NO_ROLES, "roles": [{"id": "62e90394", "name": "Global Administrator"}]}


def alert(**said: Any) -> Alert:
    told = {"source": "siem", "kind": "incident", "event_id": "1", "title": "x"} | said
    return Alert.model_validate(told)


def decide(
    said: Alert,
    standing: dict[str, Any] | None = NO_ROLES,
    *,
    table: Table = SHIPPED,
    source: Source = SIEM,
    bounds: Bounds | None = None,
    explain: bool = False,
) -> Decision:
    told = facts.of_alert(said.model_dump(mode="json"), "siem", source)
    without: tuple[str, ...] = facts.LATER
    if standing is not None:
        person = Account(
            EVERYDAY.tenant, EVERYDAY.system, EVERYDAY.id, EVERYDAY.name, facts=standing
        )
        told |= facts.of_person("contoso", TENANT, (person,), unreached=False)
        without = ()
    limits = bounds or Bounds("siem", None, Mode.AUTO)
    return table.decide(told, limits, without, explain=explain)


def made(*each: dict[str, Any]) -> Table:
    return Table([rules.Rule.model_validate({"reason": "because", **one}) for one in each])


@pytest.mark.parametrize(
    ("said", "rule", "then"),
    [
        ({"kind": "app.oauth2.as.token.detect_reuse", "signal": "token_theft"},
         "refresh-token-reused", "cm0080 auto"),
        ({"kind": "ferrt", "signal": "token_theft", "severity": "low"},
         "refresh-token-reused", "cm0080 auto"),
        ({"title": "Reuse of a rotated refresh token", "signal": "token_theft"},
         "refresh-token-reused", "cm0080 auto"),
        ({"title": "Refresh token used from two networks", "signal": "token_theft"},
         "token-or-session-theft", "cm0080 auto"),
        ({"title": "Stolen session cookie", "signal": "session_theft", "severity": "high"},
         "token-or-session-theft", "cm0080 auto"),
        ({"title": "Stolen session cookie", "signal": "session_theft", "severity": "low"},
         "little-certainty", "cm0080 approve"),
        ({"title": "Stolen session", "signal": "session_theft", "confidence": "Low"},
         "little-certainty", "cm0080 approve"),
        ({"title": "Token anomaly", "signal": "token_theft", "severity": "informational"},
         "informational", "cm0080 observe"),
        ({"kind": "user.session.context.change", "signal": "session_theft", "severity": "medium"},
         "lone-context-change", "cm0080 ignore"),
        ({"title": "Okta session context change", "severity": "medium"},
         "lone-context-change", "cm0080 ignore"),
        ({"kind": "user.session.context.change", "severity": "high", "signal": "session_theft"},
         "context-change-with-another-signal", "cm0080 approve"),
        ({"kind": "user.session.context.change", "details": {"threat_suspected": "true"}},
         "context-change-with-another-signal", "cm0080 approve"),
        ({"title": "Stolen session: session context change", "severity": "medium",
          "signal": "session_theft"},
         "context-change-with-another-signal", "cm0080 approve"),
        ({"title": "Session context change after impossible travel"},
         "context-change-with-another-signal", "cm0080 approve"),
        ({"rule": "Session Influenced User Risk", "signal": "session_theft", "severity": "medium"},
         "session-influenced-risk", "cm0080 approve"),
        ({"rule": "Session Influenced User Risk", "signal": "session_theft", "severity": "high"},
         "token-or-session-theft", "cm0080 auto"),
        ({"kind": "user.account.report_suspicious_activity_by_enduser", "signal": "credential"},
         "reported-by-the-person", "cm0080 auto"),
        ({"title": "Duo push fraud", "signal": "credential"},
         "refused-by-the-person", "cm0080 approve"),
        ({"signal": "mfa", "severity": "high"}, "mfa-tampered", "cm0071 approve"),
        ({"signal": "mail_rule", "severity": "high"}, "mail-rule", "cm0082 auto"),
        ({"signal": "consent", "severity": "high"}, "consent", "cm0080 approve"),
        ({"kind": "pwd_leak", "signal": "credential", "severity": "high"},
         "password-known-from-a-breach", "cm0080 approve"),
        ({"signal": "risk", "severity": "high"}, "account-in-other-hands", "cm0080 auto"),
        ({"signal": "risk", "severity": "medium"}, "anything-else", "cm0080 approve"),
    ],
)  # fmt: skip
def test_the_shipped_rules_decide(said: dict[str, Any], rule: str, then: str) -> None:
    decision = decide(alert(**said))
    assert decision.rule == rule
    assert f"{decision.playbook} {decision.mode or 'ignore'}" == then
    assert decision.waits == ()
    assert decision.notes == ()


def test_an_administrator_waits_for_people_and_a_reused_token_does_not() -> None:
    theft = alert(signal="token_theft", severity="high")
    assert decide(theft, ADMIN).rule == "administrators"
    assert decide(theft, ADMIN).mode is Mode.APPROVE
    reuse = alert(signal="token_theft", kind="app.oauth2.token.detect_reuse")
    assert decide(reuse, ADMIN).mode is Mode.AUTO


def test_roles_that_came_too_late_do_not_hold_back_a_revocation_and_are_told() -> None:
    decision = decide(alert(signal="token_theft", severity="high"), {UNKNOWN: (EVERYTHING,)})
    assert decision.mode is Mode.AUTO
    (note,) = decision.notes
    assert "administrators" in note
    assert "person.administrator is not known" in note


def test_a_generic_detector_of_ones_own_is_trusted_until_it_grades() -> None:
    assert decide(alert(), source=GENERIC).rule == "chosen-by-your-mapping"
    assert decide(alert(severity="medium"), source=GENERIC).mode is Mode.APPROVE


def test_a_consent_brings_its_parameters() -> None:
    values = decide(alert(signal="consent", severity="high")).parameters
    assert values == {"entra_consents": True, "entra_apps": True}


def test_every_shipped_rule_gives_a_reason_and_takes_something() -> None:
    assert len({rule.name for rule in SHIPPED.rules}) == len(SHIPPED.rules)
    assert all(len(rule.reason) > 40 for rule in SHIPPED.rules)
    assert SHIPPED.rules[-1].parts == ()


# --- what cannot be judged -----------------------------------------------------------------------

VIP = {"name": "vip", "when": "alert.details.vip == true", "playbook": "cm0080"}
REST = {"name": "rest", "playbook": "cm0080", "mode": "auto"}


@pytest.mark.parametrize("careful", ["ignore", "observe", "approve"])
def test_a_careful_rule_that_cannot_be_judged_leaves_it_to_people(careful: str) -> None:
    first = {**VIP, "mode": careful} | ({"playbook": None} if careful == "ignore" else {})
    decision = decide(alert(), table=made(first, REST))
    assert (decision.rule, decision.mode) == ("rest", Mode.APPROVE)
    (why,) = decision.waits
    assert "vip" in why
    assert "so people decide" in why


def test_a_rule_that_would_contain_and_cannot_be_judged_is_not_lost_to_one_that_ignores() -> None:
    first = {**VIP, "mode": "auto", "playbook": "cm0071", "parameters": {"okta_reset": False}}
    decision = decide(alert(), table=made(first, {"name": "quiet", "mode": "ignore"}))
    assert decision.mode is Mode.APPROVE
    assert (decision.playbook, decision.parameters) == ("cm0071", {"okta_reset": False})


def test_one_that_says_so_is_passed_over_and_noted() -> None:
    first = {**VIP, "mode": "approve", "if_unknown": "pass"}
    decision = decide(alert(), table=made(first, REST))
    assert decision.mode is Mode.AUTO
    assert decision.notes[0].endswith("it was passed over")


def test_what_no_rule_takes_is_proposed() -> None:
    nothing = made({"name": "never", "when": "alert.title == 'y'", "mode": "ignore"})
    decision = decide(alert(), table=nothing)
    assert (decision.rule, decision.playbook, decision.mode) == (NO_RULE, "cm0080", Mode.APPROVE)
    only_unknown = decide(alert(), table=made({**VIP, "mode": "auto"}))
    assert only_unknown.mode is Mode.APPROVE
    assert only_unknown.notes


@pytest.mark.parametrize(
    "condition",
    [
        "1 / 0 == 1",
        "alert.title",
        "alert.ips[3] == 'x'",
        "alert.title.matches('(')",
        "alert.title > 1",
    ],
)
def test_no_condition_makes_a_decision_fail(condition: str) -> None:
    decision = decide(
        alert(), table=made({"name": "odd", "when": condition, "mode": "ignore"}, REST)
    )
    assert decision.mode is Mode.APPROVE


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4), st.text(max_size=20))
def test_whatever_an_alert_says_it_is_decided(details: dict[str, Any], title: str) -> None:
    decision = decide(alert(details=details, title=title), explain=True)
    assert len(decision.others) == len(SHIPPED.rules) - 1


def test_half_a_character_is_no_obstacle() -> None:
    half = json.loads('"stolen \\ud800"')
    decision = decide(alert(details={half: [half]}, signal="mfa"))
    assert decision.rule == "mfa-tampered"


def test_a_false_part_decides_whatever_else_is_unknown() -> None:
    first = {**VIP, "when": "alert.details.vip && alert.severity == 'high'", "mode": "approve"}
    decision = decide(alert(severity="low"), table=made(first, REST))
    assert decision.mode is Mode.AUTO
    assert decision.others[0].cause == "false"


# --- the source's settings ------------------------------------------------------------------------


@pytest.mark.parametrize("most", list(Mode))
def test_the_more_careful_of_source_and_rule_holds(most: Mode) -> None:
    bounds = Bounds("siem", None, most)
    theft = decide(alert(signal="token_theft", severity="high"), bounds=bounds)
    assert theft.mode is most
    assert bool(theft.waits) == (most is not Mode.AUTO)
    observed = decide(alert(signal="token_theft", severity="informational"), bounds=bounds)
    assert observed.mode is Mode.OBSERVE


def test_a_source_with_a_playbook_of_its_own_is_a_rule_of_its_own() -> None:
    bounds = Bounds("siem", "cm0077", Mode.APPROVE)
    decision = decide(alert(signal="mfa", severity="low"), bounds=bounds, explain=True)
    assert (decision.rule, decision.playbook, decision.mode) == (
        "sources.siem", "cm0077", Mode.APPROVE,
    )  # fmt: skip
    assert {each.cause for each in decision.others} == {"behind"}


def test_what_is_polled_is_named_by_its_own_table_of_the_settings() -> None:
    bounds = Bounds("okta-log", None, Mode.APPROVE, polled=True)
    theft = decide(alert(signal="token_theft", severity="high"), bounds=bounds)
    assert theft.waits == ("pollers.okta-log.mode is approve, and goes no further",)


# --- explaining ----------------------------------------------------------------------------------


def test_every_other_rule_says_why_it_did_not_take_it() -> None:
    decision = decide(alert(signal="mail_rule", severity="high"), None, explain=True)
    others = {each.rule: each for each in decision.others}
    assert set(others) == {rule.name for rule in SHIPPED.rules} - {"mail-rule"}
    assert others["mfa-tampered"].why == (
        'alert.signal == "mfa" does not hold: alert.signal is "mail_rule"',
    )
    assert others["administrators"].cause == "unknown"
    assert others["consent"].why[0] == "stands behind mail-rule"
    assert others["anything-else"].holds is True


def test_a_decision_tells_no_session_and_no_token() -> None:
    secret = "sid-8f2c-very-secret"
    said = alert(session_ids=(secret,), token_ids=(secret,), signal="mfa")
    decision = decide(said, explain=True)
    assert secret not in repr(decision)
    assert secret not in str(facts.of_alert(said.model_dump(mode="json"), "siem", SIEM))


def test_what_is_kept_with_a_plan_is_the_same_decision() -> None:
    decision = decide(alert(signal="consent", severity="high"))
    assert kept(decision.document()).document() == decision.document()


# --- before anybody is looked up ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "sure"),
    [
        ({"kind": "user.session.context.change"}, True),
        ({"kind": "user.session.context.change", "severity": "high"}, False),
        ({"signal": "token_theft"}, False),
    ],
)
def test_nobody_is_looked_up_for_what_is_surely_ignored(said: dict[str, Any], sure: bool) -> None:
    told = facts.of_alert(alert(**said).model_dump(mode="json"), "siem", SIEM)
    found = SHIPPED.ignores(told, Bounds("siem", None, Mode.AUTO), facts.LATER)
    assert (found is not None) == sure


def test_it_is_not_sure_where_a_rule_before_speaks_of_the_person() -> None:
    table = made(
        {"name": "vip", "when": "has(person.administrator)", "playbook": "cm0080", "mode": "auto"},
        {"name": "quiet", "mode": "ignore"},
    )
    told = facts.of_alert(alert().model_dump(mode="json"), "siem", SIEM)
    assert table.ignores(told, Bounds("siem", None, Mode.AUTO), facts.LATER) is None


# --- what is known of a person -------------------------------------------------------------------


def _person(*accounts: Account, unreached: bool = False) -> dict[str, Any]:
    told = facts.of_person("contoso", TENANT, accounts, unreached)["person"]
    assert isinstance(told, dict)
    return told


def _in(system: str, **standing: Any) -> Account:
    return Account("contoso", system, f"{system}-id", "nora.lind", facts=standing)


def test_one_system_that_knows_a_role_is_enough_and_none_that_is_silent_is_an_answer() -> None:
    silent, plain = _in("okta", **{UNKNOWN: ("roles",)}), _in("entra", **NO_ROLES)
    assert "administrator" not in _person(silent, plain)
    role = [{"id": "SUPER_ADMIN", "name": "Super administrator"}]
    both = _person(_in("okta", roles=role), _in("entra", **{UNKNOWN: (EVERYTHING,)}))
    assert both["administrator"] is True
    assert "roles" not in both, "there may be more"
    assert _person(_in("okta", roles=role), plain)["roles"] == [
        "SUPER_ADMIN",
        "Super administrator",
    ]
    assert "administrator" not in _person(plain, unreached=True)


def test_every_signal_there_is_has_an_end() -> None:
    for signal in Signal:
        decision = decide(alert(signal=signal.value, severity="high"))
        assert decision.rule != NO_RULE


def test_the_shipped_file_has_no_fault() -> None:
    assert lint.faults(rules.shipped(), None) == []
