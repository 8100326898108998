"""Many clients of the real core, in one Node process that is told what to do; see `web/collab/harness/client.ts`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.web.node import NodeClients

_LONGEST_LINE = 16 << 20  # a canvas

Json = dict[str, Any]


@dataclass
class Crowd:
    """The clients: what was acknowledged to them so far (numbers in the log by batch), and what else they said."""

    process: asyncio.subprocess.Process
    acknowledged: dict[str, int] = field(default_factory=dict)
    refused: list[Json] = field(default_factory=list)
    said: list[Json] = field(default_factory=list)
    _heard: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def tell(self, command: Mapping[str, Any]) -> None:
        """Tell it something."""
        assert self.process.stdin is not None
        self.process.stdin.write(orjson.dumps(command) + b"\n")
        await self.process.stdin.drain()

    async def acknowledges(self, count: int, seconds: float) -> None:
        """Wait until so many batches were acknowledged in all."""
        await self._until(lambda: len(self.acknowledged) >= count, f"{count} acknowledgements", seconds)

    async def says(self, name: str, seconds: float, count: int = 1) -> list[Json]:
        """Wait until it has said this so often, and return what."""

        def found() -> list[Json]:
            return [said for said in self.said if name in said]

        await self._until(lambda: len(found()) >= count, name, seconds)
        return found()

    async def listen(self) -> None:
        """Read what it says, to the end."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            said = orjson.loads(line)
            if "acknowledged" in said:
                seq = self.acknowledged.setdefault(said["acknowledged"], said["seq"])
                assert seq == said["seq"]  # the same batch again has the same answer
            elif "refused" in said:
                self.refused.append(said["refused"])
            else:
                self.said.append(said)
            async with self._heard:
                self._heard.notify_all()

    async def _until(self, condition: Any, what: str, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds), self._heard:
                await self._heard.wait_for(condition)
        except TimeoutError as error:
            message = f"{what}: not within {seconds:.0f} s; {len(self.acknowledged)} batches are acknowledged"
            raise AssertionError(message) from error


@asynccontextmanager
async def crowd(core: NodeClients, config: Mapping[str, Any]) -> AsyncIterator[Crowd]:
    """Start the clients, quiet as yet."""
    process = await asyncio.create_subprocess_exec(
        core.node,
        str(core.folder / "dist" / "harness" / "client.js"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LONGEST_LINE,
    )
    clients = Crowd(process)
    listening = asyncio.create_task(clients.listen())
    try:
        await clients.tell(config)
        yield clients
    except AssertionError:
        await clients.tell({"do": "look"})
        for each in await clients.says("looks", 5, config["clients"]):
            sys.stdout.write(f"{each['looks']}\n")  # for the failure's report
        raise
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await listening
