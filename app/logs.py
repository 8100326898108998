"""Logging of every process: one line a record on stderr, readable in development and JSON in production."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from aiohttp.http_exceptions import HttpProcessingError

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "color_message"}


def configure(process: str, *, production: bool, level: int = logging.INFO) -> None:
    """Send all records to stderr, replacing what was configured before; `process` is named in each JSON record."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(process) if production else ReadableFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("aiohttp.server").addFilter(is_ours)


def is_ours(record: logging.LogRecord) -> bool:
    """Whether a record of the HTTP server is about us, not about a client that left or whose request was none."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError | ConnectionResetError))


def fields(record: logging.LogRecord) -> dict[str, object]:
    """Return what the caller passed as `extra={…}`."""
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


class ReadableFormatter(logging.Formatter):
    """`12:00:01 INFO app.process: message key=value`, and a traceback on the lines below."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", datefmt="%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base class's name
        """Return the line without the traceback."""
        extra = "".join(f" {name}={value}" for name, value in fields(record).items())
        return super().formatMessage(record) + extra


class JsonFormatter(logging.Formatter):
    """One JSON object on one line: time (ISO 8601, UTC), level, process, logger, message, extra fields, exception."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self.process = process

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "process": self.process,
            "logger": record.name,
            "message": record.getMessage(),
            **fields(record),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            entry["stack"] = self.formatStack(record.stack_info)
        # not orjson, which refuses a lone surrogate: a request's odd text must not lose the record
        return json.dumps(entry, default=str, ensure_ascii=False)
