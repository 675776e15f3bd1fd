"""Where token lifetime policies are kept and assigned in Graph: one request a method.

Source: Microsoft Graph v1.0, tokenLifetimePolicy; application and servicePrincipal,
tokenLifetimePolicies (at most one policy each).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from connectors import errors
from connectors.door import Answer
from connectors.entra import ids
from connectors.entra.action import answered
from connectors.entra.client import EntraClient, Request

Json = dict[str, Any]
_Builder = Callable[[Any, Mapping[str, str]], Any]

POLICIES = "/policies/tokenLifetimePolicies"
ASSIGNED = "/{id}/tokenLifetimePolicies"

_PLACES: Mapping[str, tuple[_Builder, _Builder]] = {
    "applications": (
        lambda graph, _: graph.applications,
        lambda graph, ids: graph.applications.by_application_id(ids["id"]),
    ),
    "servicePrincipals": (
        lambda graph, _: graph.service_principals,
        lambda graph, ids: graph.service_principals.by_service_principal_id(ids["id"]),
    ),
}


class Assignments:
    """Reads and changes policies; every change adds to ``steps`` what was answered."""

    def __init__(
        self,
        client: EntraClient,
        change: Callable[[Request], Awaitable[Answer]],
        needs: str,
    ) -> None:
        """``change`` sends a change with its intent recorded; ``needs`` names the permissions."""
        self._client = client
        self._change = change
        self._needs = needs
        self.steps: list[Json] = []

    async def place_of(self, app_id: str) -> Json | None:
        """Find the app by its client id: the application, else the service principal here."""
        for kind, (everything, _) in _PLACES.items():
            found = await self._client.items(
                Request(
                    "GET",
                    f"/{kind}",
                    everything,
                    query={"filter": f"appId eq '{app_id}'", "select": "id,appId,displayName"},
                    needs="the permission Application.Read.All or Application.ReadWrite.All",
                )
            )
            for app in found:
                if str(app.get("appId")).lower() == app_id:
                    return {"kind": kind, "id": app["id"], "name": app.get("displayName")}
        return None

    async def assigned(self, place: Json) -> list[Json]:
        """Read the policies assigned to the app: none or one."""
        _, one = _PLACES[place["kind"]]
        return await self._client.items(
            Request(
                "GET",
                f"/{place['kind']}{ASSIGNED}",
                lambda graph, ids: one(graph, ids).token_lifetime_policies,
                params={"id": place["id"]},
                needs=self._needs,
            )
        )

    async def everything(self) -> list[Json]:
        """Read all policies of the tenant."""
        return await self._client.items(
            Request(
                "GET",
                POLICIES,
                lambda graph, _: graph.policies.token_lifetime_policies,
                needs=self._needs,
            )
        )

    async def create(self, name: str, definition: str) -> str:
        """Create a policy that is nobody's default; return its id.

        Raises:
            errors.UnknownOutcome: it was made, and its id not answered.
        """
        request = Request(
            "POST",
            POLICIES,
            lambda graph, _: graph.policies.token_lifetime_policies,
            body={"displayName": name, "definition": [definition], "isOrganizationDefault": False},
            needs=self._needs,
        )
        answer = await self._change(request)
        self.steps.append({"step": f"POST {POLICIES}", **answered(answer)})
        created = answer.body.get("id") if isinstance(answer.body, dict) else None
        if not isinstance(created, str):
            raise errors.UnknownOutcome("the new policy's id was not answered")
        return created

    async def delete(self, policy_id: str) -> None:
        """Delete a policy; one that is gone already is as good."""
        await self._remove(
            Request(
                "DELETE",
                POLICIES + "/{policy}",
                lambda graph, ids: (
                    graph.policies.token_lifetime_policies.by_token_lifetime_policy_id(
                        ids["policy"]
                    )
                ),
                params={"policy": policy_id},
                needs=self._needs,
            )
        )

    async def assign(self, place: Json, policy_id: str) -> None:
        """Assign a policy to the app.

        Raises:
            errors.Unavailable: Graph does not see the policy yet.
            errors.Conflict: the app has one already.
        """
        _, one = _PLACES[place["kind"]]
        link = await self._client.reference(f"{POLICIES}/{ids.opaque_id(policy_id)}")
        request = Request(
            "POST",
            f"/{place['kind']}{ASSIGNED}/$ref",
            lambda graph, ids: one(graph, ids).token_lifetime_policies.ref,
            params={"id": place["id"]},
            body={"@odata.id": link},
            needs=self._needs,
        )
        try:
            answer = await self._change(request)
        except errors.NotFound as error:
            hidden = error
        else:
            self.steps.append(
                {"step": f"POST {request.path}", "policy": policy_id, **answered(answer)}
            )
            return
        # A policy just made may not have reached the server that assigns it.
        raise errors.Unavailable(
            "the policy is not seen by Graph yet",
            status=hidden.status,
            code=hidden.code,
            request_id=hidden.request_id,
            retry_after_s=2.0,
        )

    async def unassign(self, place: Json, policy_id: str) -> None:
        """Take a policy from the app; one that is gone already is as good."""
        _, one = _PLACES[place["kind"]]
        await self._remove(
            Request(
                "DELETE",
                f"/{place['kind']}{ASSIGNED}/{{policy}}/$ref",
                lambda graph, ids: (
                    one(graph, ids)
                    .token_lifetime_policies.by_token_lifetime_policy_id(ids["policy"])
                    .ref
                ),
                params={"id": place["id"], "policy": policy_id},
                needs=self._needs,
            ),
        )

    async def _remove(self, request: Request) -> None:
        told = {"step": f"{request.method} {request.path}", "policy": request.params["policy"]}
        try:
            self.steps.append({**told, **answered(await self._change(request))})
        except errors.NotFound:
            self.steps.append({**told, "gone": True})
