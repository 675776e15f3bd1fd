"""Putting the rooms of the simulator together into one ASGI application."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount

from simulator import (
    auth0,
    auth0_login,
    auth0_logs,
    auth0_methods,
    auth0_tokens,
    control,
    entra,
    entra_access,
    entra_apps,
    entra_consents,
    entra_devices,
    entra_directory,
    entra_findings,
    entra_groups,
    entra_licences,
    entra_login,
    entra_logs,
    entra_mail,
    entra_methods,
    entra_pass,
    entra_policies,
    entra_risk,
    exchange,
    okta,
    okta_factors,
    okta_groups,
    okta_holdings,
    okta_lifecycle,
    okta_login,
    okta_logs,
    okta_policies,
    okta_risk,
    okta_signals,
    okta_zones,
    payroll,
    resource,
)
from simulator.answers import (
    Auth0Error,
    GraphError,
    OktaError,
    auth0_body,
    graph_body,
    okta_body,
)
from simulator.faults import Faults
from simulator.gate import Gate
from simulator.journal import Journal
from simulator.tenant import Tenant


def build_routes(tenant: Tenant) -> Starlette:
    """The vendors' services over one tenant, without key check, journal or faults."""

    def graph_answer(request: Request, status: int, code: str, message: str) -> Response:
        state = request.state
        body = graph_body(code, message, state.request_id, state.client_request_id, tenant.now())
        return JSONResponse(body, status_code=status)

    async def on_graph_error(request: Request, error: Exception) -> Response:
        if not isinstance(error, GraphError):
            raise error
        return graph_answer(request, error.status, error.code, error.message)

    async def on_okta_error(_: Request, error: Exception) -> Response:
        if not isinstance(error, OktaError):
            raise error
        body = okta_body(error.code, error.summary, error.causes)
        return JSONResponse(body, status_code=error.status)

    async def on_auth0_error(_: Request, error: Exception) -> Response:
        if not isinstance(error, Auth0Error):
            raise error
        body = auth0_body(error.status, error.code, error.message)
        return JSONResponse(body, status_code=error.status)

    async def on_no_route(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        if request.url.path.startswith(("/v1.0", "/beta")):
            # Graph calls an unknown path a bad request, not a missing resource.
            if status == 404:
                last = request.url.path.rpartition("/")[2]
                message = f"Resource not found for the segment '{last}'."
                return graph_answer(request, 400, "BadRequest", message)
            return graph_answer(request, status, "Request_BadRequest", "Method not allowed.")
        if request.url.path.startswith("/api/v2"):
            return JSONResponse(auth0_body(status, "", "Not Found"), status_code=status)
        if status == 405:
            body = okta_body("E0000022", "The endpoint does not support this method.")
        else:
            body = okta_body("E0000007", "Not found: Resource not found: (Route)")
        return JSONResponse(body, status_code=status)

    graph = [
        *entra.routes(tenant),
        *entra_methods.routes(tenant),
        *entra_pass.routes(tenant),
        *entra_mail.routes(tenant),
        *entra_apps.routes(tenant),
        *entra_consents.routes(tenant),
        *entra_devices.routes(tenant),
        *entra_directory.routes(tenant),
        *entra_policies.routes(tenant),
        *entra_logs.routes(tenant),
        *entra_risk.routes(tenant),
        *entra_findings.routes(tenant),
        *entra_groups.routes(tenant),
        *entra_access.routes(tenant),
        *entra_licences.routes(tenant),
    ]
    return Starlette(
        routes=[
            *okta_login.routes(tenant),
            *entra_login.routes(tenant),
            Mount("/v1.0", routes=graph),
            Mount("/beta", routes=[*entra_methods.beta_routes(tenant), *graph]),
            *okta.routes(tenant),
            *okta_lifecycle.routes(tenant),
            *okta_factors.routes(tenant),
            *okta_holdings.routes(tenant),
            *okta_groups.routes(tenant),
            *okta_risk.routes(tenant),
            *okta_signals.routes(tenant),
            *okta_logs.routes(tenant),
            *okta_policies.routes(tenant),
            *okta_zones.routes(tenant),
            *exchange.routes(tenant),
            *auth0_login.routes(tenant),
            *auth0_logs.routes(tenant),
            *auth0_logs.recorded(
                tenant,
                [
                    *auth0.routes(tenant),
                    *auth0_tokens.routes(tenant),
                    *auth0_methods.routes(tenant),
                ],
            ),
            *payroll.routes(tenant),
        ],
        exception_handlers={
            GraphError: on_graph_error,
            OktaError: on_okta_error,
            Auth0Error: on_auth0_error,
            HTTPException: on_no_route,
        },
    )


def build_app(tenant: Tenant, faults: Faults | None = None, journal: Journal | None = None) -> Gate:
    """The whole simulator as one ASGI application.

    Args:
        tenant: the state to serve.
        faults: the script of misbehaviour, empty when left out.
        journal: where requests are recorded.
    """
    faults, journal = faults or Faults(), journal or Journal()
    extras = Starlette(routes=[*control.routes(tenant, faults, journal), *resource.routes(tenant)])
    return Gate(tenant, faults, journal, build_routes, extras)
