"""``rescind route FILE``: which routing rule takes the alerts of a file, what follows, and why."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from cli import routed
from cli.settings import ConfigOption, loaded
from config.settings import Settings, Source
from detectors import registry
from detectors.alert import Alert, NotUnderstood, Signal
from detectors.batch import Finding
from detectors.decoding import decode_any
from playbooks.routing import effect, facts
from playbooks.routing.rules import RoutingError
from playbooks.routing.table import Bounds, Decision, Table

_UNKNOWN = "Say --kind where you know it, or --source where a mapping reads it."
_THEFT = (Signal.TOKEN_THEFT, Signal.SESSION_THEFT)


class Person(StrEnum):
    """What the person is taken to be; without it nothing is known of her."""

    ADMINISTRATOR = "administrator"
    ORDINARY = "ordinary"


@dataclass(frozen=True, slots=True)
class Asked:
    """By what a file is judged: the rules, the settings, the source if one is named."""

    table: Table
    settings: Settings
    name: str | None
    person: Person | None


def command(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="What `rescind detectors parse` reads."),
    ],
    kind: Annotated[
        str | None, typer.Option("--kind", help="How to read them; recognised where left out.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--source", help="As if it came from this source of the settings."),
    ] = None,
    person: Annotated[
        Person | None,
        typer.Option(
            "--person", help="Take whom it names for one of these; else nothing is known."
        ),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say of every other rule why it does not take it.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file.")] = False,
    config: ConfigOption = None,
) -> None:
    """Say which routing rule takes each alert of a file: playbook, mode, parameters, and why.

    Nothing is sent, stored or looked up. Exit status: 0 whatever the files hold (what is not understood
    says why), 2 one of them cannot be read (the others are all the same), there is no such kind or source,
    or the settings or the routing file have faults.
    """
    settings = loaded(config)
    _known(kind, source, settings)
    try:
        table = effect.table(settings.routing.file, settings.playbooks.folder)
    except RoutingError as error:
        _fail(str(error), error.remedy)
    asked = Asked(table, settings, source, person)
    unread = False
    for file in files:
        about: dict[str, Any] = {"file": str(file), "kind": kind, "alerts": []}
        try:
            document = about | _document(file.read_bytes(), kind, asked, explain=explain)
        except OSError as error:
            document, unread = {**about, "why": _unreadable(error)}, True
        if as_json:
            print(json.dumps(document))
        else:
            routed.show(document, explain=explain, supposed=person is not None)
    if unread:
        raise typer.Exit(2)


def _unreadable(error: OSError) -> str:
    return f"It cannot be read ({error.strerror or type(error).__name__})."


def _document(content: bytes, kind: str | None, asked: Asked, *, explain: bool) -> dict[str, Any]:
    """Read what a file holds and decide on each of its alerts; whatever it is, an answer comes out."""
    try:
        payload = decode_any(content)
    except NotUnderstood as error:
        return {"why": _sentence(error)}
    source = asked.settings.all_sources[asked.name] if asked.name else None
    how = kind or (str(source.kind) if source else None)
    if how is None:
        known = registry.recognise(payload)
        if known.kind is None:
            return {"why": f"{known.why} {_UNKNOWN}"}
        how = known.kind
    source = source or registry.bare_source(how)
    try:
        findings = registry.read(how, payload, asked.name or how, source)
    except NotUnderstood as error:
        findings = (error,)  # as the intake does: kept, with the reason
    alerts = [_told(each, asked, source, explain=explain) for each in findings]
    return {"kind": how, "alerts": alerts}


def _told(finding: Finding, asked: Asked, source: Source, *, explain: bool) -> dict[str, Any]:
    if isinstance(finding, NotUnderstood):
        return {"why": _sentence(finding), "outcome": "quarantined"}
    told: dict[str, Any] = {
        "id": finding.event_id,
        "kind": finding.kind,
        "title": finding.title,
        "severity": finding.severity,
        "signal": finding.signal.value,
        "victims": [
            next((one.value for one in person.ids if "@" in one.value), person.ids[0].value)
            for person in finding.victims
        ],
    }
    if finding.nameless or (not finding.victims and finding.signal in _THEFT):
        why = finding.why or "It speaks of a theft and names nobody."
        return {**told, "outcome": "quarantined", "why": why}
    if not finding.actionable or not finding.victims:
        why = finding.why or "It names nobody to contain."
        return {**told, "outcome": "ignored", "why": f"{why} No rule is asked."}
    decision = _decision(finding, asked, source, explain=explain)
    outcome = "ignored" if decision.mode is None else "run"
    return {**told, "outcome": outcome, **dict(_decided(decision, explain=explain))}


def _decision(alert: Alert, asked: Asked, source: Source, *, explain: bool) -> Decision:
    settings, name = asked.settings, asked.name or str(source.kind)
    known = facts.of_alert(alert.model_dump(mode="json"), name, source)
    missing = set(facts.LATER)
    tenant = source.tenant or (next(iter(settings.tenants)) if len(settings.tenants) == 1 else None)
    if tenant in settings.tenants:
        known |= facts.of_tenant(tenant, settings.tenants[tenant])
        missing.discard("tenant")
    if asked.person is not None:
        known |= facts.assumed(administrator=asked.person is Person.ADMINISTRATOR)
        missing.discard("person")
    bounds = Bounds.of(name, source, settings)
    return asked.table.decide(known, bounds, sorted(missing), explain=explain)


def _decided(decision: Decision, *, explain: bool) -> Iterator[tuple[str, Any]]:
    yield from decision.document().items()
    if explain:
        yield (
            "others",
            [
                {"rule": each.rule, "would": each.would, "because": each.cause, "why": each.why}
                for each in decision.others
            ],
        )


def _sentence(error: NotUnderstood) -> str:
    return f"{error.reason[:1].upper()}{error.reason[1:]}. {error.remedy}"


def _known(kind: str | None, source: str | None, settings: Settings) -> None:
    if source is not None and source not in settings.all_sources:
        known = ", ".join(settings.all_sources) or "none"
        _fail(f"there is no source {source!r}", f"Configured: {known}.")
    if kind is None:
        return
    try:
        found = registry.detector(kind)
    except NotUnderstood as error:
        _fail(error.reason, error.remedy)
    if found.takes_mapping and source is None:
        _fail(f"kind {kind} needs a mapping", "Name the source that has it: --source NAME")


def _fail(reason: str, remedy: str) -> NoReturn:
    print(f"{reason}\n{remedy}", file=sys.stderr)
    raise typer.Exit(2)
