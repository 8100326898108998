"""Trimming logs of edits: what is old goes, what must stay stays, and whoever comes too late is told so."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from beanie import PydanticObjectId
from pymongo import AsyncMongoClient

from app.explaining import explain
from models.database import Database
from models.design import Design
from models.element import DesignEdit
from schema import ids
from tests.following import EVENTS, socket, stream
from tests.platform import Json, Platform, User, added, another_api
from tests.relay.relaying import until
from tests.test_element import canvas
from tests.test_version import VERSIONS, restore, save
from workers import trimming
from workers.trimming import VERSION_NAME, LogTrimming

OLD = datetime(2001, 1, 1, tzinfo=UTC)
MOMENT = datetime(2001, 6, 1, tzinfo=UTC)
"""When logs are trimmed here: nothing is old then but what a test says was written at `OLD`."""


@dataclass
class Drawn:
    """A design with a log, as its author and as the database know it."""

    platform: Platform
    author: User
    id: str

    @property
    def key(self) -> PydanticObjectId:
        """Return the design's id in the database."""
        return ids.key(self.id, "Design")

    async def grow(self, *names: str, base: int = 0) -> list[Json]:
        """Add elements of these keys, each by a batch of the same name."""
        return [await self.author.edit(self.id, added(name), batch=name, base=base) for name in names]

    async def age(self, **seq: Any) -> None:
        """Have batches with such numbers be old."""
        log = self.platform.database.handle["design_edits"]
        await log.update_many({"design": self.key, "seq": seq}, {"$set": {"created_at": OLD}})

    async def trim(self) -> int:
        """Trim what is old; how many batches that were."""
        return await LogTrimming(self.platform.database, timedelta(days=90)).trim(MOMENT)

    async def log(self) -> list[int]:
        """Return the numbers of the batches that are in the log."""
        return [edit.seq for edit in await DesignEdit.find({"design": self.key}).sort("seq").to_list()]

    async def floor(self) -> int:
        """Return the number after which the log is whole."""
        found = await Design.get(self.key)
        assert found is not None
        return found.log_floor

    async def versions(self) -> list[tuple[str, int, bool]]:
        """Return the versions: name, number, and whether nobody asked for them."""
        found = (await self.author.ask(VERSIONS, {"id": self.id}))["design"]["versions"]["edges"]
        return [(edge["node"]["name"], edge["node"]["seq"], edge["node"]["automatic"]) for edge in found]


@pytest.fixture(scope="module")
async def ana(platform: Platform) -> User:
    """Sign somebody up who draws."""
    ana = await platform.user()
    ana.made[:] = [await ana.project(await ana.organization())]
    return ana


@pytest.fixture
async def drawn(platform: Platform, ana: User) -> Drawn:
    """Begin a design."""
    return Drawn(platform, ana, await ana.design(ana.made[0]))


async def test_old_batches_go_and_young_ones_stay(drawn: Drawn) -> None:
    """Given a log of which a part is old, then that goes, and a version shows the canvas, which is as it was."""
    await drawn.grow("a", "b", "c", "d", "e")
    before = await canvas(drawn.author, drawn.id)
    await drawn.age(**{"$lte": 3})
    assert await drawn.trim() == 3
    assert (await drawn.log(), await drawn.floor()) == ([4, 5], 3)
    assert await drawn.versions() == [(VERSION_NAME, 5, True)]
    assert await canvas(drawn.author, drawn.id) == before
    version = (await drawn.author.ask(VERSIONS, {"id": drawn.id}))["design"]["versions"]["edges"][0]["node"]
    assert version["author"] is None
    await drawn.author.edit(drawn.id, {"removeElement": {"key": "a"}}, base=5)
    assert (await restore(drawn.author, drawn.id, version["id"]))["__typename"] == "EditsApplied"
    assert {**await canvas(drawn.author, drawn.id), "seq": 5} == before


async def test_what_is_trimmed_is_trimmed_once(drawn: Drawn) -> None:
    """Given a log that was trimmed, then a second time nothing goes, and no version is added while one will do."""
    await drawn.grow("a", "b", "c", "d", "e")
    await drawn.age(**{"$lte": 2})
    assert [await drawn.trim(), await drawn.trim()] == [2, 0]
    await drawn.age(**{"$lte": 5})
    assert await drawn.trim() == 3
    assert await drawn.versions() == [(VERSION_NAME, 5, True)]
    await drawn.grow("f", base=5)
    await drawn.age(**{"$lte": 6})
    assert await drawn.trim() == 1
    assert await drawn.versions() == [(VERSION_NAME, 6, True), (VERSION_NAME, 5, True)]


@pytest.mark.parametrize(("saved_at", "more"), [(2, True), (3, False), (4, False)])
async def test_a_version_that_shows_it_all_is_enough(drawn: Drawn, saved_at: int, *, more: bool) -> None:
    """Given a version of somebody's, then another is saved only where that one is from before the last that goes."""
    names = ["a", "b", "c", "d"]
    await drawn.grow(*names[:saved_at])
    await save(drawn.author, drawn.id, "Mine")
    await drawn.grow(*names[saved_at:])
    await drawn.age(**{"$lte": 3})
    assert await drawn.trim() == 3
    assert await drawn.versions() == [(VERSION_NAME, 4, True)] * more + [("Mine", saved_at, False)]


async def test_edits_from_before_the_log_are_refused(drawn: Drawn) -> None:
    """Given edits made on a canvas that nobody can replay from, then their `baseSeq` is named; from there on they go.

    So a batch that was trimmed is never applied twice: it was made before it was numbered.
    """
    first, *_ = await drawn.grow("a", "b", "c")
    await drawn.age(**{"$lte": 2})
    await drawn.trim()
    for base, name in ((0, "late"), (1, "late"), (0, "a"), (1, "b")):
        (refused,) = await drawn.grow(name, base=base)
        assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["baseSeq"])
        assert refused["message"].startswith(f"baseSeq: the design's log is kept from 2 on, and {base} is before that.")
    (answer,) = await drawn.grow("late", base=2)
    assert answer["seq"] == 4
    undone = await drawn.author.undo(drawn.id, first["inverse"])
    assert (undone["__typename"], undone["path"]) == ("NotFound", ["inverse"])
    assert (await drawn.author.undo(drawn.id, answer["inverse"]))["seq"] == 5
    assert await canvas(drawn.author, drawn.id) == {**await canvas(drawn.author, drawn.id), "seq": 5}
    assert "late" not in await canvas(drawn.author, drawn.id)


@pytest.mark.parametrize("transport", ["ws", "sse"])
@pytest.mark.parametrize("young", [0, 2])
async def test_who_cannot_be_replayed_to_is_told(drawn: Drawn, transport: str, young: int) -> None:
    """Given a follower from before the log, then they must read the canvas; from there on all is replayed.

    Also where nothing is left of the log, and where what they lack is still to be deleted.
    """
    names = ["a", "b", "c", *"de"[:young]]
    await drawn.grow(*names)
    await drawn.age(**{"$lte": 3})
    await drawn.platform.database.handle["designs"].update_one({"_id": drawn.key}, {"$set": {"log_floor": 3}})
    assert await _first(drawn, transport, 1) == {"__typename": "ResyncRequired", "seq": len(names)}
    await drawn.trim()
    assert await drawn.log() == [4, 5][:young]
    for after in (0, 2):
        assert await _first(drawn, transport, after) == {"__typename": "ResyncRequired", "seq": len(names)}
    if young:
        assert (await _first(drawn, transport, 3))["seq"] == 4


async def _first(drawn: Drawn, transport: str, after: int) -> Json:
    """Follow a design from a number on, and return the first that is told."""
    session, api, token = drawn.platform.session, drawn.platform.api, drawn.author.token
    variables = {"id": drawn.id, "after": after}
    if transport == "sse":
        async with stream(session, api, EVENTS, variables, token) as events:
            return await events.event()
    async with socket(session, api, token) as opened:
        await opened.send(EVENTS, variables)
        return await opened.event()


async def test_who_follows_goes_on(drawn: Drawn) -> None:
    """Given somebody who has been told everything, then they are told what comes after, and of no trimming."""
    await drawn.grow("a", "b")
    async with socket(drawn.platform.session, drawn.platform.api, drawn.author.token) as events:
        await events.send(EVENTS, {"id": drawn.id, "after": 1})
        assert (await events.event())["seq"] == 2
        await drawn.age(**{"$lte": 2})
        assert await drawn.trim() == 2
        await drawn.grow("c", base=2)
        assert (await events.event())["seq"] == 3


async def test_a_remembered_canvas_whose_log_is_gone_is_read_anew(drawn: Drawn) -> None:
    """Given a process that drew long ago, when what others drew since was trimmed, then it draws on what there is."""
    async with another_api(drawn.platform) as other:
        elsewhere = User(other, drawn.author.email, drawn.author.id, drawn.author.token, "")
        await drawn.grow("a")
        await elsewhere.edit(drawn.id, added("b"), {"removeElement": {"key": "a"}}, base=1)
        await elsewhere.edit(drawn.id, added("c"), base=2)
        await drawn.age(**{"$lte": 2})
        assert await drawn.trim() == 2
        changed = [{"setElement": {"key": key, "x": 7}} for key in ("a", "b", "c")]
        answer = await drawn.author.edit(drawn.id, *changed, base=3)
        assert answer["dropped"] == [{"index": 0, "reason": "REMOVED"}]
        seen = await canvas(drawn.author, drawn.id)
        assert {key: seen[key]["x"] for key in seen if key != "seq"} == {"b": 7, "c": 7}


async def test_several_trim_at_once_while_others_draw(drawn: Drawn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given several relays, and batches that go a few at once, then each goes once, and one version is saved."""
    monkeypatch.setattr(trimming, "_BATCHES_AT_ONCE", 3)
    await drawn.grow(*(f"e{number}" for number in range(20)))
    await drawn.age(**{"$lte": 17})
    drawing = asyncio.gather(*(drawn.grow(f"n{number}", base=20) for number in range(10)))
    deleted = await asyncio.gather(*(drawn.trim() for _ in range(4)))
    assert all(answer["__typename"] == "EditsApplied" for (answer,) in await drawing)
    assert await drawn.trim() + sum(deleted) == 17
    assert (await drawn.floor(), await drawn.log()) == (17, [*range(18, 31)])
    assert [name for name, _, _ in await drawn.versions()] == [VERSION_NAME]
    assert len(await canvas(drawn.author, drawn.id)) == 31


async def test_an_interruption_is_made_good_for(drawn: Drawn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a trimming that ended behind its transaction, or between two deletions, then the next one goes on."""
    await drawn.grow("a", "b", "c", "d", "e")
    await drawn.age(**{"$lte": 4})
    monkeypatch.setattr(trimming, "_BATCHES_AT_ONCE", 2)
    begun = LogTrimming(drawn.platform.database, timedelta(days=90))
    assert await begun._raise_floor(drawn.key, 2) == 2  # noqa: SLF001 - a crash just here has no other name
    assert (await drawn.log(), await drawn.floor()) == ([1, 2, 3, 4, 5], 2)
    await drawn.platform.database.handle["design_edits"].delete_one({"design": drawn.key, "seq": 1})
    assert await drawn.trim() == 3
    assert (await drawn.log(), await drawn.floor()) == ([5], 4)
    assert await drawn.versions() == [(VERSION_NAME, 5, True)]


async def test_a_batch_waits_for_those_before_it(drawn: Drawn) -> None:
    """Given an author whose clock is late, then no batch goes before it is old because one behind it is.

    One of which nobody knows how old it is holds up none.
    """
    await drawn.grow("a", "b", "c")
    await drawn.age(**{"$in": [1, 3]})
    assert await drawn.trim() == 1
    assert (await drawn.log(), await drawn.floor()) == ([2, 3], 1)
    log = drawn.platform.database.handle["design_edits"]
    await log.update_one({"design": drawn.key, "seq": 2}, {"$set": {"created_at": "yesterday"}})
    assert await drawn.trim() == 2


async def test_the_log_of_a_deleted_design_goes_too(drawn: Drawn) -> None:
    """Given one that was left behind, then its old batches go, and nothing is saved of it."""
    await drawn.grow("a", "b")
    await drawn.age(**{"$lte": 2})
    await drawn.platform.database.handle["designs"].delete_one({"_id": drawn.key})
    assert await drawn.trim() == 2
    assert await drawn.platform.database.handle["design_versions"].count_documents({"design": drawn.key}) == 0


async def test_a_design_that_cannot_be_read_holds_up_no_other(drawn: Drawn, caplog: pytest.LogCaptureFixture) -> None:
    """Given a script that wrote what is no design, then the log says so, and others are trimmed."""
    other = Drawn(drawn.platform, drawn.author, await drawn.author.design(drawn.author.made[0]))
    for each in (drawn, other):
        await each.grow("a")
        await each.age(**{"$lte": 1})
    designs = drawn.platform.database.handle["designs"]
    await designs.update_one({"_id": drawn.key}, {"$set": {"room": 5}})
    with caplog.at_level(logging.WARNING):
        assert await drawn.trim() == 1
    assert f"The log of design {drawn.key} was not trimmed" in caplog.text
    assert await other.log() == []
    await designs.update_one({"_id": drawn.key}, {"$set": {"room": "STUDY"}})
    assert await drawn.trim() == 1


async def test_looking_for_old_batches_reads_an_index_alone(platform: Platform, drawn: Drawn) -> None:
    """Given a large log, then finding what is old in it costs the keys of that, and no documents."""
    await drawn.grow("a", "b")
    await drawn.age(**{"$lte": 1})
    pipeline = [{"$match": {"created_at": {"$lt": MOMENT}}}, {"$group": {"_id": "$design"}}]
    (read,) = await explain(platform.database.handle, {"aggregate": "design_edits", "pipeline": pipeline})
    assert (read.indexes, read.documents) == ({"age"}, 0)
    await drawn.trim()


async def test_trimming_goes_on_after_the_database_was_away(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a MongoDB that does not answer, then that is logged, and it is tried again."""
    monkeypatch.setattr(trimming, "INTERVAL_SECONDS", 0)
    away: AsyncMongoClient[Json] = AsyncMongoClient("mongodb://127.0.0.1:9", serverSelectionTimeoutMS=50)
    running = asyncio.create_task(LogTrimming(Database(away, "x"), timedelta(days=90)).run())

    async def tried_again() -> bool:
        return caplog.text.count("Logs were not trimmed") >= 2

    await until(tried_again)
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await away.close()
