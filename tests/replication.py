"""A device that keeps copies, for tests: it pulls until it lacks nothing, and pushes what it changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from beanie import PydanticObjectId

from schema import ids
from tests.platform import Json, User

SECONDS = 15.0

FIELDS = {
    "Project": """id _deleted organizationId ownerId title description kind status visibility style
        address { street postalCode city country } location { latitude longitude } areaM2 rooms
        price { amount currency } coverId createdAt""",
    "Design": "id _deleted organizationId projectId authorId title room style seq coverId createdAt publishedAt",
    "Comment": """id _deleted organizationId designId parentId authorId body anchor { element x y } orphaned mentionIds
        createdAt editedAt resolvedAt resolverId""",
}


def new_id(kind: str) -> str:
    """Return an id that a device makes."""
    return str(ids.encode(kind, PydanticObjectId()))


@dataclass
class Device:
    """A device's copies of one kind of document."""

    user: User
    kind: str
    checkpoint: Json | None = None
    copies: dict[str, Json] = field(default_factory=dict)
    pages: list[list[Json]] = field(default_factory=list)

    async def pull(self, limit: int = 100) -> list[Json]:
        """Pull one page, and take it over."""
        query = f"""query ($checkpoint: CheckpointInput, $limit: Int!) {{
            found: pull{self.kind}s(checkpoint: $checkpoint, limit: $limit) {{
            documents {{ {FIELDS[self.kind]} }} checkpoint {{ position }} }} }}"""
        found = (await self.user.ask(query, {"checkpoint": self.checkpoint, "limit": limit}))["found"]
        self.take(found)
        documents: list[Json] = found["documents"]
        return documents

    def take(self, bulk: Json) -> None:
        """Take a page over."""
        self.pages.append(bulk["documents"])
        self.checkpoint = bulk["checkpoint"]
        for document in bulk["documents"]:
            if document["_deleted"]:
                self.copies.pop(document["id"], None)
            else:
                self.copies[document["id"]] = document

    async def until(self, condition: Callable[[dict[str, Json]], object], limit: int = 100) -> dict[str, Json]:
        """Pull until the copies are as they should be: the log is written a moment after what it tells of."""
        async with asyncio.timeout(SECONDS):
            while True:
                while len(await self.pull(limit)) == limit:
                    pass
                if condition(self.copies):
                    return self.copies
                await asyncio.sleep(0.02)

    async def push(self, *rows: tuple[Json, Json | None]) -> list[Json]:
        """Push (new state, assumed state) of documents; return the conflicts."""
        return list((await self.pushed(*rows))["pushed"])

    async def pushed(self, *rows: tuple[Json, Json | None]) -> Any:
        """Push, and return the answer's data; fails on errors."""
        return await self.user.ask(self.mutation, {"rows": self.rows(*rows)})

    @property
    def mutation(self) -> str:
        """Return the mutation that pushes."""
        return f"""mutation ($rows: [{self.kind}PushRow!]!) {{
            pushed: push{self.kind}s(rows: $rows) {{ {FIELDS[self.kind]} refusal }} }}"""

    @staticmethod
    def rows(*rows: tuple[Json, Json | None]) -> list[Json]:
        """Return rows as they are sent."""
        return [{"newDocumentState": new, "assumedMasterState": assumed} for new, assumed in rows]
