"""The page a plan is decided on: shown by GET, decided by POST, once, by somebody who may."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ledger.approvals import Decision
from tasks import decisions
from web.auth import Visitor
from web.console import forms, outcomes, people, reading
from web.console.context import Console
from web.console.plan import disruptions, notes, reasons, short_hash, worst_impact
from web.console.reading import RunView

_MAX_REASON = 2000
_PATH = "/approvals/{approval_id}"


class Approvals:
    """The routes of one request for approval."""

    def __init__(self, console: Console) -> None:
        """``console`` holds what pages are made of."""
        self._console = console

    def router(self) -> APIRouter:
        """Return ``GET`` and ``POST /approvals/{approval_id}``."""
        routes = APIRouter()
        routes.add_api_route(_PATH, self.show, methods=["GET", "HEAD"], response_model=None)
        routes.add_api_route(_PATH, self.decide, methods=["POST"], response_model=None)
        return routes

    async def show(self, request: Request, approval_id: str) -> Response:
        """Show the plan, what is done already, and the two forms."""
        visitor = await self._console.visitor(request)
        if visitor is None:
            return self._console.to_login(request)
        view = await self._read(approval_id)
        return self._console.missing(visitor) if view is None else self._page(visitor, view)

    async def decide(self, request: Request, approval_id: str) -> Response:
        """Take a decision: ``decision``, ``plan_hash``, ``reason`` and, where asked, ``typed_name``."""
        visitor = await self._console.visitor(request)
        if visitor is None:
            return self._console.to_login(request)
        try:
            form = await forms.fields(request)
        except forms.NotAForm:
            return self._not_a_decision(visitor)
        view = await self._read(approval_id)
        if view is None:
            return self._console.missing(visitor)
        refused = people.refusal(visitor, view.row, view.target, view.said)
        if refused is not None:
            return self._console.pages.notice(visitor, 403, "You may not decide this", refused)
        choice = form.get("decision")
        if choice not in ("approve", "deny"):
            return self._not_a_decision(visitor)
        reason = form.get("reason", "").strip()[:_MAX_REASON]
        if view.waits:
            missing = self._missing(view, choice == "approve", reason, form.get("typed_name", ""))
            if missing:
                return self._page(visitor, view, choice=choice, problem=missing, reason=reason)
        decision = await run_in_threadpool(
            decisions.decide,
            self._console.service,
            approval_id,
            approve=choice == "approve",
            plan_hash=form.get("plan_hash", ""),
            user_id=visitor.id,
            user_name=visitor.name,
            reason=reason,
        )
        if decision.accepted:
            return RedirectResponse(f"/runs/{view.row.id}", status_code=303)
        return self._too_late(visitor, view, decision)

    async def _read(self, approval_id: str) -> RunView | None:
        return await self._console.service.database.reading(reading.approval, approval_id)

    def _missing(self, view: RunView, approve: bool, reason: str, typed: str) -> str:
        """Say what the form lacks, for people; empty where it lacks nothing."""
        if approve and needs_typed_name(view):
            wanted = view.target.typed_names
            if typed.strip().casefold() not in {name.casefold() for name in wanted}:
                return f"To approve, type the sign-in name exactly: {wanted[0]}"
        if not approve and not reason and self._deny_needs_reason:
            return "To deny, say why: the next person has to be able to follow it."
        return ""

    @property
    def _deny_needs_reason(self) -> bool:
        return self._console.service.settings.approvals.deny_reason_required

    def _page(
        self,
        visitor: Visitor,
        view: RunView,
        *,
        choice: str = "",
        problem: str = "",
        reason: str = "",
    ) -> Response:
        approval = view.approval
        return self._console.pages.page(
            "approval.html",
            visitor,
            status=422 if problem else 200,
            view=view,
            approval=approval,
            question=outcomes.question(view.row),
            label=outcomes.of_approval(approval.state if approval else ""),
            impact=worst_impact(view.asked),
            disrupts=disruptions(view.asked),
            plan_hash=short_hash(view.row.plan_hash),
            reasons=reasons(view.row),
            notes=notes(view.row),
            refusal=people.refusal(visitor, view.row, view.target, view.said),
            typed_name=view.target.typed_names[0] if needs_typed_name(view) else "",
            deny_needs_reason=self._deny_needs_reason,
            choice=choice,
            problem=problem,
            reason=reason,
            paused=view.paused,
        )

    def _not_a_decision(self, visitor: Visitor) -> Response:
        return self._console.pages.notice(
            visitor,
            400,
            "Nothing was decided",
            "The form did not say whether to approve or to deny.",
            "Go back to the request and use one of its two buttons.",
        )

    def _too_late(self, visitor: Visitor, view: RunView, decision: Decision) -> Response:
        return self._console.pages.page(
            "too_late.html",
            visitor,
            status=409,
            view=view,
            decision=decision,
            label=outcomes.of_approval(decision.state),
        )


def needs_typed_name(view: RunView) -> bool:
    """Tell whether approving takes the target's name, typed: what is asked locks somebody out."""
    return bool(view.target.typed_names) and any(step.impact == "high" for step in view.asked)
