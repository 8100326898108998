"""Who is at a design: pointers and selections, told together and forgotten soon."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis

from app.embedded.ports import free_port
from storage.presence import KEPT_SECONDS, MOST_PEOPLE, RedisPresence
from tests.following import SECONDS, Socket, socket
from tests.platform import Json, Platform, User, added, another_api

PEOPLE = """subscription ($id: ID!) { designEvents(designId: $id) { __typename
    ... on EditsCommitted { seq } ... on AccessChanged { message }
    ... on PresenceChanged { people { id user { id name } colour cursor { x y } selection } } } }"""
SHOW = """mutation ($id: ID!, $presence: PresenceInput!) { showPresence(designId: $id, presence: $presence) {
    __typename ... on PresenceShown { shown } ... on UserError { message code path } } }"""


@pytest.fixture(scope="module")
async def ana(platform: Platform) -> User:
    """Sign somebody up who draws."""
    return await platform.user()


@pytest.fixture
async def design(ana: User) -> str:
    """Begin a design in an organization of its own."""
    ana.made[:] = [await ana.organization()]
    return await ana.design(await ana.project(ana.made[0]))


async def show(who: User, design: str, **presence: Any) -> Json:
    """Say where somebody is."""
    answer: Json = (await who.ask(SHOW, {"id": design, "presence": presence}))["showPresence"]
    return answer


@asynccontextmanager
async def following(platform: Platform, who: User, design: str, query: str = PEOPLE) -> AsyncIterator[Socket]:
    """Follow a design."""
    async with socket(platform.session, platform.api, who.token) as opened:
        await opened.send(query, {"id": design})
        yield opened


async def people(events: Socket, *names: str) -> list[Json]:
    """Wait until exactly these people are told of."""
    async with asyncio.timeout(SECONDS):
        while True:
            event = await events.event()
            if event["__typename"] == "PresenceChanged":
                found: list[Json] = event["people"]
                if sorted(each["user"]["name"] for each in found) == sorted(names):
                    return found


async def test_people_see_each_other(platform: Platform, ana: User, design: str) -> None:
    """Given two people, on two processes, then each sees where the other is, until they leave."""
    bea = await ana.member(ana.made[0], "VIEWER")
    async with another_api(platform) as other, following(platform, ana, design) as events:
        async with following(other, bea, design) as theirs:
            assert await show(ana, design, cursor={"x": 1, "y": 2}) == {"__typename": "PresenceShown", "shown": True}
            assert [each["cursor"] for each in await people(theirs, "Ana")] == [{"x": 1, "y": 2}]
            beas = User(other, bea.email, bea.id, bea.token, bea.refresh_token)
            await show(beas, design, selection=["sofa", "rug"], colour="#a01b2c")
            found = {each["user"]["id"]: each for each in await people(events, "Ana", "Ana")}
            assert found[bea.id]["selection"] == ["sofa", "rug"]
            assert (found[bea.id]["colour"], found[bea.id]["cursor"]) == ("#a01b2c", None)
            assert found[ana.id]["colour"].startswith("#")
            assert found[ana.id]["id"] != found[bea.id]["id"]
        assert [each["user"]["id"] for each in await people(events, "Ana")] == [ana.id]
        async with following(platform, bea, design) as late:
            assert [each["user"]["id"] for each in await people(late, "Ana")] == [ana.id]


async def test_a_moving_pointer_is_told_twenty_times_a_second(platform: Platform, ana: User, design: str) -> None:
    """Given a hundred moves in a row, then followers are told few of them, the last among them."""
    async with following(platform, ana, design) as events:
        began = time.monotonic()
        for x in range(100):
            await show(ana, design, cursor={"x": x, "y": 0})
        told: list[float] = []
        while not told or told[-1] != 99:
            (each,) = await people(events, "Ana")
            told.append(each["cursor"]["x"])
        assert told == sorted(told)
        assert len(told) <= (time.monotonic() - began) / 0.05 + 2


async def test_who_does_not_ask_is_not_told(platform: Platform, ana: User, design: str) -> None:
    """Given a subscription without `PresenceChanged`, then it hears of edits alone."""
    selected = "__typename ... on EditsCommitted { seq }"
    brief = f"subscription ($id: ID!) {{ designEvents(designId: $id, afterSeq: 0) {{ {selected} }} }}"
    async with following(platform, ana, design) as events, following(platform, ana, design, brief) as quiet:
        await show(ana, design, cursor={"x": 1, "y": 2})
        await people(events, "Ana")
        await ana.edit(design, added("a"))
        assert (await quiet.event())["__typename"] == "EditsCommitted"


@pytest.mark.parametrize(
    ("presence", "path"),
    [
        ({"cursor": {"x": 1e7, "y": 0}}, ["presence", "cursor", "x"]),
        ({"selection": ["a b"]}, ["presence", "selection", "0"]),
        ({"selection": ["a"] * 201}, ["presence", "selection"]),
        ({"colour": "red"}, ["presence", "colour"]),
    ],
)
async def test_what_cannot_be_shown_is_named(ana: User, design: str, presence: Json, path: list[str]) -> None:
    """A point off the canvas, what is no key, too many of them, what is no colour."""
    refused = await show(ana, design, **presence)
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", path)


async def test_without_redis_nobody_is_shown(platform: Platform, ana: User, design: str) -> None:
    """It says so, at once, and editing goes on."""
    dead = f"redis://127.0.0.1:{free_port()}/0"
    async with another_api(platform, database=platform.database, redis_url=dead) as deaf:
        alone = User(deaf, ana.email, ana.id, ana.token, ana.refresh_token)
        assert await show(alone, design) == {"__typename": "PresenceShown", "shown": False}
        assert (await alone.edit(design, added("a")))["__typename"] == "EditsApplied"


async def test_it_is_forgotten(redis_url: str) -> None:
    """Who says nothing for 30 s is not shown, who leaves is not, and a hundred are enough."""
    now = 1000.0
    async with Redis.from_url(redis_url.replace("/0", "/6")) as redis:
        await redis.flushdb()
        presence = RedisPresence(redis, lambda: now)
        for number in range(MOST_PEOPLE):
            assert await presence.put("d", f"p{number}", {"n": number})
        assert not await presence.put("d", "one too many", {})
        assert await presence.put("d", "p0", {"n": -1})
        await presence.leave("d", "p1")
        found = await presence.everyone("d")
        assert (len(found), found["p0"]) == (MOST_PEOPLE - 1, {"n": -1})
        now += KEPT_SECONDS - 1
        await presence.put("d", "p2", {"n": 2})
        now += 1
        assert await presence.everyone("d") == {"p2": {"n": 2}}
        assert await redis.hkeys("presence:d") == [b"p2"]  # type: ignore[misc]  # typed for both kinds of client
        assert 0 < await redis.ttl("presence:d") <= 2 * KEPT_SECONDS
