"""What applications and service principals prove themselves with in Graph, and how it is taken away.

Source: Microsoft Graph v1.0, application and servicePrincipal: passwordCredentials, keyCredentials
(the bytes come only where one object's are selected by name), federatedIdentityCredentials.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors import errors
from connectors.entra import ids
from connectors.entra.client import EntraClient, Request

Json = dict[str, Any]

APPLICATIONS, PRINCIPALS = "applications", "servicePrincipals"
SECRET, CERTIFICATE, FEDERATION = "secret", "certificate", "federated credential"
#: The kind whose bytes are public. Those of any other are, or hold, a secret.
PUBLIC = "AsymmetricX509Cert"
_FEDERATED = "/applications/{id}/federatedIdentityCredentials"
_SECRETS = frozenset({"hint", "secretText", "key"})
_READS = "the permission Application.Read.All or Application.ReadWrite.All"
_ONE: Mapping[str, Callable[[Any, str], Any]] = {
    APPLICATIONS: lambda graph, name: graph.applications.by_application_id(name),
    PRINCIPALS: lambda graph, name: graph.service_principals.by_service_principal_id(name),
}
_OWNED: Mapping[str, Callable[[Any], Any]] = {
    APPLICATIONS: lambda user: user.owned_objects.graph_application,
    PRINCIPALS: lambda user: user.owned_objects.graph_service_principal,
}
_CAST = {APPLICATIONS: "graph.application", PRINCIPALS: "graph.servicePrincipal"}


@dataclass(frozen=True, slots=True)
class Held:
    """An application or service principal and all it proves itself with, as Graph gives it."""

    kind: str
    id: str
    app_id: str
    name: str
    created: object = None
    secrets: list[Json] = field(default_factory=list)
    certificates: list[Json] = field(default_factory=list)
    federations: list[Json] = field(default_factory=list)

    def all(self) -> list[tuple[str, str, Json]]:
        """Each credential: what it is, its id, and itself."""
        return [
            *((SECRET, str(one.get("keyId")).lower(), one) for one in self.secrets),
            *((CERTIFICATE, str(one.get("keyId")).lower(), one) for one in self.certificates),
            *((FEDERATION, str(one.get("id")), one) for one in self.federations),
        ]

    def keepable(self) -> Json:
        """What may be kept of it in a record: nothing of a secret, nor a certificate's bytes."""
        return {
            "kind": self.kind,
            "id": self.id,
            "appId": self.app_id,
            "name": self.name,
            "credentials": [
                {"what": what, "id": name, **clean(one)} for what, name, one in self.all()
            ],
        }


def clean(credential: Mapping[str, Any]) -> Json:
    """A credential without what proves anything: ``hint`` is how a secret begins."""
    return {
        name: value
        for name, value in credential.items()
        if name not in _SECRETS and name != "id" and not name.startswith("@")
    }


async def owned(client: EntraClient, user_id: str) -> list[tuple[str, str]]:
    """The applications and service principals the user owns: kind and object id of each.

    Raises:
        errors.ConnectorError: they cannot be read.
    """
    found = []
    for kind in (APPLICATIONS, PRINCIPALS):
        listed = await client.items(_ownership(user_id, kind))
        found += [(kind, ids.object_id(str(one.get("id")))) for one in listed]
    return found


async def owns(
    client: EntraClient, user_id: str, own: Collection[str], *, bucket: str = "default"
) -> bool:
    """Whether the user owns an application or service principal that ``own`` names.

    Args:
        client: the tenant.
        user_id: the user.
        own: client ids or object ids, in lower case.
        bucket: whose turn the reads wait for.

    Raises:
        errors.ConnectorError: they cannot be read.
    """
    listed = await asyncio.gather(
        *(
            client.items(_ownership(user_id, kind, select="id,appId", bucket=bucket))
            for kind in (APPLICATIONS, PRINCIPALS)
        )
    )
    return any(
        str(one.get(name)).lower() in own
        for found in listed
        for one in found
        for name in ("id", "appId")
    )


def _ownership(user_id: str, kind: str, *, select: str = "id", bucket: str = "default") -> Request:
    at = _OWNED[kind]
    return Request(
        "GET",
        f"/users/{{id}}/ownedObjects/{_CAST[kind]}",
        lambda graph, names: at(graph.users.by_user_id(names["id"])),
        params={"id": user_id},
        query={"select": select},
        bucket=bucket,
        needs=_READS,
    )


async def held(client: EntraClient, kind: str, object_id: str) -> Held | None:
    """Read one object with everything it proves itself with; None where it is not there.

    Raises:
        errors.ConnectorError: it cannot be read.
    """
    created = ",createdDateTime" if kind == APPLICATIONS else ""
    request = Request(
        "GET",
        f"/{kind}/{{id}}",
        lambda graph, ids: _ONE[kind](graph, ids["id"]),
        params={"id": object_id},
        query={"select": f"id,appId,displayName,passwordCredentials,keyCredentials{created}"},
        needs=_READS,
    )
    try:
        body = (await client.read(request)).body
        federations = await _federations(client, object_id) if kind == APPLICATIONS else []
    except errors.NotFound:
        return None
    return Held(
        kind,
        object_id,
        str(body.get("appId")).lower(),
        str(body.get("displayName") or object_id),
        body.get("createdDateTime"),
        body.get("passwordCredentials") or [],
        body.get("keyCredentials") or [],
        federations,
    )


async def _federations(client: EntraClient, object_id: str) -> list[Json]:
    return await client.items(
        Request(
            "GET",
            _FEDERATED,
            lambda graph, ids: (
                graph.applications.by_application_id(ids["id"]).federated_identity_credentials
            ),
            params={"id": object_id},
            needs=_READS,
        )
    )


def secret_removal(kind: str, object_id: str, key_id: str, needs: str) -> Request:
    """The request that takes one secret away."""
    return Request(
        "POST",
        f"/{kind}/{{id}}/removePassword",
        lambda graph, names: _ONE[kind](graph, names["id"]).remove_password,
        params={"id": object_id},
        body={"keyId": ids.object_id(key_id)},
        needs=needs,
    )


def certificates_left(kind: str, object_id: str, left: list[Json], needs: str) -> Request:
    """The request that leaves an object with the certificates ``left``, their bytes included."""
    return Request(
        "PATCH",
        f"/{kind}/{{id}}",
        lambda graph, names: _ONE[kind](graph, names["id"]),
        params={"id": object_id},
        body={"keyCredentials": left},
        needs=needs,
    )


def federation_removal(object_id: str, credential_id: str, needs: str) -> Request:
    """The request that takes one federated credential away."""
    return Request(
        "DELETE",
        _FEDERATED + "/{credential}",
        lambda graph, names: graph.applications.by_application_id(
            names["id"]
        ).federated_identity_credentials.by_federated_identity_credential_id(names["credential"]),
        params={"id": object_id, "credential": credential_id},
        needs=needs,
    )
