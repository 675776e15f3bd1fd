"""Which files there are, and how the rows of each can be read. Nothing is unpacked to disk by hand."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from detectors.hunts.errors import NothingToRead

_COMPRESSED = (".gz", ".zst")
_KINDS = {
    ".json": "json",
    ".ndjson": "json",
    ".jsonl": "json",
    ".log": "json",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
}
#: One document of a page of an API (``{"value": [...]}``) may be this large, in bytes.
_LARGEST_DOCUMENT = 1 << 30
_SMALLEST_DOCUMENT = 16 << 20
_SNIFFED = 1 << 20
#: A file up to this size in bytes is read together with others, at most so many at a time.
_SMALL = 1 << 20
_BATCH = 500


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file, what it holds (json, csv, parquet), and its size in bytes."""

    path: Path
    kind: str
    size: int


def find(paths: Iterable[Path]) -> tuple[list[LogFile], list[Path]]:
    """Find log files: those named, and in the folders named, at any depth.

    Returns:
        The files in the order of their names, and those in folders whose ending says nothing.

    Raises:
        NothingToRead: a path is not there, or is named and its ending says nothing.
    """
    files: dict[Path, LogFile] = {}
    strange: list[Path] = []
    for path in paths:
        if not path.exists():
            raise NothingToRead(f"{path} is not there", "Name a file or a folder of logs.")
        inside = (
            sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
        )
        for each in inside:
            kind = _kind(each)
            if kind is None and each is path:
                raise NothingToRead(
                    f"{each}: its ending says not what it holds",
                    f"Name it {', '.join(_KINDS)}, with .gz or .zst behind it where it is compressed.",
                )
            if kind is None:
                strange.append(each)
            else:
                files[each] = LogFile(each, kind, each.stat().st_size)
    return list(files.values()), strange


def batches(logs: Iterable[LogFile]) -> list[list[LogFile]]:
    """Put small JSON files of the same layout together; a statement costs more than a small file."""
    alone: list[list[LogFile]] = []
    together: dict[tuple[str, str], list[LogFile]] = {}
    for log in logs:
        if log.kind != "json" or log.size > _SMALL:
            alone.append([log])
            continue
        key = (_layout(log.path), _compression(log.path))
        batch = together.setdefault(key, [])
        batch.append(log)
        if len(batch) == _BATCH:
            alone.append(together.pop(key))
    return [*alone, *together.values()]


def table_of(batch: Sequence[LogFile]) -> str:
    """Return the DuckDB table function that reads the files; for JSON it gives a column ``json``."""
    names = ", ".join("'" + str(log.path).replace("'", "''") + "'" for log in batch)
    first = batch[0]
    if first.kind == "parquet":
        return f"read_parquet([{names}], union_by_name = true)"
    if first.kind == "csv":
        return (
            f"read_csv([{names}], all_varchar = true, header = true, ignore_errors = true, quote = '\"',"
            " escape = '\"', null_padding = true, strict_mode = false, max_line_size = 16777216)"
        )
    layout = _layout(first.path)
    # a broken line loses itself, a broken document the rest of its file: DuckDB can go on after lines only
    lenient = ", ignore_errors = true" if layout == "newline_delimited" else ""
    size = max(log.size for log in batch)
    whole = size * 30 if _packed(first.path) else size + 1024
    most = _LARGEST_DOCUMENT if layout == "unstructured" else 8 * _SMALLEST_DOCUMENT
    largest = max(_SMALLEST_DOCUMENT, min(most, whole))
    return (
        f"read_json_objects([{names}], format = '{layout}', maximum_object_size = {largest}"
        f", compression = '{_compression(first.path)}'{lenient})"
    )


def _kind(path: Path) -> str | None:
    name = path.with_suffix("") if path.suffix.lower() in _COMPRESSED else path
    return _KINDS.get(name.suffix.lower())


def _packed(path: Path) -> bool:
    return path.suffix.lower() in _COMPRESSED


def _compression(path: Path) -> str:
    return {".gz": "gzip", ".zst": "zstd"}.get(path.suffix.lower(), "uncompressed")


def _layout(path: Path) -> str:
    """Tell a list, a document a line, and documents over several lines apart."""
    if path.suffix.lower() == ".zst":
        return "newline_delimited"
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    try:
        with opened(path, "rb") as stream:
            head = stream.read(_SNIFFED).lstrip(b"\xef\xbb\xbf \t\r\n")
    except (OSError, EOFError, zlib.error):
        return "newline_delimited"  # DuckDB cannot read it either, and says why
    if head.startswith(b"["):
        return "array"
    first, ended, _ = head.partition(b"\n")
    if not ended and len(head) >= _SNIFFED:
        return "unstructured"
    try:
        json.loads(first)
    except ValueError:
        rest = head[len(first) :].lstrip()
        # a first line that is broken is no reason to read documents: the next one begins one, too
        return (
            "newline_delimited"
            if rest.startswith(b"{") and first.strip() != b"{"
            else "unstructured"
        )
    return "newline_delimited"
