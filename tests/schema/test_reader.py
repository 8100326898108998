"""Reading as of a moment: what the driver is made to ask of the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from pymongo import AsyncMongoClient
from pymongo.errors import ConnectionFailure
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from models.database import Database
from models.design import Design
from models.element import Element
from schema.reader import Find, Reader


class Concerns(CommandListener):
    """The read concern of every find."""

    def __init__(self) -> None:
        self.of_finds: list[dict[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        """Remember it."""
        if event.command_name == "find":
            self.of_finds.append(dict(event.command["readConcern"]))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Do nothing."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Do nothing."""


READS = (Find(Design, {}, (("_id", 1),)), Find(Element, {}, (("_id", 1),)))


@pytest.fixture
def concerns() -> Concerns:
    """Give a listener that has heard nothing."""
    return Concerns()


@pytest.fixture
async def database(mongodb_url: str, concerns: Concerns) -> AsyncIterator[Database]:
    """Give a database with the two collections."""
    async with AsyncMongoClient[dict[str, Any]](mongodb_url, tz_aware=True, event_listeners=[concerns]) as client:
        database = Database(client, "reader_tests")
        for document in (Design, Element):
            await database.handle.create_collection(document.stored_in())
        yield database
        await client.drop_database("reader_tests")


async def test_a_snapshot_is_not_before_its_moment(database: Database, concerns: Concerns) -> None:
    """Given a moment, then the first read waits until the server has committed it, and the second sees what it saw."""
    moment = await database.pulse("test")
    assert await Reader(database, moment).snapshot(*READS) == [[], []]
    first, second = concerns.of_finds
    assert first == {"level": "snapshot", "afterClusterTime": moment}
    assert second["atClusterTime"] >= moment


async def test_without_a_moment_a_snapshot_is_of_now(database: Database, concerns: Concerns) -> None:
    """Given none, then the server chooses."""
    assert await Reader(database).snapshot(*READS) == [[], []]
    first, second = concerns.of_finds
    assert first == {"level": "snapshot"}
    assert "atClusterTime" in second


async def test_what_is_beyond_one_reply_is_fetched(database: Database) -> None:
    """Given more than the 16 MiB of one reply, then all rows come, of a find and of reads that are joined."""
    large = "x" * 1_000_000
    await database.handle["designs"].insert_many([{"title": large, "seq": number} for number in range(20)])
    await database.handle["elements"].insert_one({"_id": "one"})
    find = Find(Design, {}, (("_id", 1),), projection={"seq": 1, "title": 1})
    assert [row["seq"] for row in await Reader(database).read(find)] == [*range(20)]
    rows, (one,) = await Reader(database).read_together([find, Find(Element, {})])
    assert sorted(row["seq"] for row in rows) == [*range(20)]
    assert one["_id"] == "one"


class Cutting:
    """A wire to MongoDB that ends the connection, instead of passing it on, whenever it meets a find, `times` times."""

    def __init__(self, port: int, times: int) -> None:
        self._port, self.times = port, times

    async def join(self, near: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Join a connection with one to MongoDB."""
        far, there = await asyncio.open_connection("127.0.0.1", self._port)
        ways = [asyncio.ensure_future(self._pass(near, there)), asyncio.ensure_future(self._pass(far, writer))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for end in (there, writer):
            end.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if b"\x02find\x00" in data and self.times:
                self.times -= 1
                return
            writer.write(data)


@pytest.mark.parametrize("times", [1, 2])
async def test_a_read_whose_connection_ends_is_sent_again(database: Database, mongodb_url: str, times: int) -> None:
    """Given a connection that ends in the middle of a command, then it is sent once more; a second end is told."""
    await database.handle["designs"].insert_one({"seq": 1})
    address = urlsplit(mongodb_url)
    wire = Cutting(address.port or 0, times)
    server = await asyncio.start_server(wire.join, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, AsyncMongoClient[dict[str, Any]]("127.0.0.1", port, directConnection=True) as client:
        reader = Reader(Database(client, "reader_tests"))
        if times == 1:
            assert [row["seq"] for row in await reader.read(Find(Design, {}))] == [1]
        else:
            with pytest.raises(ConnectionFailure):
                await reader.read(Find(Design, {}))
    assert wire.times == 0


async def test_times_without_a_zone_are_the_same_moments(database: Database) -> None:
    """Given a stored time, then a naive reader gives it in UTC, without saying so."""
    moment = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
    await database.handle["designs"].insert_one({"published_at": moment})
    reader = Reader(database)
    assert [row["published_at"] for row in await reader.read(Find(Design, {}))] == [moment]
    naive = await reader.naive().read(Find(Design, {}))
    assert [row["published_at"] for row in naive] == [moment.replace(tzinfo=None)]
