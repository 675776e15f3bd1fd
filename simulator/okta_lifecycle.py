"""Okta's lifecycle operations and the statuses they are allowed in."""

from __future__ import annotations

import secrets

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import OktaError, origin
from simulator.okta import end_sessions
from simulator.okta_io import flag, target, transaction, user_json
from simulator.okta_state import RESETTABLE, OktaUser, Status
from simulator.tenant import Tenant


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def resettable(self, request: Request) -> OktaUser:
        user = target(self.tenant, request)
        if user.status not in RESETTABLE:
            raise _wrong_status()
        return user

    def log(self, event: str, user: OktaUser, request: Request) -> None:
        self.tenant.okta_event(event, user, transaction=transaction(request))

    async def suspend(self, request: Request) -> Response:
        user = target(self.tenant, request)
        if user.status is not Status.ACTIVE:
            raise _validation("Cannot suspend a user that is not active")
        with self.tenant.change(user):
            user.move_to(Status.SUSPENDED, self.tenant.now())
            # Sessions go with it, tokens stay: the permission's own description
            # (okta-developer-docs, concepts/role-assignment) promises no more.
            end_sessions(self.tenant, user, request, tokens=False)
        self.log("user.lifecycle.suspend", user, request)
        return JSONResponse({})

    async def unsuspend(self, request: Request) -> Response:
        user = target(self.tenant, request)
        if user.status is not Status.SUSPENDED:
            raise _validation("Cannot unsuspend a user that is not suspended")
        with self.tenant.change(user):
            user.move_to(Status.ACTIVE, self.tenant.now())
        self.log("user.lifecycle.unsuspend", user, request)
        return JSONResponse({})

    async def reset_password(self, request: Request) -> Response:
        user = self.resettable(request)
        send = flag(request, "sendEmail", default=None)
        revoke = flag(request, "revokeSessions", default=False)
        with self.tenant.change(user):
            user.move_to(Status.RECOVERY, self.tenant.now())
            if revoke:
                end_sessions(self.tenant, user, request, tokens=False)
        self.log("user.account.reset_password", user, request)
        if send:
            return JSONResponse({})
        link = f"{origin(request)}/signin/reset-password/{secrets.token_urlsafe(15)}"
        return JSONResponse({"resetPasswordUrl": link})

    async def expire_password(self, request: Request) -> Response:
        user = self.resettable(request)
        with self.tenant.change(user):
            user.move_to(Status.PASSWORD_EXPIRED, self.tenant.now())
        self.log("user.account.expire_password", user, request)
        return JSONResponse(user_json(request, user))

    async def expire_with_temporary(self, request: Request) -> Response:
        user, now = self.resettable(request), self.tenant.now()
        revoke = flag(request, "revokeSessions", default=False)
        with self.tenant.change(user):
            user.move_to(Status.PASSWORD_EXPIRED, now)
            user.password_changed = now
            if revoke:
                end_sessions(self.tenant, user, request, tokens=False)
        self.log("user.account.expire_password", user, request)
        return JSONResponse({"tempPassword": secrets.token_urlsafe(9)})

    async def reset_factors(self, request: Request) -> Response:
        user = target(self.tenant, request)
        if user.status is Status.DEPROVISIONED:
            raise _wrong_status()
        if user.factors:
            with self.tenant.change(user):
                user.factors.clear()
        self.log("user.mfa.factor.reset_all", user, request)
        return JSONResponse({})

    async def deactivate(self, request: Request) -> Response:
        user = target(self.tenant, request)
        if user.status is Status.DEPROVISIONED:
            raise _wrong_status()
        with self.tenant.change(user):
            user.move_to(Status.DEPROVISIONED, self.tenant.now())
            end_sessions(self.tenant, user, request, tokens=True)
            user.factors.clear()
            user.grants.clear()
        self.log("user.lifecycle.deactivate", user, request)
        return JSONResponse({})

    async def unlock(self, request: Request) -> Response:
        user = target(self.tenant, request)
        if user.status is not Status.LOCKED_OUT:
            raise OktaError(
                403,
                "E0000032",
                "Unlock is not allowed for this user.",
                "The user is not locked out.",
            )
        with self.tenant.change(user):
            user.move_to(Status.ACTIVE, self.tenant.now())
        self.log("user.account.unlock_by_admin", user, request)
        return JSONResponse({})


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page."""
    on = _Handlers(tenant)
    verbs = {
        "suspend": on.suspend,
        "unsuspend": on.unsuspend,
        "reset_password": on.reset_password,
        "expire_password": on.expire_password,
        "expire_password_with_temp_password": on.expire_with_temporary,
        "reset_factors": on.reset_factors,
        "deactivate": on.deactivate,
        "unlock": on.unlock,
    }
    base = "/api/v1/users/{user}/lifecycle"
    return [Route(f"{base}/{verb}", act, methods=["POST"]) for verb, act in verbs.items()]


def _validation(cause: str) -> OktaError:
    return OktaError(400, "E0000001", f"Api validation failed: {cause}", cause)


def _wrong_status() -> OktaError:
    return OktaError(403, "E0000038", "This operation is not allowed in the user's current status.")
