"""What each action finds in the practice tenant, and where the right outcome is not the rule's.

The practice victim has something of the thief's for most actions. An action that needs more, or has to
have its parameters (tests/needed.py), or for good reasons ends otherwise, says so here.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import needed
import payroll_app

from connectors.action import ActionSpec, Impact
from connectors.clock import spell
from simulator import exchange_story, footholds, okta_policies
from simulator.footholds import ARCHIVER, REPORTS
from simulator.okta_scene import THIEF
from simulator.okta_state import OktaUser, Status
from simulator.people import LINE_APP, VICTIM
from simulator.records import Person
from simulator.tenant import Tenant
from tasks.systems import SPECS

Prepare = Callable[[Tenant], None]


def leave(tenant: Tenant) -> None:
    """Delete the victim everywhere."""
    person = tenant.people.pop(VICTIM)
    for group in tenant.groups.values():
        group.members = [one for one in group.members if person.entra and one != person.entra.id]


@dataclass(frozen=True)
class Scene:
    """How the tenant stands before the action, and what of it the action is aimed at.

    ``prepare`` gives it something to do. ``parameters`` are the action's. ``ends`` is how it ends where
    all goes well, if not ``verified``, or ``observed`` where it only reads. ``vanishes`` takes away what
    it is aimed at. ``shows`` tells whether what it does is to be seen in the practice tenant.
    """

    prepare: Prepare = lambda _: None
    parameters: Mapping[str, Any] | Callable[[], Mapping[str, Any]] = field(default_factory=dict)
    ends: str = ""
    vanishes: Prepare = leave
    shows: bool = True


def _person(tenant: Tenant) -> Person:
    return tenant.person(VICTIM)


def _entra(**state: Any) -> Prepare:
    return lambda tenant: vars(_person(tenant).entra).update(state)


def _okta(tenant: Tenant) -> OktaUser:
    user = _person(tenant).okta
    assert user is not None
    return user


def _suspended(tenant: Tenant) -> None:
    _okta(tenant).status = Status.SUSPENDED


def _blocked(tenant: Tenant) -> None:
    vars(_person(tenant).auth0).update(blocked=True)


def _one_more(system: str, things: str) -> Prepare:
    """Let the thief have left two of a kind, the last and another like it."""

    def prepare(tenant: Tenant) -> None:
        held = getattr(getattr(_person(tenant), system), things)
        another = copy.deepcopy(held[-1])
        another.id = another.id[:3] + another.id[3:].translate(_ANOTHER)
        held.append(another)

    return prepare


#: What makes an id another's, and leaves its prefix and form.
_ANOTHER = str.maketrans("0123456789", "1234567890")


def _rules_off(tenant: Tenant) -> None:
    _one_more("entra", "rules")(tenant)
    for rule in vars(_person(tenant).entra)["rules"]:
        rule.enabled = False


def _seen_by_okta(tenant: Tenant) -> None:
    """Let the log tell where our own requests come from."""
    tenant.okta_event("user.session.clear", _okta(tenant), transaction="ours")


def _contained(tenant: Tenant) -> None:
    _suspended(tenant)
    tenant.okta_event("user.lifecycle.suspend", _okta(tenant), transaction="ours")
    tenant.advance(1)


def _without_app(name: str) -> Prepare:
    def vanish(tenant: Tenant) -> None:
        tenant.applications = [app for app in tenant.applications if app.display_name != name]

    return vanish


def _without_rule(rule_id: str) -> Prepare:
    return lambda tenant: vars(tenant)["okta_rules"].pop(rule_id)


def _without_our_zone(tenant: Tenant) -> None:
    for zone_id, zone in list(tenant.okta_zones.items()):
        if zone.body["name"] == "Rescind blocked":
            del tenant.okta_zones[zone_id]


def _widened(tenant: Tenant) -> None:
    user, (app, resource) = _person(tenant).entra, tenant.applications[:2]
    assert user is not None
    footholds.widen(tenant, user, app, resource, "Mail.Read", tenant.now() - 180)


def _from_now() -> Mapping[str, Any]:
    """The time at which the person is taken to have been contained."""
    return {"since": spell(datetime.now(UTC))}


def _mailbox(tenant: Tenant) -> None:
    exchange_story.break_in(tenant, VICTIM)


def _two_ways_in(tenant: Tenant) -> None:
    """Leave two of the four kinds of access, each read and taken by its own cmdlet: all take a minute."""
    exchange_story.break_in(tenant, VICTIM)
    user = _person(tenant).entra
    assert user is not None
    box = tenant.exchange.mailbox(user.id)
    box.send_as.clear()
    box.send_on_behalf.clear()


#: By the action's name. An action that is not named here finds the victim as she is, and needs no
#: parameters, or those of tests/needed.py.
SCENES: Mapping[str, Scene] = {
    "entra.disable_inbox_rules": Scene(_one_more("entra", "rules")),
    "entra.delete_inbox_rules": Scene(_rules_off),
    "entra.remove_auth_methods": Scene(_one_more("entra", "methods")),
    "entra.revoke_consents": Scene(_widened),
    "entra.disable_devices": Scene(_one_more("entra", "devices")),
    "entra.dismiss_risk": Scene(_entra(risk_state="confirmedCompromised")),
    "entra.enable_user": Scene(_entra(account_enabled=False)),
    "entra.disable_service_principal": Scene(vanishes=_without_app(ARCHIVER.display_name)),
    "entra.remove_app_credentials": Scene(vanishes=_without_app(REPORTS.display_name)),
    "entra.shorten_token_lifetime": Scene(vanishes=_without_app(LINE_APP.display_name)),
    "entra.watch": Scene(_rules_off, _from_now),
    "okta.revoke_api_tokens": Scene(_one_more("okta", "api_tokens")),
    "okta.remove_factors": Scene(_one_more("okta", "factors")),
    "okta.suspend_devices": Scene(_one_more("okta", "devices")),
    "okta.unsuspend_user": Scene(_suspended),
    "okta.reset_factors": Scene(_suspended),
    "okta.block_network": Scene(_seen_by_okta, {"ips": [THIEF.ip]}, vanishes=_without_our_zone),
    "okta.shorten_session_lifetime": Scene(vanishes=_without_rule(okta_policies.QUARANTINE_RULE)),
    "okta.shorten_token_lifetime": Scene(vanishes=_without_rule(okta_policies.ACCESS_RULE)),
    "okta.watch": Scene(_contained),
    "auth0.unblock_user": Scene(_blocked),
    "auth0.forget_browsers": Scene(ends="accepted"),
    "auth0.watch": Scene(parameters=_from_now),
    "auth0.revoke_grants": Scene(_one_more("auth0", "grants")),
    "exchange.remove_forwarding": Scene(_mailbox),
    "exchange.disable_hidden_rules": Scene(_mailbox),
    "exchange.remove_delegates": Scene(_two_ways_in, {"trustees": [exchange_story.ACCOMPLICE]}),
    "exchange.remove_mobile_devices": Scene(_mailbox),
    "exchange.review_transport_rules": Scene(_mailbox, ends="manual"),
    "signals.session_revoked": Scene(payroll_app.trust, ends="accepted"),
    "signals.credential_compromise": Scene(payroll_app.trust, ends="accepted", shows=False),
    "signals.global_token_revocation": Scene(payroll_app.trust, ends="accepted"),
}


#: Where a system has no service of its own name: the app that is told.
_SERVICES = {"signals": "payroll"}


@dataclass(frozen=True)
class Row:
    """One action, or the undoing of it. ``variant`` tells apart those with other parameters."""

    spec: ActionSpec
    undo: bool = False
    variant: str = ""
    other: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{'undo ' if self.undo else ''}{self.spec.name}{self.variant}"

    @property
    def seen_at(self) -> str:
        """Which service of the practice tenant its requests arrive at."""
        return _SERVICES.get(self.spec.system, self.spec.system)

    @property
    def reads_only(self) -> bool:
        return self.spec.impact is Impact.NONE

    @property
    def scene(self) -> Scene:
        return SCENES.get(self.spec.name, Scene())

    @property
    def ends(self) -> str:
        """How it ends where all goes well."""
        return self.scene.ends or ("observed" if self.reads_only else "verified")

    @property
    def parameters(self) -> Mapping[str, Any]:
        own = self.scene.parameters
        known = own() if callable(own) else own
        return {**(known or needed.PARAMETERS.get(self.spec.name, {})), **self.other}


def _variants(spec: ActionSpec) -> tuple[Row, ...]:
    """The same action, where it makes a secret for a person only if it is told to."""
    if "hand_over" not in spec.parameters.model_fields:
        return ()
    return (Row(spec, variant=", handed over", other={"hand_over": True}),)


def _rows() -> Iterator[Row]:
    for spec in SPECS.values():
        yield Row(spec)
        yield from _variants(spec)
        if spec.reversible:
            yield Row(spec, undo=True)


ROWS: Mapping[str, Row] = {row.name: row for row in _rows()}
