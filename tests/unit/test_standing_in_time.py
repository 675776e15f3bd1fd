"""What a person is in her systems is read beside each other, and never waited for long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, cast

from planning import ENTRA, OKTA

from connectors.errors import Unavailable
from connectors.standing import in_time
from connectors.system import Account, Clue
from tasks import opening
from tasks.systems import Systems

Standing = Callable[[], Awaitable[Mapping[str, Any]]]


class _System:
    """One person's account, and what is told of her."""

    def __init__(self, account: Account, told: Standing) -> None:
        self.name, self.tenant, self.account, self.told = account.system, "contoso", account, told

    async def find(self, clues: Sequence[Clue]) -> tuple[Account, ...]:  # noqa: ARG002 - a protocol
        return (self.account,)

    async def standing(self, account: Account, within_s: float) -> Mapping[str, Any]:
        assert account is self.account
        assert within_s == opening.STANDING_S
        return await self.told()


class _Systems:
    def __init__(self, *systems: _System) -> None:
        self.systems = systems

    def of(self, tenant: str) -> list[_System]:
        assert tenant == "contoso"
        return list(self.systems)


async def _looked_up(*systems: _System) -> Mapping[str, Account]:
    asked = cast("Systems", _Systems(*systems))
    clue = Clue("email", "ada@contoso.com")
    return (await opening.look_up(asked, "contoso", (clue,))).accounts


async def _administrator() -> Mapping[str, Any]:
    await asyncio.sleep(0)
    return {"roles": [{"id": "x", "name": "Administrator"}]}


async def _silent() -> Mapping[str, Any]:
    await asyncio.sleep(30)
    return {}


async def _broken() -> Mapping[str, Any]:
    raise Unavailable("down")


async def test_all_systems_are_asked_at_once_and_their_facts_are_the_account_s() -> None:
    meeting = asyncio.Barrier(2)

    async def told() -> Mapping[str, Any]:
        await meeting.wait()  # nobody comes by who is asked only after the other's answer
        return {"roles": ["one"]}

    found = await _looked_up(_System(ENTRA, told), _System(OKTA, told))
    for account in found.values():
        assert account.facts == {"roles": ["one"]}


async def test_a_silent_system_costs_its_time_once_and_is_said_to_be_unknown() -> None:
    begun = time.monotonic()
    found = await _looked_up(_System(ENTRA, _silent), _System(OKTA, _administrator))
    assert time.monotonic() - begun < 20
    assert found["entra"].facts["unknown"] == ("standing",)
    assert found["okta"].facts["roles"]


async def test_a_system_that_breaks_its_word_stops_nothing() -> None:
    found = await _looked_up(_System(ENTRA, _broken), _System(OKTA, _administrator))
    assert found["entra"].facts["unknown"] == ("standing",)
    assert found["entra"].id == ENTRA.id


async def test_a_reading_that_breaks_or_is_late_is_unknown_and_the_rest_is_told() -> None:
    async def odd() -> Mapping[str, Any]:
        raise KeyError("an answer of another shape")

    reads = {"odd": odd(), "late": _silent(), "fine": _administrator()}
    told = await in_time(reads, 0.4)
    assert told["unknown"] == ("odd", "late")
    assert told["roles"]
