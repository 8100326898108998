"""A small world that is written to while things go wrong, and asked through the edge.

Writes go through the API and directly through MongoDB's driver; each notes the moment of its acknowledgement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp
import orjson
from bson import ObjectId
from pymongo import AsyncMongoClient

from auth.keyring import Keyring
from edge import plans
from edge.stream import START, EntryId
from models.database import cluster_time, operation_time
from schema import ids
from tests.accounts import PASSWORD, opened

PLANS = {plan.name: plan for plan in plans.load().values()}
DATABASE = "faults"
Row = dict[str, Any]


@dataclass
class World:
    """What the tests know of what they made: the slugs and the designs of projects, by the projects' ids."""

    client: AsyncMongoClient[Row]
    session: aiohttp.ClientSession
    keys: Keyring
    edge: str
    api: str
    environ: Mapping[str, str] = field(default_factory=dict)
    token: str = ""
    organization: str = ""
    projects: dict[ObjectId, str] = field(default_factory=dict)
    designs: dict[ObjectId, ObjectId] = field(default_factory=dict)
    moment: EntryId = START

    @property
    def rows(self) -> Any:
        """Return the database, for writes that the API knows nothing of."""
        return self.client[DATABASE]

    async def sign_in(self) -> None:
        """Sign somebody in who has an account, and make an organization, through the API."""
        answer = await self.mutate(
            "mutation ($i: SignInInput!) { r: signIn(input: $i) { ... on SignedIn { accessToken } } }",
            {"email": await opened(self.rows), "password": PASSWORD},
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

    async def project(self) -> ObjectId:
        """Begin a project with a design, and show both to everybody, through the API: the project's id."""
        fields = {"title": "Casa", "kind": "HOUSE", "style": "BOHO", "address": {"city": "Madrid", "country": "ES"}}
        made = await self.mutate(
            "mutation ($i: CreateProjectInput!) { r: createProject(input: $i) { ... on Project { id slug } } }",
            {"organizationId": self.organization, **fields},
        )
        await self.mutate(
            "mutation ($i: ShowProjectInput!) { r: showProject(input: $i) { __typename } }",
            {"id": made["id"], "visibility": "PUBLIC", "status": "ACTIVE"},
        )
        design = await self.mutate(
            "mutation ($i: CreateDesignInput!) { r: createDesign(input: $i) { ... on Design { id } } }",
            {"projectId": made["id"], "title": "Salón", "room": "STUDY", "style": "BOHO"},
        )
        await self.mutate("mutation ($i: ID!) { r: publishDesign(id: $i) { __typename } }", design["id"])
        project = ObjectId(str(ids.key(made["id"], "Project")))
        self.projects[project] = made["slug"]
        self.designs[project] = ObjectId(str(ids.key(design["id"], "Design")))
        return project

    async def update(self, collection: str, id_: ObjectId, fields: Mapping[str, Any]) -> None:
        """Set fields of a document with the driver."""
        async with self.client.start_session() as session:
            await self.rows[collection].update_one({"_id": id_}, {"$set": dict(fields)}, session=session)
            self.moment = max(self.moment, EntryId(cluster_time(operation_time(session)), 0))

    def own_write(self) -> str:
        """Return the newest moment as the API would sign it."""
        return self.keys.sign("own-write", str(self.moment))

    async def ask(self, base: str, operation: str, variables: Row, **headers: str) -> tuple[str, int, bytes]:
        """Ask a registered operation: (Cache-Status, status, body)."""
        query = urlencode({"variables": orjson.dumps(variables).decode()})
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.get(f"{base}/graphql/{PLANS[operation].id}?{query}", headers=named) as response:
            return response.headers.get("Cache-Status", ""), response.status, await response.read()
