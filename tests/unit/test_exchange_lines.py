"""The lines for people, and the system that has nothing but these."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Settings
from connectors import errors
from connectors.action import Impact, Observation, Outcome, Patience, Target
from connectors.exchange import lines
from connectors.exchange.system import ExchangeSystem, UnaskedExchange
from playbooks import order
from tasks.systems import NoJournal, Systems

OWNER = "70248652-9f3e-5bef-8126-cfce9fb0383b"
SINCE = "2026-11-22T08:00:00Z"
NORA = Target("contoso", "exchange", OWNER, "nora.lind@contoso.com", since=SINCE)
_QUOTES = "'\u2018\u2019\u201a\u201b"


def literals(line: str) -> tuple[list[str], str]:
    """The single-quoted strings of a PowerShell line, and what is left of it without them.

    A quote of any shape opens and closes; doubled inside it is one (about_Quoting_Rules; the
    tokenizer takes typographic quotes as straight ones).
    """
    found, rest, at = [], "", 0
    while at < len(line):
        if line[at] not in _QUOTES:
            rest, at = rest + line[at], at + 1
            continue
        text, at = "", at + 1
        while True:
            assert at < len(line), f"the string never ends: {line!r}"
            if line[at] not in _QUOTES:
                text, at = text + line[at], at + 1
            elif at + 1 < len(line) and line[at + 1] in _QUOTES:
                text, at = text + line[at], at + 2
            else:
                at += 1
                break
        found.append(text)
        rest += "<text>"
    return found, rest


def all_lines(name: str) -> str:
    box = lines.mailbox(name, OWNER)
    return "\n".join(
        (
            lines.forwarding(box),
            lines.hidden_rules(box),
            lines.delegates(box),
            lines.mobile_devices(box, SINCE),
            lines.transport_rules(SINCE),
        )
    )


@given(
    st.text(min_size=1) | st.text(alphabet="'\u2018\u2019\u201a\u201b\"`$;|&(){}@# a\n", min_size=1)
)
def test_a_name_is_text_in_every_line_and_nothing_else(name: str) -> None:
    shown = name if name.isprintable() else OWNER
    found, rest = literals(all_lines(name))
    plain, skeleton = literals(all_lines("nora"))
    assert rest == skeleton, "the line itself is the same, whatever the name"
    assert found == [shown if text == "nora" else text for text in plain]


@given(st.text())
def test_a_name_that_cannot_be_seen_is_replaced_by_the_id(name: str) -> None:
    box = lines.mailbox(name, OWNER)
    assert "\n" not in box
    assert (box == f"'{OWNER}'") is (not name or not name.isprintable())


def test_neither_name_nor_id_is_no_line() -> None:
    with pytest.raises(errors.Refused):
        lines.mailbox("a\nb", "not an id")


def test_the_lines_are_these() -> None:
    box = lines.mailbox("o'brien/dev.ops@contoso.com", OWNER)
    assert lines.forwarding(box).splitlines()[1] == (
        "Set-Mailbox -Identity 'o''brien/dev.ops@contoso.com' -ForwardingAddress $null "
        "-ForwardingSmtpAddress $null -DeliverToMailboxAndForward $false -Confirm"
    )
    assert lines.mobile_devices(box, SINCE).splitlines()[1] == (
        "Get-MobileDevice -Mailbox 'o''brien/dev.ops@contoso.com' | Where-Object { "
        "$_.FirstSyncTime -ge ([datetime]'2026-11-22T08:00:00Z').ToUniversalTime() } | "
        "Remove-MobileDevice -Confirm"
    )
    assert "Where-Object" not in lines.mobile_devices(box, None)
    assert "Where-Object" not in lines.transport_rules("$(Stop-Computer)")


def test_every_line_that_changes_something_asks_first() -> None:
    words = ("Set-Mailbox ", "Remove-", "Disable-")
    for line in all_lines("nora").splitlines():
        for part in itertools.chain(*(chunk.split("|") for chunk in line.split("; "))):
            if any(word in part for word in words):
                assert "-Confirm" in part, part


@pytest.mark.parametrize("name", list(ExchangeSystem.actions))
async def test_unasked_each_action_is_a_person_s_with_the_line(name: str) -> None:
    action = UnaskedExchange("contoso").action(name, {}, NoJournal())
    assert action.preview(NORA) == ()
    observed = await action.observe(NORA)
    assert observed.verdict is not None
    assert action.foresee(NORA) == observed.verdict  # so that the plan says it
    assert observed.verdict.outcome is Outcome.MANUAL
    assert "tenants.contoso.exchange" in observed.verdict.reason
    said = observed.verdict.instructions
    assert ("'nora.lind@contoso.com'" in said) is (name != "exchange.review_transport_rules")
    assert said in all_lines("nora.lind@contoso.com")
    assert action.preview_undo(NORA) == ()
    assert not (await action.undo(NORA, observed)).data["sent"]
    patience = Patience(total_s=0)
    assert (await action.restored(NORA, observed, patience)).outcome is Outcome.VERIFIED


@pytest.mark.parametrize(
    "target",
    [
        Target("contoso", "exchange", OWNER, "x@contoso.com", {"guest": True}),
        Target("contoso", "exchange", OWNER, "sam_partner.example#EXT#@contoso.com"),
    ],
)
async def test_a_guest_has_no_mailbox_here(target: Target) -> None:
    action = UnaskedExchange("contoso").action("exchange.remove_forwarding", {}, NoJournal())
    observed: Observation = await action.observe(target)
    assert observed.verdict is not None
    assert observed.verdict.outcome is Outcome.SKIPPED


async def test_unasked_it_finds_nobody_and_needs_nothing() -> None:
    system = UnaskedExchange("contoso")
    spec = ExchangeSystem.actions["exchange.remove_forwarding"].spec
    assert (await system.find([]), await system.probe(), system.lacks(spec)) == ((), None, ())
    assert system.told(spec) is False
    with pytest.raises(errors.Refused):
        system.action("exchange.nothing", {}, NoJournal())


@pytest.mark.parametrize("name", list(ExchangeSystem.actions))
def test_every_action_tells_planners_what_they_need(name: str) -> None:
    spec = ExchangeSystem.actions[name].spec
    assert (spec.name, spec.system) == (name, "exchange")
    assert spec.countermeasure.startswith("CM00")
    assert spec.permissions == ("Exchange.ManageAsApp",)
    assert spec.roles
    assert spec.leaves_open
    assert spec.attack
    assert bool(spec.disrupts) is (spec.impact is not Impact.NONE)


def test_whether_it_is_asked_is_a_setting() -> None:
    entra = {"tenant_id": "contoso.com"}
    tenants = {
        "on": {"entra": entra, "exchange": {}},
        "off": {"entra": entra},
        "switched-off": {"entra": entra, "exchange": {"enabled": False}},
        "none": {"okta": {"org_url": "https://contoso.okta.com", "api_token": "x"}},
    }
    systems = Systems(Settings.model_validate({"tenants": tenants}))
    asked = {name: [system.name for system in systems.of(name)] for name in tenants}
    assert asked == {
        "on": ["entra", "exchange"],
        "off": ["entra"],
        "switched-off": ["entra"],
        "none": ["okta"],
    }
    name = "exchange.remove_forwarding"
    nowhere, there = (Target(tenant, "exchange", OWNER, NORA.name) for tenant in ("off", "on"))
    assert systems.preview(name, {}, nowhere, undo=False) == ()
    assert len(systems.preview(name, {}, there, undo=False)) == 1
    with pytest.raises(KeyError):
        systems.action("none", name, {}, NoJournal())


def test_what_stays_open_is_said_once_whether_a_step_or_a_hint_says_it() -> None:
    hints = {(item.system, item.what) for item in lines.unseen(NORA.name, OWNER, SINCE)}
    steps = {
        (kind.spec.system, kind.spec.leaves_open.rstrip("."))
        for kind in ExchangeSystem.actions.values()
    }
    assert hints == steps


def test_a_mailbox_holds_no_session_of_its_own() -> None:
    assert "exchange" in order.WITHOUT_SESSIONS
    assert not any(name.startswith("exchange.") for name in order.REVOKES)
