"""What every Okta route needs: the user, the flags, the links."""

from __future__ import annotations

import json
from urllib.parse import unquote

from starlette.requests import Request

from simulator.answers import JsonObject, OktaError, not_found, origin
from simulator.clock import okta_time
from simulator.filters import BadFilterError, compile_filter
from simulator.okta_state import OktaUser, Status
from simulator.tenant import Tenant


def segment(request: Request, name: str) -> str:
    """A path parameter, percent-decoded."""
    return unquote(request.path_params[name])


def target(tenant: Tenant, request: Request) -> OktaUser:
    """The live user the path names by id or login; 404 when there is none."""
    key = segment(request, "user")
    user = tenant.okta_user(key)
    if user is None:
        raise not_found(key, "User")
    return user


def transaction(request: Request) -> str:
    """The id the log events of this request share."""
    return str(request.state.request_id)


def flag(request: Request, name: str, default: bool | None) -> bool:
    """A true/false query parameter; 400 when it is neither, or missing without a default."""
    text = request.query_params.get(name)
    if text in ("true", "false"):
        return text == "true"
    if text is None and default is not None:
        return default
    raise OktaError(400, "E0000001", f"Api validation failed: {name}", f"{name}: true or false")


def matching(text: str | None, items: list[JsonObject], *, cased: bool = False) -> list[JsonObject]:
    """The items a filter or search lets through; E0000031 when it cannot be read."""
    if not text:
        return items
    try:
        keep = compile_filter(text, cased=cased)
    except BadFilterError as error:
        raise OktaError(400, "E0000031", "Invalid search criteria.", str(error)) from error
    return [item for item in items if keep(item)]


async def written(request: Request, *required: str) -> JsonObject:
    """The JSON object of the request; E0000003 when it is none, E0000001 when a key is missing."""
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise OktaError(400, "E0000003", "The request body was not well-formed.")
    for name in required:
        if body.get(name) in (None, "", []):
            raise OktaError(
                400, "E0000001", f"Api validation failed: {name}", f"{name}: cannot be blank"
            )
    return body


def user_url(request: Request, user: OktaUser) -> str:
    """The user's own address."""
    return f"{origin(request)}/api/v1/users/{user.id}"


def user_json(request: Request, user: OktaUser) -> JsonObject:
    """The user resource with the links its status allows."""
    url = user_url(request, user)
    verbs = {
        Status.ACTIVE: ("suspend", "reset_password", "expire_password", "reset_factors"),
        Status.SUSPENDED: ("unsuspend",),
        Status.LOCKED_OUT: ("unlock", "reset_password"),
    }.get(user.status, ("reset_password",))
    links: JsonObject = {"self": {"href": url}}
    for verb in (*verbs, "deactivate"):
        head, *rest = verb.split("_")
        name = head + "".join(part.capitalize() for part in rest)
        links[name] = {"href": f"{url}/lifecycle/{verb}", "method": "POST"}
    return {
        "id": user.id,
        "status": user.status.value,
        "created": okta_time(user.created),
        "activated": okta_time(user.created),
        "statusChanged": okta_time(user.status_changed),
        "lastLogin": None,
        "lastUpdated": okta_time(user.last_updated),
        "passwordChanged": okta_time(user.password_changed),
        "type": {"id": "oty1contoso000000001"},
        "profile": {
            "firstName": user.first_name,
            "lastName": user.last_name,
            "mobilePhone": None,
            "secondEmail": None,
            "login": user.login,
            "email": user.email,
        },
        "credentials": {"password": {}, "provider": {"type": user.provider, "name": user.provider}},
        "_links": links,
    }
