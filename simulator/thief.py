"""The thief: replays stolen credentials on a fixed grid and writes down when each one dies."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx

from simulator.clock import steady_ms
from simulator.loot import Auth0Loot, EntraLoot, Loot, OktaLoot, PayrollLoot
from simulator.okta_scene import THIEF

_REFUSALS = frozenset({400, 401, 403, 404})
_PATIENCE_S = 5.0
_MOST_IN_FLIGHT = 50


@dataclass
class Trial:
    """What became of one stolen credential.

    A refusal counts from the first definite no that no later replay contradicted. "Later"
    goes by the order of sending, so a slow answer to an early replay does not confuse it.
    Times are epoch milliseconds, and milliseconds of the monotonic clock beside them.
    """

    system: str
    name: str
    attempts: int = 0
    successes: int = 0
    inconclusive: int = 0
    revived: int = 0
    last_success_at: float | None = None
    last_success_mono: float | None = None
    first_refusal_at: float | None = None
    first_refusal_mono: float | None = None
    first_refusal_sent_at: float | None = None
    refusal: str | None = None
    _refused_n: int = field(default=0, repr=False)
    _success_n: int = field(default=0, repr=False)

    def note(self, n: int, sent_at: float, verdict: bool | None, why: str) -> None:
        """Record the outcome of replay `n`: worked, refused, or (None) neither."""
        self.attempts += 1
        if verdict is None:
            self.inconclusive += 1
        elif verdict:
            self.successes += 1
            self._success_n = max(self._success_n, n)
            self.last_success_at, self.last_success_mono = steady_ms(), time.monotonic() * 1000
            if self.first_refusal_at is not None and n > self._refused_n:
                self.revived += 1
                self.first_refusal_at = self.first_refusal_mono = None
                self.first_refusal_sent_at = self.refusal = None
        elif self.first_refusal_at is None and n > self._success_n:
            self._refused_n, self.refusal = n, why
            self.first_refusal_at, self.first_refusal_mono = steady_ms(), time.monotonic() * 1000
            self.first_refusal_sent_at = sent_at

    def to_json(self) -> dict[str, Any]:
        """A plain JSON object."""
        return {k: v for k, v in self.__dict__.items() if not k.startswith("_")}


class Thief:
    """Replays what was stolen, every `interval_s`, in all systems at once.

    Usable as a context manager; `start` and `stop` do the same by hand.
    """

    def __init__(self, base_url: str, loot: Loot, interval_s: float = 0.05) -> None:
        """Prepare; nothing is sent before `start`.

        Args:
            base_url: the simulator's address.
            loot: what was stolen.
            interval_s: the distance of two replays of the same credential.
        """
        self.base_url, self.loot, self.interval_s = base_url.rstrip("/"), loot, interval_s
        self._replays: list[tuple[Trial, httpx.Request]] = []
        if loot.entra:
            self._replays += self._entra(loot.entra)
        if loot.okta:
            self._replays += self._okta(loot.okta)
        if loot.auth0:
            self._replays += self._auth0(loot.auth0)
        if loot.payroll:
            self._replays += self._payroll(loot.payroll)
        self.trials = [trial for trial, _ in self._replays]
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    # -- control ------------------------------------------------------------------------

    def start(self) -> Self:
        """Begin to replay in a thread of its own."""
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._work()), name="thief", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop; answers still on the way are given up."""
        self._stop.set()
        if self._thread:
            self._thread.join(_PATIENCE_S)

    def __enter__(self) -> Self:
        """Start on entering the block."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop on leaving it."""
        self.stop()

    # -- findings -----------------------------------------------------------------------

    def locked_out(self) -> dict[str, float | None]:
        """For each system with loot: when its last credential was refused, in epoch ms.

        None while any credential of the system still works or has not been refused yet.
        """
        found: dict[str, float | None] = {}
        for system in dict.fromkeys(t.system for t in self.trials):
            times = [t.first_refusal_at for t in self.trials if t.system == system]
            known = [t for t in times if t is not None]
            found[system] = max(known) if len(known) == len(times) else None
        return found

    def wait_until_working(self, timeout_s: float = 30.0) -> bool:
        """Wait until every credential has worked once; False when time ran out."""
        return self._wait(lambda: all(t.successes for t in self.trials), timeout_s)

    def wait_until_locked_out(self, timeout_s: float = 30.0) -> bool:
        """Wait until nothing works in any system; False when time ran out."""
        return self._wait(lambda: all(t is not None for t in self.locked_out().values()), timeout_s)

    def report(self) -> dict[str, Any]:
        """Everything found so far, JSON-able."""
        return {
            "user": self.loot.user,
            "interval_ms": self.interval_s * 1000,
            "locked_out": self.locked_out(),
            "credentials": [trial.to_json() for trial in self.trials],
        }

    @staticmethod
    def _wait(condition: Callable[[], bool], timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.01)
        return True

    # -- the work -----------------------------------------------------------------------

    async def _work(self) -> None:
        # Building a TLS context takes longer than an interval: once, and before the grid starts.
        tls = ssl.create_default_context()
        start, count = time.monotonic() + 0.01, len(self._replays)
        async with asyncio.TaskGroup() as group:
            for place, (trial, replay) in enumerate(self._replays):
                # Spread over the interval: they do not queue behind each other.
                offset = place * self.interval_s / count
                group.create_task(self._grid(trial, replay, start + offset, tls))

    async def _grid(
        self, trial: Trial, replay: httpx.Request, start: float, tls: ssl.SSLContext
    ) -> None:
        """Send on the grid whatever happens; an answer on the way holds nothing up."""
        limits = httpx.Limits(max_connections=_MOST_IN_FLIGHT)
        # The bare transport, and each request built once: a full client costs twice the CPU,
        # and the thief must not slow down what he measures.
        async with httpx.AsyncHTTPTransport(limits=limits, verify=tls) as line:
            flying: set[asyncio.Task[None]] = set()
            n, mark = 0, 0
            await asyncio.sleep(start - time.monotonic())
            while not self._stop.is_set():
                n += 1
                if len(flying) < _MOST_IN_FLIGHT:
                    task = asyncio.create_task(self._once(n, trial, replay, line))
                    flying.add(task)
                    task.add_done_callback(flying.discard)
                # A missed mark is skipped, not caught up: the grid stays where it is.
                passed = int((time.monotonic() - start) / self.interval_s)
                mark = max(mark, passed) + 1
                await asyncio.sleep(start + mark * self.interval_s - time.monotonic())
            for task in list(flying):
                task.cancel()
            await asyncio.gather(*flying, return_exceptions=True)

    async def _once(
        self, n: int, trial: Trial, replay: httpx.Request, line: httpx.AsyncHTTPTransport
    ) -> None:
        sent_at = steady_ms()
        try:
            response = await line.handle_async_request(replay)
            await response.aread()
            await response.aclose()
        except httpx.HTTPError as error:
            trial.note(n, sent_at, None, type(error).__name__)
            return
        trial.note(n, sent_at, *_verdict(response))

    def _entra(self, loot: EntraLoot) -> list[tuple[Trial, httpx.Request]]:
        base = f"{self.base_url}/{loot.tenant_id}/oauth2/v2.0"
        form = {
            "grant_type": "refresh_token",
            "client_id": loot.client_id,
            "refresh_token": loot.refresh_token,
        }
        url = f"{base}/authorize?client_id={loot.client_id}&response_type=code&prompt=none"
        here = {"X-Forwarded-For": THIEF.ip, "User-Agent": THIEF.agent}
        cookie = {"Cookie": f"ESTSAUTH={loot.estsauth}", **here}
        return [
            (
                Trial("entra", "refresh_token"),
                _request("POST", f"{base}/token", data=form, headers=here),
            ),
            (Trial("entra", "ESTSAUTH"), _request("GET", url, headers=cookie)),
        ]

    def _okta(self, loot: OktaLoot) -> list[tuple[Trial, httpx.Request]]:
        form = {
            "grant_type": "refresh_token",
            "client_id": loot.client_id,
            "refresh_token": loot.refresh_token,
        }
        here = {"X-Forwarded-For": THIEF.ip, "User-Agent": THIEF.agent}
        url, cookie = f"{self.base_url}/api/v1/sessions/me", {"Cookie": f"sid={loot.sid}", **here}
        token_url = f"{self.base_url}/oauth2/v1/token"
        return [
            (
                Trial("okta", "refresh_token"),
                _request("POST", token_url, data=form, headers=here),
            ),
            (Trial("okta", "sid"), _request("GET", url, headers=cookie)),
        ]

    def _auth0(self, loot: Auth0Loot) -> list[tuple[Trial, httpx.Request]]:
        form = {
            "grant_type": "refresh_token",
            "client_id": loot.client_id,
            "refresh_token": loot.refresh_token,
        }
        here = {"X-Forwarded-For": THIEF.ip, "User-Agent": THIEF.agent}
        url = f"{self.base_url}/authorize?client_id={loot.client_id}&response_type=code&prompt=none"
        cookie = {"Cookie": f"auth0={loot.cookie}", **here}
        token_url = f"{self.base_url}/oauth/token"
        return [
            (
                Trial("auth0", "refresh_token"),
                _request("POST", token_url, data=form, headers=here),
            ),
            (Trial("auth0", "auth0"), _request("GET", url, headers=cookie)),
        ]

    def _payroll(self, loot: PayrollLoot) -> list[tuple[Trial, httpx.Request]]:
        cookie = {"Cookie": f"payroll={loot.cookie}"}
        url = f"{self.base_url}/payroll/me"
        return [(Trial("payroll", "payroll"), _request("GET", url, headers=cookie))]


def _request(
    method: str,
    url: str,
    *,
    data: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> httpx.Request:
    timeout = httpx.Timeout(_PATIENCE_S).as_dict()
    return httpx.Request(method, url, data=data, headers=headers, extensions={"timeout": timeout})


def _verdict(response: httpx.Response) -> tuple[bool | None, str]:
    """Whether the replay worked; None for what says nothing about the credential (429, 5xx)."""
    if response.status_code == 200:
        return True, ""
    if response.status_code == 302:
        query = parse_qs(urlsplit(response.headers.get("location", "")).query)
        if "code" in query:
            return True, ""
        return (False, query["error"][0]) if "error" in query else (None, "redirect")
    if response.status_code in _REFUSALS:
        return False, f"{response.status_code} {response.text[:120]}"
    return None, str(response.status_code)
