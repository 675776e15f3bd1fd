"""``rescind playbooks`` and ``rescind coun7er``: what they print, and how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.main import main
from playbooks import model
from tasks.systems import SPECS


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_actions_are_listed_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "playbooks", "actions", "--json")
    listed = json.loads(out)
    assert code == 0
    assert {each["name"] for each in listed} == set(SPECS)
    wanted = {"name", "system", "impact", "reversible", "permissions", "countermeasure"}
    assert all(wanted | {"d3fend", "attack"} <= set(each) for each in listed)


def test_a_playbook_is_shown_stage_by_stage(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "playbooks", "show", "cm0080", "--json")
    shown = json.loads(out)
    assert (code, shown["id"], shown["hash"]) == (0, "cm0080", model.load("cm0080").hash)
    assert [stage["stage"] for stage in shown["stages"]][:4] == [
        "revoke", "contain", "reset", "revoke-again",
    ]  # fmt: skip
    code, out, _ = run(capsys, "playbooks", "show", "cm0080")
    assert "entra-disable: Disable the Entra ID account" in out


def test_a_faulty_file_is_told_with_line_and_reason(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    text = (
        "id: mine\nname: Mine\ncountermeasure: CM0080\nversion: '1'\ndescription: x\n"
        "steps:\n  - id: a\n    stage: revoke\n    action: entra.revoke_session\n"
    )
    file.write_text(text)
    code, out, _ = run(capsys, "playbooks", "lint", str(file))
    assert code == 1
    assert out.startswith(f"{file}:9: steps.0.action: there is no action")
    assert "did you mean entra.revoke_sessions?" in out
    file.write_text(text.replace("session\n", "sessions\n"))
    assert run(capsys, "playbooks", "lint", str(file))[0] == 0
    assert run(capsys, "playbooks", "lint", str(tmp_path / "none.yaml"))[0] == 2


@pytest.mark.parametrize("other", ["    after: [nowhere]\n", "    delay_minutes: soon\n"])
def test_an_unknown_action_is_told_beside_other_faults(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, other: str
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "id: mine\nname: Mine\ncountermeasure: CM0080\nversion: '1'\ndescription: x\n"
        f"steps:\n  - id: a\n    stage: revoke\n    action: entra.revoke_session\n{other}"
    )
    code, out, _ = run(capsys, "playbooks", "lint", str(file))
    assert code == 1
    told = out.splitlines()
    assert len(told) == 2
    assert told[0].startswith(f"{file}:9: steps.0.action: there is no action")
    assert told[1].startswith(f"{file}:10: steps.0.{other.split(':', maxsplit=1)[0].strip()}")


def test_an_exported_playbook_passes_its_own_check(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "cm0080.json"
    code, out, _ = run(capsys, "playbooks", "export", "cm0080", "--format", "cacao")
    assert code == 0
    file.write_text(out)
    assert run(capsys, "playbooks", "lint", str(file)) == (0, f"{file}: nothing is wrong\n", "")
    file.write_text(out.replace('"type": "end"', '"type": "action"'))
    assert run(capsys, "playbooks", "lint", str(file))[0] == 1
    file.write_text("{")
    code, out, _ = run(capsys, "playbooks", "lint", str(file))
    assert (code, out) == (1, f"{file}:1: it is no JSON\n")


def test_a_plan_of_others_is_matched(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    items = {"T1528": {"confidence": "none", "items": [{"id": "CM0080", "version": "1.0"}]}}
    file.write_text(json.dumps({"spec_version": "2.0.0", "title": "Ours", "tech_to_items": items}))
    code, out, _ = run(capsys, "coun7er", "import", str(file))
    assert code == 0
    assert "Rescind can carry out 1 of 1" in out
    code, out, _ = run(capsys, "coun7er", "import", str(file), "--json")
    assert json.loads(out)["items"][0]["playbooks"] == ["cm0080", "reissue"]
    file.write_text("[]")
    code, _, err = run(capsys, "coun7er", "import", str(file))
    assert code == 2
    assert "spec_version" in err


def test_an_unknown_playbook_is_said_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, _, err = run(capsys, "playbooks", "show", "cm9999")
    assert code == 2
    assert "known are" in err
    assert "cm0080" in err
