"""What the documentation names exists, and what it has to name is named."""

from __future__ import annotations

import configparser
import itertools
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from cli.main import rescind
from config.load import load
from connectors.action import ActionSpec, Outcome
from detectors import registry
from ledger.accounts import Role
from ledger.chain import AuditLog
from ledger.database import Database
from ledger.export import export
from ledger.migrate import migrate
from ledger.tables import metadata
from ledger.verify import verify
from ledger.vocabulary import Event
from playbooks import model
from playbooks.schema import VARIABLES, PlaybookFile, PlaybookPart, PlaybookStep
from simulator.faults import KINDS
from simulator.people import populate
from simulator.tenant import Tenant
from tasks.systems import SPECS
from web.console import people

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (*sorted(ROOT.glob("*.md")), *sorted(DOCS.glob("*.md")))
}
UNITS = sorted((ROOT / "deploy").glob("*.service"))
ROOT_COMMAND = get_command(rescind)


def page(name: str) -> str:
    return PAGES[f"docs/{name}.md"]


def rows(text: str) -> dict[str, str]:
    """The rows of a page's tables, by the first name in code quotes."""
    return dict(re.findall(r"^\| `([^`]+)`([^\n]*)$", text, re.MULTILINE))


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def command_of(words: list[str]) -> tuple[object, list[str]]:
    """Follow ``words`` into the command line; return the command and the words left over."""
    command, left = ROOT_COMMAND, list(words)
    while left and hasattr(command, "get_command"):
        found = command.get_command(None, left[0])
        assert found is not None, f"rescind has no {left[0]!r} (in: rescind {' '.join(words)})"
        command, left = found, left[1:]
    return command, left


def written_commands(text: str) -> list[list[str]]:
    """The words of every `rescind ...` in code quotes or in a shell block."""
    shell = "\n".join(blocks(text, "sh")).replace("\\\n", " ")
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    inline = [" ".join(span.split()) for span in re.findall(r"`(rescind\s[^`]+)`", prose)]
    lines = [line for line in shell.splitlines() if re.search(r"(^|\s)rescind\s", line)]
    return [found for line in (*inline, *lines) for found in _calls(line)]


def _calls(line: str) -> Iterator[list[str]]:
    """The words after `rescind`, once for each part of a pipe that calls it."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|;<>")
    lexer.whitespace_split = True
    for last, part in itertools.groupby(lexer, lambda word: set(word) <= set("|;<>")):
        words = list(part)
        if not last and "rescind" in words:
            # the last one: `sudo -u rescind rescind pause`
            yield words[len(words) - words[::-1].index("rescind") :]


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", PAGES[name]):
        path, _, anchor = target.partition("#")
        if "://" in path:
            continue
        found = (ROOT / name).parent / path if path else ROOT / name
        assert found.exists(), f"{name} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", found.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings}


@pytest.mark.parametrize("name", PAGES)
def test_every_table_has_its_heading(name: str) -> None:
    lines = re.sub(r"^```.*?^```", "", PAGES[name], flags=re.MULTILINE | re.DOTALL).splitlines()
    for before, line, after in zip(["", *lines], lines, [*lines[1:], ""], strict=False):
        if line.startswith("|") and not before.startswith("|"):
            assert re.fullmatch(r"\|[-|: ]+\|", after), f"{name}: rows without a heading: {line}"


@pytest.mark.parametrize("name", PAGES)
def test_every_page_that_is_named_exists(name: str) -> None:
    for path in re.findall(r"\b(docs/[\w.-]+\.md|deploy/[\w.-]+\.\w+)", PAGES[name]):
        assert (ROOT / path).exists(), f"{name} names {path}"


@pytest.mark.parametrize("name", PAGES)
def test_every_command_exists_with_its_options(name: str) -> None:
    for words in written_commands(PAGES[name]):
        command, left = command_of(words)
        known = {option for param in command.params for option in param.opts}  # type: ignore[attr-defined]
        for word in left:
            if word.startswith("-") and word != "-":
                assert word in known, f"{name}: rescind {' '.join(words)}: no option {word}"


def test_the_commands_of_the_pages_are_really_looked_at() -> None:
    seen = {words[0] for text in PAGES.values() for words in written_commands(text)}
    assert seen >= {"serve", "web", "worker", "contain", "runs", "run", "alerts", "pause", "audit"}


@pytest.mark.parametrize("spec", SPECS.values(), ids=list(SPECS))
def test_permissions_name_every_action_with_what_it_needs(spec: ActionSpec) -> None:
    row = rows(page("permissions"))[spec.name]
    for needed in (*spec.permissions, *spec.permissions_also):
        assert f"`{needed}`" in row
    for role in spec.roles:
        assert role in row
    assert row.rstrip().endswith(f"| {spec.impact.value} |")


def test_permissions_name_no_action_that_does_not_exist() -> None:
    named = {
        name
        for name in rows(page("permissions"))
        if name.startswith(("entra.", "okta.", "auth0.", "exchange.", "signals."))
    }
    assert named == set(SPECS)


def test_each_kind_of_alert_stands_once_on_its_page_with_what_it_is_acted_upon_for() -> None:
    known = {detector.kind for detector in registry.detectors()}
    first_cells = re.findall(r"^\|([^|]+)\|", page("kinds"), re.MULTILINE)
    named = [name for cell in first_cells for name in re.findall(r"`([^`]+)`", cell)]
    assert sorted(named) == sorted(known - {"sentinel", "okta_event_hook", "generic", "hunt"})


def test_the_log_s_vocabulary_is_complete() -> None:
    named = set(re.findall(r"`([a-z]+\.[a-z]+)`", page("audit").partition("## The chain")[0]))
    assert named >= {event.value for event in Event}


def test_the_verifier_of_the_page_says_what_ours_says(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'log.db'}")
    migrate(database)
    log = AuditLog("docs")
    with database.write() as connection:
        log.append(connection, Event.CONTROL_RESUMED, actor={"type": "human", "sub": "alex"})
    lines = list(export(database, log, {"type": "human", "sub": "alex"}))
    database.close()
    (script,) = blocks(page("audit"), "python")
    whole, changed = tmp_path / "whole.jsonl", tmp_path / "changed.jsonl"
    whole.write_bytes(b"".join(lines))
    changed.write_bytes(lines[0].replace(b"alex", b"alec") + lines[1])
    said = [
        subprocess.run(
            [sys.executable, "-c", script, file], capture_output=True, text=True, check=False
        )
        for file in (whole, changed)
    ]
    assert said[0].stdout == f"2 records, head {verify(lines).head}\n"
    assert said[0].returncode == 0
    assert said[1].stderr.startswith("broken at record 1")
    assert said[1].returncode == 1


def test_outcomes_states_and_roles_are_explained() -> None:
    assert set(rows(page("responding"))) >= {outcome.value for outcome in Outcome}
    assert set(rows(page("responding"))) >= {"contained", "partial", "failed", "observed"}
    assert all(f"`{role.value}`" in page("responding") for role in Role)
    assert {f"`{role}`" for role in people.DECIDERS} == {"`approver`", "`admin`"}


def test_every_table_is_in_the_architecture() -> None:
    assert all(f"`{name}`" in page("architecture") for name in metadata.tables)


def test_playbook_keys_and_variables_are_complete() -> None:
    text = page("playbooks")
    fields = {
        field.alias or name
        for kind in (PlaybookFile, PlaybookStep, PlaybookPart)
        for name, field in kind.model_fields.items()
    }
    assert all(f"`{name}`" in text for name in fields | VARIABLES)
    shipped = model.load("cm0080").playbook
    assert all(step.id in text for step in shipped.steps)
    for name, default in shipped.parameters.items():
        shown = str(default).lower() if isinstance(default, bool) else default
        assert f"| `{shown}` |" in rows(text)[name] + " "


def test_the_playbook_of_the_page_can_be_used() -> None:
    (text,) = blocks(page("playbooks"), "yaml")
    loaded = model.parse(text, "quick.yaml").playbook
    assert {step.action for step in loaded.steps if step.action} <= set(SPECS)


def test_the_simulator_s_faults_and_people_are_complete() -> None:
    text = page("simulator")
    assert set(rows(text)) >= KINDS
    tenant = Tenant(populate)
    for person in tenant.people.values():
        numbered = re.fullmatch(r"user\d\d@contoso\.com", person.upn)
        assert numbered or person.upn in text or person.key in text
    assert tenant.graph_api_token in text
    assert tenant.okta_api_token in text
    assert tenant.auth0_api_token in text
    assert tenant.auth0_client_id in text
    assert tenant.auth0_client_secret in text


#: What a file holds by a word in its name; else a secret of no certain form.
HELD = {
    "chat": "slack://a/b/c",
    "database": "postgresql+psycopg://rescind@db.example.com/rescind",
    "broker": "redis://broker.example.com/0",
}


def settings_of(folder: Path, text: str) -> None:
    """Load settings as an operator would have them, every file they name being there."""
    for named in re.findall(r'_(?:file|path) = "([^"]+)"', text):
        secret = folder / named
        secret.parent.mkdir(parents=True, exist_ok=True)
        held = (content for word, content in HELD.items() if word in named)
        secret.write_text(next(held, "correct-horse-battery-staple"))
    for named in re.findall(r'^folder = "([^"]+)"', text, re.MULTILINE):
        (folder / named).mkdir()
    (folder / "rescind.toml").write_text(text)
    load(folder / "rescind.toml", {}, checks=(registry.problems,))


def test_the_settings_of_the_pages_can_be_used(tmp_path: Path) -> None:
    tenant = '[tenants.contoso]\ndomains = ["contoso.com"]\n[tenants.contoso.okta]\n'
    tenant += 'org_url = "https://contoso.okta.com"\napi_token = "x"\n'
    tenant += '[tenants.contoso.entra]\ntenant_id = "contoso.com"\n'
    names = ("intake", "operating", "simulator", "playbooks", "hunting")
    for name in ("README.md", *(f"docs/{name}.md" for name in names)):
        for number, block in enumerate(blocks(PAGES[name], "toml")):
            folder = tmp_path / f"{name.replace('/', '-')}-{number}"
            folder.mkdir()
            settings_of(folder, block if "[tenants." in block else block + tenant)


def test_the_settings_that_are_shipped_can_be_used(tmp_path: Path) -> None:
    text = (ROOT / "deploy" / "rescind.toml").read_text(encoding="utf-8")
    settings_of(tmp_path, text)
    # and with what is commented out, too, as far as it is settings and no sentence
    more = re.sub(r"^# (\[|[a-z_]+ = )", r"\1", text, flags=re.MULTILINE)
    more = more.replace('url = "sqlite:////var/lib/rescind/rescind.db"\n', "")
    (tmp_path / "more").mkdir()
    settings_of(tmp_path / "more", more)


@pytest.mark.parametrize("unit", UNITS, ids=[unit.name for unit in UNITS])
def test_each_unit_starts_a_verb_and_restarts_whatever_its_status(unit: Path) -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(unit)
    service = parser["Service"]
    words = service["ExecStart"].split()
    assert words[0].endswith("/rescind")
    command_of(words[1:])
    assert service["Restart"] == "always"
    assert service["UMask"] == "0077"


def test_there_is_a_unit_for_each_way_to_run() -> None:
    verbs = {re.search(r"^ExecStart=\S+ (\w+)$", unit.read_text(), re.MULTILINE) for unit in UNITS}
    assert {verb[1] for verb in verbs if verb} == {"serve", "web", "worker"}
