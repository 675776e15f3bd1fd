"""Graph's groups: what they are, who is a member, adding and removing one."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import GraphError, JsonObject, context, graph_not_found, graph_page
from simulator.graph_io import body_of, segment, target
from simulator.ids import guid
from simulator.records import Group
from simulator.tenant import Tenant

# The role template of Global Administrator (Entra, built-in roles): the same in every tenant.
ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
ADMINISTRATORS: JsonObject = {
    "@odata.type": "#microsoft.graph.directoryRole",
    "id": guid("directoryRole", "administrator"),
    "displayName": "Global Administrator",
    "roleTemplateId": ADMINISTRATOR,
}
_RESTRICTED_UNIT: JsonObject = {
    "@odata.type": "#microsoft.graph.administrativeUnit",
    "id": guid("administrativeUnit", "restricted"),
    "displayName": "Executives",
    "isMemberManagementRestricted": True,
}


@dataclass
class _Handlers:
    tenant: Tenant

    def found(self, request: Request) -> Group:
        key = segment(request, "group")
        if key not in self.tenant.groups:
            raise graph_not_found(key)
        return self.tenant.groups[key]

    async def read(self, request: Request) -> Response:
        shown = group_json(self.found(request))
        return JSONResponse({"@odata.context": context(request, "groups/$entity"), **shown})

    async def member_of(self, request: Request) -> Response:
        user = target(self.tenant, request)
        items = [
            group_json(group)
            for group in self.tenant.groups.values()
            if user.id in self.tenant.seen(group).members
        ]
        return graph_page(request, "directoryObjects", items, self.tenant.page_size)

    async def inherited(self, request: Request) -> Response:
        """Groups, and the groups they are in; an administrator's role and a restricted unit, too."""
        user, found = target(self.tenant, request), dict[str, Group]()
        wanted = {user.id}
        while wanted:
            groups = [self.tenant.seen(group) for group in self.tenant.groups.values()]
            above = {group.id: group for group in groups if wanted & set(group.members)}
            wanted = set(above) - set(found)
            found |= above
        items = [group_json(group) for group in found.values()]
        if user.admin or any(group.administrators for group in found.values()):
            items.append(ADMINISTRATORS)
        if user.restricted:
            items.append(_RESTRICTED_UNIT)
        return graph_page(request, "directoryObjects", items, self.tenant.page_size)

    async def add(self, request: Request) -> Response:
        group, body = self.found(request), await body_of(request)
        if "DynamicMembership" in group.types:
            raise GraphError(400, "Request_BadRequest", "Insufficient privileges: a dynamic group.")
        key = str(body.get("@odata.id")).rpartition("/")[2]
        user = self.tenant.entra_user(key)
        if user is None:
            raise graph_not_found(key)
        if user.id in group.members:
            message = "One or more added object references already exist for: 'members'."
            raise GraphError(400, "Request_BadRequest", message)
        with self.tenant.change(group):
            group.members.append(user.id)
        return Response(status_code=204)

    async def remove(self, request: Request) -> Response:
        group, key = self.found(request), segment(request, "member")
        if key not in group.members:
            raise graph_not_found(key)
        with self.tenant.change(group):
            group.members.remove(key)
        return Response(status_code=204)


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page, relative to /v1.0 and /beta."""
    on = _Handlers(tenant)
    return [
        Route("/groups/{group}", on.read, methods=["GET"]),
        Route("/groups/{group}/members/$ref", on.add, methods=["POST"]),
        Route("/groups/{group}/members/{member}/$ref", on.remove, methods=["DELETE"]),
        Route("/users/{user}/memberOf", on.member_of, methods=["GET"]),
        Route("/users/{user}/transitiveMemberOf", on.inherited, methods=["GET"]),
    ]


def group_json(group: Group) -> JsonObject:
    """A group as the directory shows it."""
    return {
        "@odata.type": "#microsoft.graph.group",
        "id": group.id,
        "displayName": group.name,
        "groupTypes": group.types,
        "securityEnabled": True,
        "isAssignableToRole": group.role_assignable or None,
        "onPremisesSyncEnabled": True if group.synced else None,
    }
