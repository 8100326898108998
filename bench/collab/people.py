"""Who edits: people with an organization, a design, and the ways to ask."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp
import orjson

from bench.mailbox import Mailbox

APPLY = """mutation ($design: ID!, $batch: ID!, $edits: [DesignEditInput!]!) {
    applyDesignEdits(designId: $design, batchId: $batch, baseSeq: 0, edits: $edits) {
    ... on EditsApplied { seq } ... on UserError { message } } }"""
EVENTS = """subscription ($design: ID!, $after: Int) { designEvents(designId: $design, afterSeq: $after) { __typename
    ... on EditsCommitted { seq batchId author { id } edits { __typename
        ... on ElementAdded { key kind x y width height rotation parent order props }
        ... on ElementSet { key patch { x y width height rotation props } }
        ... on ElementRemoved { keys } ... on ElementMoved { key parent order } } } } }"""
_SIGN_UP = """mutation ($input: SignUpInput!) { signUp(input: $input) {
    ... on CheckYourMail { expiresIn } ... on UserError { message } } }"""
_VERIFY = """mutation ($token: String!) { verifyEmail(token: $token) {
    ... on SignedIn { accessToken viewer { id } } ... on UserError { message } } }"""
_AT_ONCE = 4


@dataclass
class People:
    """Some people of one organization, and their access tokens."""

    api: str
    session: aiohttp.ClientSession
    mail: Mailbox
    tokens: list[str] = field(default_factory=list)
    project: str = ""
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def ask(self, query: str, variables: dict[str, Any], token: str = "", address: str = "") -> Any:
        """Ask the API, as from some address; raises RuntimeError on errors."""
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        if address:
            headers["X-Forwarded-For"] = address
        body = orjson.dumps({"query": query, "variables": variables})
        async with self.session.post(f"{self.api}/graphql", data=body, headers=headers) as response:
            answer = orjson.loads(await response.read())
        if "errors" in answer:
            raise RuntimeError(answer["errors"])
        return answer["data"]

    async def gather(self, count: int) -> None:
        """Sign so many new ones up, and have them belong to one organization."""
        crowd = uuid4().hex[:8]
        emails = [f"person{number}.{crowd}@bench.example" for number in range(count)]
        slots = asyncio.Semaphore(_AT_ONCE)

        async def sign_up(email: str) -> str:
            async with slots:
                input_ = {"email": email, "password": "correct horse battery", "name": email.partition("@")[0]}
                address = f"2001:db8:{secrets.randbits(16):x}:{secrets.randbits(16):x}::1"  # one has few sign-ups
                await self.ask(_SIGN_UP, {"input": input_}, address=address)
                answer = await self.ask(_VERIFY, {"token": await self.mail.token(email)})
                return str(answer["verifyEmail"]["accessToken"])

        self.tokens = await asyncio.gather(*map(sign_up, emails))
        made = await self._do("createOrganization", "CreateOrganizationInput", {"name": "Bench"}, "Organization")
        for email, token in zip(emails[1:], self.tokens[1:], strict=True):
            member = {"organizationId": made, "email": email, "role": "EDITOR"}
            invitation = await self._do("inviteMember", "InviteMemberInput", member, "Invitation")
            query = """mutation ($id: ID!) { acceptInvitation(input: {id: $id}) {
                ... on Membership { id } ... on UserError { message } } }"""
            await self.ask(query, {"id": invitation}, token)
        address = {"city": "Madrid", "country": "ES"}
        project = {"organizationId": made, "title": "Casa", "kind": "HOUSE", "address": address}
        self.project = await self._do("createProject", "CreateProjectInput", project, "Project")

    async def design(self, elements: int = 0) -> str:
        """Begin a design with so many elements; return its id."""
        input_ = {"projectId": self.project, "title": "Salón", "room": "LIVING_ROOM", "style": "JAPANDI"}
        design = await self._do("createDesign", "CreateDesignInput", input_, "Design")
        for first in range(0, elements, 500):
            await self.apply(design, [added(f"e{number}") for number in range(first, min(first + 500, elements))])
        return design

    def batch(self) -> str:
        """Return a name for a batch."""
        return f"b{next(self._numbers)}"

    async def apply(self, design: str, edits: list[dict[str, Any]], person: int = 0, batch: str = "") -> int:
        """Apply a batch; return its number."""
        variables = {"design": design, "batch": batch or self.batch(), "edits": edits}
        return int((await self.ask(APPLY, variables, self.tokens[person]))["applyDesignEdits"]["seq"])

    async def _do(self, mutation: str, kind: str, input_: dict[str, Any], result: str) -> str:
        query = f"""mutation ($input: {kind}!) {{ {mutation}(input: $input) {{
            ... on {result} {{ id }} ... on UserError {{ message }} }} }}"""
        return str((await self.ask(query, {"input": input_}, self.tokens[0]))[mutation]["id"])


def added(key: str) -> dict[str, Any]:
    """Return an edit that adds a piece of furniture."""
    shape = {"kind": "FURNITURE", "x": 10, "y": 20, "width": 100, "height": 50, "props": {"item": "sofa"}}
    return {"addElement": {"key": key, **shape}}


def moved(key: str, x: float) -> dict[str, Any]:
    """Return an edit that changes one property."""
    return {"setElement": {"key": key, "x": x}}
