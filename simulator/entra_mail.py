"""Graph's inbox rules: list, read, create, change, delete."""

from __future__ import annotations

import base64
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import GraphError, JsonObject, context, graph_page
from simulator.entra_state import EntraUser, InboxRule
from simulator.graph_io import body_of, segment, target
from simulator.tenant import Tenant

_NAMES = {
    "displayName": ("display_name", str),
    "sequence": ("sequence", int),
    "isEnabled": ("enabled", bool),
    "conditions": ("conditions", dict),
    "actions": ("actions", dict),
    "exceptions": ("exceptions", dict),
}


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def owner(self, request: Request) -> EntraUser:
        user = target(self.tenant, request)
        folder = segment(request, "folder")
        if not user.has_mailbox:
            raise GraphError(
                404, "MailboxNotEnabledForRESTAPI", "REST API is not enabled for this mailbox."
            )
        if folder.lower() != "inbox":
            raise GraphError(404, "ErrorItemNotFound", f"There is no folder '{folder}' here.")
        return user

    def found(self, user: EntraUser, request: Request) -> InboxRule:
        rule = user.rule(segment(request, "rule"))
        if rule is None:
            raise GraphError(404, "ErrorItemNotFound", "The inbox rule was not found.")
        return rule

    def writable(self, user: EntraUser, request: Request) -> InboxRule:
        rule = self.found(user, request)
        if rule.read_only:
            # isReadOnly rules are out of the API's reach (Graph, messageRule resource).
            raise GraphError(403, "ErrorAccessDenied", "The rule is read-only.")
        return rule

    def shown(self, request: Request, user: EntraUser, rule: InboxRule) -> JsonObject:
        name = f"users('{user.id}')/mailFolders('inbox')/messageRules/$entity"
        return {"@odata.context": context(request, name), **rule.to_json()}

    async def list_rules(self, request: Request) -> Response:
        user = self.tenant.seen(self.owner(request))
        items = [r.to_json() for r in sorted(user.rules, key=lambda r: r.sequence)]
        name = f"users('{user.id}')/mailFolders('inbox')/messageRules"
        return graph_page(request, name, items, self.tenant.page_size)

    async def get_rule(self, request: Request) -> Response:
        user = self.tenant.seen(self.owner(request))
        return JSONResponse(self.shown(request, user, self.found(user, request)))

    async def create_rule(self, request: Request) -> Response:
        user, body = self.owner(request), await body_of(request)
        rule_id = base64.b64encode(secrets.token_bytes(8)).decode()
        rule = InboxRule(rule_id, "", len(user.rules) + 1)
        _fill(rule, body, required=("displayName", "sequence", "actions"))
        rule.conditions, rule.exceptions = (
            _in_capitals(rule.conditions),
            _in_capitals(rule.exceptions),
        )
        with self.tenant.change(user):
            user.rules.append(rule)
        return JSONResponse(self.shown(request, user, rule), status_code=201)

    async def update_rule(self, request: Request) -> Response:
        user, body = self.owner(request), await body_of(request)
        rule = self.writable(user, request)
        before = rule.to_json()
        trial = InboxRule(rule.id, rule.display_name, rule.sequence)
        _fill(trial, body)
        if {**before, **body} != before:
            with self.tenant.change(user):
                _fill(rule, body)
        return JSONResponse(self.shown(request, user, rule))

    async def delete_rule(self, request: Request) -> Response:
        user = self.owner(request)
        rule = self.writable(user, request)
        with self.tenant.change(user):
            user.rules.remove(rule)
        return Response(status_code=204)


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page, relative to /v1.0 and /beta."""
    on = _Handlers(tenant)
    base = "/users/{user}/mailFolders/{folder}/messageRules"
    return [
        Route(base, on.list_rules, methods=["GET"]),
        Route(base, on.create_rule, methods=["POST"]),
        Route(f"{base}/{{rule}}", on.get_rule, methods=["GET"]),
        Route(f"{base}/{{rule}}", on.update_rule, methods=["PATCH"]),
        Route(f"{base}/{{rule}}", on.delete_rule, methods=["DELETE"]),
    ]


def _in_capitals(part: JsonObject | None) -> Any:  # noqa: ANN401 - as it came
    """Exchange writes the words of a predicate in capitals (Graph v1.0, Create rule, the example)."""
    if part is None:
        return None
    return {
        name: [word.upper() if isinstance(word, str) else word for word in value]
        if name.endswith("Contains") and isinstance(value, list)
        else value
        for name, value in part.items()
    }


def _fill(rule: InboxRule, body: JsonObject, required: tuple[str, ...] = ()) -> None:
    """Write the body's properties into the rule; 400 for what cannot be written."""
    missing = [name for name in required if name not in body]
    if missing:
        raise GraphError(400, "ErrorInvalidRequest", f"Missing: {', '.join(missing)}.")
    for name, value in body.items():
        if name.startswith("@odata"):
            continue
        if name not in _NAMES:
            raise GraphError(400, "ErrorInvalidRequest", f"'{name}' cannot be written.")
        attribute, kind = _NAMES[name]
        if not isinstance(value, kind):
            raise GraphError(400, "ErrorInvalidRequest", f"'{name}' has the wrong type.")
        setattr(rule, attribute, value)
