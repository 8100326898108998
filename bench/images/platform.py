"""What is started: Redis, image workers, the edge, sharp, ipx, and libvips by itself; all over the same photograph."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from redis.asyncio import Redis

from app.embedded import EmbeddedRedis
from app.embedded.ports import free_port
from app.settings import Settings
from bench.edge import pulses
from bench.images.processes import running
from bench.images.setting import CONNECTIONS, EFFORTS, PEERS_EFFORTS, WIDTH, Encoding
from bench.images.subjects import Command, Direct, Server
from bench.node import Peers
from bench.stand import ROOT
from edge import stream
from edge.stream import START, Entry, EntryId
from models.asset import UPLOAD_LIMIT
from storage.assets import FolderAssetStore
from storage.image_links import ImageLinks

OURS = "DiseñoPro"
"""What the image worker is called in tables."""


@dataclass(frozen=True)
class Worker:
    """An image worker; `server` is how it is measured."""

    server: Server
    admin: str

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server.port}"


class Platform:
    """Starts programs on one temporary folder; they end with `stack`."""

    def __init__(self, stack: AsyncExitStack, folder: Path, redis_url: str, session: aiohttp.ClientSession) -> None:
        self._stack, self._folder, self._session = stack, folder, session
        self._environment = {"DATA_DIR": str(folder), "REDIS_URL": redis_url, "MONGODB_URL": "mongodb://127.0.0.1:1/"}
        settings = Settings()
        self._links = ImageLinks("", settings.imgproxy_key, settings.imgproxy_salt)

    def path(self, encoding: Encoding, quality: int, original: int, width: int = WIDTH) -> str:
        """Return the signed path of a variant; without a quality, in the worker's own."""
        address = f"asset://bench/photo-{original}.jpg"
        return self._links.url(address, width=width, fit="contain", format=encoding, quality=quality or None)

    async def worker(self, cache_bytes: int) -> Worker:
        """Start a worker that keeps so many bytes of variants."""
        port, admin = free_port(), free_port()
        ports = {"IMAGES_PORT": str(port), "ADMIN_PORT": str(admin), "IMAGES_CACHE_BYTES": str(cache_bytes)}
        pid = await self._start((sys.executable, "-m", "app", "images"), port, self._environment | ports)
        server = Server(OURS, EFFORTS, self._session, port, pid, self.path)
        return Worker(server, f"http://127.0.0.1:{admin}")

    async def edge(self, worker: Worker) -> tuple[int, int]:
        """Start an edge before a worker, with the pulses of a relay; return its port and process id."""
        redis = await self._stack.enter_async_context(Redis.from_url(self._environment["REDIS_URL"]))
        began = EntryId(1, 0)
        await stream.append(redis, START, [Entry(began, START, "", ())])
        pulsing = asyncio.create_task(pulses(redis, began))
        self._stack.callback(pulsing.cancel)
        port = free_port()
        ports = {"EDGE_PORT": str(port), "ADMIN_PORT": str(free_port()), "IMAGES_URL": worker.address}
        return port, await self._start((sys.executable, "-m", "app", "edge"), port, self._environment | ports)

    async def sharp(self, name: str, peers: Peers, efforts: Mapping[Encoding, int], *, tuned: bool = False) -> Server:
        """Start sharp; `tuned`: with the worker's threads, without a cache, and with the worker's chroma."""

        def target(encoding: Encoding, quality: int, original: int) -> str:
            chroma = "&chromaSubsampling=4:2:0" if tuned and encoding == "avif" else ""
            asked = f"width={WIDTH}&format={encoding}&quality={quality}&effort={efforts[encoding]}"
            return f"/photo-{original}.jpg?{asked}{chroma}"

        port = free_port()
        environment = {"TUNED": "1" if tuned else "", **self._node(port)}
        pid = await self._start(peers.command("sharp"), port, environment)
        return Server(name, efforts, self._session, port, pid, target)

    async def ipx(self, peers: Peers) -> Server:
        """Start ipx."""

        def target(encoding: Encoding, quality: int, original: int) -> str:
            return f"/w_{WIDTH},f_{encoding},q_{quality}/photo-{original}.jpg"

        port = free_port()
        pid = await self._start(peers.command("ipx"), port, self._node(port))
        return Server("ipx", PEERS_EFFORTS, self._session, port, pid, target)

    async def direct(self) -> Direct:
        """Start libvips by itself."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.images.direct", str(self._original)),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 22,
        )

        async def stop() -> None:
            process.kill()
            await process.wait()

        self._stack.push_async_callback(stop)
        return Direct("libvips directly (the limit)", EFFORTS, process)

    def thumbnail(self) -> Command | None:
        """Return Debian's command, where it is installed."""
        program = shutil.which("vipsthumbnail")
        if program is None:
            return None
        return Command("vipsthumbnail", EFFORTS, program, self._original, self._folder)

    @property
    def _original(self) -> Path:
        return self._folder / "assets" / "bench" / "photo-0.jpg"

    def _node(self, port: int) -> dict[str, str]:
        return {"NODE_ENV": "production", "PORT": str(port), "FOLDER": str(self._original.parent)}

    async def _start(self, command: tuple[str, ...], port: int, environment: dict[str, str]) -> int:
        log = self._folder / f"{port}.log"
        return await self._stack.enter_async_context(running(command, port, environment, log))


@asynccontextmanager
async def platform(folder: Path, photograph: bytes) -> AsyncIterator[Platform]:
    """Store the photograph under several names, start Redis, and yield what starts the rest."""
    store = FolderAssetStore(folder / "assets")
    for number in range(CONNECTIONS):
        await store.write(f"bench/photo-{number}.jpg", _whole(photograph), limit=UPLOAD_LIMIT)
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(EmbeddedRedis(folder, free_port()))
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(120)))
        yield Platform(stack, folder, redis.url, session)


async def _whole(data: bytes) -> AsyncIterator[bytes]:
    yield data
