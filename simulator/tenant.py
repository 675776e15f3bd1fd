"""The fake product as one state object: three directories, their policies and their logs."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from simulator import auth0_events, okta_belongings
from simulator.access_policies import AccessPolicy
from simulator.auth0_state import Auth0User
from simulator.entra_belongings import Consent
from simulator.entra_sign_ins import SignIn
from simulator.entra_state import EntraUser, PassPolicy
from simulator.exchange_state import Exchange, Mailbox
from simulator.ids import guid, okta_id
from simulator.logbook import OUR_APP_ID, Affected, Changes, audit_json, event_json
from simulator.okta_objects import OktaObject
from simulator.okta_scene import Scene
from simulator.okta_state import Factor, OktaUser
from simulator.payroll_state import Payroll, Trust
from simulator.records import Application, Findings, Group, LifetimePolicy, Person

TENANT_ID = guid("tenant", "contoso.com")
P2 = "AAD_PREMIUM_P2"
OKTA_ORG_ID = okta_id("00o", "contoso")
RecordT = TypeVar(
    "RecordT", EntraUser, OktaUser, Auth0User, Application, Group, AccessPolicy, OktaObject, Mailbox
)


class Tenant:
    """All state of the practice tenant, its settings, and the ways to look things up.

    Every change from outside the server should hold `lock`. `change` marks a write: it keeps
    what readers still see while `read_lag_s` lasts, and counts `revision`.
    """

    def __init__(self, populate: Callable[[Tenant], None]) -> None:
        """Build the tenant and let `populate` move the people in."""
        self.lock = threading.RLock()
        self.secret = b"simulated-signing-secret"
        self._populate = populate
        self.reset()

    def reset(self) -> None:
        """Back to the first day: settings, people, policies and logs."""
        with self.lock:
            self._as_set_up()
            self.clock_offset_s = 0.0
            self.revision = 0
            self.people: dict[str, Person] = {}
            self.applications: list[Application] = []
            self.tenant_wide_consents: list[Consent] = []
            self.policies: dict[str, LifetimePolicy] = {}
            self.groups: dict[str, Group] = {}
            self.access_policies: dict[str, AccessPolicy] = {}
            # By part number, with capabilityStatus: risky users are a matter of the P2 licence.
            self.subscriptions = {"ENTERPRISEPACK": "Enabled", P2: "Enabled"}
            # The sign-in log is a matter of the P1 licence.
            self.sign_ins_licensed = True
            self.audits: list[dict[str, Any]] = []
            self.exchange = Exchange()
            self.sign_ins: list[dict[str, Any]] = []
            self.findings = Findings()
            self.okta_groups: list[okta_belongings.Group] = []
            self.okta_events: list[dict[str, Any]] = []
            # When an event was stored that came late, by its uuid; the others were as they happened.
            self.okta_late: dict[str, float] = {}
            self.auth0_events: list[dict[str, Any]] = []
            self.auth0_noted: dict[tuple[str, ...], float] = {}
            self.okta_zones: dict[str, OktaObject] = {}
            self.okta_policies: dict[str, OktaObject] = {}
            self.okta_rules: dict[str, OktaObject] = {}
            # Whose signals Okta takes, once a security events provider is registered; what it took.
            self.okta_trust: Trust | None = None
            self.okta_signals: list[dict[str, Any]] = []
            self.payroll = Payroll()
            self._history: dict[str, list[tuple[float, Any]]] = {}
            self._populate(self)

    def _as_set_up(self) -> None:
        """Put back what can be set."""
        self.graph_api_token = "simulated-graph-token"  # noqa: S105
        self.okta_api_token = "simulated-okta-token"  # noqa: S105
        self.auth0_api_token = "simulated-auth0-token"  # noqa: S105
        self.auth0_client_id = "simulatedAuth0Client"
        self.auth0_client_secret = "simulated-auth0-secret"  # noqa: S105
        self.latency_s = 0.0
        self.read_lag_s = 0.0
        self.audit_lag_s = 0.0
        self.signin_lag_s = 0.0
        self.page_size: int | None = None
        self.access_token_s = 75 * 60.0
        self.okta_rate_limit = 600
        # Whose the API token is, as a user id; without it a worker's account of its own.
        self.okta_token_owner: str | None = None
        # Domains whose passwords an identity provider outside Entra checks.
        self.federated_domains: set[str] = set()
        # Whether a suspended or recovering user's refresh token is still redeemed is not
        # documented; off means refused while the status lasts, and alive again after it.
        self.okta_inactive_may_refresh = False
        # Kinds of factors that the enrolment policy does not allow as seen from our network:
        # listFactors leaves them out, though they work from elsewhere.
        self.okta_unlisted_factors: list[str] = []
        self.auth0_rate_limit = 600
        # Sessions and refresh tokens are managed on this plan only.
        self.auth0_plan = "enterprise"
        # Whether a blocked user's refresh token is still redeemed is not documented either.
        self.auth0_blocked_may_refresh = False
        self.app_roles = {"User Administrator"}
        # The client id of whoever calls Graph, as the audit log names it.
        self.calling_app_id = OUR_APP_ID
        self.pass_policy = PassPolicy()

    def copy(self) -> Tenant:
        """An independent copy, with a lock of its own."""
        with self.lock:
            twin = Tenant.__new__(Tenant)
            state = {k: v for k, v in self.__dict__.items() if k not in ("lock", "_populate")}
            twin.__dict__.update(copy.deepcopy(state))
            twin.lock, twin._populate = threading.RLock(), self._populate
            return twin

    # -- time ---------------------------------------------------------------------------

    def now(self) -> float:
        """The tenant's clock in epoch seconds."""
        return time.time() + self.clock_offset_s

    def advance(self, seconds: float) -> None:
        """Let time pass in the tenant without waiting for it."""
        self.clock_offset_s += seconds

    # -- writes and what readers see of them ----------------------------------------------

    @contextmanager
    def change(
        self,
        record: EntraUser
        | OktaUser
        | Auth0User
        | Application
        | Group
        | AccessPolicy
        | OktaObject
        | Mailbox,
    ) -> Iterator[None]:
        """Around every write to a record; readers keep the old picture for read_lag_s."""
        with self.lock:
            if self.read_lag_s > 0:
                past = self._history.setdefault(_place(record), [])
                past.append((self.now(), copy.deepcopy(record)))
            yield
            self.revision += 1

    def seen(self, record: RecordT) -> RecordT:
        """The record as the directory's readers see it now: the state of read_lag_s ago."""
        horizon = self.now() - self.read_lag_s
        past = self._history.get(_place(record), [])
        while past and past[0][0] <= horizon:
            past.pop(0)
        return past[0][1] if past else record

    # -- people ------------------------------------------------------------------------

    def add(self, person: Person) -> Person:
        """Move a person in."""
        self.people[person.key] = person
        return person

    def person(self, name: str) -> Person:
        """By key, UPN, login or id in any system; KeyError when there is nobody."""
        wanted = name.casefold()
        for person in self.people.values():
            names = [person.key, person.upn]
            names += [person.entra.id, person.entra.upn] if person.entra else []
            names += [person.okta.id, person.okta.login] if person.okta else []
            names += [person.auth0.id] if person.auth0 else []
            if wanted in (n.casefold() for n in names):
                return person
        raise KeyError(name)

    def entra_user(self, key: str) -> EntraUser | None:
        """By object id or UPN, as Graph's /users/{id} takes it."""
        wanted = key.casefold()
        return next((u for u in self.entra_users() if wanted in (u.id, u.upn.casefold())), None)

    def entra_users(self) -> list[EntraUser]:
        """All users of the directory."""
        return [p.entra for p in self.people.values() if p.entra]

    def okta_user(self, key: str) -> OktaUser | None:
        """By id, login, or the login's local part where only one user has it."""
        users, wanted = self.okta_users(), key.casefold()
        for user in users:
            if key == user.id or wanted == user.login.casefold():
                return user
        short = [u for u in users if u.login.casefold().rpartition("@")[0] == wanted]
        return short[0] if len(short) == 1 else None

    def okta_users(self) -> list[OktaUser]:
        """All users of the org."""
        return [p.okta for p in self.people.values() if p.okta]

    def auth0_user(self, user_id: str) -> Auth0User | None:
        """By id; Auth0 knows no other name in a path."""
        return next((user for user in self.auth0_users() if user.id == user_id), None)

    def auth0_users(self) -> list[Auth0User]:
        """All users of the Auth0 tenant."""
        return [p.auth0 for p in self.people.values() if p.auth0]

    # -- token lifetimes ---------------------------------------------------------------

    def access_token_lifetime(self, user: EntraUser, client_id: str) -> float:
        """Seconds a new access token lives.

        The organization's default wins over the app's own policy
        (entra-docs, configurable-token-lifetimes.md).
        """
        application = next((a for a in self.applications if a.app_id == client_id), None)
        chosen = [p for p in self.policies.values() if p.organization_default]
        if application:
            assigned = application.application_policies + application.service_principal_policies
            chosen += [self.policies[i] for i in assigned if i in self.policies]
        policy_s = next((p.access_token_s for p in chosen if p.access_token_s), None)
        return policy_s or user.token_lifetime_s or self.access_token_s

    def keeps_out(self, user: EntraUser, app_id: str) -> bool:
        """Whether a Conditional Access policy blocks this user's sign-in to this app."""
        groups = [group.id for group in self.groups.values() if user.id in group.members]
        return any(
            policy.blocks(user.id, groups, app_id, guest=user.guest)
            for policy in self.access_policies.values()
        )

    # -- logs --------------------------------------------------------------------------

    def audit(
        self,
        activity: str,
        target: EntraUser | Affected,
        *,
        service: str = "Core Directory",
        by_user: EntraUser | None = None,
        at: float | None = None,
        reason: str = "",
        changes: Changes | None = None,
        ip: str = "",
    ) -> None:
        """Write one directoryAudit; without `by_user` whoever calls Graph did it."""
        moment = self.now() if at is None else at
        n = len(self.audits)
        self.audits.append(
            audit_json(
                n,
                moment,
                activity,
                target,
                service=service,
                by=by_user or self.calling_app_id,
                reason=reason,
                changes=changes or {},
                ip=ip,
            )
        )

    def sign_in(self, sign_in: SignIn, at: float | None = None) -> None:
        """Write one line of Entra's sign-in log."""
        moment = self.now() if at is None else at
        self.sign_ins.append(sign_in.to_json(len(self.sign_ins), moment))

    def okta_event(
        self,
        event_type: str,
        target: OktaUser,
        *,
        transaction: str,
        by: OktaUser | None = None,
        at: float | None = None,
        debug: dict[str, str] | None = None,
        scene: Scene | None = None,
        late: bool = False,
        enrolment: Factor | None = None,
    ) -> None:
        """Write one System Log event; without `by` the API token's owner is the actor.

        ``late``: it happened at ``at`` and was stored only now. ``enrolment``: the factor it is about.
        """
        moment = self.now() if at is None else at
        n = len(self.okta_events)
        event = event_json(
            n, moment, event_type, target, transaction, by,
            debug=debug or {}, scene=scene, enrolment=enrolment,
        )  # fmt: skip
        self.okta_events.append(event)
        if late:
            self.okta_late[event["uuid"]] = self.now()

    def auth0_event(
        self,
        event_type: str,
        user: Auth0User | None,
        *,
        scene: Scene,
        client: str | None = None,
        at: float | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        """Write one tenant log event; `user` is who did it, None for a machine or nobody known."""
        moment = self.now() if at is None else at
        n = len(self.auth0_events)
        event = auth0_events.event_json(n, moment, event_type, user, scene, client, details or {})
        self.auth0_events.append(event)


def _place(record: Any) -> str:  # noqa: ANN401 - any record
    """Where a record's history is kept: a mailbox has its owner's id."""
    return f"{type(record).__name__}/{record.id}"
