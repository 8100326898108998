"""Snapshots of likes."""

from __future__ import annotations

import asyncio
from typing import Any

from beanie import PydanticObjectId
from pymongo import AsyncMongoClient

from models.database import Database
from models.design import Design, Like, Room
from models.project import Style
from tests.platform import Platform
from workers.likes import LikeCounts


async def liked(*active: bool) -> Design:
    """Store a design with likes, some of them taken back."""
    design = Design(
        project=PydanticObjectId(),
        organization=PydanticObjectId(),
        author=PydanticObjectId(),
        title="Salón",
        room=Room.STUDY,
        style=Style.BOHO,
    )
    await design.insert()
    for each in active:
        await Like(design=design.id, user=PydanticObjectId(), active=each).insert()
    return design


async def count(design: Design) -> int:
    """Read a design's count."""
    found = await Design.get(design.id)
    assert found is not None
    return found.like_count


async def test_a_snapshot_counts_what_is_active(platform: Platform) -> None:
    """Given likes, when snapshots are renewed, then each design shows its own count, and nothing is pending."""
    one, other = await liked(True, True, False), await liked(True)
    counts = LikeCounts(platform.database)
    await counts.renew()
    assert (await count(one), await count(other)) == (2, 1)
    assert await Like.find({"design": one.id, "pending": True}).count() == 0
    await Like.find({"design": one.id}).update({"$set": {"active": False, "pending": True}})
    await counts.renew()
    assert (await count(one), await count(other)) == (0, 1)


async def test_likes_that_come_while_counting_are_counted_next(platform: Platform) -> None:
    """Given many likes at once, while snapshots are renewed all the time, then none is forgotten in the end."""
    design, counts = await liked(), LikeCounts(platform.database)
    done = asyncio.Event()

    async def renew() -> None:
        while not done.is_set():
            await counts.renew()

    renewing = asyncio.create_task(renew())
    await asyncio.gather(*(Like(design=design.id, user=PydanticObjectId()).insert() for _ in range(30)))
    done.set()
    await renewing
    await counts.renew()
    assert await count(design) == 30


async def test_counting_goes_on_after_the_database_was_away(platform: Platform) -> None:
    """Given a MongoDB that does not answer, when snapshots are renewed at intervals, then the work does not end."""
    away: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient("mongodb://127.0.0.1:9", serverSelectionTimeoutMS=50)
    design = await liked(True)
    running = asyncio.create_task(LikeCounts(Database(away, "x")).run())
    done, _ = await asyncio.wait([running], timeout=0.2)
    assert not done
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await away.close()
    await LikeCounts(platform.database).renew()
    assert await count(design) == 1
