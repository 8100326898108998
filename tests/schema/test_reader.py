"""Reading as of a moment: what the driver is made to ask of the server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pymongo import AsyncMongoClient
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
    async with AsyncMongoClient[dict[str, Any]](mongodb_url, event_listeners=[concerns]) as client:
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
