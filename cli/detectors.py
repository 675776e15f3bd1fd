"""``rescind detectors``: which alerts are understood, what a file says, and trying a mapping."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.table import Table
from rich.text import Text

from cli.terminal import console, indented, print_table
from detectors import generic, registry
from detectors.alert import Alert, NotUnderstood, Person
from detectors.batch import Finding
from detectors.decoding import decode_any

app = typer.Typer(
    help="Detectors: which there are, what they read in a file, and trying a mapping of your own.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)
_UNKNOWN = (
    "Say --kind where you know it; for a detector of your own write a mapping: "
    "rescind detectors try --mapping FILE SAMPLE"
)
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.")]


@app.command("list")
def list_all(as_json: JsonOption = False) -> None:
    """List the kinds a source can have, shipped and installed.

    --json has the vendors' pages that each was written by, too.
    """
    found = list(registry.detectors())
    if as_json:
        keys = ("kind", "title", "documentation", "takes_lines", "takes_mapping")
        print(json.dumps([{key: getattr(each, key) for key in keys} for each in found]))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("kind", "lines", "reads"):
        table.add_column(heading, no_wrap=heading != "reads")
    for each in found:
        table.add_row(each.kind, "yes" if each.takes_lines else "no", each.title)
    print_table(table)


@app.command()
def parse(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="JSON, JSON lines, CSV, CEF, LEEF, syslog; or gzip."
        ),
    ],
    kind: Annotated[
        str | None, typer.Option("--kind", help="How to read them; recognised where left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file.")] = False,
) -> None:
    """Say what an alert's file says: whom it names, what it is a sign of, whether it is acted upon.

    Nothing is sent anywhere and nothing is stored. Exit status: 0 whatever the files hold (what is not
    understood says why), 2 one of them cannot be read (the others are all the same), or the kind does not
    exist.
    """
    _known(kind)
    unread = False
    for file in files:
        try:
            read = _document(file.read_bytes(), file, kind)
        except OSError as error:
            read, unread = {**_about(file, kind), "why": _unreadable(error)}, True
        if as_json:
            print(json.dumps(read))
        else:
            _print(read)
    if unread:
        raise typer.Exit(2)


@app.command("try")
def try_mapping(
    sample: Annotated[Path, typer.Argument(metavar="SAMPLE", help="What the detector sends.")],
    mapping: Annotated[
        Path, typer.Option("--mapping", help="TOML or JSON: an Alert field to an expression.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Try a mapping for kind ``generic`` on a sample, and say what each expression finds.

    The file holds the lines that will stand below [sources.NAME.mapping]; a whole rescind.toml with one
    such source will do, too. Exit status: 0 an alert comes out, 1 none does, 2 a file cannot be read.
    """
    expressions = _mapping(mapping)
    try:
        payload = decode_any(_bytes(sample))
    except NotUnderstood as error:
        _fail(f"{sample}: {error.reason}", error.remedy)
    problems = generic.check_mapping(expressions)
    looks = generic.looks(payload, expressions)
    read = _read("generic", payload, expressions)
    if as_json:
        print(json.dumps({"file": str(sample), "problems": problems, "finds": looks, **read}))
    else:
        out = console()
        for key, look in looks.items():
            out.print(f"{key}: {expressions[key]}")
            indented(look)
        for problem in problems:
            out.print(f"wrong: {problem}", style="bold red")
        if not problems:
            _print({"file": str(sample), "kind": "generic", **read})
    raise typer.Exit(1 if problems or not read["events"] else 0)


def _about(file: Path, kind: str | None) -> dict[str, Any]:
    return {"file": str(file), "kind": kind, "events": []}


def _unreadable(error: OSError) -> str:
    return f"It cannot be read ({error.strerror or type(error).__name__})."


def _document(content: bytes, file: Path, kind: str | None) -> dict[str, Any]:
    """Read what a file holds; whatever it is, an answer comes out."""
    about = _about(file, kind)
    try:
        payload = decode_any(content)
    except NotUnderstood as error:
        return {**about, "why": f"{error.reason[:1].upper()}{error.reason[1:]}. {error.remedy}"}
    if kind is not None:
        return {**about, **_read(kind, payload)}
    known = registry.recognise(payload)
    if known.kind is None:
        return {**about, "nearest": known.nearest, "surety": known.surety, "why": known.why}
    return {**about, "kind": known.kind, "surety": known.surety, **_read(known.kind, payload)}


def _read(kind: str, payload: Any, mapping: dict[str, str] | None = None) -> dict[str, Any]:  # noqa: ANN401 - JSON
    try:
        findings = registry.read(kind, payload, kind, registry.bare_source(kind, mapping))
    except NotUnderstood as error:
        return {
            "events": [],
            "why": f"{error.reason[:1].upper()}{error.reason[1:]}. {error.remedy}",
        }
    read: dict[str, Any] = {
        "events": [_event(each) for each in findings if isinstance(each, Alert)]
    }
    missed = _missed(findings)
    return {**read, "not_understood": missed, **({"why": missed[0]} if missed else {})}


def _missed(findings: tuple[Finding, ...]) -> list[str]:
    return [f"{each.reason}. {each.remedy}" for each in findings if isinstance(each, NotUnderstood)]


def _event(alert: Alert) -> dict[str, Any]:
    named = [
        {"role": person.role.value, "kind": each.kind.value, "value": each.value}
        for person in alert.persons
        for each in person.ids
    ]
    rest = alert.model_dump(mode="json", exclude_none=True)
    more = ("networks", "devices", "apps", "attack", "user_agents", "details")
    return {
        "id": alert.event_id,
        "kind": alert.kind,
        "title": alert.title,
        "rule": alert.rule,
        "severity": alert.severity,
        "occurred_at": rest.get("occurred_at"),
        "persons": named,
        "people": [_person(person) for person in alert.persons],
        "session_ids": list(alert.session_ids),
        "token_ids": list(alert.token_ids),
        "ips": list(alert.ips),
        "signal": alert.signal.value,
        "actionable": alert.actionable,
        "why": alert.why,
        **{name: rest[name] for name in more if rest.get(name)},
    }


def _person(person: Person) -> dict[str, Any]:
    return {
        "role": person.role.value,
        "name": person.display_name,
        "ids": [{"kind": each.kind.value, "value": each.value} for each in person.ids],
        "can_be_sought": person.can_be_sought,
    }


def _print(read: Mapping[str, Any]) -> None:
    out = console()
    out.print(
        Text.assemble((str(read["file"]), "bold"), f"  {read.get('kind') or 'unknown shape'}")
    )
    if read.get("why"):
        indented(str(read["why"]))
    if "nearest" in read:
        indented(_UNKNOWN)
    if not read["events"]:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("severity", "signal", "acted upon", "whom", "title and why"):
        table.add_column(heading, no_wrap=heading in {"severity", "signal"}, overflow="fold")
    for event in read["events"]:
        people = "\n".join(
            f"{person['role']} {_called(person['ids'])}" for person in event["people"]
        )
        table.add_row(
            event["severity"],
            event["signal"],
            "yes" if event["actionable"] else "no",
            people or "nobody",
            f"{event['title']}\n{event['why']}",
        )
    print_table(table)


def _called(ids: list[dict[str, str]]) -> str:
    """Return the identifier people know somebody by: an address, where there is one."""
    return next((each["value"] for each in ids if "@" in each["value"]), ids[0]["value"])


def _known(kind: str | None) -> None:
    if kind is None:
        return
    try:
        found = registry.detector(kind)
    except NotUnderstood as error:
        _fail(error.reason, error.remedy)
    if found.takes_mapping:
        _fail(f"kind {kind} needs a mapping", "Use: rescind detectors try --mapping FILE SAMPLE")


def _mapping(file: Path) -> dict[str, str]:
    """Read the mapping of a TOML or JSON file: the table itself, or the one of its only source."""
    text = _bytes(file).decode("utf-8", "replace")
    try:
        read = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    except ValueError as error:
        _fail(f"{file}: {error}", 'Write lines such as: "person.email" = "user.mail"')
    found = read
    if isinstance(read, dict) and isinstance(read.get("sources"), dict):
        with_mapping = [each for each in read["sources"].values() if "mapping" in each]
        if len(with_mapping) != 1:
            _fail(f"{file}: {len(with_mapping)} sources have a mapping", "Leave one in the file.")
        found = with_mapping[0]["mapping"]
    elif isinstance(read, dict) and isinstance(read.get("mapping"), dict):
        found = read["mapping"]
    flat = _flat(found) if isinstance(found, dict) else {}
    if not flat or not all(isinstance(value, str) for value in flat.values()):
        _fail(f"{file}: it is no table of expressions", 'For example: "person.email" = "user.mail"')
    return flat


def _flat(table: Mapping[str, Any]) -> dict[str, Any]:
    """Take ``person.email = "x"`` without quotes, which TOML reads as a table, for what is meant."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat |= {f"{key}.{inner}": found for inner, found in value.items()}
        else:
            flat[key] = value
    return flat


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        _fail(f"{file}: it cannot be read ({error.strerror})", "Name a file.")


def _fail(reason: str, remedy: str) -> NoReturn:
    print(f"{reason}\n{remedy}", file=sys.stderr)
    raise typer.Exit(2)
