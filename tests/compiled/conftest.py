"""The world in which both executors answer."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, tzinfo
from typing import Self

import pytest

from tests.compiled.arguments import Pool
from tests.compiled.harvest import harvest
from tests.compiled.rows import documents
from tests.compiled.world import World, build_world
from tests.platform import Platform


class Frozen(datetime):
    """A clock that stands still: what is missing is the time of its reading, and both executors read."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        """Return always the same time."""
        return cls(2026, 3, 1, 12, tzinfo=tz or UTC)


@pytest.fixture
def still() -> Iterator[None]:
    """Stop the clocks of missing times, and of the links to pictures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.entity.datetime", Frozen)
        patch.setattr("schema.pictures._soon", lambda: 1_800_000_000)
        yield
    gc.collect()  # what graphql-core leaves behind is found here, and not in another test


@pytest.fixture(scope="module")
async def world(platform: Platform) -> AsyncIterator[World]:
    """Give the world."""
    async with build_world(platform) as built:
        yield built


@pytest.fixture(scope="module")
async def pool(world: World) -> Pool:
    """Give what there is to ask for."""
    found = Pool.of(documents())
    await harvest(world, found)
    return found
