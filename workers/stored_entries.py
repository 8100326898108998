"""The audit log as the bytes that are stored: who looks for what was bent takes nothing for granted."""

from __future__ import annotations

from typing import Any, cast

from bson.codec_options import CodecOptions, DatetimeConversion
from bson.raw_bson import RawBSONDocument
from pymongo.asynchronous.collection import AsyncCollection

from models.audit import AuditEvent
from models.database import Database

_RAW: CodecOptions[RawBSONDocument] = CodecOptions(
    document_class=RawBSONDocument, tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_AUTO
)


def raw(database: Database) -> AsyncCollection[RawBSONDocument]:
    """Return the collection of entries, undecoded."""
    found: AsyncCollection[Any] = database.handle.get_collection(AuditEvent.stored_in(), cast("Any", _RAW))
    return found
