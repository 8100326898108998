"""A platform of real processes on a small world that is written to at random, and asked through the edge.

What is written, through the API and directly through MongoDB's driver, is in `by_api` and `by_driver`; what is asked in
`reads`. Every write notes the moment of its acknowledgement.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import aiohttp
import orjson
from bson import ObjectId, Timestamp
from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession

from app.programs import admin_url
from app.settings import Settings
from auth.keyring import Keyring
from auth.tokens import Claims
from edge import plans
from edge.stream import START, EntryId
from models.database import cluster_time
from schema import ids
from tests.accounts import PASSWORD, opened
from tests.coherence.titles import Titles

PLANS = {plan.name: plan for plan in plans.load().values()}
DATABASE = "coherence"
CITIES = ("madrid", "ávila")
STYLES = ("BOHO", "MINIMAL")
KINDS = ("HOUSE", "LOFT")
NEWEST = 10  # how many of each kind of thing are written to and asked for
Row = dict[str, Any]


class Viewer(NamedTuple):
    """Somebody who is signed in, and the organization that is theirs."""

    claims: Claims
    email: str
    organization: ObjectId


class Answer(NamedTuple):
    """What came back: `said` is `Cache-Status`, `control` is `Cache-Control`."""

    said: str
    status: int
    body: bytes
    etag: str = ""
    control: str = ""


@dataclass
class World:
    """What the test knows of what it made, by ids; and what it has counted."""

    client: AsyncMongoClient[Row]
    session: aiohttp.ClientSession
    keys: Keyring
    edge: str
    api: str
    environ: Mapping[str, str] = field(default_factory=dict)
    viewers: list[Viewer] = field(default_factory=list)
    projects: dict[ObjectId, str] = field(default_factory=dict)
    designs: dict[ObjectId, ObjectId] = field(default_factory=dict)
    users: list[ObjectId] = field(default_factory=list)
    assets: list[ObjectId] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    cursors: dict[tuple[str, str], str] = field(default_factory=dict)
    etags: dict[tuple[str, str], str] = field(default_factory=dict)
    titles: Titles = field(default_factory=Titles)
    moment: EntryId = START
    api_key: str = ""
    counted: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    written: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> Any:
        """Return the database, for writes that the API knows nothing of."""
        return self.client[DATABASE]

    @property
    def steps(self) -> int:
        """Return how many writes, and reads through the edge, there were."""
        return self.counted["writes"] + self.counted["reads"]

    def forget(self) -> None:
        """Forget what was made, but who is signed in."""
        for made in (self.projects, self.designs, self.users, self.assets, self.comments, self.members, self.cursors):
            made.clear()

    def organization(self, which: int = 0) -> ObjectId:
        """Return one of the organizations; the first is the one that most things belong to."""
        return self.viewers[which % len(self.viewers)].organization

    def project(self, which: int) -> ObjectId:
        """Return one of the newest projects; the id of none where there is none, here and below."""
        return _one(list(self.projects), which)

    def design(self, which: int) -> ObjectId:
        """Return one of the newest designs."""
        return _one(list(self.designs), which)

    def user(self, which: int) -> ObjectId:
        """Return one of the newest owners of projects."""
        return _one(self.users, which)

    def asset(self, which: int) -> ObjectId:
        """Return one of the newest pictures."""
        return _one(self.assets, which)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncClientSession]:
        """Give a session for writes with the driver, and note the moment of the last one's acknowledgement."""
        async with self.client.start_session() as session:
            yield session
            self.wrote(session.operation_time)

    def wrote(self, time: Timestamp | None) -> None:
        """Note the moment of an acknowledged write."""
        if time is not None:
            self.moment = max(self.moment, EntryId(cluster_time(time), 0))

    def own_write(self) -> str:
        """Return the newest moment as the API would sign it."""
        return self.keys.sign("own-write", str(self.moment))

    def authorization(self, which: int) -> str:
        """Return the credentials of a viewer, new enough to be valid."""
        return f"Bearer {self.keys.access_token(self.viewers[which].claims)}"

    async def sign_in(self) -> None:
        """Sign somebody in who has an account, and make an organization of theirs, through the API."""
        email = await opened(self.rows)
        signed = await self.mutate(
            "mutation ($i: SignInInput!) { r: signIn(input: $i) { ... on SignedIn { accessToken } } }",
            {"email": email, "password": PASSWORD},
            who=None,
        )
        claims = self.keys.claims(signed["accessToken"])
        self.viewers.append(Viewer(claims, email, ObjectId()))
        made = await self.mutate(
            """mutation ($i: CreateOrganizationInput!) { r: createOrganization(input: $i) {
                ... on Organization { id } } }""",
            {"name": "Estudio"},
            who=len(self.viewers) - 1,
        )
        self.viewers[-1] = Viewer(claims, email, key(made["id"]))

    async def partner(self) -> None:
        """Make a key of the first organization, which may ask as often as there is any need."""
        which = {"_id": self.organization()}
        await self.rows["organizations"].update_one(which, {"$set": {"plan": "ENTERPRISE"}})
        made = await self.mutate(
            """mutation ($i: CreateApiKeyInput!) { r: createApiKey(input: $i) {
                ... on ApiKeyCreated { secret } } }""",
            {"organizationId": ids.encode("Organization", self.organization()), "name": "Portal"},
        )
        self.api_key = made["secret"]

    def credentials(self, operation: str, who: int | None) -> str:
        """Return what an operation is asked with, "" for nothing: those for partners with the key."""
        if PLANS[operation].audience:
            return f"Bearer {self.api_key}"
        return "" if who is None else self.authorization(who)

    async def mutate(self, query: str, input_: Any, who: int | None = 0) -> Row:
        """Run a mutation whose field is called `r`; its moment comes with the answer. Empty where it failed."""
        headers = {} if who is None else {"Authorization": self.authorization(who)}
        body = {"query": query, "variables": {"i": input_}}
        async with self.session.post(f"{self.edge}/graphql", json=body, headers=headers) as response:
            answer = await response.json()
            moment = self.keys.verified("own-write", response.headers.get("Edge-As-Of", ""))
            assert moment is not None, answer
            self.moment = max(self.moment, EntryId.parse(moment))
        data = answer["data"]
        return {} if data is None else data["r"]

    async def audited(self) -> tuple[int, int]:
        """Return what the relay's auditor has counted: (answers compared, found stale)."""
        url = f"{admin_url(Settings.from_environment(self.environ), 'relay')}/metrics"
        async with self.session.get(url) as response:
            lines = (await response.text()).splitlines()
        names = ("auditor_compared_total{", "auditor_stale_total{")
        compared, stale = (sum(float(x.split()[-1]) for x in lines if x.startswith(name)) for name in names)
        return int(compared), int(stale)

    async def ask(self, base: str, operation: str, variables: Row, **headers: str) -> tuple[str, int, bytes]:
        """Ask a registered operation in the plainest way: (Cache-Status, status, body)."""
        answer = await self.get(base, f"/graphql/{PLANS[operation].id}", {"variables": spelled(variables)}, **headers)
        return answer[:3]

    async def get(self, base: str, path: str, query: Row, how: str = "GET", **headers: str) -> Answer:
        """Ask anything."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.request(how, base + path, params=query, headers=named) as response:
            said, etag, control = (response.headers.get(name, "") for name in ("Cache-Status", "ETag", "Cache-Control"))
            return Answer(said, response.status, await response.read(), etag, control)


def spelled(variables: Mapping[str, Any]) -> str:
    """Return variables as JSON, in the order that they have."""
    return orjson.dumps(variables).decode()


def key(global_id: str) -> ObjectId:
    """Return the database's id in a global one."""
    return ObjectId(ids.decode(global_id)[1])


def _one(made: list[ObjectId], which: int) -> ObjectId:
    newest = made[-NEWEST:]
    return newest[which % len(newest)] if newest else ObjectId()
