"""What the gallery costs: MongoDB commands, whose number does not depend on how many rows there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from pymongo import AsyncMongoClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from app.http.registry import load
from models.asset import Asset
from models.database import Database
from models.design import Design
from models.entity import now
from models.organization import Organization
from models.project import Project
from models.signing_key import SIGNING_KEYS
from models.user import User as UserDocument
from tests.platform import Platform, another_api


@pytest.fixture
def city() -> str:
    """Name a city that no other test uses."""
    return f"San Sebastián {uuid4().hex}"


class Commands(CommandListener):
    """Hears which commands a client sends."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        """Note a command, unless it is for the keys of access tokens, which a process reads now and then for itself."""
        if event.command.get(event.command_name) != SIGNING_KEYS:
            self.sent.append({"name": event.command_name, **event.command})

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Note nothing more."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Note nothing more."""


@asynccontextmanager
async def overheard(platform: Platform) -> AsyncIterator[tuple[Platform, Commands]]:
    """Give the platform through an API whose commands to MongoDB are heard."""
    commands = Commands()
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
        platform.settings.mongodb_url, tz_aware=True, event_listeners=[commands]
    )
    async with client:
        database = Database(client, platform.settings.mongodb_database)
        async with another_api(platform, database=database) as api:
            yield api, commands


async def _fill(city: str, projects: int, designs: int) -> None:
    """Write public projects of organizations, owners and authors of their own, all with covers of their own."""
    made: dict[type[Any], list[Any]] = {kind: [] for kind in (Organization, UserDocument, Asset, Project, Design)}

    def user() -> Any:
        made[UserDocument].append(UserDocument(email=f"{uuid4().hex}@example.com", name="Eva"))
        return made[UserDocument][-1].id

    def asset(organization: Any) -> Any:
        content = uuid4().hex * 2
        media: Any = "image/jpeg"
        made[Asset].append(
            Asset(organization=organization, content_hash=content, media_type=media, byte_size=1, width=4, height=3)
        )
        return made[Asset][-1].id

    for number in range(projects):
        organization = Organization(name="Estudio", slug=uuid4().hex)
        made[Organization].append(organization)
        moment = now() + timedelta(milliseconds=number)
        project = Project.make(
            organization=organization.id,
            owner=user(),
            title=f"{number}",
            slug=uuid4().hex,
            kind="HOUSE",
            status="ACTIVE",
            visibility="PUBLIC",
            address={"city": city, "country": "ES"},
            cover=asset(organization.id),
            listed_at=moment,
            showcased_at=moment,
        )
        made[Project].append(project)
        made[Design] += [
            Design.make(
                project=project.id,
                organization=organization.id,
                author=user(),
                title="Salón",
                room="STUDY",
                style="BOHO",
                cover=asset(organization.id),
                published_at=moment,
                project_public=True,
            )
            for _ in range(designs)
        ]
    for kind, documents in made.items():
        await kind.insert_many(documents)


async def test_the_number_of_commands_does_not_depend_on_the_number_of_rows(platform: Platform, city: str) -> None:
    """The gallery costs three commands by its plan: for one project with one design as for 20 with 5 and 120 covers.

    Projects; their owners, organizations, covers and designs; the designs' authors and covers. Over loaders, as another
    query that shows the same, each of these seven is a command.
    """
    operation = next(body for body in load().values() if body.startswith("query Gallery("))
    seldom = f"{operation} # {city}"
    await _fill(f"{city} small", 2, 1)
    await _fill(f"{city} large", 20, 5)
    counts = {}
    async with overheard(platform) as (api, commands):
        for size, designs, text in (("small", 2, operation), ("large", 100, operation), ("loaders", 100, seldom)):
            commands.sent.clear()
            found = await api.ask(text, {"city": f"{city} {size.replace('loaders', 'large')}", "first": 20})
            counts[size] = Counter((command["name"], command[command["name"]]) for command in commands.sent)
            nodes = [edge["node"] for edge in found["gallery"]["edges"]]
            shown_ = [edge["node"] for node in nodes for edge in node["designs"]["edges"]]
            assert len(shown_) == designs
            assert len({design["cover"]["id"] for design in shown_} | {node["cover"]["id"] for node in nodes}) == (
                designs + len(nodes)
            )
            assert len({design["author"]["id"] for design in shown_}) == designs
            assert all(node["owner"] and node["organization"] for node in nodes)
    assert counts["small"] == counts["large"]
    assert counts["large"] == Counter(
        {
            ("find", "projects"): 1,
            ("aggregate", 1): 1,  # the pages of designs, in one `$lookup`, and what else projects lead to
            ("aggregate", "users"): 1,
        }
    )
    assert counts["loaders"] == Counter(
        {
            ("find", "projects"): 1,
            ("find", "users"): 2,
            ("find", "organizations"): 1,
            ("find", "assets"): 2,
            ("aggregate", 1): 1,  # the pages of designs, in one `$lookup`
        }
    )


async def test_a_batch_of_more_than_a_hundred_rows_is_one_command(platform: Platform, city: str) -> None:
    """MongoDB's first batch has 101 rows unless it is told otherwise."""
    await _fill(city, 100, 1)
    query = """query ($city: String) { gallery(city: $city, first: 100) { edges { node { owner { id }
        designs(first: 2) { edges { node { author { id } } } } } } } }"""
    async with overheard(platform) as (api, commands):
        commands.sent.clear()
        found = await api.ask(query, {"city": city})
        assert len(found["gallery"]["edges"]) == 100
        assert [command["name"] for command in commands.sent] == ["find", "find", "aggregate", "find"]


async def test_a_nested_page_reads_what_it_returns(platform: Platform, city: str) -> None:
    """Two designs of each project are read through the index, however many there are (`explain`)."""
    await _fill(city, 3, 60)
    query = """query ($city: String) { gallery(city: $city) { edges { node {
        designs(first: 2) { edges { node { id } } } } } } }"""
    async with overheard(platform) as (api, commands):
        commands.sent.clear()
        await api.ask(query, {"city": city})
        nested = next(command for command in commands.sent if command["name"] == "aggregate")
    plan = await platform.database.handle.command(
        "explain",
        {"aggregate": 1, "pipeline": nested["pipeline"], "cursor": {}},
        verbosity="executionStats",
    )
    lookup = next(stage for stage in plan["stages"] if "$lookup" in stage)
    assert lookup["collectionScans"] == 0
    assert lookup["totalDocsExamined"] <= 3 * 3


async def test_what_follows_from_ids_is_read_with_them(platform: Platform) -> None:
    """The home of somebody signed in costs four commands, whatever it shows.

    Their session and roles; they and their memberships; the organizations and their projects; these projects' covers,
    designs and how many these are.
    """
    operation = next(body for body in load().values() if body.startswith("query ViewerHome"))
    user = await platform.user()
    for _ in range(2):
        organization = await user.organization()
        for _ in range(2):
            project = await user.project(organization)
            for _ in range(4):
                await user.design(project)
    async with overheard(platform) as (api, commands):
        found = await api.ask(operation, token=user.token)
        sent = [(command["name"], command[command["name"]]) for command in commands.sent]
    homes = [edge["node"]["organization"] for edge in found["viewer"]["memberships"]["edges"]]
    projects = [edge["node"] for home in homes for edge in home["projects"]["edges"]]
    assert [len(projects), *(project["designs"]["totalCount"] for project in projects)] == [4, 4, 4, 4, 4]
    assert [name for name, _ in sent] == ["aggregate"] * 4
    assert sent[0] == ("aggregate", "sessions")
