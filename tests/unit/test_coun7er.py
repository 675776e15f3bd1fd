"""CISA's eviction plans: what of one can be carried out here, and what a run has carried out."""

from __future__ import annotations

from typing import Any

import pytest

from playbooks.exchange import coun7er
from playbooks.exchange.coun7er import NotAPlaybook
from tasks.systems import SPECS

PLAN: dict[str, Any] = {
    "dataset_id": "coun7er",
    "dataset_version": "latest",
    "title": "Evict from the mail tenant",
    "template_used": None,
    "version": "3",
    "created": "2026-03-01T08:00:00.000Z",
    "updated": "2026-03-01T09:00:00.000Z",
    "spec_version": "2.0.0",
    "tech_to_items": {
        "T1528": {"confidence": "confirmed", "items": [{"id": "CM0080", "version": "1.0"}]},
        "T1078": {"confidence": "suspected", "items": [{"id": "CM0080", "version": "1.0"}]},
        "T1021": {"confidence": "none", "items": [{"id": "CM0065", "version": "1.0"}]},
        "unmapped": {"confidence": "none", "items": []},
    },
    "ignored_items": ["CM0001"],
}


def read(document: object) -> coun7er.Plan:
    return coun7er.read(document, SPECS.values(), {"cm0080": "CM0080"})


def test_what_can_be_carried_out_is_told_with_what_does_it() -> None:
    plan = read(PLAN)
    isolate, tokens = plan.items
    assert (plan.title, plan.ignored) == ("Evict from the mail tenant", ("CM0001",))
    assert (tokens.id, tokens.can, tokens.playbooks) == ("CM0080", True, ("cm0080",))
    assert tokens.techniques == ("T1078", "T1528")
    assert "entra.revoke_sessions" in tokens.actions
    assert (isolate.id, isolate.can, isolate.actions) == ("CM0065", False, ())


@pytest.mark.parametrize(
    "document", [None, [], {}, PLAN | {"spec_version": "9"}, PLAN | {"tech_to_items": []}]
)
def test_what_is_no_such_file_says_why(document: object) -> None:
    with pytest.raises(NotAPlaybook, match=r"spec_version|tech_to_items"):
        read(document)


@pytest.mark.parametrize("entry", [None, [], {"items": 3}, {"items": [None, {"id": ""}]}])
def test_an_odd_entry_is_passed_over(entry: object) -> None:
    assert read(PLAN | {"tech_to_items": {"T1": entry}}).items == ()


def test_what_a_run_has_done_can_be_read_back() -> None:
    done = [SPECS["entra.revoke_sessions"], SPECS["entra.disable_inbox_rules"]]
    written = coun7er.write("Run 1", done, "2026-03-01T08:00:00.000Z", "2026-03-01T08:01:00.000Z")
    assert set(written) == set(PLAN)
    assert "unmapped" in written["tech_to_items"]
    assert {item.id for item in read(written).items} == {"CM0080", "CM0082"}
