"""The platform under test: all four processes' work in the test's own event loop, over real sockets and services."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import aiohttp
from aiohttp import web
from bson import ObjectId

from app.commands import api, edge, images, relay
from app.edge_fetches import mark
from app.embedded.ports import free_port
from app.process import Process
from app.services import open_database
from app.settings import Settings
from auth.signatures import Keys
from edge.proxy import FETCH
from models.database import Database
from models.entity import now
from resolvers.allowance import Limits
from resolvers.following import Pace
from schema import ids
from storage.assets import FolderAssetStore
from tests.accounts import PASSWORD, opened
from tests.letterbox import Letterbox

Json = dict[str, Any]


@dataclass
class Platform:
    """A running platform, and a client for it."""

    settings: Settings
    database: Database
    session: aiohttp.ClientSession
    processes: dict[str, Process]
    mail: Letterbox

    @property
    def api(self) -> str:
        """The API's base URL."""
        return self.settings.api_url

    @property
    def edge(self) -> str:
        """The front door's base URL."""
        return self.settings.public_url

    @property
    def store(self) -> FolderAssetStore:
        """The asset store."""
        return FolderAssetStore(self.settings.data_dir / "assets")

    async def post(
        self,
        query: str,
        variables: Json | None = None,
        token: str | None = None,
        *,
        base: str | None = None,
        address: str | None = None,
    ) -> tuple[int, Json]:
        """Ask with POST: (status, body). A proxy that is trusted says that it comes from an `address`."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if address is not None:
            headers["X-Forwarded-For"] = address
        async with self.session.post(
            f"{base or self.api}/graphql", json={"query": query, "variables": variables or {}}, headers=headers
        ) as response:
            return response.status, await response.json()

    async def ask(
        self, query: str, variables: Json | None = None, token: str | None = None, *, address: str | None = None
    ) -> Json:
        """Ask with POST and return the data; fails on errors."""
        status, body = await self.post(query, variables, token, address=address)
        assert status == 200, body
        assert "errors" not in body, body
        data: Json = body["data"]
        return data

    def at(self, url: str) -> Platform:
        """Return the same platform as seen through another API."""
        return replace(self, settings=replace(self.settings, api_url=url))

    def edge_fetch(self, document_id: str) -> Json:
        """Return the header by which an edge asks the API for a document on its own account."""
        return {FETCH: mark(Keys(self.settings.secret_key), document_id)}

    async def user(self, name: str = "Ana", email: str = "") -> User:
        """Sign somebody new up, from an address of their own."""
        email, address = email or f"{uuid4().hex}@example.com", an_address()
        await self.ask(
            """mutation ($input: SignUpInput!) { signUp(input: $input) {
                ... on CheckYourMail { expiresIn } ... on UserError { message } } }""",
            {"input": {"email": email, "password": PASSWORD, "name": name}},
            address=address,
        )
        answer = await self.ask(
            """mutation ($token: String!) { verifyEmail(token: $token) { ... on SignedIn {
                accessToken refreshToken viewer { id } } ... on UserError { message } } }""",
            {"token": await self.mail.token(email)},
            address=address,
        )
        signed = answer["verifyEmail"]
        return User(self, email, signed["viewer"]["id"], signed["accessToken"], signed["refreshToken"], address)

    async def resident(self, name: str = "Ana") -> User:
        """Sign somebody in who has an account, where nobody delivers mail."""
        email, address = await opened(self.database.handle, name), an_address()
        answer = await self.ask(
            """mutation ($input: SignInInput!) { signIn(input: $input) { ... on SignedIn {
                accessToken refreshToken viewer { id } } ... on UserError { message } } }""",
            {"input": {"email": email, "password": PASSWORD}},
            address=address,
        )
        signed = answer["signIn"]
        return User(self, email, signed["viewer"]["id"], signed["accessToken"], signed["refreshToken"], address)


def an_address() -> str:
    """Return an address that nobody else has; the documentation's network has enough of them (RFC 3849)."""
    return f"2001:db8:{secrets.randbits(16):x}:{secrets.randbits(16):x}::1"


@dataclass
class User:
    """Somebody signed in, and shorthand for what they do."""

    platform: Platform
    email: str
    id: str
    token: str
    refresh_token: str
    address: str = ""
    made: list[str] = field(default_factory=list)

    async def ask(self, query: str, variables: Json | None = None) -> Json:
        """Ask as this user."""
        return await self.platform.ask(query, variables, self.token)

    async def do(self, mutation: str, type_: str, input_: Json, fields: str = "id") -> Json:
        """Run a mutation that takes `input`, and return its result, whichever member of the union it is."""
        query = f"""mutation ($input: {mutation[0].upper()}{mutation[1:]}Input!) {{ {mutation}(input: $input) {{
            __typename ... on {type_} {{ {fields} }} ... on UserError {{ message code path }} }} }}"""
        answer = await self.ask(query, {"input": input_})
        result: Json = answer[mutation]
        return result

    async def by_id(self, mutation: str, type_: str, id_: str, fields: str = "id") -> Json:
        """Run a mutation that takes an `id`."""
        query = f"""mutation ($id: ID!) {{ {mutation}(id: $id) {{
            __typename ... on {type_} {{ {fields} }} ... on UserError {{ message code path }} }} }}"""
        answer = await self.ask(query, {"id": id_})
        result: Json = answer[mutation]
        return result

    async def organization(self, name: str = "Estudio") -> str:
        """Found an organization."""
        made = await self.do("createOrganization", "Organization", {"name": name})
        return str(made["id"])

    async def member(self, organization: str, role: str) -> User:
        """Sign somebody new up and make them a member."""
        other = await self.platform.user()
        other.made.append(await other.join(organization, role))
        return other

    async def api_key(self, organization: str, **fields: Any) -> tuple[str, str]:
        """Make an API key: (its id, its secret)."""
        input_ = {"organizationId": organization, "name": "Portal", **fields}
        made = await self.do("createApiKey", "ApiKeyCreated", input_, "secret apiKey { id }")
        return made["apiKey"]["id"], made["secret"]

    async def join(self, organization: str, role: str) -> str:
        """Become a member, as if an invitation had been accepted; return the membership's id."""
        member = {
            "_id": ObjectId(),
            "created_at": now(),
            "organization": ids.key(organization, "Organization"),
            "user": ids.key(self.id, "User"),
            "role": role,
        }
        await self.platform.database.handle["memberships"].insert_one(member)
        return str(ids.encode("Membership", member["_id"]))

    async def project(self, organization: str, **fields: Any) -> str:
        """Begin a project."""
        input_ = {
            "organizationId": organization,
            "title": "Casa",
            "kind": "HOUSE",
            "address": {"city": "Madrid", "country": "ES"},
            **fields,
        }
        made = await self.do("createProject", "Project", input_)
        return str(made["id"])

    async def public_project(self, organization: str, **fields: Any) -> str:
        """Begin a project and show it to everybody."""
        project = await self.project(organization, **fields)
        shown = {"id": project, "visibility": "PUBLIC", "status": "ACTIVE"}
        await self.do("showProject", "Project", shown)
        return project

    async def design(self, project: str, *, published: bool = False, **fields: Any) -> str:
        """Begin a design."""
        input_ = {"projectId": project, "title": "Salón", "room": "LIVING_ROOM", "style": "JAPANDI", **fields}
        made = await self.do("createDesign", "Design", input_)
        if published:
            await self.by_id("publishDesign", "Design", made["id"])
        return str(made["id"])

    async def edit(self, design: str, *edits: Json, batch: str | None = None, base: int = 0) -> Json:
        """Apply a batch of edits."""
        answer = await self.ask(
            """mutation ($design: ID!, $batch: ID!, $base: Int!, $edits: [DesignEditInput!]!) {
                applyDesignEdits(designId: $design, batchId: $batch, baseSeq: $base, edits: $edits) {
                __typename ... on EditsApplied { seq inverse dropped { index reason } }
                ... on UserError { message code path } } }""",
            {"design": design, "batch": batch or uuid4().hex, "base": base, "edits": list(edits)},
        )
        result: Json = answer["applyDesignEdits"]
        return result

    async def undo(self, design: str, inverse: str, *, batch: str | None = None) -> Json:
        """Undo a batch of edits."""
        answer = await self.ask(
            """mutation ($design: ID!, $batch: ID!, $inverse: ID!) {
                undoDesignEdits(designId: $design, batchId: $batch, inverse: $inverse) {
                __typename ... on EditsApplied { seq inverse dropped { index reason } }
                ... on UserError { message code path } } }""",
            {"design": design, "batch": batch or uuid4().hex, "inverse": inverse},
        )
        result: Json = answer["undoDesignEdits"]
        return result


def added(key: str, **fields: Any) -> Json:
    """Return an edit that adds an element."""
    shape = {"kind": "FURNITURE", "x": 0, "y": 0, "width": 100, "height": 50}
    return {"addElement": {"key": key, **shape, **fields}}


@asynccontextmanager
async def running(process: Process, settings: Settings) -> AsyncIterator[None]:
    """Serve a process's site and run its background work, as `app.process` does."""
    tasks = [asyncio.ensure_future(work()) for work in process.background]
    runner = None
    if process.application is not None:
        runner = process.runner(process.application, access_log=None, shutdown_timeout=2, **process.handler_args)
    try:
        if runner is not None:
            await runner.setup()
            await web.TCPSite(runner, settings.host, process.port).start()
        yield
    finally:
        pending = set(tasks)
        while pending:  # as `app.process` does, and for the same reason
            for task in pending:
                task.cancel()
            pending = (await asyncio.wait(pending, timeout=1))[1]
        if runner is not None:
            await runner.cleanup()
        for close in process.close:
            await close()


@asynccontextmanager
async def start(settings: Settings) -> AsyncIterator[Platform]:
    """Start a platform on free ports, on the services that `settings` name."""
    api_port, edge_port, images_port = free_port(), free_port(), free_port()
    settings = replace(
        settings,
        api_port=api_port,
        edge_port=edge_port,
        images_port=images_port,
        api_url=f"http://127.0.0.1:{api_port}",
        images_url=f"http://127.0.0.1:{images_port}",
        public_url=f"http://127.0.0.1:{edge_port}",
    )
    async with AsyncExitStack() as stack:
        database = await open_database(settings)  # one for all: Beanie binds the documents to the last that was opened
        stack.push_async_callback(database.close)
        await database.prepare()
        mail = Letterbox()
        processes = {
            "relay": await relay.process(settings, database, mail),
            "images": await images.process(settings),
            "api": await api.process(settings, database),
            "edge": await edge.process(settings),
        }
        for process in processes.values():
            await stack.enter_async_context(running(process, settings))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        platform = Platform(settings, database, session, processes, mail)
        await until_ready(processes["edge"])
        yield platform


@asynccontextmanager
async def another_api(
    platform: Platform,
    *,
    database: Database | None = None,
    pace: Pace | None = None,
    limits: Limits | None = None,
    **changes: Any,
) -> AsyncIterator[Platform]:
    """Start one more API with other settings on the platform's services, and give the platform seen through it.

    A `database` of its own can only be read through loaders: mutations need the one that Beanie is bound to.
    """
    settings = replace(platform.settings, api_port=free_port(), **changes)
    process = await api.process(settings, database or platform.database, pace, limits)
    async with running(process, settings):
        yield platform.at(f"http://127.0.0.1:{settings.api_port}")


async def until_ready(process: Process) -> None:
    """Wait until a process's dependencies answer."""
    async with asyncio.timeout(15):
        for check in process.checks.values():
            while True:
                try:
                    await check()
                    break
                except Exception:  # noqa: BLE001 - whatever a check raises, it is not ready
                    await asyncio.sleep(0.05)
