"""Entries of the audit log as lines of a file: JSON Lines, or CSV (RFC 4180) that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from datetime import UTC
from io import StringIO
from typing import Any, Final, NamedTuple

import orjson

COLUMNS: Final = (
    *("id", "at", "action", "actor", "session", "api_key", "address", "request", "kind", "subject", "details"),
    *("signature", "seq", "previous", "mac"),
)
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


class Format(NamedTuple):
    """How entries are written: what stands before them, and each entry."""

    media_type: str
    head: bytes
    line: Callable[[Mapping[str, Any]], bytes]


def values(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is told of a stored entry, by column: ids as hexadecimal, times in UTC with milliseconds."""
    found = {name: row.get(name) for name in COLUMNS}
    found["id"], found["details"] = row["_id"], row.get("details") or {}
    found["at"] = row["created_at"].astimezone(UTC).isoformat(timespec="milliseconds")
    return {name: str(value) if name in _IDS and value is not None else value for name, value in found.items()}


_IDS: Final = frozenset({"id", "actor", "session", "api_key", "subject"})


def as_json(row: Mapping[str, Any]) -> bytes:
    """Return an entry as a line of JSON."""
    return orjson.dumps(values(row), default=str) + b"\n"


def as_csv(row: Mapping[str, Any]) -> bytes:
    """Return an entry as a line of CSV."""
    found = values(row)
    found["details"] = orjson.dumps(found["details"], default=str).decode()
    return _cells(["" if value is None else str(value) for value in found.values()])


def neutral(cell: str) -> str:
    """Return a cell that a spreadsheet shows as it is (OWASP: CSV injection)."""
    return f"'{cell}" if cell.startswith(_FORMULAS) else cell


def _cells(cells: list[str]) -> bytes:
    text = StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([neutral(cell) for cell in cells])
    return text.getvalue().encode()


FORMATS: Final = {
    "jsonl": Format("application/jsonl", b"", as_json),
    "csv": Format("text/csv", _cells([*COLUMNS]), as_csv),
}
