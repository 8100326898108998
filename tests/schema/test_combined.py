"""Reads of several requests in one command."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from bson import ObjectId, Timestamp
from pymongo.errors import OperationFailure, PyMongoError

from models.database import Database
from models.design import Design
from models.user import User
from schema.combined import MOST_QUESTIONS, Combined
from schema.questions import MOST_LOOKED_UP, Entities, Plain
from schema.reader import Find, Lateral
from tests.test_commands import Commands

Row = dict[str, Any]
USERS = [ObjectId() for _ in range(40)]
PROJECTS = [ObjectId() for _ in range(3)]


@pytest.fixture
async def database(empty: Database, commands: Commands) -> Database:
    """Give users, and designs of projects."""
    await empty.handle["users"].insert_many([{"_id": id_, "name": str(id_)} for id_ in USERS])
    designs = [{"project": project, "title": f"{n}"} for project in PROJECTS for n in range(5)]
    await empty.handle["designs"].insert_many(designs)
    commands.sent.clear()
    return empty


def user(id_: ObjectId) -> Plain:
    """Return the question for one user, which is like no other."""
    return Plain(Find(User, {"_id": id_}, projection={"name": 1}))


async def test_what_comes_together_is_one_command(database: Database, commands: Commands) -> None:
    """Given reads of many requests in one turn of the loop, then each gets its own rows, and the commands are few."""
    combined = Combined(database)
    pages = Plain(Lateral(Find(Design, {}, (("title", 1),), 2, {"title": 1}), "project", tuple(PROJECTS)))
    asked = [combined.ask([user(id_)], None) for id_ in USERS]
    answers = await asyncio.gather(combined.ask([pages, user(USERS[0])], None), *asked)
    (laterals, (first,)), *others = answers
    assert [row["_id"] for row in laterals] == PROJECTS
    assert all([design["title"] for design in row["rows"]] == ["0", "1"] for row in laterals)
    assert first["name"] == str(USERS[0])
    assert [row["name"] for ((row,),) in others] == [str(id_) for id_ in USERS]
    assert len(commands.sent) == -(-(len(USERS) + 2) // MOST_QUESTIONS)


async def test_one_that_comes_alone_is_a_plain_find(database: Database, commands: Commands) -> None:
    """Given one read at a time, then nothing is joined, and nothing waits."""
    combined = Combined(database)
    for id_ in USERS[:2]:
        assert (await combined.ask([user(id_)], None))[0][0]["_id"] == id_
    assert [command["name"] for command in commands.sent] == ["find", "find"]


async def test_together_they_read_as_of_the_latest(database: Database, commands: Commands) -> None:
    """Given moments of several requests, then the command is as of the latest; without any it is as of none."""
    moments = [await database.pulse("test") for _ in range(2)]
    combined = Combined(database)
    commands.sent.clear()
    await asyncio.gather(*(combined.ask([user(USERS[0])], moment) for moment in (moments[1], None, moments[0])))
    await combined.ask([user(USERS[0])], None)
    together, alone = (command["readConcern"] for command in commands.sent)
    assert together == {"level": "majority", "afterClusterTime": moments[1]}
    assert alone == {"level": "majority"}


async def test_one_that_is_refused_harms_no_other(database: Database) -> None:
    """Given a read that MongoDB refuses, then it alone fails."""
    combined = Combined(database)
    bad = Plain(Find(User, {"$no": 1}))
    answers: list[Any] = await asyncio.gather(
        combined.ask([user(USERS[0])], None),
        combined.ask([bad], None),
        combined.ask([user(USERS[1])], None),
        return_exceptions=True,
    )
    good, refused, also = answers
    assert isinstance(refused, OperationFailure)
    assert isinstance(good, list)
    assert isinstance(also, list)
    assert (good[0][0]["_id"], also[0][0]["_id"]) == (USERS[0], USERS[1])


async def test_who_has_gone_is_not_waited_for(database: Database) -> None:
    """Given a request that is cancelled before its rows come, then the others get theirs."""
    combined = Combined(database)
    gone = asyncio.ensure_future(combined.ask([user(USERS[0])], None))
    stays = asyncio.ensure_future(combined.ask([user(USERS[1])], None))
    await asyncio.sleep(0)
    gone.cancel()
    assert (await stays)[0][0]["_id"] == USERS[1]
    assert gone.cancelled()


async def test_a_database_that_does_not_answer_is_told_to_all(database: Database) -> None:
    """Given a moment that no member of the replica set will know, then everybody who waits hears of it."""
    combined = Combined(database)
    never = Timestamp(2**32 - 2, 1)
    answers = await asyncio.gather(*(combined.ask([user(id_)], never) for id_ in USERS[:3]), return_exceptions=True)
    assert all(isinstance(answer, PyMongoError) for answer in answers)


def look_up(id_: ObjectId) -> Entities:
    """Return the question for one user, which others may share a read with."""
    return Entities(User, {id_.binary: id_}, {"_id": 1, "name": 1})


async def test_who_is_answered_asks_again_with_those_who_waited(database: Database, commands: Commands) -> None:
    """Given clients that each ask again at once, then all of them soon share each command: none goes by turns."""
    combined = Combined(database)

    async def client(number: int) -> None:
        await asyncio.sleep(0.0005 * number)
        for id_ in USERS[:20]:
            ((row,),) = [answer.values() for answer in await combined.ask([look_up(id_)], None)]
            assert row["_id"] == id_

    await asyncio.gather(*(client(number) for number in range(16)))
    assert len(commands.sent) < 16 * 20 / 4


async def test_look_ups_do_not_wait_for_what_takes_long(database: Database, commands: Commands) -> None:
    """Given a long read under way, then a look-up is sent beside it, and answered before."""
    combined = Combined(database)
    long = Plain(Find(User, {"$where": "sleep(500) || true", "_id": USERS[0]}, projection={"name": 1}))
    slow = asyncio.ensure_future(combined.ask([long], None))
    while not commands.sent:  # noqa: ASYNC110 - the driver has no event for it
        await asyncio.sleep(0.001)
    await combined.ask([look_up(USERS[1])], None)
    assert not slow.done()
    assert [row["_id"] for row in (await slow)[0]] == [USERS[0]]


@pytest.mark.parametrize("count", [MOST_LOOKED_UP, MOST_LOOKED_UP + 1])
def test_a_few_entities_are_a_look_up_and_many_are_not(count: int) -> None:
    """Given entities by their ids, then they are a look-up while the command costs more than they do."""
    question = Entities(User, {id_.binary: id_ for id_ in USERS[:count]}, {"_id": 1})
    assert question.lookup == (count <= MOST_LOOKED_UP)
