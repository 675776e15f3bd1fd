"""What every Graph route needs: the target, the body, the filter, the permission."""

from __future__ import annotations

import json
from urllib.parse import unquote

from starlette.requests import Request

from simulator.answers import GraphError, JsonObject, graph_not_found
from simulator.entra_state import EntraUser
from simulator.filters import BadFilterError, compile_filter
from simulator.tenant import Tenant

USER_ROLE = "User Administrator"
ADMIN_ROLE = "Privileged Authentication Administrator"
_SYNCED = (
    "Unable to update the specified properties for on-premises mastered Directory Sync objects "
    "or objects currently undergoing migration."
)


def segment(request: Request, name: str) -> str:
    """A path parameter, percent-decoded (rule ids end in `==`, UPNs hold `#` and `'`)."""
    return unquote(request.path_params[name])


def target(tenant: Tenant, request: Request) -> EntraUser:
    """The live user the path names; 404 when there is none."""
    key = segment(request, "user")
    user = tenant.entra_user(key)
    if user is None:
        raise graph_not_found(key)
    return user


async def body_of(request: Request) -> JsonObject:
    """The JSON object in the body; 400 when it is something else."""
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise GraphError(400, "BadRequest", "The body is not a JSON object.")
    return body


def matching(request: Request, items: list[JsonObject]) -> list[JsonObject]:
    """The items $filter lets through; 400 when it cannot be read."""
    text = request.query_params.get("$filter")
    if not text:
        return items
    try:
        keep = compile_filter(text)
    except BadFilterError as error:
        raise GraphError(400, "BadRequest", f"Invalid filter clause: {error}") from error
    return [item for item in items if keep(item)]


def require_sensitive_right(tenant: Tenant, user: EntraUser) -> None:
    """403 or 400 where an app may not change password or enablement of this user.

    Admin targets need a privileged role on the app, restricted units one scoped to them, and
    synchronised accounts are changed on premises only
    (Graph v1.0, user-update; microsoft-graph-docs issue 7301).
    """
    needed = ADMIN_ROLE if user.admin else USER_ROLE
    allowed = {needed, ADMIN_ROLE} & tenant.app_roles
    if not allowed or user.restricted:
        raise GraphError(
            403,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        )
    if user.synced:
        raise GraphError(400, "Request_BadRequest", _SYNCED)
