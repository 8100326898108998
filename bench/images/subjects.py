"""Who is measured: each makes a variant of the photograph in a format, in a quality, and says what that costs."""

from __future__ import annotations

import asyncio
import base64
import resource
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import aiohttp
import orjson
from yarl import URL

from bench.images.processes import cpu_seconds, family
from bench.images.setting import CONNECTIONS, HEIGHT, WIDTH, Encoding
from bench.stand import BenchError

_SHOWN = 300  # characters of an error


class Subject(Protocol):
    """One that makes variants."""

    @property
    def name(self) -> str:
        """Who it is."""
        ...

    @property
    def efforts(self) -> Mapping[Encoding, int]:
        """Of the encoders, 0 to 9; a format that is not here is not measured."""
        ...

    @property
    def at_once(self) -> Sequence[int]:
        """How many variants it is asked for at once, in one measurement and in the next."""
        ...

    async def make(self, encoding: Encoding, quality: int) -> bytes:
        """Return one variant."""
        ...

    async def measure(self, encoding: Encoding, quality: int, at_once: int) -> float:
        """Make so many variants at once; return the CPU seconds of each."""
        ...


@dataclass(frozen=True)
class Server:
    """A program that answers over HTTP; `target` gives the path for a format, a quality, and one of the originals."""

    name: str
    efforts: Mapping[Encoding, int]
    session: aiohttp.ClientSession
    port: int
    pid: int
    target: Callable[[Encoding, int, int], str]
    at_once: Sequence[int] = (1, CONNECTIONS)

    async def make(self, encoding: Encoding, quality: int, original: int = 0) -> bytes:
        """Return one variant."""
        path = self.target(encoding, quality, original)
        url = URL(f"http://127.0.0.1:{self.port}{path}", encoded=True)
        async with self.session.get(url) as response:
            body = await response.read()
        if response.content_type != f"image/{encoding}":
            raise BenchError(f"{self.name} answers {response.status}: {body[:_SHOWN].decode(errors='replace')}")
        return body

    async def measure(self, encoding: Encoding, quality: int, at_once: int) -> float:
        """Ask for variants of so many originals at once; return CPU seconds a variant."""
        pids = family(self.pid)
        before = cpu_seconds(pids)
        await asyncio.gather(*(self.make(encoding, quality, original) for original in range(at_once)))
        if family(self.pid) != pids:
            raise BenchError(f"A process of {self.name} ended, or began, while it was measured.")
        return (cpu_seconds(pids) - before) / at_once


@dataclass(frozen=True)
class Direct:
    """The program `bench.images.direct`, in a process of its own."""

    name: str
    efforts: Mapping[Encoding, int]
    process: asyncio.subprocess.Process
    at_once: Sequence[int] = (1,)

    async def make(self, encoding: Encoding, quality: int) -> bytes:
        """Return one variant; the quality is the worker's."""
        del quality
        return base64.b64decode((await self._ask(encoding))["body"])

    async def measure(self, encoding: Encoding, quality: int, at_once: int) -> float:
        """Make one."""
        del quality, at_once
        return float((await self._ask(encoding))["seconds"])

    async def _ask(self, encoding: Encoding) -> dict[str, str]:
        if self.process.stdin is None or self.process.stdout is None:
            raise BenchError(f"{self.name} has no pipes.")
        self.process.stdin.write(f"{encoding}\n".encode())
        line = await self.process.stdout.readline()
        if not line:
            raise BenchError(f"{self.name} ended; its message is above.")
        answer: dict[str, str] = orjson.loads(line)
        return answer


@dataclass(frozen=True)
class Command:
    """The command `vipsthumbnail`, which is started for each variant, as scripts do."""

    name: str
    efforts: Mapping[Encoding, int]
    program: str
    original: Path
    folder: Path
    at_once: Sequence[int] = (1,)

    async def make(self, encoding: Encoding, quality: int) -> bytes:
        """Return one variant."""
        made = self.folder / f"thumbnail.{encoding}"
        output = f"{made}[Q={quality},effort={self.efforts[encoding]},strip]"
        process = await asyncio.create_subprocess_exec(
            *(self.program, str(self.original), "--size", f"{WIDTH}x{HEIGHT}!", "--output", output),
            env={"VIPS_CONCURRENCY": "1"},
        )
        if await process.wait():
            raise BenchError(f"{self.name} failed; its message is above.")
        return await asyncio.to_thread(made.read_bytes)

    async def measure(self, encoding: Encoding, quality: int, at_once: int) -> float:
        """Start it once."""
        del at_once
        before = _ended()
        await self.make(encoding, quality)
        return _ended() - before

    async def version(self) -> str:
        """Return what it says of its libvips."""
        asking = await asyncio.create_subprocess_exec(self.program, "--vips-version", stdout=asyncio.subprocess.PIPE)
        return f"{self.name}: {(await asking.communicate())[0].decode().strip()}"


def _ended() -> float:
    """Return the CPU seconds of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
