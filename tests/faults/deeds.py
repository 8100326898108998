"""Privileged actions in flight while processes are killed, and whether the log tells of them: of each, and no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle, pairwise
from typing import Any, Final

import aiohttp
from bson import ObjectId

from schema import ids
from tests.accounts import PASSWORD, opened
from tests.faults.world import Row, World

ROLES: Final = ("VIEWER", "EDITOR", "ADMIN")
HANDS: Final = 8
_PATIENCE: Final = 30.0  # a killed process's transaction holds what it has written for ten seconds

_CHANGE: Final = """mutation ($id: ID!, $role: Role!) { r: changeRole(input: {membershipId: $id, role: $role}) {
    __typename ... on Membership { id } } }"""
_PUBLISH: Final = "mutation ($id: ID!) { r: %sDesign(id: $id) { __typename ... on Design { id } } }"


class UnansweredError(Exception):
    """Nobody knows whether it was done: the answer is lost, or is a failure."""


@dataclass
class Subject:
    """A thing that is changed step by step: how many requests were sent, and the ids of those that changed it surely.

    They were acknowledged, and so was the one before (`known`): after one of which nobody knows, another may find that
    there is nothing to do, and be acknowledged too.
    """

    id: ObjectId
    kind: str
    sent: int = 0
    acknowledged: list[str] = field(default_factory=list)
    known: bool = True


def faults(subject: Subject, entries: Sequence[Mapping[str, Any]], before: str, after: str) -> list[str]:
    """Return what is wrong with the entries about a subject, whose state was `before` and is `after`; pure.

    Each entry goes on from the state to which the one before it led, so that one that is missing, doubled, or tells of
    what was never done breaks off there.
    """
    steps = [_step(entry) for entry in entries]
    states = [(before, before), *steps, (after, after)]
    found = [
        f"{subject.kind}: after {left[1]} comes {right[0]}" for left, right in pairwise(states) if left[1] != right[0]
    ]
    requests = [entry["request"] for entry in entries]
    found += [
        f"{request} was acknowledged and is no entry" for request in subject.acknowledged if request not in requests
    ]
    found += [f"{request} is two entries" for request in {*requests} if requests.count(request) > 1]
    if not len(subject.acknowledged) <= len(entries) <= subject.sent:
        found.append(f"{len(entries)} entries of {subject.sent} that were sent")
    return found


def _step(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Return the state before an entry's action, and after."""
    match entry["action"]:
        case "MEMBER_ROLE_CHANGED":
            return entry["details"]["was"], entry["details"]["role"]
        case "DESIGN_PUBLISHED":
            return "hidden", "published"
        case _:
            return "published", "hidden"


class Deeds:
    """Owners of organizations who change the role of a member, and publish and hide a design, without end."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._token = ""
        self._progress = asyncio.Condition()
        self.subjects: list[Subject] = []

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[Deeds]:
        """Found the organizations, and have actions in flight until the end; those that are under way end then."""
        await self._sign_in()
        done = asyncio.Event()
        members, designs = zip(*[await self._found() for _ in range(HANDS)], strict=True)
        self.subjects = [*members, *designs]
        tasks = [
            *(asyncio.create_task(self._roles(subject, done)) for subject in members),
            *(asyncio.create_task(self._publications(subject, done)) for subject in designs),
        ]
        try:
            yield self
        finally:
            done.set()
            await asyncio.gather(*tasks)

    async def some_are_done(self, count: int = 20) -> None:
        """Wait until so many more actions were acknowledged."""
        until = self._count() + count
        async with asyncio.timeout(90), self._progress:
            await self._progress.wait_for(lambda: self._count() >= until)

    def _count(self) -> int:
        return sum(len(subject.acknowledged) for subject in self.subjects)

    async def judged(self) -> list[str]:
        """Return what is wrong with the log."""
        found = list[str]()
        for subject in self.subjects:
            events = self._world.rows.audit_events.find({"kind": subject.kind, "subject": subject.id})
            entries = await events.sort([("created_at", 1), ("_id", 1)]).to_list()
            if subject.kind == "Membership":
                stored = await self._world.rows.memberships.find_one({"_id": subject.id})
                found += faults(subject, entries, ROLES[0], stored["role"])
            else:
                stored = await self._world.rows.designs.find_one({"_id": subject.id})
                found += faults(subject, entries, "hidden", "published" if stored["published_at"] else "hidden")
        return found

    async def _roles(self, subject: Subject, done: asyncio.Event) -> None:
        for role in cycle(("EDITOR", "ADMIN", "VIEWER")):
            if done.is_set():
                return
            await self._do(subject, _CHANGE, {"id": ids.encode("Membership", subject.id), "role": role})

    async def _publications(self, subject: Subject, done: asyncio.Event) -> None:
        for verb in cycle(("publish", "unpublish")):
            if done.is_set():
                return
            await self._do(subject, _PUBLISH % verb, {"id": ids.encode("Design", subject.id)})

    async def _do(self, subject: Subject, query: str, variables: Row) -> None:
        subject.sent += 1
        try:
            async with asyncio.timeout(_PATIENCE):
                request, _ = await self._ask(query, variables)
        except (aiohttp.ClientError, TimeoutError, UnansweredError):
            subject.known = False
            await asyncio.sleep(0.1)  # a dead process refuses at once
            return
        if subject.known:
            subject.acknowledged.append(request)
        subject.known = True
        async with self._progress:
            self._progress.notify_all()

    async def _ask(self, query: str, variables: Row) -> tuple[str, Any]:
        """Run a mutation at the API: (the request's id, its field `r`); raises UnansweredError."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        body = {"query": query, "variables": variables}
        async with self._world.session.post(f"{self._world.api}/graphql", json=body, headers=headers) as response:
            answer = await response.json()
            if response.status != 200 or "errors" in answer:
                raise UnansweredError(str(answer))
            return response.headers["X-Request-Id"], answer["data"]["r"]

    async def _sign_in(self) -> None:
        _, signed = await self._ask(
            "mutation ($i: SignInInput!) { r: signIn(input: $i) { ... on SignedIn { accessToken } } }",
            {"i": {"email": await opened(self._world.rows), "password": PASSWORD}},
        )
        self._token = signed["accessToken"]

    async def _found(self) -> tuple[Subject, Subject]:
        """Found an organization with a member (as if invited) and a design: what is changed."""
        _, organization = await self._ask(
            'mutation { r: createOrganization(input: {name: "E"}) { ... on Organization { id } } }', {}
        )
        key = ObjectId(str(ids.key(organization["id"], "Organization")))
        template = await self._world.rows.memberships.find_one({"organization": key})
        member = {**template, "_id": ObjectId(), "user": ObjectId(), "role": ROLES[0]}
        await self._world.rows.memberships.insert_one(member)
        _, project = await self._ask(
            """mutation ($i: CreateProjectInput!) { r: createProject(input: $i) { ... on Project { id } } }""",
            {
                "i": {
                    "organizationId": organization["id"],
                    "title": "T",
                    "kind": "HOUSE",
                    "address": {"city": "C", "country": "ES"},
                }
            },
        )
        _, design = await self._ask(
            "mutation ($i: CreateDesignInput!) { r: createDesign(input: $i) { ... on Design { id } } }",
            {"i": {"projectId": project["id"], "title": "T", "room": "STUDY", "style": "BOHO"}},
        )
        return Subject(member["_id"], "Membership"), Subject(ObjectId(str(ids.key(design["id"], "Design"))), "Design")
