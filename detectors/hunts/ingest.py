"""Logs into the normalised tables: recognised row by row, and whatever is odd is counted, not fatal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files

import duckdb
from duckdb.sqltypes import DuckDBPyType

from detectors.hunts.paths import PLACEHOLDER, FromColumns, FromJson
from detectors.hunts.reading import LogFile, batches, table_of
from detectors.hunts.shapes import SHAPES, Shape

#: Where pages and pipelines put the rows: a list below one of these, or one row below one of those.
_LISTS = ("value", "records", "Records", "logs", "items", "results", "events", "data.events")
_SINGLE = ("json", "result", "auditData", "AuditData", "o365audit", "_raw")
#: Columns of exports that hold the row itself as JSON text (Purview, Splunk).
_ROW_COLUMNS = ("auditdata", "_raw")
_TYPES = {
    "asn": "BIGINT",
    "lat": "DOUBLE",
    "lon": "DOUBLE",
    "anonymous": "BOOLEAN",
    "ok": "BOOLEAN",
}

Told = Callable[[str], None]


@dataclass(slots=True)
class Taken:
    """What was read: rows by shape, rows of no known shape, broken rows, files that could not be read."""

    rows: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    broken: int = 0
    without_time: int = 0
    unreadable: list[tuple[str, str]] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many rows stand in the tables."""
        return self.rows.total()


def resource(name: str) -> str:
    """Return the text of a file of this folder."""
    return files("detectors.hunts").joinpath(name).read_text(encoding="utf-8")


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the empty tables and the macros. DuckDB is kept from fetching anything from anywhere."""
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(resource("tables/macros.sql"))
    connection.execute(resource("tables/schema.sql"))


def take(
    connection: duckdb.DuckDBPyConnection, logs: Iterable[LogFile], told: Told = lambda _: None
) -> Taken:
    """Read every file into the tables. ``told`` hears each file's name as it begins."""
    taken = Taken()
    together = batches(logs)
    for number, batch in enumerate(together, start=1):
        what = batch[0].path.name if len(batch) == 1 else f"{len(batch)} files"
        told(f"{number} of {len(together)}: {what}")
        try:
            _batch(connection, batch, taken)
        except duckdb.Error as error:
            if len(batch) == 1:
                taken.unreadable.append((str(batch[0].path), _first_line(error)))
                continue
            # one of them is broken: alone, it keeps no other from being read
            for log in batch:
                try:
                    _batch(connection, [log], taken)
                except duckdb.Error as alone:
                    taken.unreadable.append((str(log.path), _first_line(alone)))
    return taken


def _first_line(error: duckdb.Error) -> str:
    # the lines after the first show the row itself
    return str(error).splitlines()[0][:200]


def documents_of(batch: Sequence[LogFile]) -> str:
    """Return the SQL that gives every row of the files as JSON text, out of its envelopes."""
    table = table_of(batch)
    source = (
        f"SELECT json FROM {table}"  # noqa: S608 - names are quoted
        if batch[0].kind == "json"
        else f"SELECT to_json(columns_of) AS json FROM {table} AS columns_of"  # noqa: S608 - names are quoted
    )
    return f"SELECT row::VARCHAR FROM ({_unwrapped(source)}) WHERE row IS NOT NULL"  # noqa: S608 - ours


def _batch(connection: duckdb.DuckDBPyConnection, batch: Sequence[LogFile], taken: Taken) -> None:
    table = table_of(batch)
    if batch[0].kind == "json":
        _documents(connection, f"SELECT json FROM {table}", taken)  # noqa: S608 - names are quoted
        return
    described = connection.sql(f"SELECT * FROM {table}")  # noqa: S608
    columns = dict(zip(described.columns, described.types, strict=True))
    holder = next((name for name in columns if name.lower() in _ROW_COLUMNS), None)
    if holder is not None:
        column = '"' + holder.replace('"', '""') + '"'
        _documents(connection, f"SELECT TRY_CAST({column} AS JSON) AS json FROM {table}", taken)  # noqa: S608
        return
    _columns(connection, table, columns, taken)


def _documents(connection: duckdb.DuckDBPyConnection, source: str, taken: Taken) -> None:
    """Stage the documents once, with the shape of each, and take each shape from there."""
    connection.execute("DROP TABLE IF EXISTS staged")
    connection.execute("CREATE TABLE staged (row JSON, shape VARCHAR)")
    try:
        connection.execute(
            f"INSERT INTO staged SELECT row, {_shape_of_row()} FROM ({_unwrapped(source)})"  # noqa: S608 - ours
        )
        counted = connection.execute(
            "SELECT shape, count(*), count(row) FROM staged GROUP BY shape"
        ).fetchall()
        for name, rows, documents in counted:
            if name is None:
                taken.unknown += documents
                taken.broken += rows - documents
            else:
                _insert_documents(connection, _BY_NAME[name], taken)
    finally:
        connection.execute("DROP TABLE IF EXISTS staged")


def _unwrapped(source: str) -> str:
    """Rows out of the envelopes that pages and pipelines put around them."""
    lists = " ".join(
        f"WHEN json_type(json, '$.{path}') = 'ARRAY' THEN json_extract(json, '$.{path}[*]')"
        for path in _LISTS
    )
    single = " ".join(
        f"WHEN json_type(row, '$.{name}') = 'OBJECT' THEN json_extract(row, '$.{name}')"
        f" WHEN json_type(row, '$.{name}') = 'VARCHAR' THEN"
        f" coalesce(TRY_CAST(json_extract_string(row, '$.{name}') AS JSON), row)"
        for name in _SINGLE
    )
    return (
        f"SELECT CASE {single} ELSE row END AS row"  # noqa: S608 - names of ours
        f" FROM (SELECT unnest(CASE {lists} ELSE [json] END) AS row FROM ({source}))"
    )


def _shape_of_row() -> str:
    """One expression that names the first shape a document fits."""
    cases = []
    for shape in SHAPES:
        known = PLACEHOLDER.sub(partial(_mark, shape), shape.known_by)
        cases.append(f"WHEN {known} THEN '{shape.name}'")
    return f"CASE {' '.join(cases)} END"


def _mark(shape: Shape, match: re.Match[str]) -> str:
    found = []
    for path in match[1].split("|"):
        root, dot, rest = path.partition(".")
        spelled = [root, root.lower()] if shape.lowered else [root]
        for each in dict.fromkeys(spelled):
            if root in shape.parsed and rest:
                inner = f"TRY_CAST(json_extract_string(row, '$.{each}') AS JSON)"
                found.append(f"json_extract_string({inner}, '$.{rest}')")
            else:
                found.append(f"json_extract_string(row, '$.{each}{dot}{rest}')")
    return f"coalesce({', '.join(found)})" if len(found) > 1 else found[0]


def _insert_documents(connection: duckdb.DuckDBPyConnection, shape: Shape, taken: Taken) -> None:
    resolver = FromJson(shape)
    inner = _selected({name: resolver.sql(sql) for name, sql in shape.columns.items()})
    _insert(
        connection,
        shape,
        f"SELECT {inner} FROM (SELECT {resolver.parts} FROM staged WHERE shape = '{shape.name}')",  # noqa: S608
        taken,
    )


def _columns(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: Mapping[str, DuckDBPyType],
    taken: Taken,
) -> None:
    earlier: list[str] = []
    for shape in SHAPES:
        resolver = FromColumns(columns)
        marks = {_lower(root) for root in _marks(shape)}
        if not all(any(resolver.has(each) for each in group) for group in marks):
            continue
        known = resolver.sql(shape.known_by)
        expressions = {}
        for name, sql in shape.columns.items():
            whole = re.fullmatch(r"moment\(\{([\w.|]+)\}\)", sql)
            ready = next(
                (
                    found
                    for path in (whole[1].split("|") if whole else ())
                    if (found := resolver.typed(path, "TIMESTAMP") or _zoned(resolver, path))
                ),
                None,
            )
            expressions[name] = ready or resolver.sql(sql)
        others = " AND ".join(f"NOT coalesce({each}, false)" for each in earlier)
        where = f"({known})" + (f" AND {others}" if others else "")
        _insert(
            connection,
            shape,
            f"SELECT {_selected(expressions)} FROM {resolver.source(table)} WHERE {where}",  # noqa: S608 - ours
            taken,
        )
        earlier.append(known)
    if not earlier:
        (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,)  # noqa: S608
        taken.unknown += rows


def _zoned(resolver: FromColumns, path: str) -> str | None:
    column = resolver.typed(path, "TIMESTAMP WITH TIME ZONE")
    return f"timezone('UTC', {column})" if column else None


def _marks(shape: Shape) -> list[tuple[str, ...]]:
    """The groups of roots of which a shape needs one each."""
    groups = PLACEHOLDER.findall(shape.known_by)
    return [tuple(re.split(r"[.\[]", path)[0] for path in group.split("|")) for group in groups]


def _lower(group: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(each.lower() for each in group)


def _selected(expressions: Mapping[str, str]) -> str:
    parts = []
    for name, sql in expressions.items():
        kind = _TYPES.get(name)
        parts.append(f"TRY_CAST({sql} AS {kind}) AS {name}" if kind else f"{sql} AS {name}")
    return ", ".join(parts)


def _insert(connection: duckdb.DuckDBPyConnection, shape: Shape, inner: str, taken: Taken) -> None:
    has = shape.columns
    derived = {"ip": "address(ip)"} if "ip" in has else {}
    if "os" in has:
        derived["os"] = "os_family(os)"
    if "risk" in has:
        derived["risk"] = "CASE WHEN lower(risk) IN ('low', 'medium', 'high') THEN lower(risk) END"
    if "user_name" in has:
        derived["user_name"] = "lower(user_name)"
    if "session_id" in has:
        derived["session_id"] = "session_id"
    extra = (
        {"network": f"network_of({'asn' if 'asn' in has else 'NULL'}, address(ip))"}
        if "ip" in has
        else {}
    )
    if shape.view in ("sign_in", "token"):
        person = "coalesce(lower(user_id), lower(user_name))"
        extra["person_key"] = f"CASE WHEN {person} IS NOT NULL THEN hash(provider, {person}) END"
    if shape.view == "sign_in" and "session_id" in has:
        extra["session_key"] = (
            f"CASE WHEN session_id IS NOT NULL AND {person} IS NOT NULL"
            f" THEN hash(provider, session_id, {person}) END"
        )
    chosen = [f"{derived.get(name, name)} AS {name}" for name in has]
    chosen += [f"{sql} AS {name}" for name, sql in extra.items()]
    result = connection.execute(
        f"INSERT INTO {shape.view} BY NAME SELECT {', '.join(chosen)} FROM ({inner})"  # noqa: S608
        " WHERE time IS NOT NULL"
    ).fetchone()
    taken.rows[shape.name] += result[0] if result else 0


_BY_NAME = {shape.name: shape for shape in SHAPES}
