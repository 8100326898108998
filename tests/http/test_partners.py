"""What one process of the API remembers of partners' documents, and when it asks the database again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from bson import ObjectId
from pymongo import AsyncMongoClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from app.http.partners import PartnerDocuments
from edge.stream import START, Change, Entry, EntryId
from models.database import Database
from models.operation import RegisteredOperation

TEXT = "query Homes { listings { totalCount } }"
ID = sha256(TEXT.encode()).hexdigest()
BEGINNING = EntryId(1, 0)


class Finds(CommandListener):
    """Counts finds, and does something while one is under way."""

    def __init__(self) -> None:
        self.count = 0
        self.meanwhile: Any = None

    def started(self, event: CommandStartedEvent) -> None:
        """Count a find."""
        self.count += event.command_name == "find"

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Do what is to happen after it was read and before it is known."""
        if event.command_name == "find" and self.meanwhile is not None:
            self.meanwhile()

    def failed(self, event: CommandFailedEvent) -> None:
        """Note nothing."""


@dataclass
class Known:
    """A process's memory on a database of its own, and a stream that is written by hand."""

    documents: PartnerDocuments
    rows: Any
    finds: Finds
    now: float = 100.0
    tail: EntryId = BEGINNING

    def hear(self, *tags: str, gap: bool = False) -> None:
        """Let the stream tell something; a pulse where no tag is given."""
        behind = START if gap else self.tail
        self.tail = EntryId(self.tail.time + 1, 0)
        self.documents.apply([Entry(self.tail, behind, "", tuple(map(Change, tags)))], self.now)

    async def register(self, text: str = TEXT) -> ObjectId:
        """Store a document."""
        row = {"_id": ObjectId(), "document_id": sha256(text.encode()).hexdigest(), "body": text}
        await self.rows.insert_one(row)
        return ObjectId(str(row["_id"]))

    async def ask(self, id_: str = ID) -> str | None:
        """Ask for a document."""
        return await self.documents.document(id_, None)


@pytest.fixture
async def known(mongodb_url: str) -> AsyncIterator[Known]:
    """Give a process that hears the stream."""
    finds, name = Finds(), f"partners_{uuid4().hex[:8]}"
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(mongodb_url, event_listeners=[finds])
    async with client:
        database = Database(client, name)
        made = Known(PartnerDocuments(database, lambda: made.now), None, finds)
        made.rows = database.handle[RegisteredOperation.stored_in()]
        made.documents.begin(made.tail, [])
        made.hear()
        yield made
        await client.drop_database(name)


async def test_a_document_is_read_once(known: Known) -> None:
    """Given a document, and an id that nobody has registered, then each costs one find, however often it is asked."""
    await known.register()
    for _ in range(3):
        assert await known.ask() == TEXT
        assert await known.ask("00" * 32) is None
    assert known.finds.count == 2


async def test_what_the_stream_tells_is_read_again(known: Known) -> None:
    """Given an unknown id and a document, when the stream names them, then they are read again, and others are not."""
    assert await known.ask() is None
    row = await known.register()
    known.hear(f"Operation:{ID}")
    assert await known.ask() == TEXT
    known.hear("Project:1", "Operation:other")
    await known.rows.delete_one({"_id": row})
    assert await known.ask() == TEXT
    known.hear(f"Operation:{ID}")
    assert await known.ask() is None
    assert known.finds.count == 3


@pytest.mark.parametrize("how", ["gap", "everything", "begin"])
async def test_what_was_missed_is_read_again(known: Known, how: str) -> None:
    """Given a document, when some of the stream is missing or everything is purged, then it is read again."""
    await known.register()
    await known.ask()
    if how == "begin":
        known.documents.begin(known.tail, [])
    else:
        known.hear(*(["*"] if how == "everything" else []), gap=how == "gap")
    await known.ask()
    assert known.finds.count == 2


@pytest.mark.parametrize("how", ["silence", "lost"])
async def test_silence_is_not_freshness(known: Known, how: str) -> None:
    """Given a stream that is not heard, then the database is asked each time; and no more once it is heard again."""
    row = await known.register()
    await known.ask()
    if how == "lost":
        known.documents.lost()
    known.now += 2 if how == "silence" else 0
    await known.rows.delete_one({"_id": row})
    assert await known.ask() is None
    assert await known.ask() is None
    known.hear()
    assert await known.ask() is None
    assert known.finds.count == 3


async def test_a_read_that_straddles_a_removal_is_not_remembered(known: Known) -> None:
    """Given a read under way, when the stream tells of the document meanwhile, then the next one reads again."""
    row = await known.register()
    known.finds.meanwhile = lambda: known.hear(f"Operation:{ID}")
    assert await known.ask() == TEXT
    known.finds.meanwhile = None
    await known.rows.delete_one({"_id": row})
    assert await known.ask() is None


async def test_a_flood_of_unknown_ids_is_bounded(known: Known) -> None:
    """Given more unknown ids than there is room for, then memory is bounded, and each has cost one find."""
    known.documents = PartnerDocuments(known.documents._database, lambda: known.now, capacity=20_000)  # noqa: SLF001
    known.documents.begin(known.tail, [])
    known.hear()
    before = known.finds.count
    for number in range(200):
        assert await known.ask(f"{number:064x}") is None
    assert known.finds.count - before == 200
    assert known.documents._kept.used <= 20_000  # noqa: SLF001 - what the test is about
