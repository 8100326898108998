"""A platform of real processes on a small world that is written to at random, and asked through the edge.

Writes go through the API and directly through MongoDB's driver. Each returns the moment of its acknowledgement.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import aiohttp
import orjson
from bson import ObjectId, Timestamp
from pymongo import AsyncMongoClient

from app.programs import admin_url
from app.settings import Settings
from auth.tokens import Keys
from edge import plans
from edge.stream import START, EntryId
from models.database import cluster_time
from schema import ids

PLANS = {plan.name: plan for plan in plans.load().values()}
CITIES = ("madrid", "ávila")
STYLES = ("BOHO", "MINIMAL")
KINDS = ("HOUSE", "LOFT")
Row = dict[str, Any]


@dataclass
class World:
    """What the test knows of what it made: organizations, owners, projects and designs, by their ids."""

    client: AsyncMongoClient[Row]
    session: aiohttp.ClientSession
    keys: Keys
    edge: str
    api: str
    environ: Mapping[str, str] = field(default_factory=dict)
    token: str = ""
    organization: str = ""
    projects: dict[ObjectId, str] = field(default_factory=dict)
    designs: dict[ObjectId, ObjectId] = field(default_factory=dict)
    users: list[ObjectId] = field(default_factory=list)
    moment: EntryId = START
    results: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> Any:
        """Return the database, for writes that the API knows nothing of."""
        return self.client["coherence"]

    def wrote(self, time: Timestamp | None) -> None:
        """Note the moment of an acknowledged write."""
        if time is not None:
            self.moment = max(self.moment, EntryId(cluster_time(time), 0))

    async def sign_up(self) -> None:
        """Make a user and an organization, through the API."""
        answer = await self.mutate(
            """mutation ($i: SignUpInput!) { r: signUp(input: $i) { ... on SignedIn { accessToken } } }""",
            {"email": f"{secrets.token_hex(8)}@example.com", "password": "correct horse battery", "name": "Ana"},
        )
        self.token = answer["accessToken"]
        answer = await self.mutate(
            """mutation ($i: CreateOrganizationInput!) { r: createOrganization(input: $i) {
                ... on Organization { id } } }""",
            {"name": "Estudio"},
        )
        self.organization = answer["id"]

    async def mutate(self, query: str, input_: Any) -> Row:
        """Run a mutation whose field is called `r`; its moment comes with the answer."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        body = {"query": query, "variables": {"i": input_}}
        async with self.session.post(f"{self.edge}/graphql", json=body, headers=headers) as response:
            answer = await response.json()
            assert "errors" not in answer, answer
            moment = self.keys.verified("own-write", response.headers["Edge-As-Of"])
            assert moment is not None
            self.moment = max(self.moment, EntryId.parse(moment))
            result: Row = answer["data"]["r"]
            return result

    async def api_project(self, city: str, style: str, kind: str) -> None:
        """Begin a project through the API, and show it."""
        fields = {"title": "Casa", "kind": kind, "style": style, "address": {"city": city, "country": "ES"}}
        made = await self.mutate(
            "mutation ($i: CreateProjectInput!) { r: createProject(input: $i) { ... on Project { id slug } } }",
            {"organizationId": self.organization, **fields, "price": {"amount": 300, "currency": "EUR"}},
        )
        key = ids.key(made["id"], "Project")
        self.projects[ObjectId(str(key))] = made["slug"]
        await self.api_show(ObjectId(str(key)), visibility="PUBLIC", status="ACTIVE")

    async def api_show(self, project: ObjectId, *, visibility: str, status: str) -> None:
        """Change who may see a project, through the API; one that is not ours stays as it is."""
        await self.mutate(
            "mutation ($i: ShowProjectInput!) { r: showProject(input: $i) { __typename } }",
            {"id": ids.encode("Project", project), "visibility": visibility, "status": status},
        )

    async def api_update(self, project: ObjectId, **fields: Any) -> None:
        """Change a project's fields through the API."""
        await self.mutate(
            "mutation ($i: UpdateProjectInput!) { r: updateProject(input: $i) { __typename } }",
            {"id": ids.encode("Project", project), **fields},
        )

    async def api_design(self, project: ObjectId) -> None:
        """Begin a design through the API, and publish it."""
        made = await self.mutate(
            "mutation ($i: CreateDesignInput!) { r: createDesign(input: $i) { ... on Design { id } } }",
            {"projectId": ids.encode("Project", project), "title": "Salón", "room": "STUDY", "style": "BOHO"},
        )
        if "id" not in made:  # not ours, or gone
            return
        self.designs[ObjectId(str(ids.key(made["id"], "Design")))] = project
        await self.api_publish(made["id"], published=True)

    async def api_publish(self, design: str, *, published: bool) -> None:
        """Publish a design, or take it back, through the API."""
        name = "publishDesign" if published else "unpublishDesign"
        await self.mutate(f"mutation ($i: ID!) {{ r: {name}(id: $i) {{ __typename }} }}", design)

    async def api_delete(self, project: ObjectId) -> None:
        """Delete a project and its designs through the API."""
        await self.mutate(
            "mutation ($i: ID!) { r: deleteProject(id: $i) { __typename } }", ids.encode("Project", project)
        )

    async def insert_project(self, city: str, style: str, kind: str, day: int) -> None:
        """Insert a shown project with a published design, with the driver."""
        owner, project, design = ObjectId(), ObjectId(), ObjectId()
        moment = datetime(2026, 1, 1 + day, tzinfo=UTC)
        organization = ObjectId(str(ids.key(self.organization, "Organization")))
        slug = secrets.token_hex(8)
        async with self.client.start_session() as session:
            await self.rows.users.insert_one(
                {"_id": owner, "created_at": moment, "email": f"{slug}@example.com", "name": "Eva", "locale": "en"},
                session=session,
            )
            common = {"created_at": moment, "organization": organization, "cover": None}
            await self.rows.projects.insert_one(
                common
                | {"_id": project, "owner": owner, "title": "Piso", "slug": slug, "description": "", "kind": kind}
                | {"status": "ACTIVE", "visibility": "PUBLIC", "style": style, "location": None}
                | {"address": {"street": "", "postal_code": "", "city": city, "country": "ES"}, "city_key": city}
                | {"area_m2": 50, "rooms": day % 5, "price": {"amount": day * 100, "currency": "EUR"}}
                | {"price_amount": day * 100, "price_currency": "EUR", "listed_at": moment, "showcased_at": moment},
                session=session,
            )
            await self.rows.designs.insert_one(
                common
                | {"_id": design, "project": project, "author": owner, "title": "Cocina", "room": "KITCHEN"}
                | {"style": style, "seq": 0, "published_at": moment, "project_public": True, "like_count": 0},
                session=session,
            )
            self.wrote(session.operation_time)
        self.users.append(owner)
        self.projects[project] = slug
        self.designs[design] = project

    async def update(self, collection: str, id_: ObjectId, fields: Mapping[str, Any]) -> None:
        """Set fields of a document with the driver."""
        async with self.client.start_session() as session:
            await self.rows[collection].update_one({"_id": id_}, {"$set": dict(fields)}, session=session)
            self.wrote(session.operation_time)

    async def hide(self, project: ObjectId, *, public: bool) -> None:
        """Make a project private or public with the driver; the copies in its designs are the relay's affair."""
        visibility = "PUBLIC" if public else "PRIVATE"
        await self.update("projects", project, {"visibility": visibility, "status": "ACTIVE"})

    async def remove(self, collection: str, id_: ObjectId) -> None:
        """Delete a document with the driver."""
        async with self.client.start_session() as session:
            await self.rows[collection].delete_one({"_id": id_}, session=session)
            self.wrote(session.operation_time)

    def own_write(self) -> str:
        """Return the newest moment as the API would sign it."""
        return self.keys.sign("own-write", str(self.moment))

    async def audited(self) -> tuple[int, int]:
        """Return what the relay's auditor has counted: (answers compared, found stale)."""
        url = f"{admin_url(Settings.from_environment(self.environ), 'relay')}/metrics"
        async with self.session.get(url) as response:
            lines = (await response.text()).splitlines()
        names = ("auditor_compared_total{", "auditor_stale_total{")
        compared, stale = (sum(float(x.split()[-1]) for x in lines if x.startswith(name)) for name in names)
        return int(compared), int(stale)

    async def ask(self, base: str, operation: str, variables: Row, **headers: str) -> tuple[str, int, bytes]:
        """Ask a registered operation: (Cache-Status, status, body)."""
        query = urlencode({"variables": orjson.dumps(variables).decode()})
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.get(f"{base}/graphql/{PLANS[operation].id}?{query}", headers=named) as response:
            return response.headers.get("Cache-Status", ""), response.status, await response.read()
