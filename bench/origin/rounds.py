"""Rounds of measurements: every server in turn, for every operation, as often as is asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import aiohttp
from rich.progress import track

from bench.gallery import commands_of
from bench.origin import agreement
from bench.origin.measure import Run, run
from bench.origin.operations import Operation, targets
from bench.origin.servers import Server
from bench.origin.subjects import Subjects
from bench.stand import Stand

WARM_UP_SECONDS = 2.0
Name = tuple[str, str]
"""An operation's name and a server's."""


@dataclass(frozen=True)
class Rounds:
    """What is measured, and what was found."""

    running: Stand
    subjects: Subjects
    servers: Sequence[Server]
    operations: Sequence[Operation]
    found: defaultdict[Name, list[Run]] = field(default_factory=lambda: defaultdict(list))

    async def agree(self) -> dict[str, int]:
        """Return the bytes of each operation's answer; raises BenchError where servers answer differently."""
        async with aiohttp.ClientSession() as session:
            return await agreement.agree(session, self.servers, self.operations, self._token())

    async def measure(self, rounds: int, seconds: float) -> None:
        """Warm everything up, then run the rounds."""
        for operation in self.operations:
            for server in self.servers:
                await self._run(server, operation, WARM_UP_SECONDS)
        for _ in track(range(rounds), description="rounds", transient=True):
            for operation in self.operations:
                for server in self.servers:
                    self.found[operation.name, server.name].append(await self._run(server, operation, seconds))

    async def commands(self) -> dict[Name, int]:
        """Return how many commands one request sends to MongoDB."""
        counts: dict[Name, int] = {}
        for operation in self.operations:
            headers = {"Authorization": f"Bearer {self._token()}"} if operation.signed else {}
            async with aiohttp.ClientSession(headers=headers) as session:
                for server in self.servers:
                    url = f"http://127.0.0.1:{server.port}{targets(server.address, operation)[0]}"
                    counts[operation.name, server.name] = len(await commands_of(self.running, session, url))
        return counts

    async def _run(self, server: Server, operation: Operation, seconds: float) -> Run:
        return await run(server, operation, seconds, self._token(), self.running.pids["mongodb"])

    def _token(self) -> str:
        """Return an access token; it is good for five minutes, which is less than all this takes."""
        return self.subjects.keys.access_token(self.subjects.claims)
