"""Graph's directory roles, the people in a group, and the tenant's domains: what tells administrators apart."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.answers import JsonObject, graph_not_found, graph_page
from simulator.entra_groups import ADMINISTRATORS, group_json
from simulator.entra_state import EntraUser
from simulator.graph_io import segment
from simulator.tenant import Tenant


@dataclass
class _Handlers:
    tenant: Tenant

    async def role_members(self, request: Request) -> Response:
        """Who has the role by himself: people and role-assignable groups."""
        key = segment(request, "role")
        if key != ADMINISTRATORS["id"]:
            raise graph_not_found(key)
        groups = [group for group in self.tenant.groups.values() if group.administrators]
        people = [user for user in self.tenant.entra_users() if user.admin]
        return self._page(request, [*map(_person, people), *map(group_json, groups)])

    async def group_members(self, request: Request) -> Response:
        key = segment(request, "group")
        if key not in self.tenant.groups:
            raise graph_not_found(key)
        members = self.tenant.seen(self.tenant.groups[key]).members
        people = [user for user in self.tenant.entra_users() if user.id in members]
        return self._page(request, [_person(user) for user in people])

    def _page(self, request: Request, items: list[JsonObject]) -> Response:
        wanted = request.query_params.get("$select", "")
        names = {"@odata.type", *(name.strip() for name in wanted.split(","))}
        shown = [{k: v for k, v in one.items() if not wanted or k in names} for one in items]
        return graph_page(request, "directoryObjects", shown, self.tenant.page_size)

    async def domains(self, request: Request) -> Response:
        names = {user.upn.rpartition("@")[2].lower() for user in self.tenant.entra_users()}
        items: list[JsonObject] = [
            {
                "id": name,
                "authenticationType": "Federated"
                if name in self.tenant.federated_domains
                else "Managed",
            }
            for name in sorted(names)
        ]
        return graph_page(request, "domains", items, self.tenant.page_size)


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page, relative to /v1.0 and /beta."""
    on = _Handlers(tenant)
    return [
        Route("/directoryRoles/{role}/members", on.role_members, methods=["GET"]),
        Route("/groups/{group}/members", on.group_members, methods=["GET"]),
        Route("/domains", on.domains, methods=["GET"]),
    ]


def _person(user: EntraUser) -> JsonObject:
    return {
        "@odata.type": "#microsoft.graph.user",
        "id": user.id,
        "displayName": user.display_name,
        "userPrincipalName": user.upn,
        "accountEnabled": user.account_enabled,
    }
