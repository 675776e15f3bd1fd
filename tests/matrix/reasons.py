"""What is right for a named row in a named cell instead of the rule's, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Otherwise:
    """Outcomes that are right in one cell instead of the rule's, and why."""

    ends: tuple[str, ...]
    why: str


_HIDDEN = "the vendor does not list all of it, so an empty list excuses nobody from sending"
_ANEW = "what came meanwhile has to go, too"
_SAID_AGAIN = "it says the same once more, which changes nothing, and is read back"
_UNREAD = "nothing of it can be read back, and it is never called verified"
_TOLD = "each containment tells the applications anew: a session may be newer than the last"
_STRANGER = "an application says that it has taken a signal, and not whether it knows the person"
_AS_WANTED = "it is gone, and so is what it did"
_HALF = "a policy that is assigned to nothing does nothing, and undoing the step takes it away"

#: By row and cell.
OTHERWISE: Mapping[tuple[str, str], Otherwise] = {
    ("entra.revoke_sessions", "already so"): Otherwise(("verified",), _ANEW),
    ("entra.reset_password", "already so"): Otherwise(
        ("verified",), "it cannot be told who has set the password there is"
    ),
    ("okta.revoke_sessions", "already so"): Otherwise(("accepted",), _HIDDEN),
    ("okta.universal_logout", "already so"): Otherwise(("accepted",), _HIDDEN),
    ("okta.reset_factors", "already so"): Otherwise(("accepted",), _HIDDEN),
    ("entra.issue_temporary_access_pass", "already so"): Otherwise(
        ("verified",), "nobody can be given the code of a pass that is there"
    ),
    ("okta.reset_password, handed over", "already so"): Otherwise(
        ("verified",),
        "each person it is handed to needs a link, and the newest is the one that works",
    ),
    **{
        (row, cell): Otherwise(ends, why)
        for row in ("auth0.reset_password", "auth0.reset_password, handed over")
        for cell, ends, why in (
            ("already so", ("verified",), "it cannot be told who has set the password there is"),
            (
                "accepted but nothing happened",
                ("failed", "verified"),
                "the password is read back; whether its link works, only using it up would show",
            ),
        )
    },
    ("auth0.revoke_sessions", "already so"): Otherwise(("verified",), _ANEW),
    ("auth0.revoke_refresh_tokens", "already so"): Otherwise(("verified",), _ANEW),
    ("auth0.forget_browsers", "already so"): Otherwise(("accepted",), _HIDDEN),
    ("auth0.forget_browsers", "accepted but nothing happened"): Otherwise(("accepted",), _UNREAD),
    ("signals.session_revoked", "already so"): Otherwise(("accepted",), _TOLD),
    ("signals.credential_compromise", "already so"): Otherwise(("accepted",), _TOLD),
    ("signals.global_token_revocation", "already so"): Otherwise(("accepted",), _TOLD),
    ("signals.session_revoked", "accepted but nothing happened"): Otherwise(("accepted",), _UNREAD),
    ("signals.credential_compromise", "accepted but nothing happened"): Otherwise(
        ("accepted",), _UNREAD
    ),
    ("signals.global_token_revocation", "accepted but nothing happened"): Otherwise(
        ("accepted",), _UNREAD
    ),
    ("signals.session_revoked", "not there"): Otherwise(("accepted",), _STRANGER),
    ("signals.credential_compromise", "not there"): Otherwise(("accepted",), _STRANGER),
    ("signals.session_revoked", "gone between look and change"): Otherwise(
        ("accepted",), _STRANGER
    ),
    ("signals.credential_compromise", "gone between look and change"): Otherwise(
        ("accepted",), _STRANGER
    ),
    ("undo entra.disable_user", "already so"): Otherwise(("verified",), _SAID_AGAIN),
    ("undo entra.enable_user", "already so"): Otherwise(("verified",), _SAID_AGAIN),
    ("undo entra.confirm_compromised", "already so"): Otherwise(("verified",), _SAID_AGAIN),
    ("undo entra.quarantine_group", "already so"): Otherwise(("verified",), _SAID_AGAIN),
    ("undo okta.suspend_user", "already so"): Otherwise(("verified",), _SAID_AGAIN),
    ("undo okta.unsuspend_user", "already so"): Otherwise(("verified",), _SAID_AGAIN),
    ("undo auth0.block_user", "already so"): Otherwise(("verified",), _SAID_AGAIN),
    ("okta.block_network", "not there"): Otherwise(
        ("verified",), "without a zone of ours it makes one"
    ),
    ("okta.block_network", "gone between look and change"): Otherwise(
        ("verified",), "without a zone of ours it makes one"
    ),
    ("entra.disable_service_principal", "gone between look and change"): Otherwise(
        ("verified",), _AS_WANTED
    ),
    ("undo entra.disable_service_principal", "gone between look and change"): Otherwise(
        ("verified",), "what is gone cannot be given back, and nothing else is left disabled"
    ),
    ("undo okta.suspend_devices", "gone between look and change"): Otherwise(
        ("verified",), "what is gone cannot be given back, and nothing else is left suspended"
    ),
    ("entra.remove_app_credentials", "gone between look and change"): Otherwise(
        ("verified",), _AS_WANTED
    ),
    ("okta.revoke_api_tokens", "gone between look and change"): Otherwise(
        ("verified",), _AS_WANTED
    ),
    ("auth0.revoke_grants", "gone between look and change"): Otherwise(("verified",), _AS_WANTED),
    ("entra.shorten_token_lifetime", "gone between look and change"): Otherwise(
        ("failed",), f"the policy is made before the app is found to be gone; {_HALF}"
    ),
    ("undo entra.shorten_token_lifetime", "gone between look and change"): Otherwise(
        ("unverifiable",), "our policy is deleted; the app it was assigned to cannot be read"
    ),
    ("entra.shorten_token_lifetime", "accepted but nothing happened"): Otherwise(
        ("unknown", "failed"), "a policy that is not there may be one that Graph does not show yet"
    ),
    ("undo entra.shorten_token_lifetime", "accepted but nothing happened"): Otherwise(
        ("failed", "verified"), "deleting our policy takes it away from the app, too"
    ),
}

_KNOWN = "it has the id of the first, so the application knows it for the same"

#: Changes that an interrupted step may send a second time, by row: which, and why it is no harm.
REPEATED: Mapping[str, tuple[str, str]] = {
    "entra.reset_password": (
        r"PATCH /v1\.0/users/[^/]+",
        "the stamp of a password does not tell who set it, and nobody is to know the one before",
    ),
    "okta.revoke_client_tokens": (
        r"DELETE /api/v1/users/[^/]+/clients/[^/]+/tokens",
        "what an app was given meanwhile is taken, too",
    ),
    **dict.fromkeys(
        ("auth0.reset_password", "auth0.reset_password, handed over"),
        (
            r"(PATCH /api/v2/users/[^/]+|POST /api/v2/tickets/password-change)",
            "nobody is to know the password before, and a newer link takes the place of one",
        ),
    ),
    "auth0.forget_browsers": (
        r"POST /api/v2/users/[^/]+/multifactor/actions/invalidate-remember-browser",
        "a browser that is forgotten already stays so",
    ),
    "signals.session_revoked": (r"POST /payroll/events", _KNOWN),
    "signals.credential_compromise": (r"POST /payroll/events", _KNOWN),
    "signals.global_token_revocation": (
        r"POST /payroll/global-token-revocation",
        "sessions that have ended stay ended",
    ),
    "entra.issue_temporary_access_pass": (
        r"(POST|DELETE) .*/temporaryAccessPassMethods(/\{made\})?",
        "a pass whose code was lost is nobody's, and another one takes its place",
    ),
    "okta.reset_password, handed over": (
        r"POST /api/v1/users/[^/]+/lifecycle/reset_password",
        "the link that was lost is nobody's, and another one makes it void",
    ),
}
