"""A replica set of three, so that one can step down and another take over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import ConnectionFailure

from app.embedded import EmbeddedMongoDB
from app.embedded.ports import free_port
from app.embedded.service import HOST, poll

_NAME = "rs0"
_MEMBERS = 3
_MEGABYTE = 1024 * 1024


class Member(EmbeddedMongoDB):
    """One mongod, ready as soon as it answers: the set is made when all do. Its oplog holds little."""

    def arguments(self) -> Sequence[str]:
        """Keep 16 MB of the oplog, and a checkpoint a second, which is as far back as it must reach."""
        arguments = [*super().arguments()]
        arguments[arguments.index("--oplogSize") + 1] = "16"
        return [*arguments, "--syncdelay", "1"]

    async def wait_until_ready(self) -> None:
        """Wait for an answer."""
        async with _direct(self.port) as client:

            async def answers() -> bool:
                try:
                    await client.admin.command("ping")
                except ConnectionFailure:
                    return False
                return True

            await poll(answers)


def _direct(port: int) -> AsyncMongoClient[dict[str, Any]]:
    return AsyncMongoClient(HOST, port, directConnection=True, serverSelectionTimeoutMS=200)


@dataclass
class ReplicaSet:
    """A running set and its address."""

    members: list[Member]

    @property
    def url(self) -> str:
        """The address, by all members."""
        names = ",".join(f"{HOST}:{member.port}" for member in self.members)
        return f"mongodb://{names}/?replicaSet={_NAME}"

    async def primary(self) -> Member:
        """Return the member that takes writes."""
        async with AsyncMongoClient[dict[str, Any]](self.url) as client:
            port = (await client.admin.command("hello"))["me"].rpartition(":")[2]
        return next(member for member in self.members if member.port == int(port))

    async def forget_what_happened(self) -> None:
        """Write until the primary's oplog no longer reaches back to what is its newest entry now."""
        async with AsyncMongoClient[dict[str, Any]](self.url, w="majority") as client:
            oplog = client.local["oplog.rs"]
            (newest,) = await oplog.find(sort=[("$natural", -1)], limit=1).to_list()

            async def forgotten() -> bool:
                await client["elsewhere"]["noise"].insert_many([{"noise": bytes(_MEGABYTE)} for _ in range(8)])
                (oldest,) = await oplog.find(sort=[("$natural", 1)], limit=1).to_list()
                return bool(oldest["ts"] > newest["ts"])

            await asyncio.wait_for(poll(forgotten), 30)

    async def step_down(self) -> None:
        """Have the primary hand over, and not come back for ten seconds."""
        async with AsyncMongoClient[dict[str, Any]](self.url) as client:
            await client.admin.command("replSetStepDown", 10, secondaryCatchUpPeriodSecs=5)


@asynccontextmanager
async def replica_set(folder: Path) -> AsyncIterator[ReplicaSet]:
    """Start a replica set that notices a lost primary within a second."""
    async with AsyncExitStack() as stack:
        members = [Member(folder / f"member{number}", free_port(), durable=False) for number in range(_MEMBERS)]
        for member in members:
            await stack.enter_async_context(member)
        names = [f"{HOST}:{member.port}" for member in members]
        config = {
            "_id": _NAME,
            "members": [{"_id": number, "host": name} for number, name in enumerate(names)],
            "settings": {"electionTimeoutMillis": 1000, "heartbeatIntervalMillis": 200},
            "writeConcernMajorityJournalDefault": False,
        }
        async with _direct(members[0].port) as client:
            await client.admin.command("replSetInitiate", config)

            async def is_primary() -> bool:
                return bool((await client.admin.command("hello"))["isWritablePrimary"])

            await poll(is_primary)
        try:
            yield ReplicaSet(members)
        finally:
            for member in members:
                member.kill()  # stopped in order, each would wait for a successor
