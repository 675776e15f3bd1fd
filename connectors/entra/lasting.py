"""How long tokens and sessions last, from what the tenant sets: one row for each kind.

Source: entra-docs, "Configurable token lifetimes", "Refresh tokens", "Conditional Access adaptive
session lifetime policies" and "Continuous access evaluation".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.entra import lifetime_policy

Json = dict[str, Any]

_DEFAULT = "60 to 90 minutes"
_HOUR = "1 hour"


@dataclass(frozen=True, slots=True)
class Row:
    """How long one kind of token or session lasts, and why; ``known`` is False where part is not known."""

    what: str
    lives: str
    why: str
    known: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """What was read of the tenant.

    ``tenant`` holds the organization's default policies, ``app`` those of the app asked about (empty
    without one); each is None where it could not be read. ``others`` are the policies that some app may
    have, where none is asked about. ``controls`` are the Conditional Access
    policies for the user (``access_policies.controls``), None where not read; ``cae_read`` tells whether
    their mode of continuous access evaluation was read. ``single_page`` is None where not known.
    """

    guest: bool
    tenant: Sequence[Json] | None
    app: Sequence[Json] | None
    others: Sequence[Json]
    controls: Sequence[Json] | None
    cae_read: bool
    single_page: bool | None


def rows(facts: Facts) -> tuple[Row, ...]:
    """The rows, in the order in which they are shown."""
    access, why, known = _access(facts)
    return (
        Row("access token", access, why, known),
        _with_cae(facts),
        Row("ID and SAML token", _HOUR if access == _DEFAULT else access, why, known),
        _refresh(facts),
        Row(
            "inactivity",
            "90 days" if facts.single_page is not True else "24 hours",
            "a refresh token or kept session that is not used for so long ends",
        ),
        _session(facts),
        _sign_in(facts),
    )


def _access(facts: Facts) -> tuple[str, str, bool]:
    """How long access tokens live: an organization's default wins over the app's own policy."""
    for policy in facts.tenant or ():
        minutes = lifetime_policy.access_token_minutes(policy)
        if minutes is not None:
            return _span(minutes), f"the organization's default {_named(policy)}", True
    if facts.tenant is None or facts.app is None:
        return "unknown", f"{_DEFAULT}, unless a policy that was not read says otherwise", False
    own = {
        minutes: policy
        for policy in facts.app
        if (minutes := lifetime_policy.access_token_minutes(policy)) is not None
    }
    if not own:
        why = "Entra's default: no policy sets it"
        several = [p for p in facts.others if lifetime_policy.access_token_minutes(p) is not None]
        if several:
            why = f"Entra's default; an app may have one of: {', '.join(map(_lived, several))}"
        return _DEFAULT, why, True
    spans, names = " or ".join(map(_span, sorted(own))), ", ".join(map(_named, own.values()))
    if len(own) > 1:
        return spans, f"its application and its service principal differ: {names}", False
    if facts.tenant:
        why = (
            f"the app's {names}, if the organization's default, which sets none, leaves room for it"
        )
        return f"{spans} or {_DEFAULT}", why, False
    return spans, f"the app's {names}", True


def _with_cae(facts: Facts) -> Row:
    what = "access token with CAE"
    if facts.guest:
        return Row(what, "none", "continuous access evaluation does not cover guests")
    modes = _asking(facts, "cae")
    off = [each for each in modes if each["cae"] == "disabled"]
    if any(_certain(each) for each in off):
        return Row(what, "none", f"turned off by {_policies(off)}")
    lives = "up to 28 hours"
    why = (
        "Exchange, SharePoint, Teams and Graph, with clients that can; token policies do not count; "
        "revoking, disabling, a new password end it within 15 minutes"
    )
    if off:
        return Row(what, lives, f"{why}; {_maybe(off)} turns it off", known=False)
    if facts.controls is None or not facts.cae_read:
        return Row(what, lives, f"{why}; unknown whether a policy turns it off", known=False)
    strict = [each for each in modes if each["cae"] in ("strictLocation", "strictEnforcement")]
    if strict:
        why = f"{why}; {_policies(strict)} enforces it strictly"
    return Row(what, lives, why)


def _refresh(facts: Facts) -> Row:
    if facts.single_page:
        return Row(
            "refresh token",
            "24 hours",
            "from the sign-in on, and not longer by use: the app has single-page addresses",
        )
    why = "renewed by use, and ended by 90 days without"
    if facts.single_page is None:
        why += "; 24 hours in all where the client is a single-page app"
    certain = [each for each in _asking(facts, "hours") if _certain(each)]
    if certain:
        why += "; a sign-in frequency asks again before that"
    return Row("refresh token", "until revoked", why)


def _session(facts: Facts) -> Row:
    what = "session cookie"
    chosen = "24 hours unused; 90 days where the person chose to stay signed in"
    if facts.controls is None:
        return Row(what, chosen, "unknown whether a policy decides it", known=False)
    asked = _asking(facts, "browser")
    certain = [each for each in asked if _certain(each)]
    rest = [each for each in asked if each not in certain]
    lives, why = chosen, "extended by each use; no policy decides it"
    if any(each["browser"] == "never" for each in certain):
        lives, why = "until the browser closes, 24 hours unused", f"by {_policies(certain)}"
    elif certain:
        lives, why = "90 days unused", f"kept by {_policies(certain)}"
    if rest:
        why += f"; {_maybe(rest)} decides it otherwise"
    return Row(what, lives, why, known=not any(each["applies"] is None for each in rest))


def _sign_in(facts: Facts) -> Row:
    what = "sign-in again"
    if facts.controls is None:
        return Row(what, "unknown", "Conditional Access could not be read", known=False)
    asked = sorted(_asking(facts, "hours"), key=lambda each: float(each["hours"]))
    certain = [each for each in asked if _certain(each)]
    strictest = float(certain[0]["hours"]) if certain else None
    stricter = [
        each
        for each in asked
        if not _certain(each) and (strictest is None or each["hours"] < strictest)
    ]
    lives, why = "not asked", "no sign-in frequency: a window of 90 days that rolls on with use"
    if certain and strictest is not None:
        lives, why = _every(strictest), f"by {_policies(certain[:1])}"
        if certain[0]["second_factor_only"]:
            why += ", the second factor only"
    for each in stricter:
        why += f"; {_every(float(each['hours']))} {_maybe([each])}"
    return Row(what, lives, why, known=not any(each["applies"] is None for each in stricter))


def _asking(facts: Facts, name: str) -> list[Json]:
    return [c for c in facts.controls or () if c["enforced"] and c[name] is not None]


def _certain(control: Json) -> bool:
    return control["applies"] is True and not control["conditions"]


def _maybe(controls: Sequence[Json]) -> str:
    """Policies that count under conditions, or of which it is not known whether they do."""
    return ", ".join(_circumstance(each) for each in controls)


def _circumstance(control: Json) -> str:
    said = [f"depending on {', '.join(control['conditions'])}"] if control["conditions"] else []
    if control["applies"] is None:
        said.append(f"unknown {control['why']}")
    return f'"{control["policy"]}" ({"; ".join(said)})'


def _policies(controls: Sequence[Json]) -> str:
    return ", ".join(f'"{each["policy"]}"' for each in controls)


def _named(policy: Json) -> str:
    return f'policy "{policy.get("displayName")}"'


def _lived(policy: Json) -> str:
    return f"{_span(lifetime_policy.access_token_minutes(policy) or 0)} ({_named(policy)})"


def _every(hours: float) -> str:
    return "every time" if hours == 0 else f"after {_span(hours * 60)}"


def _span(minutes: float) -> str:
    for size, word in ((1440, "day"), (60, "hour")):
        if minutes % size == 0:
            return _counted(int(minutes // size), word)
    return _counted(int(minutes), "minute") if minutes == int(minutes) else f"{minutes:.1f} minutes"


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")


def verdict(found: Sequence[Row], whose: str, retired: Sequence[Json]) -> Iterator[str]:
    """The sentences a person reads in ten seconds."""
    lives = {row.what: row.lives for row in found}
    yield (
        f"{whose}: access tokens live {lives['access token']}, with continuous access evaluation "
        f"{lives['access token with CAE']}"
    )
    yield f"refresh tokens {lives['refresh token']} ({lives['inactivity']} unused)"
    yield f"sign-in again {lives['sign-in again']}"
    if retired:
        names = ", ".join(dict.fromkeys(f'"{each["policy"]}"' for each in retired))
        have = "has" if len(retired) == 1 else "have"
        yield f"{_counted(len(retired), 'old setting')} in {names} {have} no effect since 2021"
