"""Every request of every action in Auth0, and every answer of the practice tenant, by the vendor's own stubs.

Auth0 publishes the stubs its SDK is tested with, one for each operation: method, address, what may be asked
for, and an answer with every member there is. ``RESCIND_VENDOR_SPECS`` names the folder that holds them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import needed
import pytest
import vendor_specs
from auth0_practice import BRIEF, Recorder, application, settings
from okta_practice import NO_RETRY

from connectors.action import Target
from connectors.auth0.system import Auth0System
from connectors.door import Door
from connectors.system import Clue
from simulator.gate import Gate
from simulator.server import Simulator

pytestmark = pytest.mark.skipif(
    vendor_specs.FOLDER is None,
    reason="RESCIND_VENDOR_SPECS names no folder of the vendors' documents",
)

_BASE = "/api/v2"
#: Asked for by the SDK and the documentation of these operations, and in no stub.
_BESIDES = {"/logs": {"q"}}
#: Members of a listed session that only the stub of a single session shows.
_SHOWN_ELSEWHERE = {f"/sessions/*/{name}" for name in ("authentication", "cookie", "device")}
Json = dict[str, Any]


@cache
def stubs() -> list[tuple[str, re.Pattern[str], Json]]:
    """The stubs: method, address, and themselves; those with fewer places in their address first."""
    assert vendor_specs.FOLDER is not None
    path = Path(vendor_specs.FOLDER) / "auth0-management.wiremock-mappings.json"
    found = json.loads(path.read_text(encoding="utf-8"))["mappings"]
    found.sort(key=lambda stub: stub["request"]["urlPathTemplate"].count("{"))
    return [
        (
            stub["request"]["method"],
            re.compile(
                re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(stub["request"]["urlPathTemplate"]))
            ),
            stub,
        )
        for stub in found
    ]


def stub_of(method: str, path: str) -> Json | None:
    fitting = (stub for verb, at, stub in stubs() if verb == method and at.fullmatch(path))
    return next(fitting, None)


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture
def heard(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str, bytes]]:
    """What goes over the wire to the Management API: method, path, query, answer."""
    sim.reset()
    kept: list[tuple[str, str, str, bytes]] = []
    send = Gate._send

    async def listening(self: Gate, call: Any, answer: Any, to: Any) -> None:
        path = call.scope["raw_path"].decode("latin-1")
        if path.startswith(_BASE):
            query = call.scope["query_string"].decode("latin-1")
            said = answer.body if answer.status < 400 else b""
            kept.append((call.method, path.removeprefix(_BASE), query, said))
        await send(self, call, answer, to)

    monkeypatch.setattr(Gate, "_send", listening)
    return kept


def faults(heard: list[tuple[str, str, str, bytes]]) -> list[str]:
    found = []
    for method, path, query, answer in heard:
        what = f"{method} {path}"
        stub = stub_of(method, path)
        if stub is None:
            found.append(f"{what}: the vendor has no such operation")
            continue
        asked = {name for name, _ in parse_qsl(query, keep_blank_values=True)}
        known = {*stub["request"].get("queryParameters", {}), *_BESIDES.get(path, ())}
        found += [f"{what}: {name} is not asked for" for name in sorted(asked - known)]
        body = stub["response"].get("body")
        if answer and body and body != '""':
            shown = json.loads(body)
            found += [f"{what}: answer {fault}" for fault in _unknown(json.loads(answer), shown)]
    assert heard
    return sorted(set(found))


def _unknown(answer: Any, shown: Any, place: str = "") -> Iterator[str]:
    """Yield the members of an answer that the vendor's has not, and what is of another kind."""
    if isinstance(answer, dict) and isinstance(shown, dict):
        for name, value in answer.items():
            if name not in shown:
                # a member whose content the stub leaves open has any
                if shown and "key" not in shown and f"{place}/{name}" not in _SHOWN_ELSEWHERE:
                    yield f"{place}/{name} is unknown"
            else:
                yield from _unknown(value, shown[name], f"{place}/{name}")
    elif isinstance(answer, list) and isinstance(shown, list):
        for item in answer if shown else ():
            yield from _unknown(item, shown[0], f"{place}/*")
    elif answer is not None and isinstance(answer, dict | list) is not isinstance(
        shown, dict | list
    ):
        yield f"{place or '(whole)'} is {type(answer).__name__}, not {type(shown).__name__}"


@pytest.mark.parametrize("name", sorted(Auth0System.actions))
async def test_every_request_and_answer_of_an_action_fits(
    name: str, sim: Simulator, heard: list[tuple[str, str, str, bytes]]
) -> None:
    person = sim.tenant.person("nora.lind")
    account = person.auth0
    assert account is not None
    account.blocked = name == "auth0.unblock_user"
    since = (datetime.now(UTC) - timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    target = Target("contoso", "auth0", account.id, person.upn, since=since)
    system = Auth0System("contoso", settings(sim.url, **application()), Door(NO_RETRY))
    try:
        action = system.action(name, needed.PARAMETERS.get(name, {}), Recorder())
        before = await action.observe(target)
        if before.verdict is None:
            receipt = await action.apply(target, before)
            await action.verify(target, before, receipt, BRIEF)
        if action.spec.reversible:
            await action.undo(target, before)
            await action.restored(target, before, BRIEF)
    finally:
        await system.close()
    assert faults(heard) == []


async def test_finding_and_standing_fit(
    sim: Simulator, heard: list[tuple[str, str, str, bytes]]
) -> None:
    system = Auth0System("contoso", settings(sim.url, **application()), Door(NO_RETRY))
    try:
        await system.probe()
        for kind in ("user_principal_name", "email"):
            await system.find([Clue(kind, "Nora.Lind@contoso.com")])
    finally:
        await system.close()
    assert faults(heard) == []


def test_what_does_not_fit_is_told() -> None:
    told = faults(
        [
            ("POST", "/users/u/sessions", "", b""),
            ("GET", "/users/u/sessions", "frm=1", b'{"sessions": [{"idd": 1}]}'),
        ]
    )
    assert told == [
        "GET /users/u/sessions: answer /sessions/*/idd is unknown",
        "GET /users/u/sessions: frm is not asked for",
        "POST /users/u/sessions: the vendor has no such operation",
    ]
