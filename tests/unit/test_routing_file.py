"""What is wrong with a routing file is told with its line, before anything starts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from detectors.alert import Alert
from playbooks.routing import effect, lint, rules
from playbooks.routing.conditions import parts_of
from playbooks.routing.facts import FIELDS
from playbooks.routing.rules import RoutingError

HEAD = "rules:\n"


def rule(**given: object) -> str:
    told = {"name": "one", "playbook": "cm0080", "mode": "auto", "reason": "because"} | given
    lines = [f"{key}: {value}" for key, value in told.items() if value is not None]
    return "  - " + "\n    ".join(lines) + "\n"


def faults(tmp_path: Path, text: str, folder: Path | None = None) -> list[str]:
    file = tmp_path / "routing.yaml"
    file.write_text(text)
    with pytest.raises(RoutingError) as caught:
        effect.table(file, folder)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("given", "line", "what"),
    [
        (
            {"when": "\"alert.severty == 'low'\""},
            6,
            "no field severty; did you mean alert.severity?",
        ),
        ({"when": "alert.session_ids.size() > 0"}, 6, "no field session_ids"),
        ({"when": "alerts.title == 'x'"}, 6, "unknown name alerts; known are alert, person"),
        ({"when": "alert.title.beginsWith('x')"}, 6, "there is no function beginsWith"),
        ({"when": "'1 +'"}, 6, "not a CEL expression"),
        ({"when": "alert.signal = 'mfa'"}, 6, "not a CEL expression: compare with ==, not with ="),
        ({"when": "\"alert.title == '=' = true\""}, 6, "compare with =="),
        ({"when": "\"alert.title == 'a=b' &&\""}, 6, "not a CEL expression: Failed to parse"),
        ({"when": "alert.severity > 3"}, 6, "it cannot be judged on any alert: No such overload"),
        ({"when": "alert.title"}, 6, "neither true nor false, but str"),
        ({"when": "alert.signal == 'tokentheft'"}, 6, "no alert has the signal tokentheft"),
        ({"when": "[\"alert.severity == 'low'\", '1 +']"}, 6, "not a CEL expression"),
        ({"when": "''"}, 6, "empty"),
        ({"playbook": "cm0099"}, 3, "there is no playbook 'cm0099'; known are"),
        ({"playbook": "reissue"}, 3, "gives an account back"),
        ({"playbook": None}, 2, "is missing: which playbook answers"),
        ({"parameters": "{entra_disabel: true}"}, 6, "no parameter of this playbook"),
        ({"parameters": "{entra_disable: 3}"}, 6, "not a bool"),
        ({"parameters": "{entra_disable: 0.5}"}, 6, "not text, a whole number, true or false"),
        (
            {"mode": "automatic"},
            4,
            "no such mode; right would be: auto, approve, observe or ignore",
        ),
        ({"mode": "ignore"}, 3, "a rule that ignores has no playbook"),
        ({"reason": None}, 2, "rules.0.reason: is missing"),
        ({"wen": "true"}, 6, "no key of a rule; did you mean when?"),
        ({"name": "Not A Name"}, 2, "lower case, digits and hyphens"),
    ],
)
def test_each_fault_is_told_with_its_line(
    tmp_path: Path, given: dict[str, object], line: int, what: str
) -> None:
    (told,) = faults(tmp_path, HEAD + rule(**given))
    assert told.startswith(f"line {line}, rules.0")
    assert what in told


def test_all_faults_are_told_at_once_in_their_order(tmp_path: Path) -> None:
    text = HEAD + rule(when="alert.a == 'x'") + rule(name="two", playbook="none")
    first, second = faults(tmp_path, text)
    assert first.startswith("line 6, rules.0.when")
    assert second.startswith("line 8, rules.1.playbook")


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        (None, '"alert.severity == \'low\'"', "one takes all of it before"),
        ("alert.signal == 'mfa'", "alert.signal == 'mfa'", "one takes all of it before"),
        ("alert.signal in ['mfa', 'risk']", "alert.signal == 'risk' && person.administrator",
         "one takes all of it before"),
        ("alert.title == 'x'", "alert.signal == 'mfa' && alert.signal == 'risk'",
         "alert.signal cannot be all that at once"),
    ],
)  # fmt: skip
def test_a_rule_that_nothing_can_reach_is_a_fault(
    tmp_path: Path, first: str | None, second: str, what: str
) -> None:
    text = HEAD + rule(when=first) + rule(name="two", when=second)
    (told,) = faults(tmp_path, text)
    assert "rules.1.name: can never be reached" in told
    assert what in told


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("alert.signal == 'mfa'", "alert.signal in ['mfa', 'risk']"),
        ("alert.signal == 'mfa' && person.administrator", "alert.signal == 'mfa'"),
        ("person.administrator", "!person.administrator"),
    ],
)
def test_a_rule_that_takes_what_another_leaves_is_none(
    tmp_path: Path, first: str, second: str
) -> None:
    file = tmp_path / "routing.yaml"
    file.write_text(HEAD + rule(when=first) + rule(name="two", when=f'"{second}"'))
    assert [one.name for one in effect.table(file, None).rules][:2] == ["one", "two"]


def test_two_rules_have_not_one_name(tmp_path: Path) -> None:
    text = HEAD + rule(when="alert.title == 'x'") + rule(when="alert.title == 'y'")
    assert faults(tmp_path, text) == ["line 7, rules.1.name: one is used twice"]


@pytest.mark.parametrize(
    ("text", "what"),
    [("rules: [", "line"), ("", "file"), ("rule: []", "rule"), ("rules: 3", "rules")],
)
def test_what_is_no_routing_file_is_told(tmp_path: Path, text: str, what: str) -> None:
    assert any(what in each for each in faults(tmp_path, text))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RoutingError, match=r"mine\.yaml: file: cannot be read"):
        effect.table(tmp_path / "mine.yaml", None)


def test_own_rules_come_first_and_take_the_place_of_shipped_ones_of_their_name(
    tmp_path: Path,
) -> None:
    file = tmp_path / "routing.yaml"
    file.write_text(HEAD + rule(when="alert.title == 'x'") + rule(name="mail-rule", when="true"))
    names = [one.name for one in effect.table(file, None).rules]
    shipped = [one.name for one in rules.shipped().file.rules]
    assert names == ["one", "mail-rule", *(name for name in shipped if name != "mail-rule")]
    file.write_text("shipped: false\n" + HEAD + rule())
    assert [one.name for one in effect.table(file, None).rules] == ["one"]


def test_a_playbook_of_ones_own_may_lack_what_a_shipped_rule_gives_it(tmp_path: Path) -> None:
    (tmp_path / "cm0080.yaml").write_text(
        "id: cm0080\nname: Mine\ncountermeasure: CM0080\nversion: '1'\ndescription: Mine\n"
        "parameters: {entra_apps: false}\n"
        "steps: [{id: revoke, stage: revoke, action: entra.revoke_sessions}]\n"
    )
    consent = next(one for one in effect.table(None, tmp_path).rules if one.name == "consent")
    assert consent.parameters == {"entra_apps": True}


@pytest.mark.parametrize(
    ("expression", "parts"),
    [
        ("a && b && (c && d)", ["a", "b", "(c && d)"]),
        ("a && b || c", ["a && b || c"]),
        ("a ? b && c : d", ["a ? b && c : d"]),
        ("x == 'a && b' && y", ["x == 'a && b'", "y"]),
        ("a.exists(i, i && b) && c", ["a.exists(i, i && b)", "c"]),
        ("a  // && b\n && c", ["a", "c"]),
        ('a == "\\" && b" && c', ['a == "\\" && b"', "c"]),
    ],
)
def test_a_condition_is_taken_apart_where_all_has_to_hold(
    expression: str, parts: list[str]
) -> None:
    assert [part.text for part in parts_of([expression])] == parts


def test_the_page_names_every_rule_field_and_key() -> None:
    page = (Path(__file__).parents[2] / "docs" / "routing.md").read_text()
    rows = dict(re.findall(r"^\| `([^`]+)` \|(.*)$", page, re.MULTILINE))
    for rule_ in rules.shipped().file.rules:
        row = rows[rule_.name]
        assert ("ignored" if rule_.ignores else f"`{rule_.playbook}`, {rule_.mode}") in row
    for name, known in FIELDS.items():
        assert known == set(re.findall(r"`(\w+)`", rows[name])) & (known | set(Alert.model_fields))
    assert set(rules.Rule.model_fields) <= set(rows)
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert lint.faults(rules.read(example, "example"), None) == []
