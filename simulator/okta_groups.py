"""Okta's groups: read one, and let a user in or out."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import OktaError, not_found, okta_page, origin
from simulator.okta_belongings import Group
from simulator.okta_io import segment, target, transaction
from simulator.okta_state import OktaUser
from simulator.tenant import Tenant


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def group(self, request: Request) -> Group:
        group_id = segment(request, "group")
        for group in self.tenant.okta_groups:
            if group.id == group_id:
                return group
        raise not_found(group_id, "UserGroup")

    async def get_group(self, request: Request) -> Response:
        return JSONResponse(self.group(request).to_json(origin(request)))

    async def list_groups(self, request: Request) -> Response:
        user = self.tenant.seen(target(self.tenant, request))
        items = [g.to_json(origin(request)) for g in self.tenant.okta_groups if g.id in user.groups]
        return okta_page(request, items, limit=200, most=200, page_size=self.tenant.page_size)

    def changeable(self, request: Request) -> tuple[Group, OktaUser]:
        group, user = self.group(request), target(self.tenant, request)
        if group.kind != "OKTA_GROUP":
            raise OktaError(403, "E0000006", "You do not have permission to do this.")
        return group, user

    async def join(self, request: Request) -> Response:
        group, user = self.changeable(request)
        if group.id not in user.groups:
            with self.tenant.change(user):
                user.groups.append(group.id)
            self.log("group.user_membership.add", user, request)
        return Response(status_code=204)

    async def leave(self, request: Request) -> Response:
        group, user = self.changeable(request)
        if group.id in user.groups:
            with self.tenant.change(user):
                user.groups.remove(group.id)
            self.log("group.user_membership.remove", user, request)
        return Response(status_code=204)

    def log(self, event: str, user: OktaUser, request: Request) -> None:
        self.tenant.okta_event(event, user, transaction=transaction(request))


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page."""
    on = _Handlers(tenant)
    group = "/api/v1/groups/{group}"
    return [
        Route("/api/v1/users/{user}/groups", on.list_groups, methods=["GET"]),
        Route(group, on.get_group, methods=["GET"]),
        Route(f"{group}/users/{{user}}", on.join, methods=["PUT"]),
        Route(f"{group}/users/{{user}}", on.leave, methods=["DELETE"]),
    ]
