"""Where a request comes from, as far as it can be known: the network address it is counted by."""

from __future__ import annotations

import ipaddress
import logging

from starlette.requests import Request

_log = logging.getLogger(__name__)

#: One subscriber has at least so much of IPv6 to himself (RFC 6177).
_SUBSCRIBER = 64


class Places:
    """Reads addresses, and warns once where they are all the same proxy's."""

    def __init__(self) -> None:
        """Start without having warned."""
        self._warned = False

    def of(self, request: Request) -> str:
        """Return the address of a request: of IPv6 the subscriber's network, empty where unknown.

        It is the peer's, or what a proxy that uvicorn believes (``FORWARDED_ALLOW_IPS``) says of it.
        """
        host = request.client.host if request.client else ""
        forwarded = request.headers.get("x-forwarded-for", "")
        if forwarded and host not in forwarded and not self._warned:
            self._warned = True
            _log.warning(
                "X-Forwarded-For is not believed of whoever sends it: behind a proxy set "
                "FORWARDED_ALLOW_IPS to its address, or all people count as one"
            )
        return _network(host)


def _network(host: str) -> str:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address, _SUBSCRIBER), strict=False))
