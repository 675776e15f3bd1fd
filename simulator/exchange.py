"""Exchange Online's InvokeCommand: the cmdlets of a mailbox, by name and parameters.

Shape: what the ExchangeOnlineManagement module sends and reads; Microsoft documents none of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator import exchange_devices, exchange_mailbox, exchange_permissions, exchange_rules
from simulator.answers import JsonObject, origin
from simulator.exchange_io import ExchangeError, exchange_body
from simulator.tenant import Tenant

Cmdlet = Callable[[Tenant, Mapping[str, Any]], list[JsonObject]]
CMDLETS: Mapping[str, Cmdlet] = {
    **exchange_mailbox.CMDLETS,
    **exchange_rules.CMDLETS,
    **exchange_permissions.CMDLETS,
    **exchange_devices.CMDLETS,
}


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    async def invoke(self, request: Request) -> Response:
        try:
            items = self._run(await request.body())
        except ExchangeError as error:
            body = exchange_body(error.status, error.code, error.kind, error.message)
            return JSONResponse(body, status_code=error.status)
        return self._page(request, items)

    def _run(self, content: bytes) -> list[JsonObject]:
        try:
            command = json.loads(content)["CmdletInput"]
            name, parameters = str(command["CmdletName"]), dict(command.get("Parameters") or {})
        except (KeyError, TypeError, ValueError):
            raise ExchangeError(400, "BadRequest", "ODataException", "No CmdletInput.") from None
        cmdlet = CMDLETS.get(name)
        if cmdlet is None or name in self.tenant.exchange.refused:
            kind = "System.Management.Automation.CommandNotFoundException"
            raise ExchangeError(
                400, "BadRequest", kind, f"The term '{name}' is not recognized as a cmdlet."
            )
        return cmdlet(self.tenant, parameters)

    def _page(self, request: Request, items: list[JsonObject]) -> Response:
        start = int(request.query_params.get("$skiptoken", "0"))
        size = self.tenant.page_size or max(1, len(items))
        body: JsonObject = {"value": items[start : start + size]}
        if start + size < len(items):
            here = f"{origin(request)}{request.url.path}"
            body["@odata.nextLink"] = f"{here}?$skiptoken={start + size}"
        return JSONResponse(body)


def routes(tenant: Tenant) -> list[Route]:
    """The one route there is."""
    on = _Handlers(tenant)
    path = "/adminapi/beta/{organization}/InvokeCommand"
    return [Route(path, on.invoke, methods=["POST"])]
