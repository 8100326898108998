"""Following a design together: one reader and one execution for all, and access that ends at once."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import graphql
import pytest
from pymongo.errors import AutoReconnect

from app.http import streaming
from resolvers import following
from resolvers.allowance import Limits
from resolvers.api import api, build
from resolvers.following import Feed, Pace
from schema import ids
from schema.alike import told
from schema.prepared import Preparer
from tests.following import EVENTS, Socket, Stream, socket, stream
from tests.platform import Platform, User, added, another_api

UNHURRIED = Pace(heartbeat=3600, look=3600)


@pytest.fixture(scope="module")
async def ana(platform: Platform) -> User:
    """Sign somebody up who draws."""
    return await platform.user()


@pytest.fixture
async def design(ana: User) -> str:
    """Begin a design in an organization of its own."""
    ana.made[:] = [await ana.organization()]
    return await ana.design(await ana.project(ana.made[0]))


async def test_many_followers_cost_one_reader_and_one_execution(
    platform: Platform, ana: User, design: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given twenty followers of three people, who ask two different things, then each event is executed twice."""
    executed: list[str] = []
    reads = []
    execute, read = graphql.execute, Feed.read

    def counted(*arguments: Any, **options: Any) -> Any:
        if options["variable_values"]["id"] == design:  # the process serves other APIs, whose followers have a pulse
            executed.append(type(arguments[2]).__name__)
        return execute(*arguments, **options)

    async def counted_read(feed: Feed, after: int, followers: Any) -> Any:
        if ids.encode("Design", feed.design) == design:
            reads.append(after)
        return await read(feed, after, followers)

    people = [ana, await ana.member(ana.made[0], "VIEWER"), await ana.member(ana.made[0], "EDITOR")]
    brief = "subscription ($id: ID!) { designEvents(designId: $id, afterSeq: 0) { ... on EditsCommitted { seq } } }"
    await ana.edit(design, added("first"))
    async with another_api(platform, pace=UNHURRIED) as own, AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(socket(own.session, own.api, who.token)) for who in people * 6]
        for number, each in enumerate(opened):
            await each.send(brief if number % 3 == 0 else EVENTS, {"id": design, "after": 0})
        streams = [
            await stack.enter_async_context(stream(own.session, own.api, EVENTS, {"id": design, "after": 0}, ana.token))
            for _ in range(2)
        ]
        followers: list[Socket | Stream] = [*opened, *streams]
        for follower in followers:
            assert (await follower.event())["seq"] == 1
        await asyncio.sleep(0.1)  # who has replayed that follows now
        monkeypatch.setattr(streaming, "execute", counted)
        monkeypatch.setattr(following.Feed, "read", counted_read)
        for number in range(3):
            await ana.edit(design, added(f"e{number}"))
            for follower in followers:
                assert (await follower.event())["seq"] == number + 2
    assert executed == ["EditsCommitted"] * 6
    assert len(reads) == 3


async def test_who_follows_many_times_is_told_after_the_others(
    platform: Platform, ana: User, design: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given somebody who follows forty times, then those beyond the first two are told last, and told."""
    told: list[bool] = []
    follow = Feed.follow

    def followed(feed: Feed, follower: Any) -> None:
        push = follower.sink.push

        def noted(payload: bytes, *, last: bool = False) -> bool:
            told.append(follower.late)
            return bool(push(payload, last=last))

        follower.sink.push = noted
        follow(feed, follower)

    monkeypatch.setattr(Feed, "follow", followed)
    bea = await ana.member(ana.made[0], "VIEWER")
    async with (
        another_api(platform, pace=UNHURRIED, limits=Limits(promptly=2)) as own,
        socket(own.session, own.api, ana.token) as many,
        socket(own.session, own.api, bea.token) as one,
    ):
        for _ in range(40):
            await many.send(EVENTS, {"id": design, "after": 0})
        await one.send(EVENTS, {"id": design, "after": 0})
        await ana.edit(design, added("a"))
        for opened, times in ((many, 40), (one, 1)):
            assert [(await opened.event())["seq"] for _ in range(times)] == [1] * times
        told.clear()
        await ana.edit(design, added("b"))
        for opened, times in ((many, 40), (one, 1)):
            assert [(await opened.event())["seq"] for _ in range(times)] == [2] * times
    assert told == [False] * 3 + [True] * 38


async def test_who_is_removed_hears_so_at_once(platform: Platform, ana: User, design: str) -> None:
    """Given a reader that looks by itself once an hour, then a member who is removed is told without an edit."""
    member = await ana.member(ana.made[0], "VIEWER")
    async with another_api(platform, pace=UNHURRIED) as own, socket(own.session, own.api, member.token) as events:
        await events.send(EVENTS, {"id": design, "after": 0})
        await ana.edit(design, added("a"))
        assert (await events.event())["seq"] == 1
        query = "mutation ($id: ID!) { removeMember(membershipId: $id) { __typename } }"
        await ana.ask(query, {"id": member.made[0]})
        assert (await events.event())["__typename"] == "AccessChanged"


async def test_a_deleted_design_is_followed_by_nobody(platform: Platform, ana: User, design: str) -> None:
    """Given followers of a design that is deleted, then they are told that they have no access, and so are new ones."""
    async with another_api(platform, pace=UNHURRIED) as own, socket(own.session, own.api, ana.token) as events:
        await events.send(EVENTS, {"id": design, "after": 0})
        await ana.edit(design, added("a"))
        assert (await events.event())["seq"] == 1
        await ana.by_id("deleteDesign", "Deleted", design)
        assert (await events.event())["__typename"] == "AccessChanged"
        assert (await events.receive())["type"] == "complete"
        assert (await events.first(EVENTS, {"id": design}))["errors"][0]["extensions"]["code"] == "NOT_FOUND"
        assert (await ana.edit(design, added("b")))["__typename"] == "NotFound"


async def test_a_database_that_stumbles_makes_it_late_and_no_more(
    platform: Platform, ana: User, design: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a log that cannot be read for a while, then followers stay, and hear everything once it can."""
    read, failures = Feed.read, iter(range(3))

    async def stumbling(feed: Feed, after: int, followers: Any) -> Any:
        if next(failures, None) is not None:
            raise AutoReconnect("away")
        return await read(feed, after, followers)

    monkeypatch.setattr(following, "_RETRY_SECONDS", 0.01)
    async with socket(platform.session, platform.api, ana.token) as events:
        await events.send(EVENTS, {"id": design, "after": 0})
        await ana.edit(design, added("a"))
        assert (await events.event())["seq"] == 1
        monkeypatch.setattr(Feed, "read", stumbling)
        await ana.edit(design, added("b"))
        await ana.edit(design, added("c"))
        assert [(await events.event())["seq"] for _ in range(2)] == [2, 3]


async def test_a_log_with_a_gap_is_not_replayed(platform: Platform, ana: User, design: str) -> None:
    """Given a log whose beginning was removed, then who was behind it must read the canvas anew, and others go on."""
    for number in range(3):
        await ana.edit(design, added(f"e{number}"))
    log = platform.database.handle["design_edits"]
    first = await log.find_one({"batch": {"$exists": True}, "seq": 1}, sort=[("_id", -1)])
    assert first is not None
    await log.delete_one({"_id": first["_id"]})
    async with socket(platform.session, platform.api, ana.token) as events:
        await events.send(EVENTS, {"id": design, "after": 0})
        assert await events.event() == {"__typename": "ResyncRequired", "seq": 3}
        assert (await events.receive())["type"] == "complete"
        await events.send(EVENTS, {"id": design, "after": 1})
        assert [(await events.event())["seq"] for _ in range(2)] == [2, 3]


async def test_a_hole_within_what_is_read_at_once_is_not_passed_over(
    platform: Platform, ana: User, design: str
) -> None:
    """Given a log that lost a batch from its middle, then it is told up to there, and the canvas is to be read anew."""
    for number in range(4):
        await ana.edit(design, added(f"e{number}"))
    await platform.database.handle["design_edits"].delete_one({"design": ids.key(design, "Design"), "seq": 3})
    async with socket(platform.session, platform.api, ana.token) as events:
        await events.send(EVENTS, {"id": design, "after": 0})
        assert [(await events.event())["seq"] for _ in range(2)] == [1, 2]
        assert await events.event() == {"__typename": "ResyncRequired", "seq": 4}


@pytest.mark.parametrize(
    ("selection", "shared"),
    [
        ("... on EditsCommitted { seq author { id name } edits { __typename } }", True),
        ("... on CommentChanged { comment { id body author { name } anchor { x } } }", True),
        ("... on PresenceChanged { people { id user { name } cursor { x y } selection } }", True),
        ("... on EditsCommitted { author { email } }", False),
        ("... on EditsCommitted { author { avatar { id } } }", False),
        ("... on CommentChanged { comment { design { title } } }", False),
        ("... on CommentChanged { comment { replies { totalCount } } }", False),
    ],
)
def test_what_depends_on_the_viewer_is_told_each_alone(selection: str, *, shared: bool) -> None:
    """Only what every reader of the design is shown alike is executed once for all."""
    preparer = build()[1]
    prepared = preparer.prepare(f"subscription ($id: ID!) {{ designEvents(designId: $id) {{ {selection} }} }}")
    found = told(preparer.schema, prepared, prepared.choose(None), {"id": "a"})
    assert (found.alike is not None) is shared
    assert found == told(preparer.schema, prepared, prepared.choose(None), {"id": "b"})


def test_variables_that_select_tell_apart() -> None:
    """A variable of a directive makes a difference; those of the entry field's arguments make none."""
    preparer: Preparer = build()[1]
    text = """subscription ($id: ID!, $after: Int, $all: Boolean!) { designEvents(designId: $id, afterSeq: $after) {
        ... on EditsCommitted { seq batchId @include(if: $all) } } }"""
    prepared = preparer.prepare(text)
    operation = prepared.choose(None)

    def kind(**variables: Any) -> Any:
        return told(api._schema, prepared, operation, variables)  # noqa: SLF001 - graphql-core's schema

    assert kind(id="a", after=1, all=True) == kind(id="b", after=2, all=True)
    assert kind(id="a", all=True) != kind(id="a", all=False)
