"""The writes of `bench.mix`: through the API as the members of ten organizations, two kinds with the driver."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import aiohttp
from bson import ObjectId
from pymongo import AsyncMongoClient

from app.seed.load import PASSWORD
from auth.signatures import Keys
from bench.stand import BenchError
from bench.traffic import PRICES, STYLES, WRITES, Row, Zipf
from edge.stream import EntryId
from models.database import cluster_time
from schema import ids

_INPUTS = {
    "addComment": "Comment",
    "createDesign": "Design",
    "createProject": "Project",
    "showProject": "Project",
    "signIn": "SignedIn",
    "updateAsset": "Asset",
    "updateDesign": "Design",
    "updateProject": "Project",
}


@dataclass
class Writers:
    """Who writes. `tokens` are an owner's access token for each organization."""

    random: Random
    client: AsyncMongoClient[Row]
    database: str
    session: aiohttp.ClientSession
    api: str
    keys: Keys

    async def prepare(self) -> None:
        """Learn what there is, and sign one owner of every organization in."""
        rows = self.client[self.database]
        self.projects = [row async for row in rows.projects.find({}, sort=[("_id", 1)])]
        self.designs = [row async for row in rows.designs.find({}, sort=[("_id", 1)])]
        for things in (self.projects, self.designs):
            self.random.shuffle(things)
        self.assets = [row async for row in rows.assets.find({}, sort=[("_id", 1)])]
        self.people = [row async for row in rows.users.find({}, sort=[("_id", 1)])]
        self.tokens: dict[ObjectId, str] = {}
        emails = {person["_id"]: person["email"] for person in self.people}
        async for member in rows.memberships.find({"role": "OWNER"}):
            signed, _ = await self._do(
                "signIn", {"email": emails[member["user"]], "password": PASSWORD}, None, "accessToken"
            )
            self.tokens[member["organization"]] = signed["accessToken"]

    async def one(self) -> AsyncIterator[tuple[str, EntryId]]:
        """Write one thing, which may take several mutations; yield what, and the moment of each acknowledgement."""
        what = self.random.choices([*WRITES], weights=[*WRITES.values()])[0]
        project, design = Zipf(self.projects, self.random).one(), Zipf(self.designs, self.random).one()
        number = self.random.randrange(1_000_000)
        match what:
            case "new project":
                async for step in self._new_project(number):
                    yield step
                return
            case "edit of a canvas":
                moment = await self._edit(design, number)
            case "new count of likes":  # as the relay writes it, every 3 s, for what has been liked
                popular = Zipf(self.designs[::-1], self.random).one()
                moment = await self._set("designs", popular, {"$inc": {"like_count": 1}})
            case "person's name":
                person = self.random.choice(self.people)
                moment = await self._set("users", person, {"$set": {"name": f"{person['name']} {number % 10}"}})
            case "delete a design" | "delete a project":
                things, kind = (self.designs, "Design") if what.endswith("design") else (self.projects, "Project")
                gone = things.pop(self.random.randrange(len(things)))
                if kind == "Project":
                    self.designs = [row for row in self.designs if row["project"] != gone["_id"]]
                moment = await self._by_id(f"delete{kind}", ids.encode(kind, gone["_id"]), gone)
            case "publish a design" | "unpublish a design":
                moment = await self._by_id(f"{what.split()[0]}Design", ids.encode("Design", design["_id"]), design)
            case _:
                moment = await self._update(what, project, design, number)
        yield what, moment

    async def _update(self, what: str, project: Row, design: Row, number: int) -> EntryId:
        asset = self.random.choice(self.assets)
        its_own = [a for a in self.assets if a["organization"] == project["organization"]] or [asset]
        price = {"amount": self.random.randrange(100, 1500) * 100_000, "currency": "EUR"}
        shown = {"visibility": self.random.choice(["PUBLIC", "PUBLIC", "PRIVATE"]), "status": "ACTIVE"}
        kinds: dict[str, tuple[str, str, Row, Row]] = {
            "comment": ("addComment", "Design", design, {"body": f"Remark {number}"}),
            "project's title": ("updateProject", "Project", project, {"title": f"Casa {number}"}),
            "project's description": ("updateProject", "Project", project, {"description": f"Text {number}"}),
            "price": ("updateProject", "Project", project, {"price": price}),
            "rooms": ("updateProject", "Project", project, {"rooms": number % 6}),
            "hide or show a project": ("showProject", "Project", project, shown),
            "design's title": ("updateDesign", "Design", design, {"title": f"Salón {number}"}),
            "picture's description": ("updateAsset", "Asset", asset, {"alt": f"Picture {number}"}),
            "another cover": (
                *("updateProject", "Project", project),
                {"coverId": ids.encode("Asset", self.random.choice(its_own)["_id"])},
            ),
        }
        mutation, kind, thing, fields = kinds[what]
        key = "designId" if mutation == "addComment" else "id"
        _, moment = await self._do(mutation, {key: ids.encode(kind, thing["_id"]), **fields}, thing)
        return moment

    async def _new_project(self, number: int) -> AsyncIterator[tuple[str, EntryId]]:
        """Begin a project, show it, and publish a design of it."""
        organization = self.random.choice([*self.tokens])
        owned: Row = {"organization": organization}
        city = self.random.choice(self.projects)["address"]["city"]
        input_ = {
            "organizationId": ids.encode("Organization", organization),
            "title": f"Casa {number}",
            "kind": self.random.choice(["APARTMENT", "HOUSE", "LOFT"]),
            "style": self.random.choice(STYLES),
            "address": {"city": city, "country": "ES"},
            "price": {"amount": self.random.choice(PRICES), "currency": "EUR"},
        }
        project, moment = await self._do("createProject", input_, owned)
        yield "new project", moment
        shown = {"id": project["id"], "visibility": "PUBLIC", "status": "ACTIVE"}
        yield "show a new project", (await self._do("showProject", shown, owned))[1]
        room = {"projectId": project["id"], "title": "Salón", "room": "STUDY", "style": input_["style"]}
        design, moment = await self._do("createDesign", room, owned)
        yield "new design", moment
        yield "publish a new design", await self._by_id("publishDesign", design["id"], owned)

    async def _edit(self, design: Row, number: int) -> EntryId:
        """Add an object to a canvas."""
        shape = {"kind": "LABEL", "x": number % 500, "y": 0, "width": 10, "height": 10}
        query = """mutation ($d: ID!, $b: ID!, $e: [DesignEditInput!]!) {
          r: applyDesignEdits(designId: $d, batchId: $b, baseSeq: 0, edits: $e) { __typename } }"""
        edits = [{"addElement": {"key": f"mix-{number}", **shape}}]
        variables = {"d": ids.encode("Design", design["_id"]), "b": f"mix-{number}", "e": edits}
        return (await self._ask(query, variables, design))[1]

    async def _by_id(self, mutation: str, id_: str, owned: Row) -> EntryId:
        query = f"mutation ($i: ID!) {{ r: {mutation}(id: $i) {{ __typename }} }}"
        return (await self._ask(query, {"i": id_}, owned))[1]

    async def _do(self, mutation: str, input_: Row, owned: Row | None, fields: str = "id") -> tuple[Row, EntryId]:
        """Run a mutation as an owner of the organization that something belongs to."""
        kind = f"{mutation[0].upper()}{mutation[1:]}Input"
        shown = f"... on {_INPUTS[mutation]} {{ {fields} }} ... on UserError {{ message }}"
        query = f"mutation ($i: {kind}!) {{ r: {mutation}(input: $i) {{ __typename {shown} }} }}"
        return await self._ask(query, {"i": input_}, owned)

    async def _ask(self, query: str, variables: Row, owned: Row | None) -> tuple[Row, EntryId]:
        headers = {} if owned is None else {"Authorization": f"Bearer {self.tokens[owned['organization']]}"}
        body = {"query": query, "variables": variables}
        async with self.session.post(f"{self.api}/graphql", json=body, headers=headers) as response:
            answer = await response.json()
            moment = self.keys.verified("own-write", response.headers.get("Edge-As-Of", ""))
        if "errors" in answer or moment is None or "message" in answer["data"]["r"]:
            raise BenchError(f"{query}\n{variables}: {answer}")
        return answer["data"]["r"], EntryId.parse(moment)

    async def _set(self, collection: str, row: Row, change: Mapping[str, Any]) -> EntryId:
        """Change a document with the driver; the moment is that of a write after it, so that all of it is before."""
        rows = self.client[self.database]
        async with self.client.start_session() as session:
            await rows[collection].update_one({"_id": row["_id"]}, change, session=session)
            await rows.pulses.update_one({"_id": "mix"}, {"$inc": {"count": 1}}, upsert=True, session=session)
            if session.operation_time is None:
                raise BenchError("MongoDB answered without a time.")
            return EntryId(cluster_time(session.operation_time), 0)
