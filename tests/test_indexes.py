"""Every registered query over large data: what MongoDB does for its commands, by its own `explain`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId
from graphql import OperationType
from pymongo import AsyncMongoClient

from app.explaining import Explained, Heard, explain, parts
from app.http.registry import load
from auth.viewer import Viewer
from models.database import Database
from models.organization import Role
from models.register import COLLECTIONS
from resolvers.api import build
from schema import ids
from schema.compiled.executor import Executor
from schema.compiled.plans import Plans
from schema.context import Context
from schema.dependencies import Dependencies
from schema.lists import Lists, PageKey
from schema.loaders import Loaders
from schema.prepared import Operation, Prepared
from schema.reader import Reader
from storage.image_links import ImageLinks
from tests.compiled.planned import BY_HAND

DESIGNS = 20_000
NAME = "index_tests"
ROOT = Path(__file__).parents[1]
Row = dict[str, Any]

API, PREPARER = build()


def _queries() -> dict[str, tuple[Prepared, Operation]]:
    found = [(prepared, prepared.choose(None)) for prepared in map(PREPARER.prepare, load().values())]
    queries = {str(o.name): (prepared, o) for prepared, o in found if o.kind is OperationType.QUERY}
    return {name: query for name, query in queries.items() if name not in BY_HAND}


QUERIES = _queries()


@dataclass
class Large:
    """The data, what is largest in them, and the reads that were heard."""

    database: Database
    heard: Heard
    viewer: Viewer
    project: Row
    design: Row
    public_design: Row
    organization: Any

    @property
    def variables(self) -> dict[str, list[Row]]:
        """Variables of each registered query, of which the first are not narrowed by ranges."""
        agency = ids.encode("Organization", self.organization)
        price = {"amount": 90_000_000, "currency": "EUR"}
        return {
            "Gallery": [{}, {"city": "Madrid"}, {"city": "Madrid", "style": "JAPANDI"}],
            "Listings": [{}, {"city": "Madrid"}, {"kind": "HOUSE"}, {"maxPrice": price}],
            "PartnerListings": [
                {"organizationId": agency},
                {"organizationId": agency, "city": "Madrid", "kind": "HOUSE", "orderBy": "PRICE"},
            ],
            "NearbyListings": [{"center": {"latitude": 40.4168, "longitude": -3.7038}}],
            "ProjectPage": [{"slug": self.project["slug"]}],
            "ProjectCard": [{"slug": self.project["slug"]}],
            "DesignPage": [{"id": ids.encode("Design", self.public_design["_id"])}],
            "DesignRoom": [{"id": ids.encode("Design", self.design["_id"])}],
            "DesignCanvas": [{"designId": ids.encode("Design", self.design["_id"])}],
            "ProjectActivity": [{"projectId": ids.encode("Project", self.design["project"])}],
            "ApiKeys": [{"organizationId": ids.encode("Organization", self.design["organization"])}],
            "ViewerHome": [{}],
            "OrganizationPeople": [{"organizationId": agency}],
            "Devices": [{}],
        }

    async def commands(self, name: str, variables: Mapping[str, Any]) -> list[Row]:
        """Answer a query by its plan, and return the commands that it took."""
        prepared, operation = QUERIES[name]
        plans = Plans(API)
        plans.add(prepared)
        dependencies = Dependencies()
        context = Context(
            viewer=self.viewer,
            loaders=Loaders(Reader(self.database), dependencies),
            dependencies=dependencies,
            links=ImageLinks("http://localhost", "00", "00"),
            request_id="test",
        )
        self.heard.commands.clear()
        body = await Executor(plans).attempt(prepared, operation, dict(variables), context, registered=True)
        assert b"null}" not in body[:30], "nothing was found to show"
        return [*self.heard.commands]


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Large]:
    heard = Heard()
    async with AsyncMongoClient[Row](url, tz_aware=True, event_listeners=[heard]) as client:
        database = Database(client, NAME)
        rows = database.handle
        design = await _most(database, "comments", "design")
        project = await _most(database, "designs", "project", {"published_at": {"$ne": None}, "project_public": True})
        organization = await _most(database, "projects", "organization", {"visibility": "PUBLIC", "status": "ACTIVE"})
        owner = await rows["designs"].find_one({"_id": design})
        assert owner is not None
        membership = await rows["memberships"].find_one({"organization": owner["organization"]})
        assert membership is not None
        roles = {owner["organization"]: Role(membership["role"])}
        found = await rows["projects"].find_one({"_id": project})
        public = await rows["designs"].find_one({"project_public": True, "published_at": {"$ne": None}})
        assert found is not None
        assert public is not None
        viewer = Viewer(membership["user"], None, roles)
        await _draw(database, owner)
        yield Large(database, heard, viewer, found, owner, public, organization)
        await client.drop_database(NAME)


async def _draw(database: Database, design: Row) -> None:
    """Give a design a long log, as those have that are drawn on every day."""
    log = database.handle["design_edits"]
    first = await log.find_one({"design": design["_id"]})
    assert first is not None
    others: Row = {"edits": [], "inverse": []}
    await log.insert_many(
        [{**first, **others, "_id": ObjectId(), "seq": seq, "batch": str(seq)} for seq in range(2, 1000)]
    )


async def _most(database: Database, collection: str, by: str, where: Mapping[str, Any] | None = None) -> Any:
    """Return what most documents have in an attribute."""
    pipeline: list[Row] = [{"$match": where or {}}, {"$sortByCount": f"${by}"}, {"$limit": 1}]
    return (await (await database.handle[collection].aggregate(pipeline)).to_list())[0]["_id"]


@pytest.fixture(scope="module")
async def large(mongodb_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Large]:
    """Load the demo with small pictures, and large data."""
    environ = {**os.environ, "MONGODB_URL": mongodb_url, "MONGODB_DATABASE": NAME}
    environ["DATA_DIR"] = str(tmp_path_factory.mktemp("indexes"))
    seed = [sys.executable, "-m", "app", "seed", "--width", "96", "--designs", str(DESIGNS)]
    seeding = await asyncio.create_subprocess_exec(*seed, cwd=ROOT, env=environ, stdout=asyncio.subprocess.DEVNULL)
    assert await asyncio.wait_for(seeding.wait(), 300) == 0
    async with _opened(mongodb_url) as opened:
        yield opened


async def test_every_registered_query_has_a_plan(large: Large) -> None:
    """Given the manifest, then all its queries are explained here, and none of them is left to graphql-core."""
    assert large.variables.keys() == QUERIES.keys()
    plans = Plans(API)
    for prepared, operation in QUERIES.values():
        plans.add(prepared)
        assert not isinstance(plans.get(prepared, operation, {}, registered=True), str)


@pytest.mark.parametrize("name", sorted(QUERIES))
async def test_no_command_scans_a_collection_or_sorts_in_memory(large: Large, name: str) -> None:
    """Given large data, then each read enters an index, and has its order from there."""
    for variables in large.variables[name]:
        for command in await large.commands(name, variables):
            for read in await explain(large.database.handle, command):
                assert read.faults == set(), (name, variables, read, command)
                assert read.indexes, (name, variables, read, command)


@pytest.mark.parametrize("name", sorted(QUERIES))
async def test_a_read_examines_what_it_returns(large: Large, name: str) -> None:
    """Given lists of a thousand, then no more documents are read than twice those that are returned."""
    for command in await large.commands(name, large.variables[name][0]):
        for part in parts(command):
            if any("$group" in stage or "$geoNear" in stage for stage in part.get("pipeline", ())):
                continue  # a count reads keys alone; a search reads by cells of the globe
            for read in await explain(large.database.handle, part):
                assert read.documents <= 2 * max(read.returned, 1), (name, read, part)


async def test_lists_of_one_row_are_unique(large: Large) -> None:
    """Given lists that are said to have one row at most, then an index sees to it, and several are read by one."""
    single = [(document, collection) for document, collection in COLLECTIONS.values() if collection.single]
    assert single
    for document, collection in single:
        indexes = await large.database.handle[document.stored_in()].index_information()
        unique = [index["key"] for index in indexes.values() if index.get("unique")]
        assert [(collection.by[0], 1)] in unique
        rows = await large.database.handle[document.stored_in()].find(collection.where).limit(5).to_list()
        keys = [PageKey(((collection.by[0], row[collection.by[0]]),), 1) for row in rows]
        large.heard.commands.clear()
        found = await Reader(large.database).read(Lists(document, collection).read(keys, {"_id": 1}))
        assert len(found) == len(rows) == 5
        (command,) = large.heard.commands
        (read,) = await explain(large.database.handle, command)
        assert not read.faults
        assert read.documents <= read.returned == 5


async def test_what_is_bad_is_seen(large: Large) -> None:
    """Given a query without an index, then its scan and its sort are found."""
    bad: Row = {"find": "designs", "filter": {"title": "x"}, "sort": {"like_count": 1}}
    (read,) = await explain(large.database.handle, bad)
    assert read.faults == {"scans the collection", "sorts in memory"}
    joined: Row = {
        "aggregate": 1,
        "pipeline": [
            {"$documents": [{"_id": large.project["_id"]}]},
            {
                "$lookup": {
                    "from": "designs",
                    "localField": "_id",
                    "foreignField": "project",
                    "pipeline": [{"$sort": {"like_count": 1}}, {"$limit": 2}],
                    "as": "rows",
                }
            },
        ],
    }
    assert [found.faults for found in await explain(large.database.handle, joined)] == [{"sorts in memory"}]
    assert isinstance(read, Explained)
