"""The activity of a project: who did what on its designs, from the log of edits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from bson import ObjectId
from pymongo import AsyncMongoClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from app.http.registry import load
from auth.viewer import Viewer
from edge.dependencies import Dependencies as Shown
from edge.dependencies import ranges_header, touch
from edge.stream import Change
from edge.tags import header
from models.database import Database
from models.element import DesignEdit
from models.organization import Role
from resolvers.api import build
from schema import ids
from schema.compiled.executor import Executor
from schema.compiled.plans import Plans
from schema.context import Context
from schema.dependencies import Dependencies
from schema.loaders import Loaders
from schema.node import TYPES
from schema.reader import Reader
from schema.reads import reads_of
from storage.image_links import ImageLinks
from tests.platform import Json, Platform, User, added, another_api
from workers.relay.changes import changes, pipeline

SECRET = "Xochitl"
OPERATION = next(body for body in load().values() if body.startswith("query ProjectActivity("))
ACTIVITY = """query ($id: ID!, $first: Int! = 20, $after: String) { project(id: $id) {
    activity(first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor } edges { node {
        id seq batchId createdAt added changed removed author { id } design { id } } } } } }"""


@pytest.fixture(scope="module")
async def ana(platform: Platform) -> User:
    """Sign somebody up who draws."""
    return await platform.user()


@pytest.fixture
async def project(ana: User) -> str:
    """Begin a project in an organization of its own."""
    ana.made[:] = [await ana.organization()]
    return await ana.public_project(ana.made[0])


async def activity(user: User, project: str, **variables: Any) -> Json:
    """Read a page of what was done."""
    found: Json = (await user.ask(ACTIVITY, {"id": project, **variables}))["project"]["activity"]
    return found


def nodes(page: Json) -> list[Json]:
    """Return a page's rows."""
    return [edge["node"] for edge in page["edges"]]


async def test_all_designs_are_told_of_newest_first(ana: User, project: str) -> None:
    """Who did it, on which design, and how many elements came, changed and went; undoing is told as any batch is."""
    kitchen, study = await ana.design(project), await ana.design(project)
    eva = await ana.member(ana.made[0], "EDITOR")
    await ana.edit(kitchen, added("room"), added("table", parent="room"), added("lamp"), batch="furnish")
    await eva.edit(study, added("desk"), batch="begin")
    changed: list[Json] = [{"setElement": {"key": "lamp", "x": 5}}, {"removeElement": {"key": "room"}}]
    edited = await eva.edit(kitchen, *changed, batch="clear")
    await ana.undo(kitchen, edited["inverse"], batch="restore")
    page = await activity(ana, project)
    assert page["totalCount"] == 4
    told = [(node["batchId"], node["seq"], node["added"], node["changed"], node["removed"]) for node in nodes(page)]
    assert told == [("restore", 3, 2, 1, 0), ("clear", 2, 0, 1, 2), ("begin", 1, 1, 0, 0), ("furnish", 1, 3, 0, 0)]
    assert [node["author"]["id"] for node in nodes(page)] == [ana.id, eva.id, eva.id, ana.id]
    assert [node["design"]["id"] for node in nodes(page)] == [kitchen, kitchen, study, kitchen]
    times = [node["createdAt"] for node in nodes(page)]
    assert times == sorted(times, reverse=True)
    node = await ana.ask(
        "query ($id: ID!) { node(id: $id) { ... on DesignEdit { batchId } } }", {"id": edited["inverse"]}
    )
    assert node == {"node": {"batchId": "clear"}}


async def test_it_is_read_page_by_page(ana: User, project: str) -> None:
    """Every batch once, whichever design it is of; another project's are not among them."""
    designs = [await ana.design(project) for _ in range(2)]
    await ana.edit(await ana.design(await ana.project(ana.made[0])), added("elsewhere"))
    for number in range(7):
        await ana.edit(designs[number % 2], added(f"e{number}"), batch=str(number))
    seen: list[str] = []
    page = await activity(ana, project, first=3)
    while page["pageInfo"]["hasNextPage"]:
        seen += [node["batchId"] for node in nodes(page)]
        page = await activity(ana, project, first=3, after=page["pageInfo"]["endCursor"])
    seen += [node["batchId"] for node in nodes(page)]
    assert seen == [str(number) for number in reversed(range(7))]


async def test_only_members_are_told(platform: Platform, ana: User, project: str) -> None:
    """Whoever looks on is; outsiders see nothing of it, also of a project that everybody sees."""
    design = await ana.design(project, published=True)
    edited = await ana.edit(design, added("sofa"))
    viewer, eva = await ana.member(ana.made[0], "VIEWER"), await platform.user()
    assert (await activity(viewer, project))["totalCount"] == 1
    slug = (await ana.ask("query ($id: ID!) { project(id: $id) { slug } }", {"id": project}))["project"]["slug"]
    shown = """query ($slug: String!) { publicProject(slug: $slug) {
        activity { totalCount edges { node { id } } pageInfo { hasNextPage } } } }"""
    nothing: Json = {"totalCount": None, "edges": [], "pageInfo": {"hasNextPage": False}}
    for caller in (ana, eva, None):
        found = await platform.ask(shown, {"slug": slug}, caller.token if caller else None)
        assert found == {"publicProject": {"activity": nothing}}
    assert await eva.ask(ACTIVITY, {"id": project}) == {"project": None}
    assert await eva.ask("query ($id: ID!) { node(id: $id) { id } }", {"id": edited["inverse"]}) == {"node": None}


async def test_what_is_deleted_is_not_told_of(ana: User, project: str) -> None:
    """Given a design that is deleted, then what was done on it is no activity any more."""
    kept, gone = await ana.design(project), await ana.design(project)
    await ana.edit(kept, added("a"), batch="kept")
    await ana.edit(gone, added("a"), batch="gone")
    await ana.by_id("deleteDesign", "Deleted", gone)
    assert [node["batchId"] for node in nodes(await activity(ana, project))] == ["kept"]


class Replies(CommandListener):
    """Hears what MongoDB replies about the log."""

    def __init__(self) -> None:
        self.about_log: list[str] = []

    def started(self, event: CommandStartedEvent) -> None:
        """Note nothing."""

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Note a reply that has rows of the log."""
        text = str(event.reply)
        if "'batch'" in text or "'added'" in text:
            self.about_log.append(text)

    def failed(self, event: CommandFailedEvent) -> None:
        """Note nothing."""


@pytest.mark.parametrize("planned", [True, False], ids=["by its plan", "over loaders"])
async def test_no_edits_are_read_for_it(platform: Platform, ana: User, project: str, *, planned: bool) -> None:
    """Given batches that are large, then a page has their numbers from MongoDB and nothing of what they set."""
    edited = await ana.edit(await ana.design(project), added("sofa", props={"text": SECRET}))
    replies = Replies()
    url, name = platform.settings.mongodb_url, platform.settings.mongodb_database
    node = f'query {{ node(id: "{edited["inverse"]}") {{ ... on DesignEdit {{ added }} }} }}'
    async with (
        AsyncMongoClient[Json](url, tz_aware=True, event_listeners=[replies]) as client,
        another_api(platform, database=Database(client, name)) as api,
    ):
        text = OPERATION if planned else f"{OPERATION} # {uuid4().hex}"
        found = await api.ask(text, {"projectId": project}, ana.token)
        assert (await api.ask(node, token=ana.token)) == {"node": {"added": 1}}
    assert found["project"]["activity"]["edges"][0]["node"]["added"] == 1
    assert len(replies.about_log) == 2
    assert SECRET not in "".join(replies.about_log)


class Answer(NamedTuple):
    """What a member is told, and what that depends on as an edge would know it."""

    body: bytes
    shown: Shown


class Member:
    """Asks for a project's activity by its plan."""

    def __init__(self, platform: Platform, project: str, organization: str) -> None:
        self._database = platform.database
        api, preparer = build()
        self._prepared = preparer.prepare(OPERATION)
        self._operation = self._prepared.choose(None)
        self._plans = Plans(api)
        self._plans.add(self._prepared)
        known = reads_of(preparer.schema, self._prepared.document, self._operation.node).known()
        self._reads = {kind: frozenset(names) for kind, names in known.items()}
        self._variables = {"projectId": project, "first": 2}
        key = ids.key(organization, "Organization")
        self._viewer = Viewer(ids.object_id("0" * 24), None, {key: Role.VIEWER})

    async def ask(self) -> Answer:
        """Ask for the two newest batches."""
        dependencies = Dependencies()
        context = Context(
            viewer=self._viewer,
            loaders=Loaders(Reader(self._database), dependencies),
            dependencies=dependencies,
            links=ImageLinks("http://localhost", "00", "00"),
            request_id="test",
        )
        asked = (self._prepared, self._operation, self._variables, context)
        body = await Executor(self._plans).attempt(*asked, registered=True)
        tags, ranges = header(dependencies.tags), ranges_header(dependencies.ranges)
        return Answer(body, Shown.parse(tags, ranges, self._reads))


@asynccontextmanager
async def told(platform: Platform) -> AsyncIterator[list[Change]]:
    """Give what the relay would tell of the writes in this block, once it is over."""
    found: list[Change] = []
    images: Any = {"full_document": "whenAvailable", "full_document_before_change": "whenAvailable"}
    async with await platform.database.handle.watch(pipeline(), **images) as events:
        yield found
        mark = ObjectId()
        await platform.database.handle["purges"].insert_one({"_id": mark, "tags": ["mark"]})
        async with asyncio.timeout(15):
            async for event in events:
                if event["documentKey"]["_id"] == mark:
                    return
                found.extend(changes(event))


async def test_whatever_alters_it_is_told(platform: Platform, ana: User, project: str) -> None:
    """Given a page, when anything is written that it shows, then the relay tells so; of what follows it does not."""
    designs = [await ana.design(project) for _ in range(2)]
    elsewhere = await ana.design(await ana.project(ana.made[0]))
    for number in range(8):
        await ana.edit(designs[number % 2], added(f"e{number}"))
    member = Member(platform, project, ana.made[0])
    log = platform.database.handle["design_edits"]
    rows = await log.find({"project": ids.key(project, "Project")}).sort([("created_at", -1), ("_id", -1)]).to_list()
    newest, last = rows[0], rows[-1]

    async def hits(write: Any) -> tuple[bool, bool]:
        """Write: whether the answer is another one, and whether what is told hits it."""
        before = await member.ask()
        async with told(platform) as found:
            await write
        return (await member.ask()).body != before.body, _hit(before.shown, found)

    assert await hits(ana.edit(designs[0], added("new"))) == (True, True)
    assert await hits(ana.edit(elsewhere, added("new"))) == (False, False)
    assert await hits(log.update_one({"_id": last["_id"]}, {"$set": {"added": 9}})) == (False, False)
    assert await hits(log.delete_one({"_id": last["_id"]})) == (False, False)
    assert await hits(log.update_one({"_id": newest["_id"]}, {"$set": {"added": 9}})) == (True, True)
    assert await hits(log.update_one({"_id": newest["_id"]}, {"$set": {"dropped": []}})) == (False, False)
    assert await hits(log.update_one({"_id": rows[3]["_id"]}, {"$currentDate": {"created_at": True}})) == (True, True)
    assert await hits(log.delete_one({"_id": rows[3]["_id"]})) == (True, True)
    assert await hits(ana.do("updateViewer", "User", {"name": "Eva"})) == (True, True)
    assert await hits(ana.do("updateDesign", "Design", {"id": designs[0], "title": "Cocina"})) == (True, True)
    assert await hits(ana.by_id("deleteDesign", "Deleted", designs[0])) == (True, True)


def _hit(shown: Shown, found: Sequence[Change]) -> bool:
    return any(shown.hit(touch(change)) for change in found)


def test_what_loaders_leave_out_no_type_shows() -> None:
    """Given documents with attributes that are never shown, then no field needs them, and they can be missing."""
    found = {document: kind for document, kind in TYPES.items() if document.unshown}
    assert DesignEdit in found
    for document, kind in found.items():
        declared: Any = kind
        for field in declared.__strawberry_definition__.fields:
            assert not {*field.metadata.get("needs", (field.python_name,))} & {*document.unshown}, field.python_name
        assert not any(document.model_fields[name].is_required() for name in document.unshown)
