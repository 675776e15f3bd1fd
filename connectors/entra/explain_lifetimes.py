"""What really decides how long a user's tokens and sessions last: policies, Conditional Access, defaults.

Nothing is changed. What could not be read is told as unknown, exactly that and no more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import asdict, dataclass
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from connectors import errors
from connectors.action import ActionSpec, Impact, Observation, Outcome, Target, Verdict
from connectors.entra import access_policies, apps, ids, lasting, retired_lifetimes, users
from connectors.entra.access_scope import App, Subject
from connectors.entra.action import EntraAction
from connectors.entra.assignments import Assignments
from connectors.entra.client import Request
from connectors.reading import Reading

Json = dict[str, Any]
T = TypeVar("T")

_APP = "the app"
_POLICIES = "the tenant's token lifetime policies"
_ACCESS = "Conditional Access policies"
_CAE = "continuous access evaluation in Conditional Access (beta)"
_MEMBER = "the user's groups and roles"
_REFUSALS = (errors.Forbidden, errors.NotFound, errors.Invalid, errors.Refused)
_PLACES = ("applications", "servicePrincipals")


def _app_id(value: str) -> str:
    if not ids.is_object_id(value):
        raise ValueError("an application (client) id is a GUID")
    return value.lower()


class ExplainParameters(BaseModel):
    """Which app."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    app_id: Annotated[str, AfterValidator(_app_id)] | None = Field(
        None,
        description="the application (client) id of the app that is used; without it any app",
    )


@dataclass(slots=True)
class _Found:
    """The app as the tenant knows it, and the policies assigned to it."""

    name: str
    microsoft: bool | None
    single_page: bool | None
    policies: list[Json] | None


class ExplainTokenLifetimes(Reading, EntraAction[ExplainParameters]):
    """Says what holds for a user and an app, and why."""

    spec: ClassVar[ActionSpec] = ActionSpec(
        name="entra.explain_token_lifetimes",
        system="entra",
        title="Explain how long tokens and sessions last",
        countermeasure="CM0080",
        impact=Impact.NONE,
        reversible=False,
        attack=("T1550.001",),
        permissions=("Policy.Read.All", "Directory.Read.All", "User.Read.All"),
        parameters=ExplainParameters,
    )

    async def observe(self, target: Target) -> Observation:
        """Read what decides it.

        Returns:
            The rows and the policies they come from, with a verdict: ``already``, or ``unverifiable``
            where something could not be read.

        Raises:
            errors.Forbidden: neither token lifetime policies nor Conditional Access may be read.
        """
        user = await self._user(target)
        unknown: list[Json] = []
        graph = Assignments(self._client, self._change, "the permission Policy.Read.All")
        tenant, access, beta, member = await asyncio.gather(
            _or_unknown(graph.everything(), _POLICIES, unknown),
            _or_unknown(access_policies.policies(self._client), _ACCESS, unknown),
            _or_unknown(
                access_policies.policies(self._client, beta=True),
                _CAE,
                unknown,
                # Beta is no service to rely on: it holds nothing up, whatever it answers.
                errors.ConnectorError,
            ),
            _or_unknown(access_policies.member_of(self._client, target.id), _MEMBER, unknown),
        )
        if tenant is None and access is None:
            raise errors.Forbidden(
                "neither token lifetime policies nor Conditional Access can be read",
                remedy="Grant Rescind's application the permission Policy.Read.All.",
            )
        found = await self._app(graph, unknown)
        app = App(self._parameters.app_id, found.microsoft) if self._parameters.app_id else None
        groups, roles = access_policies.told_apart(member) if member is not None else (None, None)
        if member is not None and roles is None:
            unknown.append({"what": "which roles the user has", "why": "Graph names none of them"})
        subject = Subject(target.id, users.is_guest(user), groups, roles)
        modes = access_policies.modes(beta) if beta is not None else None
        told = None if access is None else access_policies.controls(access, modes, subject, app)
        defaults = [p for p in tenant or () if p.get("isOrganizationDefault") is True]
        rows = lasting.rows(
            lasting.Facts(
                guest=subject.guest,
                tenant=None if tenant is None else defaults,
                app=found.policies,
                others=() if app else [p for p in tenant or () if p not in defaults],
                controls=told,
                cae_read=modes is not None,
                single_page=found.single_page,
            )
        )
        retired = _retired(defaults, found.policies or (), tenant or (), with_app=app is not None)
        snapshot: Json = {
            "user": {
                "id": target.id,
                "name": user.get("userPrincipalName"),
                "guest": subject.guest,
            },
            "app": {"id": self._parameters.app_id, "name": found.name} if app else None,
            "rows": [asdict(row) for row in rows],
            "policies": [_told(p) for p in (*defaults, *(found.policies or ()))],
            "conditional_access": told,
            "retired": retired,
            "older_defaults": retired_lifetimes.older_defaults(),
            "unknown": sorted(unknown, key=lambda each: str(each["what"])),
        }
        return Observation(snapshot, verdict=_verdict(rows, snapshot))

    async def _app(self, graph: Assignments, unknown: list[Json]) -> _Found:
        if self._parameters.app_id is None:
            return _Found("any app", None, None, [])
        found = [
            await _or_unknown(self._objects(kind), f"{_APP}'s {kind}", unknown) for kind in _PLACES
        ]
        registered, principals = found
        policies: list[Json] | None = []
        for kind, objects in zip(_PLACES, found, strict=True):
            for each in objects or ():
                place = {"kind": kind, "id": each["id"], "name": each.get("displayName")}
                read = graph.assigned(place)
                held = await _or_unknown(read, f"the policies of {_APP} ({kind})", unknown)
                policies = None if held is None or policies is None else [*policies, *held]
        if None in found:
            policies = None
        if registered == [] and principals == []:
            unknown.append({"what": _APP, "why": f"the tenant knows no {self._parameters.app_id}"})
        one: Json = next(iter((*(registered or ()), *(principals or ()))), {})
        owner = next((e.get("appOwnerOrganizationId") for e in principals or ()), None)
        addresses = [(each.get("spa") or {}).get("redirectUris") for each in registered or ()]
        return _Found(
            name=str(one.get("displayName") or self._parameters.app_id),
            microsoft=False if registered else _microsoft(owner),
            single_page=any(addresses) if registered else None,
            policies=policies,
        )

    async def _objects(self, kind: str) -> list[Json]:
        more = "spa" if kind == "applications" else "appOwnerOrganizationId"
        request = Request(
            "GET",
            f"/{kind}",
            lambda graph, _: (
                graph.applications if kind == "applications" else graph.service_principals
            ),
            query={
                "filter": f"appId eq '{self._parameters.app_id}'",
                "select": f"id,appId,displayName,{more}",
            },
            needs="the permission Application.Read.All or Directory.Read.All",
        )
        # A filter that somebody on the way dropped would name every app: compared again.
        wanted = self._parameters.app_id
        return [e for e in await self._client.items(request) if str(e["appId"]).lower() == wanted]


async def _or_unknown(
    read: Awaitable[T],
    what: str,
    unknown: list[Json],
    *kinds: type[errors.ConnectorError],
) -> T | None:
    """What was read, or None where it may not be: noted, and nothing else is held up by it."""
    expected: tuple[type[errors.ConnectorError], ...] = (*_REFUSALS, *kinds)
    try:
        return await read
    except expected as error:
        unknown.append({"what": what, "why": str(error), "remedy": error.remedy})
        return None


def _microsoft(owner: object) -> bool | None:
    return None if owner is None else str(owner).lower() in apps.MICROSOFT


def _told(policy: Json) -> Json:
    names = ("id", "displayName", "definition", "isOrganizationDefault")
    return {name: policy.get(name) for name in names}


def _retired(
    defaults: list[Json],
    of_app: list[Json] | tuple[()],
    tenant: list[Json] | tuple[()],
    *,
    with_app: bool,
) -> list[Json]:
    held = {str(policy.get("id")) for policy in (*defaults, *of_app)}
    rest = [] if with_app else [p for p in tenant if str(p.get("id")) not in held]
    return [
        each
        for policies, whose in (
            (defaults, "the organization"),
            (of_app, _APP),
            (rest, "some app, or none"),
        )
        for policy in policies
        for each in retired_lifetimes.found(policy, whose)
    ]


def _verdict(rows: tuple[lasting.Row, ...], snapshot: Json) -> Verdict:
    app, user = snapshot["app"], snapshot["user"]["name"]
    whose = f"{user} in {app['name'] if app else 'any app'}"
    said = [*lasting.verdict(rows, whose, snapshot["retired"])]
    known = all(row.known for row in rows) and not snapshot["unknown"]
    if known:
        return Verdict(Outcome.OBSERVED, "; ".join(said))
    missing = dict.fromkeys(str(each["what"]) for each in snapshot["unknown"])
    missing |= dict.fromkeys(row.what for row in rows if not row.known)
    return Verdict(Outcome.UNVERIFIABLE, f"{'; '.join(said)}; unknown: {', '.join(missing)}")
