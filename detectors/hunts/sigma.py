"""A Sigma rule or correlation of the user's own, by pySigma's SQLite backend (the extra ``sigma``).

The backend writes SQLite, so the rows are put before SQLite: only the fields the rule names, under
their paths, whatever their case (pipelines change it). Rules are read, not run: what they may do is
what SQL over one table in memory can.
"""

from __future__ import annotations

import importlib
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from detectors import fields
from detectors.hunts import ingest, reading
from detectors.hunts.errors import HuntError, NothingToRead
from detectors.hunts.finding import Finding, Severity

_REMEDY = "Install the extra: pip install 'rescind[sigma]'."
_SEVERITIES: Mapping[str, Severity] = {"medium": "medium", "high": "high", "critical": "high"}
#: Where shapes hold the time, the person's name, the person's id, and the address; in lower case.
_TIMES = (
    "timegenerated", "time", "properties.createddatetime", "createddatetime", "activitydatetime", "creationtime",
    "published", "data.date", "date", "timestamp",
)  # fmt: skip
_NAMES = (
    "properties.userprincipalname", "userprincipalname", "properties.initiatedby.user.userprincipalname",
    "initiatedby.user.userprincipalname", "actor.alternateid", "data.user_name", "user_name",
)  # fmt: skip
_IDS = (
    "properties.userid", "properties.initiatedby.user.id", "initiatedby.user.id", "actor.id", "data.user_id",
    "user_id", "userid",
)  # fmt: skip
_ADDRESSES = (
    "properties.ipaddress",
    "ipaddress",
    "client.ipaddress",
    "data.ip",
    "clientip",
    "calleripaddress",
    "ip",
)
_TELLTALES = ("eventtype", "data.type", "type", "log_id")
_BATCH = 2000
_EVIDENCE = 12


def hunt_by_rule(rule: Path, paths: Sequence[Path]) -> list[Finding]:
    """Return a finding for each person (or group of a correlation) that a rule file matches.

    Raises:
        HuntError: pySigma is not installed, or the rule is none or cannot be asked of SQLite.
        NothingToRead: there are no rows.
    """
    collection, queries = _converted(rule)
    wanted = sorted({name.lower() for name in _fields_of(collection)})
    found, _ = reading.find(paths)
    with sqlite3.connect(":memory:") as table:
        table.create_function("regexp", 2, _matches, deterministic=True)
        if not _fill(table, wanted, _documents(found)):
            raise NothingToRead
        results: list[Finding] = []
        for of, query in queries:
            try:
                table.row_factory = sqlite3.Row
                rows = table.execute(query).fetchall()
            except sqlite3.Error as error:
                raise HuntError(f"{rule.name}: SQLite cannot answer it: {error}") from error
            results += _findings(table, of, rows)
    return results


def _converted(rule: Path) -> tuple[Any, list[tuple[Any, str]]]:
    try:
        collections = importlib.import_module("sigma.collection")
        backends = importlib.import_module("sigma.backends.sqlite")
    except ImportError as error:
        raise HuntError("--sigma needs pySigma and its SQLite backend", _REMEDY) from error
    try:
        collection = collections.SigmaCollection.from_yaml(rule.read_text(encoding="utf-8"))
        queries = backends.sqliteBackend(timestamp_field="timestamp").convert(collection)
    except Exception as error:
        raise HuntError(f"{rule}: {error}", "Check the rule with `sigma check`.") from error
    asked = [each for each in collection.rules if each._output]
    if len(asked) != len(queries):
        raise HuntError(f"{rule}: {len(asked)} rules became {len(queries)} queries")
    return collection, list(zip(asked, queries, strict=True))


def _fields_of(collection: Any) -> Iterator[str]:  # noqa: ANN401 - pySigma is an extra
    for rule in collection.rules:
        for detection in getattr(getattr(rule, "detection", None), "detections", {}).values():
            yield from _fields_in(detection)
        yield from getattr(rule, "group_by", None) or ()
        of = getattr(getattr(rule, "condition", None), "fieldref", None)
        yield from [of] if isinstance(of, str) else of or ()


def _fields_in(detection: Any) -> Iterator[str]:  # noqa: ANN401
    for item in detection.detection_items:
        if hasattr(item, "detection_items"):
            yield from _fields_in(item)
        elif item.field is not None:
            yield item.field


def _documents(logs: Sequence[reading.LogFile]) -> Iterator[dict[str, Any]]:
    connection = duckdb.connect()
    ingest.prepare(connection)
    for batch in reading.batches(logs):
        for (text,) in _texts(connection, batch):
            document = json.loads(text)
            if isinstance(document, dict):
                yield dict(_flat("", document))


def _texts(
    connection: duckdb.DuckDBPyConnection, batch: Sequence[reading.LogFile]
) -> Iterator[tuple[str]]:
    result = connection.execute(ingest.documents_of(batch))
    while rows := result.fetchmany(_BATCH):
        yield from rows


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{prefix}.{key}".lower() if prefix else key.lower(), inner)
    elif isinstance(value, list):
        yield prefix, json.dumps(value)
    else:
        yield prefix, value


def _fill(
    table: sqlite3.Connection, wanted: Sequence[str], documents: Iterator[dict[str, Any]]
) -> int:
    columns = ["timestamp", "row", *(name for name in wanted if name not in ("timestamp", "row"))]
    names = ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
    table.execute(f"CREATE TABLE logs ({names})")
    marks = ", ".join("?" * len(columns))
    # what else stands in a row (a session's own id, say) is nobody's business
    kept = {*wanted, *_TIMES, *_NAMES, *_IDS, *_ADDRESSES, *_TELLTALES}
    count = 0
    for document in documents:
        when = fields.moment(_first(document, _TIMES))
        seen = (document.get(name) for name in columns[2:])
        row = {name: value for name, value in document.items() if name in kept}
        values = [when.isoformat() if when else None, json.dumps(row), *seen]
        table.execute(f"INSERT INTO logs VALUES ({marks})", values)  # noqa: S608 - question marks
        count += 1
    return count


def _findings(table: sqlite3.Connection, rule: Any, rows: Sequence[sqlite3.Row]) -> list[Finding]:  # noqa: ANN401
    """One finding a person, or one a group where the rule is a correlation."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if "event_ids" in row.keys():  # noqa: SIM118 - a row's own way
            ids = [int(each.split(":")[-1]) for each in json.loads(row["event_ids"])]
            marks = ", ".join("?" * len(ids[:900]))
            hits = table.execute(f"SELECT row FROM logs WHERE rowid IN ({marks})", ids[:900])  # noqa: S608
            groups.setdefault(row["group_keys"], []).extend(json.loads(hit["row"]) for hit in hits)
        else:
            document = json.loads(row["row"])
            groups.setdefault(str(_first(document, _IDS) or _first(document, _NAMES)), []).append(
                document
            )
    return [_finding(rule, documents) for documents in groups.values() if documents]


def _finding(rule: Any, documents: list[dict[str, Any]]) -> Finding:  # noqa: ANN401
    timed = sorted(
        (when, n)
        for n, each in enumerate(documents)
        if (when := fields.moment(_first(each, _TIMES)))
    )
    unique = list({json.dumps(documents[n]): documents[n] for _, n in timed}.values())
    first = unique[0] if unique else documents[0]
    title = fields.text(str(rule.title))
    level = str(getattr(rule.level, "name", "medium") or "medium").lower()
    beginning, end = (timed[0][0], timed[-1][0]) if timed else (_NEVER, _NEVER)
    return Finding(
        hunt=f"sigma:{title}",
        title=title,
        severity=_SEVERITIES.get(level, "low"),
        points=len(unique),
        provider=_provider(first),
        user_id=fields.text(_first(first, _IDS)) or None,
        user_name=fields.text(_first(first, _NAMES)) or None,
        session_id=None,
        first_at=beginning,
        last_at=end,
        why=f"The Sigma rule {title} matches {len(unique)} rows.",
        causes=(),
        evidence=tuple(
            {key: said for key, value in each.items() if (said := fields.text(value))}
            for each in unique[:_EVIDENCE]
        ),
        ips=fields.unique(fields.address(_first(each, _ADDRESSES)) for each in unique),
        user_agents=(),
        app_ids=(),
        attack=tuple(
            str(tag.name).upper()
            for tag in rule.tags or ()
            if str(tag.name).lower().startswith("t1")
        ),
        signal="other",
    )


def _provider(document: Mapping[str, Any]) -> str:
    if "eventtype" in document:
        return "okta"
    return "auth0" if "data.type" in document or {"type", "log_id"} <= document.keys() else "entra"


def _first(document: Mapping[str, Any], names: Sequence[str]) -> Any:  # noqa: ANN401
    return next((document[name] for name in names if document.get(name) not in (None, "")), None)


def _matches(pattern: str, value: object) -> bool:
    return value is not None and re.search(pattern, str(value)) is not None


_NEVER = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
