"""Questions of several requests: those of one kind are one read, and each gets its own answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from bson import ObjectId

from models.collection import Collection
from models.database import Database
from models.design import Design
from models.element import Element
from models.errors import InvalidInputError
from models.project import Project
from models.user import User
from schema.combined import Combined
from schema.lists import Lists, PageKey
from schema.questions import Canvases, Entities, Pages, Plain, ask, keys_of
from schema.reader import Find, Reader
from tests.test_commands import Commands

Row = dict[str, Any]
USERS = [ObjectId() for _ in range(3)]
PROJECTS = [ObjectId() for _ in range(3)]
NAME = {"name": 1}
BY_PROJECT = Lists(Design, Collection(name="by_project", by=("project",), order=(("title", 1), ("_id", 1))))
ALL = Lists(Design, Collection(name="all", filters=("title",), order=(("title", 1), ("_id", 1))))
BY_SLUG = Lists(Project, Collection(name="by_slug", by=("slug",), where={"status": "ACTIVE"}, single=True))
TITLE = {"title": 1}


@pytest.fixture
async def database(empty: Database, commands: Commands) -> Database:
    """Give users, designs of projects (the last has none), and an element of each design."""
    await empty.handle["users"].insert_many([{"_id": id_, "name": str(id_)} for id_ in USERS])
    designs = [
        {"_id": ObjectId(), "project": project, "title": f"{n}", "seq": n} for project in PROJECTS[:2] for n in range(4)
    ]
    await empty.handle["designs"].insert_many(designs)
    elements = [{"_id": f"{d['_id']}:e", "design": d["_id"], "order": "a", "removed": False} for d in designs]
    await empty.handle["elements"].insert_many(elements)
    commands.sent.clear()
    return empty


def users(*ids: ObjectId) -> Entities:
    """Ask for users."""
    return Entities(User, dict(zip(keys_of(ids), ids, strict=True)), NAME)


def titles(rows: Any) -> list[str]:
    """Return the titles of designs."""
    return [row["title"] for row in rows]


async def test_an_entity_is_read_once_for_all_who_want_it(database: Database, commands: Commands) -> None:
    """Given overlapping questions, then one plain find has each id once; who asked for what is missing hears of it."""
    missing = ObjectId()
    one, other = await ask(Reader(database), [users(USERS[0], missing), users(USERS[1], USERS[0])])
    first, second = keys_of(USERS[:2])
    assert one == {first: {"_id": USERS[0], "name": str(USERS[0])}, missing.binary: None}
    assert list(other) == [second, first]
    assert other[first] is one[first]
    (sent,) = commands.sent
    assert (sent["name"], sent["filter"]) == ("find", {"_id": {"$in": [USERS[0], missing, USERS[1]]}})


async def test_what_is_read_of_them_tells_questions_apart(database: Database) -> None:
    """Given another projection, then nobody gets another's row."""
    key = USERS[0].binary
    named, bare = await ask(Reader(database), [users(USERS[0]), Entities(User, {key: USERS[0]}, {"_id": 1})])
    assert named[key]["name"] == str(USERS[0])
    assert "name" not in bare[key]


async def test_pages_of_several_parents_are_one_read(database: Database, commands: Commands) -> None:
    """Given pages that differ in their parent alone, then they are one `$lookup`, each parent once."""
    keys = [PageKey((("project", project),), 2) for project in PROJECTS]
    wanted = (keys[:2], keys[1:], keys[:1])
    found = await ask(Reader(database), [Pages(BY_PROJECT, those, TITLE) for those in wanted])
    assert [{key: titles(rows) for key, rows in pages.items()} for pages in found] == [
        {keys[0]: ["0", "1", "2"], keys[1]: ["0", "1", "2"]},
        {keys[1]: ["0", "1", "2"], keys[2]: []},
        {keys[0]: ["0", "1", "2"]},
    ]
    (sent,) = commands.sent
    assert sent["pipeline"][0] == {"$documents": [{"_id": project} for project in PROJECTS]}


@pytest.mark.parametrize("projection", [TITLE, {"title": 1, "slug": 1}, {"status": 0}, None])
async def test_lists_of_one_row_are_one_find(
    empty: Database, commands: Commands, projection: dict[str, int] | None
) -> None:
    """Given lists that have one row at most, then one find reads them; who asks for what is not there hears of it."""
    projects = [{"slug": slug, "title": slug, "status": "ACTIVE"} for slug in ("a", "b", "c")]
    await empty.handle["projects"].insert_many([*projects, {"slug": "hidden", "title": "d", "status": "ARCHIVED"}])
    commands.sent.clear()
    a, b, hidden, missing = (PageKey((("slug", slug),), 1) for slug in ("a", "b", "hidden", "missing"))
    wanted = ([a], [b, a], [hidden], [missing])
    found = await ask(Reader(empty), [Pages(BY_SLUG, keys, projection) for keys in wanted])
    assert [{key: titles(rows) for key, rows in pages.items()} for pages in found] == [
        {a: ["a"]},
        {b: ["b"], a: ["a"]},
        {hidden: []},
        {missing: []},
    ]
    (sent,) = commands.sent
    assert sent["name"] == "find"
    (counts,) = await ask(Reader(empty), [Pages(BY_SLUG, [a, b, missing], None, counted=True)])
    assert counts == {a: 1, b: 1, missing: 0}


async def test_other_pages_are_other_reads(database: Database) -> None:
    """Given another length, other equality values or another cursor, then each question has its own page."""
    base = PageKey((("project", PROJECTS[0]),), 1)
    (rows,) = (await ask(Reader(database), [Pages(BY_PROJECT, [base], TITLE)]))[0].values()
    after = base._replace(after=BY_PROJECT.cursors(base)(rows[0]))
    asked = [base, base._replace(first=3), after, after._replace(first=2)]
    found = await ask(Reader(database), [Pages(BY_PROJECT, [key], TITLE) for key in asked])
    assert [titles(pages[key]) for pages, key in zip(found, asked, strict=True)] == [
        ["0", "1"],
        ["0", "1", "2", "3"],
        ["1", "2"],
        ["1", "2", "3"],
    ]
    everything = [PageKey((), 10), PageKey((("title", "2"),), 10)]
    found = await ask(Reader(database), [Pages(ALL, [key], TITLE) for key in everything])
    assert [len(pages[key]) for pages, key in zip(found, everything, strict=True)] == [8, 2]


def test_a_cursor_of_another_list_is_refused_before_anybody_is_asked() -> None:
    """Given a cursor that is not of its list, then the question is none, and harms no other."""
    row = {"title": "0", "_id": ObjectId()}
    one, other = (PageKey((("project", project),), 1) for project in PROJECTS[:2])
    with pytest.raises(InvalidInputError, match="after"):
        Pages(BY_PROJECT, [other._replace(after=BY_PROJECT.cursors(one)(row))], TITLE)


@pytest.mark.parametrize("parents", [1, 3])
async def test_lists_are_counted_up_to_a_bound(database: Database, commands: Commands, parents: int) -> None:
    """Given lists, then each is counted up to one more than the bound, whose rows are not sent."""
    keys = [PageKey((("project", project),), 2) for project in PROJECTS[-parents:]]
    (counts,) = await ask(Reader(database), [Pages(BY_PROJECT, keys, None, counted=True)])
    assert counts == {key: 0 if key.equality[0][1] == PROJECTS[2] else 3 for key in keys}
    assert [command["name"] for command in commands.sent] == ["aggregate"]


async def test_a_canvas_is_read_once_for_all_who_open_it(database: Database, commands: Commands) -> None:
    """Given several who open one canvas and one who opens another, then each canvas is two commands of one snapshot."""
    rows = await database.handle["designs"].find().sort("_id", 1).to_list()
    combined = Combined(database)
    commands.sent.clear()
    asked = [Canvases([row["_id"]], {"order": 1}) for row in (rows[1], rows[2], rows[1], rows[1])]
    found = await asyncio.gather(*(combined.ask_apart([question], None) for question in asked))
    ids = [rows[n]["_id"] for n in (1, 2, 1, 1)]
    assert [answer[0][id_].seq for answer, id_ in zip(found, ids, strict=True)] == [
        rows[n]["seq"] for n in (1, 2, 1, 1)
    ]
    assert [len(answer[0][id_].rows) for answer, id_ in zip(found, ids, strict=True)] == [1] * 4
    assert sorted(command["find"] for command in commands.sent) == ["designs", "designs", "elements", "elements"]


async def test_a_plain_read_is_like_no_other(database: Database) -> None:
    """Given the same read twice, then it is read twice: nothing is known of it."""
    read = Find(Element, {}, limit=1)
    one, other = await ask(Reader(database), [Plain(read), Plain(read)])
    assert len(one) == len(other) == 1
    assert one is not other
