"""From a path in a log row to SQL: out of JSON, or out of the columns of a table.

A placeholder is ``{a.b[0].c}``, or ``{a|b.c}`` for the first of several that says something. Every name
comes from the code or is quoted; nothing that stands in a log becomes SQL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from duckdb.sqltypes import DuckDBPyType

from detectors.hunts.shapes import Shape

#: ``{path}`` or ``{path|path}`` in an expression of a shape.
PLACEHOLDER = re.compile(r"\{([A-Za-z_][\w.\[\]|]*)\}")
_ROOT = re.compile(r"^([A-Za-z_]\w*)(.*)$")


class FromJson:
    """Rows that are JSON documents in a column named ``row``.

    Each document is parsed once for all paths, and once more for each root that holds JSON as text.
    ``parts`` is what has to be selected beside for ``sql`` to work.
    """

    def __init__(self, shape: Shape) -> None:
        """Resolve the paths of ``shape``."""
        self._shape = shape
        self._paths: dict[str | None, list[str]] = {None: []}

    def sql(self, expression: str) -> str:
        """Return the expression over the lists that ``parts`` makes."""
        return PLACEHOLDER.sub(lambda match: self._first(match[1].split("|")), expression)

    @property
    def parts(self) -> str:
        """The lists of values to select from the table that holds ``row``."""
        lists = []
        for root, paths in self._paths.items():
            if not paths:
                continue
            text = (
                "row" if root is None else f"TRY_CAST(json_extract_string(row, '$.{root}') AS JSON)"
            )
            wanted = ", ".join(repr(path) for path in paths)
            lists.append(f"json_extract_string({text}, [{wanted}]) AS {_name(root)}")
        return ", ".join(lists)

    def _first(self, alternatives: list[str]) -> str:
        found = []
        for path in alternatives:
            found.append(self._one(path))
            root, rest = _split(path)
            if self._shape.lowered and root != root.lower():
                found.append(self._one(root.lower() + rest))
        return f"coalesce({', '.join(found)})" if len(found) > 1 else found[0]

    def _one(self, path: str) -> str:
        root, rest = _split(path)
        holder = root if root in self._shape.parsed and rest else None
        wanted = f"${rest}" if holder else f"$.{path}"
        paths = self._paths.setdefault(holder, [])
        if wanted not in paths:
            paths.append(wanted)
        return f"said({_name(holder)}[{paths.index(wanted) + 1}])"


class FromColumns:
    """Rows of a table: Parquet or CSV. A path is a column of that name, or a part of a column.

    A column that is no text stays what it is, so that times and numbers are not read twice. A column that
    holds JSON as text is parsed once for all its paths: ``source`` has to be selected from.
    """

    def __init__(self, columns: Mapping[str, DuckDBPyType]) -> None:
        """Take the columns' names and types; the fields of structures count as columns, too."""
        self._columns: dict[str, tuple[str, str]] = {}
        self._documents: dict[str, list[str]] = {}
        for name, kind in columns.items():
            # the portal of Log Analytics writes the zone behind the name of a column that holds times
            self._add(name.removesuffix(" [UTC]"), _quoted(name), kind)

    def _add(self, path: str, sql: str, kind: DuckDBPyType) -> None:
        self._columns[path.lower()] = (sql, str(kind))
        if kind.id == "struct":
            for name, inner in kind.children:
                if not isinstance(inner, DuckDBPyType):
                    continue
                self._add(f"{path}.{name}", f"{sql}.{_quoted(name)}", inner)

    def sql(self, expression: str) -> str:
        """Return the expression over the columns; what is not there is NULL."""
        return PLACEHOLDER.sub(lambda match: self._first(match[1].split("|")), expression)

    def source(self, table: str) -> str:
        """Return the table with the parsed documents beside its columns."""
        if not self._documents:
            return table
        parsed = ", ".join(
            f"TRY(json_extract_string({column}, [{', '.join(repr(path) for path in paths)}])) AS document_{place}"
            for place, (column, paths) in enumerate(self._documents.items())
        )
        return f"(SELECT *, {parsed} FROM {table})"  # noqa: S608 - names are quoted

    def typed(self, path: str, kind: str) -> str | None:
        """Return the column of a single path if it has this type already."""
        column, has = self._columns.get(path.lower(), ("", ""))
        return column if has == kind else None

    def has(self, root: str) -> bool:
        """Whether a path with this first name leads anywhere."""
        return root in self._columns or any(name.startswith(root + ".") for name in self._columns)

    def _first(self, alternatives: list[str]) -> str:
        found = [sql for path in alternatives if (sql := self._one(path))]
        if not found:
            return "NULL::VARCHAR"
        return f"coalesce({', '.join(found)})" if len(found) > 1 else found[0]

    def _one(self, path: str) -> str | None:
        for spelled in (path, re.sub(r"\[(\d+)\]", r".\1", path)):
            whole = self._columns.get(spelled.lower())
            if whole is not None:
                return _text(*whole)
        root, rest = _split(path)
        holder, column = root, self._columns.get(root.lower())
        # the deepest field that is there; below it only JSON or a list can lead on
        for cut in re.finditer(r"[.\[]", rest):
            deeper = self._columns.get((root + rest[: cut.start()]).lower())
            if deeper is not None:
                holder, column = root + rest[: cut.start()], deeper
        inside = path[len(holder) :]
        if column is None or not inside:
            return None
        # a structure that has no such field
        missing = column[1].startswith("STRUCT(") and not column[1].endswith("]")
        return None if missing else self._part(column, inside)

    def _part(self, column: tuple[str, str], inside: str) -> str:
        sql, kind = column
        document = sql if kind in ("VARCHAR", "JSON") else f"to_json({sql})"
        paths = self._documents.setdefault(document, [])
        if "$" + inside not in paths:
            paths.append("$" + inside)
        place = list(self._documents).index(document)
        return f"said(document_{place}[{paths.index('$' + inside) + 1}])"


def _text(column: str, kind: str) -> str:
    if kind == "VARCHAR":
        return f"said({column})"
    if kind.startswith(("STRUCT", "MAP")) or kind.endswith("[]"):
        return f"to_json({column})::VARCHAR"
    return f"{column}::VARCHAR"


def _split(path: str) -> tuple[str, str]:
    match = _ROOT.match(path)
    if match is None:
        raise ValueError(path)
    return match[1], match[2]


def _name(root: str | None) -> str:
    return "found" if root is None else f"found_{root}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
