"""How many people may be at one design: counted over all processes, each person once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from beanie import PydanticObjectId
from redis.asyncio import Redis

from app.embedded.ports import free_port
from models.errors import CrowdedError
from resolvers.allowance import Limits
from resolvers.attendance import Attendance
from storage.attendance import LEASE_SECONDS, Entry, RedisRegister
from tests.following import EVENTS, SECONDS, socket, stream
from tests.platform import Platform, User, added, another_api

TWO = Limits(people=2)
KEY = "attendance:d"


@pytest.fixture(scope="module")
async def ana(platform: Platform) -> User:
    """Sign somebody up who draws."""
    return await platform.user()


@pytest.fixture
async def design(ana: User) -> str:
    """Begin a design in an organization of its own."""
    ana.made[:] = [await ana.organization()]
    return await ana.design(await ana.project(ana.made[0]))


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Give an empty database of Redis."""
    async with Redis.from_url(redis_url.replace("/0", "/7")) as client:
        await client.flushdb()
        yield client


async def test_the_next_person_is_told_and_let_in_when_somebody_leaves(
    platform: Platform, ana: User, design: str
) -> None:
    """Given as many people as may be, on two processes, then another is refused over both transports, devices are not.

    When one of those has left with all devices, the other is let in.
    """
    bea, eva = await ana.member(ana.made[0], "VIEWER"), await ana.member(ana.made[0], "EDITOR")
    variables = {"id": design, "after": 0}
    await ana.edit(design, added("a"))
    async with (
        another_api(platform, limits=TWO) as one,
        another_api(platform, limits=TWO) as other,
        AsyncExitStack() as later,
        socket(one.session, one.api, ana.token) as anas,
    ):
        await anas.send(EVENTS, variables)
        assert (await anas.event())["seq"] == 1
        async with socket(other.session, other.api, bea.token) as beas, AsyncExitStack() as devices:
            for api in (one, other):
                device = await devices.enter_async_context(socket(api.session, api.api, bea.token))
                for _ in range(2):
                    await device.send(EVENTS, variables)
                    assert (await device.event())["seq"] == 1
            await beas.send(EVENTS, variables)
            assert (await beas.event())["seq"] == 1
            for api in (one, other):
                evas = await later.enter_async_context(socket(api.session, api.api, eva.token))
                refused = (await evas.first(EVENTS, variables))["errors"][0]
                assert refused["extensions"] == {"code": "CROWDED", "path": ["designId"]}
                assert "2 people are at this design" in refused["message"]
            async with stream(other.session, other.api, EVENTS, variables, eva.token) as events:
                name, payload = await events.receive()
                assert (name, payload["errors"][0]["extensions"]["code"]) == ("next", "CROWDED")
                assert (await events.receive())[0] == "complete"
            assert (await replace(eva, platform=one).edit(design, added("b")))["seq"] == 2  # to edit is not to follow
        async with asyncio.timeout(SECONDS):
            while "errors" in (answer := await evas.first(EVENTS, variables)):  # until Bea's leaving has come through
                pass
        assert answer["data"]["designEvents"]["seq"] == 1


async def test_one_person_follows_a_design_so_many_times(platform: Platform, ana: User, design: str) -> None:
    """Given somebody who follows by as many subscriptions as one may, then one more is refused until one has ended."""
    await ana.edit(design, added("a"))
    variables = {"id": design, "after": 0}
    async with (
        another_api(platform, limits=Limits(followings=2)) as api,
        socket(api.session, api.api, ana.token) as one,
        socket(api.session, api.api, ana.token) as other,
    ):
        first = [await each.send(EVENTS, variables) for each in (one, other)]
        assert [(await each.event())["seq"] for each in (one, other)] == [1, 1]
        refused = (await other.first(EVENTS, variables))["errors"][0]
        assert refused["extensions"]["code"] == "CROWDED"
        assert "2 times" in refused["message"]
        await one.ws.send_json({"type": "complete", "id": first[0]})
        assert (await one.first(EVENTS, variables))["data"]["designEvents"]["seq"] == 1


async def test_without_redis_everybody_is_let_in(platform: Platform, ana: User, design: str) -> None:
    """Given a Redis that cannot be asked, then the bound is not kept, and nobody is refused."""
    bea = await ana.member(ana.made[0], "VIEWER")
    await ana.edit(design, added("a"))
    dead = f"redis://127.0.0.1:{free_port()}/0"
    async with another_api(platform, limits=Limits(people=1), redis_url=dead) as deaf, AsyncExitStack() as stack:
        for who in (ana, bea):
            opened = await stack.enter_async_context(socket(deaf.session, deaf.api, who.token))
            await opened.send(EVENTS, {"id": design, "after": 0})
            assert (await opened.event())["seq"] == 1


async def test_a_process_that_dies_lets_its_people_go(redis: Redis) -> None:
    """Given people whose process says nothing more, then they count for a minute; who is renewed stays."""
    now = 1000.0
    register = RedisRegister(redis, lambda: now)
    ana, again, bea, eva = (Entry("d", user, name) for user, name in (("a", "1"), ("a", "2"), ("b", "3"), ("e", "4")))
    assert [await register.enter(each, 2) for each in (ana, again, bea, eva)] == [True, True, True, False]
    now += LEASE_SECONDS - 1
    await register.stay([bea])
    assert not await register.enter(eva, 2)
    now += 1
    assert await register.enter(eva, 2)
    assert await redis.zrange(KEY, 0, -1) == [b"b 3", b"e 4"]
    assert 0 < await redis.ttl(KEY) <= 2 * LEASE_SECONDS
    await register.leave(bea)
    assert await register.enter(ana, 2)
    await redis.flushdb()
    await register.stay([ana, eva])
    assert not await register.enter(bea, 2)  # who was forgotten by Redis counts again


async def test_a_stay_that_begins_while_another_ends_is_one_of_its_own(redis: Redis) -> None:
    """Given somebody who leaves and comes back at once, then they are counted still, and once they are gone, not."""
    attendance, register = Attendance(RedisRegister(redis), 1, 10, 1), RedisRegister(redis)
    ana, bea, place = PydanticObjectId(), PydanticObjectId(), PydanticObjectId()
    key = f"attendance:{place}"
    for _ in range(3):
        async with attendance.at(place, ana), attendance.at(place, ana):
            pass
    async with attendance.at(place, ana):
        async with asyncio.timeout(SECONDS):
            while await redis.zcard(key) != 1:  # until the last leaving has come through
                pass
        with pytest.raises(CrowdedError):
            async with attendance.at(place, bea):
                raise AssertionError
        assert not await register.enter(Entry(str(place), str(bea), "x"), 1)
        together = [asyncio.create_task(_stay(attendance, place, bea)) for _ in range(3)]
        assert [type(found) for found in await asyncio.gather(*together, return_exceptions=True)] == [CrowdedError] * 3
    async with asyncio.timeout(SECONDS):
        while await redis.zcard(key):
            pass


async def _stay(attendance: Attendance, design: PydanticObjectId, user: PydanticObjectId) -> None:
    async with attendance.at(design, user):
        pass


async def test_who_stays_for_long_is_counted_for_as_long(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given somebody who is there, when Redis begins anew, then they are counted again before long."""
    monkeypatch.setattr("resolvers.attendance._RENEW_SECONDS", 0.001)
    attendance, place = Attendance(RedisRegister(redis), 1, 10, 1), PydanticObjectId()
    renewing = asyncio.create_task(attendance.run())
    async with attendance.at(place, PydanticObjectId()):
        await redis.flushdb()
        async with asyncio.timeout(SECONDS):
            while not await redis.zcard(f"attendance:{place}"):
                pass
    renewing.cancel()
    await asyncio.gather(renewing, return_exceptions=True)
