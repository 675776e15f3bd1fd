"""What every route of Auth0's Management API needs: the user, the plan, the pages."""

from __future__ import annotations

from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulator.answers import Auth0Error, JsonObject, whole_number
from simulator.auth0_state import Auth0User
from simulator.tenant import Tenant


def target(tenant: Tenant, request: Request) -> Auth0User:
    """The live user the path names; 404 when there is none."""
    return named(tenant, unquote(request.path_params["user"]))


def named(tenant: Tenant, user_id: str) -> Auth0User:
    """The live user with this id; 404 when there is none."""
    user = tenant.auth0_user(user_id)
    if user is None:
        raise Auth0Error(404, "inexistent_user", "The user does not exist.")
    return user


def enterprise(tenant: Tenant) -> None:
    """403 where the tenant's plan has no management of sessions and refresh tokens."""
    if tenant.auth0_plan != "enterprise":
        raise Auth0Error(403, "feature_not_enabled", "This feature is not enabled for this tenant.")


def by_cursor(tenant: Tenant, request: Request, key: str, items: list[JsonObject]) -> Response:
    """One page of a list that goes on at `next` (`from` and `take`)."""
    start = whole_number(request.query_params.get("from"), 0)
    take = whole_number(request.query_params.get("take"), 50)
    if start is None or take is None or not 0 < take <= 100:
        raise Auth0Error(400, "invalid_query_string", "Query validation error: 'take' or 'from'.")
    size = min(take, tenant.page_size or take)
    body: JsonObject = {key: items[start : start + size]}
    if start + size < len(items):
        body["next"] = str(start + size)
    return JSONResponse(body)


def by_page(tenant: Tenant, request: Request, key: str, items: list[JsonObject]) -> Response:
    """One page of a list that is counted (`page` and `per_page`), with its total if asked."""
    query = request.query_params
    number, per_page = whole_number(query.get("page"), 0), whole_number(query.get("per_page"), 50)
    if number is None or per_page is None or not 0 < per_page <= 100:
        raise Auth0Error(400, "invalid_query_string", "Query validation error: 'per_page'.")
    size = min(per_page, tenant.page_size or per_page)
    page = items[number * size : (number + 1) * size]
    if query.get("include_totals") != "true":
        return JSONResponse(page)
    return JSONResponse({"start": number * size, "limit": size, "total": len(items), key: page})
