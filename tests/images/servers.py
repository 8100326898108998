"""Servers that sources are read from, good and bad, and what counts who connects to them."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer

from storage.assets import FolderAssetStore
from tests.images.samples import jpeg
from workers.images.errors import ImageError
from workers.images.guard import Network
from workers.images.sources import Sources

PHOTO = jpeg(64, 48)
LARGEST_BYTES = 1 << 20
LOOPBACK = (ip_network("127.0.0.1/32"),)
HOME = (ip_network("127.0.0.2/32"),)
"""What stands for the public Internet where 127.0.0.1 stands for what is private."""
Handler = Callable[[web.Request], Any]


def sources(
    *,
    previews_url: str = "",
    origins: Sequence[str] = (),
    seconds: float = 10,
    allowed_networks: Sequence[Network] = (),
    resolver: AbstractResolver | None = None,
    root: Path = Path("no-such-folder"),
) -> Sources:
    """Return sources whose originals have at most 1 MiB."""
    return Sources(
        FolderAssetStore(root),
        previews_url=previews_url,
        origins=origins,
        largest_bytes=LARGEST_BYTES,
        seconds=seconds,
        allowed_networks=allowed_networks,
        resolver=resolver,
    )


class Names(AbstractResolver):
    """Answers each look-up with the next of some lists of addresses, whatever the name."""

    def __init__(self, *answers: Iterable[str]) -> None:
        self._answers = iter(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Answer with the next list, of whatever family; it is a fault of the test if there is none."""
        del family
        kinds = {True: socket.AF_INET6, False: socket.AF_INET}
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kinds[":" in address], proto=0, flags=0)
            for address in next(self._answers)
        ]

    async def close(self) -> None:
        """Hold nothing that has to be released."""


@dataclass
class Door:
    """A listener that counts who comes, and hangs up on them."""

    listening: socket.socket
    count: int = field(default=0, init=False)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.listening.getsockname()[1])

    async def came(self) -> int:
        """Return how many have connected so far: who comes last is counted last, so it comes itself, and subtracts."""
        host = self.listening.getsockname()[0]
        reader, writer = await asyncio.open_connection("localhost" if host == "::" else host, self.port)
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        self.count -= 1
        return self.count

    async def hang_up(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Count one who came."""
        self.count += 1
        writer.close()


@asynccontextmanager
async def door(host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Door]:
    """Listen on one address, or with the host `::` on every address of this machine, of IPv4 too."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, dualstack_ipv6=host == "::")
    opened = Door(listening)
    async with await asyncio.start_server(opened.hang_up, sock=listening):
        yield opened


@asynccontextmanager
async def raw(answer: bytes, *, stays: bool = False) -> AsyncIterator[str]:
    """Serve the same bytes to everybody, then hang up, or stay silent until they do; gives the base address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        if stays:
            await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def serving(
    *routes: web.RouteDef, host: str = "127.0.0.1", certificate: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """Serve some routes, over TLS with a certificate; gives the base address."""
    app = web.Application()
    app.add_routes(routes)
    server = TestServer(app, host=host)
    await server.start_server(ssl=certificate)
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        await server.close()


def answer(status: int = 200, body: bytes = PHOTO, **headers: str) -> Handler:
    """Return a handler; names of headers have underscores for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def handle(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers=named)

    return handle


@asynccontextmanager
async def reading(*routes: web.RouteDef) -> AsyncIterator[tuple[str, Sources]]:
    """Serve some routes; gives their origin, and sources that list it."""
    async with serving(*routes) as origin, sources(origins=[origin], allowed_networks=LOOPBACK) as reader:
        yield origin, reader


async def failure(reader: Sources, address: str) -> ImageError:
    """Read what cannot be read, and return the error."""
    with pytest.raises(ImageError) as caught:
        await reader.read(address)
    return caught.value
