"""What can go wrong on the way, scripted: which requests, how, and how often."""

from __future__ import annotations

import re
import threading
from dataclasses import asdict, dataclass, field
from typing import Any

KINDS = frozenset(
    {
        "throttle",
        "status",
        "empty",
        "apply_then",
        "drop",
        "apply_then_drop",
        "ignore",
        "delay",
        "forbid",
        "cae_challenge",
        "redirect",
        "foreign_next_link",
        "empty_page",
    }
)


_LATER_PAGE = re.compile(r"skiptoken|after=|from=")


@dataclass(frozen=True)
class Effect:
    """One way to misbehave. Build it with the functions below, which say what each means."""

    kind: str
    status: int | None = None
    seconds: float | None = None
    url: str | None = None

    def __post_init__(self) -> None:
        """Refuse a kind nobody knows."""
        if self.kind not in KINDS:
            raise ValueError(f"no such effect: {self.kind}; there are {', '.join(sorted(KINDS))}")


def throttle(retry_after: float | None = 2) -> Effect:
    """429. Graph sends Retry-After, Okta and Auth0 their reset header; None leaves the hint out."""
    return Effect("throttle", seconds=retry_after)


def status(code: int) -> Effect:
    """The status with the vendor's error body; 502 comes as HTML. Nothing is applied."""
    return Effect("status", status=code)


def empty(code: int) -> Effect:
    """The status with no body and no content type. Nothing is applied."""
    return Effect("empty", status=code)


def apply_then(code: int = 504) -> Effect:
    """The request is carried out, and the answer says otherwise."""
    return Effect("apply_then", status=code)


def drop() -> Effect:
    """The connection is closed without an answer. Nothing is applied."""
    return Effect("drop")


def apply_then_drop() -> Effect:
    """The request is carried out, and the connection is closed without an answer."""
    return Effect("apply_then_drop")


def ignore() -> Effect:
    """The answer is the one of success, and nothing is done."""
    return Effect("ignore")


def delay(seconds: float) -> Effect:
    """The request waits, then goes on as usual."""
    return Effect("delay", seconds=seconds)


def forbid() -> Effect:
    """403, as for a missing permission."""
    return Effect("forbid")


def cae_challenge() -> Effect:
    """401 with a claims challenge; once, unless `times` says otherwise."""
    return Effect("cae_challenge")


def redirect(to: str) -> Effect:
    """302 to another address."""
    return Effect("redirect", url=to)


def foreign_next_link(url: str) -> Effect:
    """A list is answered as usual, but its next link leads to another host."""
    return Effect("foreign_next_link", url=url)


def empty_page() -> Effect:
    """A list answers with an empty first page and a next link to the full one."""
    return Effect("empty_page")


@dataclass
class Fault:
    """Which requests misbehave, and how.

    Attributes:
        effect: what happens.
        system: "entra", "okta", "auth0", "exchange" (their management APIs), "payroll" (the app that is
            told),
            "entra_login", "okta_login", "auth0_login", "payroll_login" (where credentials are
            redeemed), or None for all management APIs.
        method: the HTTP method, None for any.
        path_regex: searched in the decoded path, and in path?query; None for any.
        times: how many requests it hits, None for every one (a claims challenge: one).
        skip: how many matching requests pass first.
    """

    effect: Effect
    system: str | None = None
    method: str | None = None
    path_regex: str | None = None
    times: int | None = None
    skip: int = 0
    seen: int = field(default=0, init=False)
    hits: int = field(default=0, init=False)
    id: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Compile the expression early, and let a challenge happen once."""
        self._path = re.compile(self.path_regex or "")
        if self.effect.kind == "cae_challenge" and self.times is None:
            self.times = 1

    def concerns(self, system: str, method: str, path: str, query: str) -> bool:
        """Whether it is about this request at all."""
        systems = ("entra", "okta", "auth0", "exchange") if self.system is None else (self.system,)
        if system not in systems or self.method not in (None, method):
            return False
        if self.effect.kind == "empty_page" and _LATER_PAGE.search(query):
            return False
        return bool(self._path.search(path) or self._path.search(f"{path}?{query}"))

    def to_json(self) -> dict[str, Any]:
        """A plain JSON object, counters included."""
        shown = asdict(self)
        shown["effect"] = {k: v for k, v in asdict(self.effect).items() if v is not None}
        return shown


class Faults:
    """The script: the first fault that matches and still has hits left is played."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._added = 0

    def add(self, fault: Fault) -> Fault:
        """Put a fault at the end of the script; returns it, with its id."""
        with self._lock:
            self._added += 1
            fault.id = self._added
            self._faults.append(fault)
        return fault

    def remove(self, fault_id: int) -> None:
        """Take one fault out; an unknown id is no error."""
        with self._lock:
            self._faults = [f for f in self._faults if f.id != fault_id]

    def clear(self) -> None:
        """Empty the script."""
        with self._lock:
            self._faults.clear()

    def all(self) -> list[Fault]:
        """The script as it stands."""
        with self._lock:
            return list(self._faults)

    def take(self, system: str, method: str, path: str, query: str) -> Effect | None:
        """The effect to play on this request, counted; None for an undisturbed request."""
        with self._lock:
            for fault in self._faults:
                if fault.times is not None and fault.hits >= fault.times:
                    continue
                if not fault.concerns(system, method, path, query):
                    continue
                fault.seen += 1
                if fault.seen > fault.skip:
                    fault.hits += 1
                    return fault.effect
        return None


def fault_from_json(data: dict[str, Any]) -> Fault:
    """The body of POST /_sim/faults to a Fault; ValueError says what is wrong.

    The effect is a kind ("drop") with its parameters beside it (`status`, `retry_after`,
    `seconds`, `url`), or an object {"kind": ..., ...}.
    """
    given = data.get("effect")
    details = dict(given) if isinstance(given, dict) else {**data, "kind": given}
    kind = details.get("kind")
    if kind is None:
        raise ValueError("effect is missing")
    seconds = details.get("retry_after", details.get("seconds"))
    if kind == "throttle" and "retry_after" not in details and "seconds" not in details:
        seconds = 2
    code = details.get("status", {"apply_then": 504, "status": 500, "empty": 500}.get(kind))
    if kind in ("redirect", "foreign_next_link") and not details.get("url"):
        raise ValueError(f"{kind} needs url")
    if kind == "delay" and seconds is None:
        raise ValueError("delay needs seconds")
    return Fault(
        Effect(kind, status=code, seconds=seconds, url=details.get("url")),
        system=data.get("system"),
        method=data.get("method"),
        path_regex=data.get("path_regex", data.get("path")),
        times=data.get("times"),
        skip=data.get("skip", 0),
    )
