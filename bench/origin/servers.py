"""The servers, over one MongoDB, each on the first core."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.embedded.leash import leashed
from app.embedded.ports import free_port
from app.settings import Settings
from bench.node import Peers
from bench.origin.operations import Address, Operation, by_apollo, by_mercurius, by_path, by_text
from bench.stand import ROOT, BenchError, Stand

MERCURIUS, PLAIN, OTHER = "Mercurius", "plain Strawberry", "the other checkout"
_READY_SECONDS = 30.0


@dataclass(frozen=True)
class Server:
    """A running server, and how it is asked for an operation."""

    name: str
    port: int
    pid: int
    address: Address


@dataclass(frozen=True)
class Program:
    """A server to be started: its command, in which checkout, and what its environment has beside the others'."""

    name: str
    command: Sequence[str]
    address: Address
    environment: Mapping[str, str] = field(default_factory=dict)
    checkout: Path = ROOT


def peer_programs(peers: Peers, operations: Sequence[Operation], key: str, folder: Path) -> list[Program]:
    """Return what the platform's API is compared with; the Node programs know the operations by their ids.

    `key` is the public key of access tokens, as a JWK.
    """
    registered = folder / "operations.json"
    registered.write_text(json.dumps({operation.id: operation.text for operation in operations}))
    environment = {"OPERATIONS": str(registered), "ACCESS_TOKEN_KEY": key}
    return [
        Program(MERCURIUS, peers.command("mercurius"), by_mercurius, environment),
        Program("GraphQL Yoga", peers.command("yoga"), by_apollo, environment),
        Program(PLAIN, (sys.executable, "-m", "bench.origin.plain"), by_text, environment),
    ]


def other_checkout(checkout: Path) -> Program:
    """Return another checkout's API, by its own interpreter."""
    command = (str(checkout / ".venv" / "bin" / "python"), "-m", "app", "api")
    return Program(OTHER, command, by_path, {"RATE_LIMITS": "off"}, checkout)


@asynccontextmanager
async def servers(running: Stand, programs: Sequence[Program], folder: Path) -> AsyncIterator[list[Server]]:
    """Start these servers beside the platform's API, which is the first; their logs are in the folder."""
    settings = running.settings
    async with AsyncExitStack() as stack:
        found = [Server("DiseñoPro", settings.api_port, running.pids["api"], by_path)]
        for program in programs:
            port = free_port()
            ports = {"PORT": str(port), "API_PORT": str(port), "ADMIN_PORT": str(free_port())}
            environment = {**_environment(settings), **program.environment, **ports}
            pid = await _start(stack, program, environment, folder / f"{program.name}.log")
            found.append(Server(program.name, port, pid, program.address))
        for server in found:
            pin(server.pid, 0)
        yield found


def pin(pid: int, core: int) -> None:
    """Have a process run on one core only, all its threads, where the system can and has two."""
    if sys.platform != "linux" or (os.cpu_count() or 1) <= core:
        return
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})


def _environment(settings: Settings) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    return {
        **inherited,
        "NODE_ENV": "production",
        "MONGODB_URL": settings.mongodb_url or "",
        "MONGODB_DATABASE": settings.mongodb_database,
        "REDIS_URL": settings.redis_url or "",
        "DATA_DIR": str(settings.data_dir),
        "PUBLIC_URL": settings.public_url,
        "SECRET_KEY": settings.secret_key,
        "IMGPROXY_KEY": settings.imgproxy_key,
        "IMGPROXY_SALT": settings.imgproxy_salt,
    }


async def _start(stack: AsyncExitStack, program: Program, environment: Mapping[str, str], log: Path) -> int:
    """Start a server and wait until it accepts connections; return its process id."""
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *leashed(signal.SIGKILL, *program.command),
            env=environment,
            cwd=program.checkout,
            stdout=output,
            stderr=output,
        )

    async def stop() -> None:
        if process.returncode is None:
            process.terminate()
        await process.wait()

    stack.push_async_callback(stop)
    try:
        async with asyncio.timeout(_READY_SECONDS):
            while not await _accepts(int(environment["PORT"])):  # noqa: ASYNC110 - another process starts
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        said = await asyncio.to_thread(log.read_text)
        raise BenchError(f"{program.name} is not ready after {_READY_SECONDS:.0f} s:\n{said}") from error
    return process.pid


async def _accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
