"""Log lines: readable in development, JSON in production, always one line a record."""

from __future__ import annotations

import json
import logging
import sys

from aiohttp.http_exceptions import BadHttpMessage

from app.logs import JsonFormatter, ReadableFormatter, is_ours


def record(message: str, *, failed: bool = False) -> logging.LogRecord:
    """Return a record with an extra field, and with an exception when `failed`."""
    error = None
    if failed:
        try:
            int("design")
        except ValueError:
            error = sys.exc_info()
    made = logging.LogRecord("edge.store", logging.WARNING, __file__, 1, message, None, error)
    made.operation = "Gallery"
    return made


def test_a_json_line_holds_everything() -> None:
    """Given a record with a newline, extra and an exception, then one line of JSON holds them."""
    line = JsonFormatter("edge").format(record("two\nlines", failed=True))
    assert "\n" not in line
    entry = json.loads(line)
    assert entry["exception"].endswith("'design'")
    assert entry["time"].endswith("+00:00")
    expected = {"level": "WARNING", "process": "edge", "logger": "edge.store", "message": "two\nlines"}
    assert expected.items() <= entry.items()
    assert entry["operation"] == "Gallery"


def test_a_json_line_survives_text_that_is_not_unicode() -> None:
    """Given a lone surrogate, then the record is written all the same."""
    assert "odd" in JsonFormatter("edge").format(record("odd \ud800"))


def test_a_readable_line_ends_with_the_extra_fields() -> None:
    """Given a record with an extra field, then the line shows it."""
    assert ReadableFormatter().format(record("evicted")).endswith("WARNING edge.store: evicted operation=Gallery")


def test_a_request_that_is_none_fills_no_log() -> None:
    """Given a malformed request, then nothing is logged; a fault of ours is."""
    refused = record("Error handling request")
    refused.exc_info = (BadHttpMessage, BadHttpMessage("bare LF"), None)
    assert not is_ours(refused)
    assert is_ours(record("Error handling request", failed=True))
    assert is_ours(record("an ordinary line"))
