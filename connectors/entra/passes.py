"""The Temporary Access Passes of an account as Graph lists them: one at most, and never its code.

Source: Microsoft Graph v1.0, temporaryAccessPassAuthenticationMethod.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.entra import registered
from connectors.entra.client import EntraClient, Request

Json = dict[str, Any]

ALL = registered.PATH + "/temporaryAccessPassMethods"
ONE = ALL + "/{method}"
_READS = "the permission UserAuthMethod-TAP.Read.All or UserAuthMethod-TAP.ReadWrite.All"
_KEPT = (
    "id",
    "createdDateTime",
    "startDateTime",
    "lifetimeInMinutes",
    "isUsableOnce",
    "isUsable",
    "methodUsabilityReason",
)


async def listed(client: EntraClient, user_id: str) -> list[Json]:
    """List the passes of an account, whether they can still be used or not.

    Raises:
        errors.ConnectorError: they cannot be read.
    """
    request = Request("GET", ALL, at, params={"id": user_id}, needs=_READS)
    return await client.items(request)


async def one(client: EntraClient, user_id: str, pass_id: str) -> Json:
    """Read one pass.

    Raises:
        errors.NotFound: the account has no such pass; errors.ConnectorError: it cannot be read.
    """
    request = Request(
        "GET",
        ONE,
        lambda graph, ids: at(graph, ids).by_temporary_access_pass_authentication_method_id(
            ids["method"]
        ),
        params={"id": user_id, "method": pass_id},
        needs=_READS,
    )
    found: Json = (await client.read(request)).body
    return found


def at(graph: Any, ids: Mapping[str, str]) -> Any:  # noqa: ANN401 - the SDK's builders
    """The SDK's builder for an account's passes."""
    return graph.users.by_user_id(ids["id"]).authentication.temporary_access_pass_methods


def told(found: Mapping[str, Any]) -> Json:
    """A pass as it may be kept: without its code, should Graph ever answer it."""
    return {name: found.get(name) for name in _KEPT}


def alive(found: Mapping[str, Any]) -> bool:
    """Whether a pass can be used, now or later."""
    return found.get("isUsable") is True or found.get("methodUsabilityReason") == "NotYetValid"
