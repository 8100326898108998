"""The stream in a real Redis: ids, encoding, appending behind the tail, and reading."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from edge import stream
from edge.stream import START, STREAM, Change, Entry, EntryId
from edge.tags import header, short

ids = st.builds(EntryId, st.integers(0, 2**64 - 1), st.integers(0, 2**63))
changes = st.builds(
    Change,
    st.text(min_size=1, max_size=20),
    st.none() | st.lists(st.text(max_size=5), max_size=3).map(tuple),
    st.none() | st.lists(st.text(alphabet="0123456789abcdef"), max_size=3).map(tuple),
)


@given(ids)
def test_an_id_reads_as_it_is_written(id_: EntryId) -> None:
    """Given any id, then its text reads as the same id."""
    assert EntryId.parse(str(id_)) == id_


@pytest.mark.parametrize(
    "text", ["", "1", "-", "1-", "-1", "1-2-3", "a-1", "1-b", " 1-2", "+1-2", "1.0-2", "٣-1", "1-²"]
)
def test_what_is_no_id_is_refused(text: str) -> None:
    """Given text that is not `<time>-<ordinal>` in ASCII digits, when it is read, then it is refused."""
    with pytest.raises(ValueError, match="not a stream id"):
        EntryId.parse(text)


@given(st.builds(Entry, ids, ids, st.text(alphabet="0123456789ABCDEF"), st.lists(changes, max_size=4).map(tuple)))
def test_an_entry_reads_as_it_is_written(entry: Entry) -> None:
    """Given any entry, then what is stored of it reads as the same entry."""
    id_, before, token, body = entry.encode()
    fields = {b"before": before.encode(), b"token": token.encode(), b"changes": body}
    assert Entry.decode(id_.encode(), fields) == entry


def test_a_short_tag_is_a_surrogate_key() -> None:
    """Given tags with spaces and any letters, then their keys are 11 safe characters, distinct, in a fixed order."""
    tags = {"Design:1", "Design:2", "gallery?city_key=a coruna", "*", "Español"}
    keys = header(tags).split(" ")
    assert keys == sorted(map(short, tags))
    assert len(set(keys)) == len(tags)
    assert all(len(key) == 11 and key.replace("-", "").replace("_", "").isalnum() for key in keys)


def chain(*ids_: EntryId, tag: str = "a") -> list[Entry]:
    """Make entries, each behind the one before; the first id is where they start."""
    return [Entry(id_, before, "token", (Change(tag),)) for before, id_ in pairwise(ids_)]


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Give an empty Redis database."""
    async with Redis.from_url(redis_url.replace("/0", "/5"), socket_timeout=5) as redis:
        await redis.flushdb()
        yield redis


async def test_entries_are_appended_behind_the_tail_only(redis: Redis) -> None:
    """Given a tail, when somebody appends behind another id, then nothing is written and the tail is told."""
    one, two, three = EntryId(1, 0), EntryId(2, 0), EntryId(2, 1)
    assert await stream.tail(redis) is None
    assert await stream.append(redis, one, chain(one, two)) == START
    assert await stream.append(redis, START, chain(START, one, two)) is None
    assert await stream.append(redis, one, chain(one, three)) == two
    assert await stream.append(redis, START, chain(START, three)) == two
    assert await stream.append(redis, two, chain(two, three)) is None
    newest = await stream.tail(redis)
    assert newest == Entry(three, two, "token", (Change("a"),))
    assert await redis.xlen(STREAM) == 3


async def test_ids_may_use_all_64_bits(redis: Redis) -> None:
    """Given a clock beyond 2^63, when an entry is appended, then Redis keeps its id exactly."""
    id_ = EntryId(2**64 - 2, 3)
    assert await stream.append(redis, START, chain(START, id_)) is None
    newest = await stream.tail(redis)
    assert newest is not None
    assert newest.id == id_


@pytest.mark.parametrize("protocol", [2, 3])
async def test_reading_goes_on_behind_an_id(redis: Redis, redis_url: str, protocol: int) -> None:
    """Given a reader at an id, in either protocol, then it gets what follows in order, and a sign of silence."""
    one, two, three, four = (EntryId(number, 0) for number in range(1, 5))
    await stream.append(redis, START, chain(START, one, two, three))
    async with Redis.from_url(redis_url.replace("/0", "/5"), socket_timeout=5, protocol=protocol) as reading:
        clock = itertools.count(10)
        batches = stream.read(reading, one, 5, lambda: float(next(clock)))
        entries, since = await anext(batches)
        assert ([entry.id for entry in entries], since) == ([two, three], 5)
        assert await anext(batches) == ([], 10)  # the read before reached the tail, and was asked at 10
        waiting = asyncio.ensure_future(anext(batches))
        await stream.append(redis, three, chain(three, four))
        entries, since = await waiting
        assert ([entry.id for entry in entries], since) == ([four], 11)
        await batches.aclose()  # type: ignore[attr-defined]  # an async generator


async def test_a_batch_becomes_visible_at_once(redis: Redis, redis_url: str) -> None:
    """Given a reader that looks all the time, when batches of fifty are appended, then it never sees part of one."""
    async with Redis.from_url(redis_url.replace("/0", "/5")) as other:

        async def watch() -> set[int]:
            seen = set()
            while (length := await other.xlen(STREAM)) < 1000:
                seen.add(length % 50)
            return seen

        watching = asyncio.ensure_future(watch())
        before = START
        for time in range(1, 21):
            batch = [before, *(EntryId(time, ordinal) for ordinal in range(50))]
            assert await stream.append(redis, before, chain(*batch)) is None
            before = batch[-1]
        assert await watching == {0}


async def test_what_cannot_be_read_drops_everything(redis: Redis) -> None:
    """Given an entry that somebody wrote by hand, when it is read, then it stands for any change."""
    await redis.xadd(STREAM, {"nonsense": "1"}, id="7-0")
    newest = await stream.tail(redis)
    assert newest is not None
    assert (newest.id, newest.changes) == (EntryId(7, 0), (Change("*"),))


async def test_a_pulse_counts_only_if_it_comes_in_time(redis: Redis) -> None:
    """Given pulses that count until a moment of Redis's clock, when they are appended, then a late one is none."""
    now = await stream.now(redis)
    one, two = EntryId(1, 0), EntryId(2, 0)
    late = Entry(one, START, "", (Change("pulses"),), until=now - 1)
    timely = Entry(two, one, "", (Change("pulses"),), until=now + 60_000_000)
    assert await stream.append(redis, START, [late, timely]) is None
    assert [entry.changes for entry in await stream.history(redis, 2)] == [(Change("pulses"),), ()]
