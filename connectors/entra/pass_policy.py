"""The tenant's policy for Temporary Access Passes, and what keeps an account from being given one.

Source: Microsoft Graph v1.0, temporaryAccessPassAuthenticationMethodConfiguration; entra-docs,
"Configure Temporary Access Pass".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors import errors
from connectors.action import Outcome, Verdict
from connectors.entra import users
from connectors.entra.client import EntraClient, Request

Json = dict[str, Any]

_PATH = "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/{method}"
_KEPT = (
    "state",
    "minimumLifetimeInMinutes",
    "maximumLifetimeInMinutes",
    "defaultLifetimeInMinutes",
    "isUsableOnce",
)
_WHERE = "Entra admin center > Authentication methods > Policies > Temporary Access Pass"
_AGAIN = "Then run this step again."


async def read(client: EntraClient) -> Json | None:
    """Read the policy; None where it cannot be read, which keeps nobody from trying."""
    request = Request(
        "GET",
        _PATH,
        lambda graph, ids: (
            graph.policies.authentication_methods_policy.authentication_method_configurations
        ).by_authentication_method_configuration_id(ids["method"]),
        params={"method": "TemporaryAccessPass"},
        needs="the permission Policy.Read.AuthenticationMethod or Policy.Read.All",
    )
    try:
        found = (await client.read(request)).body
    except errors.ConnectorError:
        return None
    return {name: found.get(name) for name in _KEPT}


def of_guest(user: Mapping[str, Any]) -> Verdict | None:
    """Say that a guest's pass is issued elsewhere; None of anybody else."""
    if not users.is_guest(user):
        return None
    return Verdict(
        Outcome.SKIPPED,
        "The account is a guest, who signs in through the home tenant: a pass is issued there. "
        "Tell the home tenant's administrators.",
    )


def against(
    user: Mapping[str, Any],
    policy: Mapping[str, Any] | None,
    *,
    lifetime_minutes: int,
    usable_once: bool,
    kept: Sequence[Mapping[str, Any]],
) -> Verdict | None:
    """What speaks against a new pass, if anything does.

    Args:
        user: the account.
        policy: the tenant's policy; None where it is not known.
        lifetime_minutes: how long the pass is to live.
        usable_once: whether it is to be used up by one sign-in.
        kept: passes that can be used and are not to be replaced.
    """
    guest = of_guest(user)
    if guest is not None:
        return guest
    if user.get("accountEnabled") is False:
        return Verdict(
            Outcome.SKIPPED,
            "The account is blocked: a pass is of no use while it is. Enable it first, then issue "
            "the pass.",
        )
    if kept:
        made = kept[0].get("createdDateTime")
        return Verdict(
            Outcome.SKIPPED,
            f"The account has a pass, made at {made}, and a new one would make it void: ask who has "
            "it, or allow replace_existing.",
        )
    return _forbids(policy or {}, lifetime_minutes, usable_once=usable_once)


def _forbids(policy: Mapping[str, Any], lifetime: int, *, usable_once: bool) -> Verdict | None:
    state = policy.get("state")
    if state is not None and state != "enabled":
        return Verdict(
            Outcome.MANUAL,
            "The tenant allows no Temporary Access Pass: its policy for them is off.",
            f"{_WHERE}: enable it, with the person among its users. {_AGAIN}",
        )
    least, most = policy.get("minimumLifetimeInMinutes"), policy.get("maximumLifetimeInMinutes")
    if (isinstance(least, int) and lifetime < least) or (isinstance(most, int) and lifetime > most):
        return Verdict(
            Outcome.MANUAL,
            f"The tenant allows passes of {least} to {most} minutes, not of {lifetime}.",
            f"Set lifetime_minutes within these, or change them: {_WHERE} > Configure. {_AGAIN}",
        )
    if policy.get("isUsableOnce") is True and not usable_once:
        return Verdict(
            Outcome.MANUAL,
            "The tenant allows only passes that can be used once.",
            f"Set usable_once, or change it: {_WHERE} > Configure. {_AGAIN}",
        )
    return None


def remedy(policy: Mapping[str, Any] | None) -> str:
    """What to look at where Graph refuses a pass and does not say why."""
    told = ""
    if policy is not None:
        told = (
            f" It is {policy.get('state')} now, for {policy.get('minimumLifetimeInMinutes')} to "
            f"{policy.get('maximumLifetimeInMinutes')} minutes."
        )
    return f"{_WHERE}: enable it, with the person among its users.{told} {_AGAIN}"


def unusable(reason: str) -> str:
    """Why a pass that is there cannot be used (``methodUsabilityReason``), for a person."""
    if reason == "DisabledByPolicy":
        return f"The tenant's policy keeps the person from using it. {_WHERE}: include the person."
    return "It has run out." if reason == "Expired" else ""
