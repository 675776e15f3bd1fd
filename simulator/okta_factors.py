"""Okta's enrolled factors: list, read, unenrol."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answers import OktaError, not_found
from simulator.okta_io import flag, segment, target, transaction, user_url
from simulator.okta_state import Factor, OktaUser, Status
from simulator.tenant import Tenant


class _Handlers:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def found(self, user: OktaUser, request: Request) -> Factor:
        factor_id = segment(request, "factor")
        factor = user.factor(factor_id)
        if factor is None:
            raise not_found(factor_id, "UserFactor")
        return factor

    async def list_factors(self, request: Request) -> Response:
        user = self.tenant.seen(target(self.tenant, request))
        url = user_url(request, user)
        unlisted = self.tenant.okta_unlisted_factors
        return JSONResponse(
            [factor.to_json(url) for factor in user.factors if factor.factor_type not in unlisted]
        )

    async def get_factor(self, request: Request) -> Response:
        user = self.tenant.seen(target(self.tenant, request))
        return JSONResponse(self.found(user, request).to_json(user_url(request, user)))

    async def unenrol(self, request: Request) -> Response:
        user = target(self.tenant, request)
        recovery = flag(request, "removeRecoveryEnrollment", default=False)
        if user.status is Status.DEPROVISIONED:
            raise OktaError(
                403, "E0000038", "This operation is not allowed in the user's current status."
            )
        factor = self.found(user, request)
        with self.tenant.change(user):
            gone = user.remove_factor(factor)
            phone = factor.profile.get("phoneNumber")
            # Otherwise the phone stays a way to recover the account.
            if recovery and factor.recovery and phone in user.recovery_phones:
                user.recovery_phones.remove(phone)
        for one in gone:
            self.tenant.okta_event(
                "user.mfa.factor.deactivate",
                user,
                transaction=transaction(request),
                debug={"factor": one.factor_type},
                enrolment=one,
            )
        return Response(status_code=204)


def routes(tenant: Tenant) -> list[Route]:
    """The routes of this page."""
    on = _Handlers(tenant)
    base = "/api/v1/users/{user}/factors"
    return [
        Route(base, on.list_factors, methods=["GET"]),
        Route(f"{base}/{{factor}}", on.get_factor, methods=["GET"]),
        Route(f"{base}/{{factor}}", on.unenrol, methods=["DELETE"]),
    ]
