"""Run Node programs, those of `tests/web/audit` against a server.

They live in a cache folder with their packages, installed once for each state of the lock file.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

_AUDIT = Path(__file__).parent / "audit"
_CACHE = Path(__file__).resolve().parents[2] / ".data" / "node"
_INSTALL_SECONDS = 300

Transport = Literal["ws", "sse"]


class NodeError(Exception):
    """A Node program ended with an error; the message is what it wrote on standard error."""


@dataclass(frozen=True)
class Subscription:
    """A subscription held by one of the reference clients, in a process of its own."""

    process: asyncio.subprocess.Process

    async def connected(self) -> None:
        """Wait until the client is connected; the server may still be setting the subscription up.

        Raises:
            NodeError: the client ended without a connection.

        """
        line = await _pipe(self.process.stderr).readline()
        if line.strip() != b"connected":
            rest = await _pipe(self.process.stderr).read()
            raise NodeError((line + rest).decode().strip() or "The client ended before it was connected.")

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        """Yield each event's result, `{"data": …}`, until as many came as were asked for, or the server completes.

        Raises:
            NodeError: the subscription failed, or the time is over.

        """
        async for line in _pipe(self.process.stdout):
            yield json.loads(line)
        message = (await _pipe(self.process.stderr).read()).decode().removeprefix("connected\n").strip()
        if await self.process.wait():
            raise NodeError(message)


@dataclass(frozen=True)
class NodeClients:
    """The programs, ready to run: `folder` holds them beside their `node_modules`."""

    node: str
    folder: Path

    async def run(self, program: str, *arguments: str) -> Any:
        """Run a program to its end and return the JSON value that it prints.

        Raises:
            NodeError: it ended with an error.

        """
        process = await self._start(program, arguments, {})
        output, errors = await process.communicate()
        if process.returncode:
            raise NodeError(errors.decode().strip())
        return json.loads(output)

    @asynccontextmanager
    async def subscribe(
        self,
        transport: Transport,
        url: str,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        count: int = 1,
        parameters: Mapping[str, str] | None = None,
        seconds: float = 20,
    ) -> AsyncIterator[Subscription]:
        """Subscribe to `count` events; leaving the block ends the client.

        `url` is the endpoint as http(s), for both transports. `parameters` are the connection's parameters over
        WebSocket and the request's headers over SSE. The client gives up after `seconds`.
        """
        environment = {"PARAMETERS": json.dumps(dict(parameters or {})), "TIMEOUT_SECONDS": str(seconds)}
        arguments = (url, query, json.dumps(dict(variables or {})), str(count))
        process = await self._start(f"{transport}.mjs", arguments, environment)
        try:
            yield Subscription(process)
        finally:
            with suppress(ProcessLookupError):  # it has ended by itself
                process.kill()
            await process.communicate()  # reads both pipes to their ends, which closes them

    async def _start(
        self, program: str, arguments: tuple[str, ...], environment: Mapping[str, str]
    ) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            self.node,
            str(self.folder / program),
            *arguments,
            env={**os.environ, **environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )


def install() -> NodeClients:
    """Install the packages of the reference clients, and take the programs as they are now. Skips without Node."""
    return NodeClients(*installed(_AUDIT))


def installed(source: Path) -> tuple[str, Path]:
    """Copy a folder of Node programs to the cache, with their packages: (node, the copy). Skips the test without Node.

    The packages are installed once for each state of the lock file.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip(f"node is not installed: this runs what is in {source.name} with npm packages")
    lock = (source / "package-lock.json").read_bytes()
    folder = _CACHE / hashlib.sha256(lock).hexdigest()[:16]
    for path in source.iterdir():
        if path.is_dir() and path.name != "node_modules":
            shutil.rmtree(folder / path.name, ignore_errors=True)  # a file that was removed is no more
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("node_modules", "dist"), dirs_exist_ok=True)
    done = folder / "installed"  # written last: an installation that was cut short is made again
    if not done.exists():
        subprocess.run(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True, timeout=_INSTALL_SECONDS
        )
        done.touch()
    return node, folder


def _pipe(stream: asyncio.StreamReader | None) -> asyncio.StreamReader:
    if stream is None:
        raise NodeError("The process was started without pipes.")
    return stream
