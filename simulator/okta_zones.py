"""Okta's network zones, and what a blocked one does to whoever comes from there."""

from __future__ import annotations

import ipaddress
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import JsonObject, OktaError, not_found, okta_page, origin
from simulator.ids import okta_id
from simulator.okta_io import matching, segment, transaction, written
from simulator.okta_objects import OktaObject
from simulator.okta_scene import HOME
from simulator.tenant import Tenant

# A blocked zone takes 1000 gateways, another one 150 (Okta management API, IPNetworkZone).
MOST_BLOCKED, MOST = 1000, 150


def settle(tenant: Tenant) -> None:
    """The zones of an ordinary org: the offices, and a system zone that blocks."""
    office = ".".join(HOME.ip.split(".")[:3]) + ".0/24"
    offices: JsonObject = {
        "type": "IP",
        "name": "Offices",
        "status": "ACTIVE",
        "usage": "POLICY",
        "gateways": [{"type": "CIDR", "value": office}],
        "proxies": None,
    }
    blocked: JsonObject = {
        "type": "IP",
        "name": "BlockedIpZone",
        "status": "ACTIVE",
        "usage": "BLOCKLIST",
        "gateways": [{"type": "RANGE", "value": "192.0.2.200-192.0.2.210"}],
        "proxies": None,
    }
    for body, system in ((offices, False), (blocked, True)):
        put(tenant, body, system=system)


def put(tenant: Tenant, body: dict[str, Any], *, system: bool = False) -> OktaObject:
    """A zone that somebody has made, by its name."""
    now, zone_id = tenant.now(), okta_id("nzo", body["name"])
    tenant.okta_zones[zone_id] = OktaObject(zone_id, body, now, now, system=system)
    return tenant.okta_zones[zone_id]


def shut_out(tenant: Tenant, ip: str) -> bool:
    """Whether an active blocked zone has this address."""
    blocked = [zone.body for zone in tenant.okta_zones.values() if _blocks(zone)]
    return any(_has(gateway, ip) for body in blocked for gateway in body.get("gateways") or ())


def refuse_blocked(tenant: Tenant, ip: str) -> None:
    """403 for whoever comes from a blocked zone, before anything else is looked at."""
    if shut_out(tenant, ip):
        raise OktaError(403, "E0000006", "Access is denied from this network.")


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def found(self, request: Request) -> OktaObject:
        zone = self.tenant.okta_zones.get(segment(request, "zone"))
        if zone is None:
            raise not_found(segment(request, "zone"), "NetworkZone")
        return zone

    async def list_zones(self, request: Request) -> Response:
        items = [_json(request, self.tenant.seen(z)) for z in self.tenant.okta_zones.values()]
        items = matching(request.query_params.get("filter"), items)
        most = max(1, len(items))
        return okta_page(request, items, limit=most, most=1000, page_size=self.tenant.page_size)

    async def get_zone(self, request: Request) -> Response:
        return JSONResponse(_json(request, self.tenant.seen(self.found(request))))

    async def create(self, request: Request) -> Response:
        body = await _valid(request)
        if any(zone.body["name"] == body["name"] for zone in self.tenant.okta_zones.values()):
            raise _invalid("name: a zone with this name exists already")
        now = self.tenant.now()
        zone_id = "nzo" + secrets.token_hex(9)[:17]
        zone = OktaObject(zone_id, {"proxies": None, "usage": "POLICY"}, now, now)
        with self.tenant.change(zone):
            zone.replace(zone.body | body, now)
            self.tenant.okta_zones[zone_id] = zone
        self._log("zone.create", request)
        return JSONResponse(_json(request, zone))

    async def replace(self, request: Request) -> Response:
        zone, body = self.found(request), await _valid(request)
        if body["type"] != zone.body["type"]:
            raise _invalid("type: cannot be changed")
        with self.tenant.change(zone):
            zone.replace({"proxies": None} | body, self.tenant.now())
        self._log("zone.update", request)
        return JSONResponse(_json(request, zone))

    def _log(self, event: str, request: Request) -> None:
        anybody = self.tenant.okta_users()[0]
        self.tenant.okta_event(event, anybody, transaction=transaction(request))
        self.tenant.okta_events[-1]["target"] = []


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page."""
    on = _Handlers(tenant)
    return [
        Route("/api/v1/zones", on.list_zones, methods=["GET"]),
        Route("/api/v1/zones", on.create, methods=["POST"]),
        Route("/api/v1/zones/{zone}", on.get_zone, methods=["GET"]),
        Route("/api/v1/zones/{zone}", on.replace, methods=["PUT"]),
    ]


def _json(request: Request, zone: OktaObject) -> JsonObject:
    return zone.to_json(f"{origin(request)}/api/v1/zones/{zone.id}")


async def _valid(request: Request) -> JsonObject:
    body = await written(request, "name", "type")
    gateways, proxies = body.get("gateways") or [], body.get("proxies") or []
    if body["type"] == "IP" and not gateways and not proxies:
        raise _invalid("gateways: at least one gateway or proxy is needed")
    if len(gateways) > (MOST_BLOCKED if body.get("usage") == "BLOCKLIST" else MOST):
        raise _invalid("gateways: too many entries")
    for gateway in (*gateways, *proxies):
        if _ends(gateway) is None:
            raise _invalid("gateways: not an address range")
    return body


def _invalid(cause: str) -> OktaError:
    return OktaError(400, "E0000001", "Api validation failed: networkZone", cause)


def _blocks(zone: OktaObject) -> bool:
    return zone.body.get("usage") == "BLOCKLIST" and zone.body.get("status", "ACTIVE") == "ACTIVE"


def _ends(gateway: Any) -> tuple[Any, Any] | None:  # noqa: ANN401 - JSON
    try:
        if gateway["type"] == "CIDR":
            network = ipaddress.ip_network(gateway["value"], strict=False)
            return network[0], network[-1]
        first, last = (ipaddress.ip_address(end) for end in gateway["value"].split("-"))
    except (ValueError, KeyError, TypeError):
        return None
    return (first, last) if first.version == last.version else None


def _has(gateway: Any, ip: str) -> bool:  # noqa: ANN401 - JSON
    ends = _ends(gateway)
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    return ends is not None and ends[0].version == address.version and ends[0] <= address <= ends[1]
