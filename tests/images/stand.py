"""A worker on a port of its own, and a client that asks it for paths exactly as they are written."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from prometheus_client import REGISTRY
from yarl import URL

from storage.assets import AssetStore
from tests.images.samples import KEY, SALT, jpeg, signed, source
from workers.images.server import ImagesConfig, create_images_app
from workers.images.sources import Sources

NOW = 1_800_000_000.0
CHROME = "image/avif,image/webp,image/apng,image/*,*/*;q=0.8"
PHOTO = jpeg(1200, 900)
PAIRS = ((KEY, SALT),)


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    """Send data whole."""
    yield data


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def error(self) -> dict[str, str]:
        """The code and message of an error."""
        found: dict[str, str] = json.loads(self.body)["error"]
        return found


class Client:
    """Asks one worker for paths exactly as they are written."""

    def __init__(self, address: str, session: ClientSession) -> None:
        self._address, self._session = address, session

    async def get(self, path: str, *, method: str = "GET", **headers: str) -> Answer:
        """Ask for a path; names of headers have underscores for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = URL(self._address + path, encoded=True)
        async with self._session.request(method, url, headers=named) as response:
            return Answer(response.status, response.headers, await response.read())


def worker(store: AssetStore, *, largest_bytes: int = 1 << 24, **config: Any) -> web.Application:
    """Assemble a worker over a store, with the tests' key unless another is given."""
    return create_images_app(Sources(store, largest_bytes=largest_bytes), ImagesConfig(**{"keys": PAIRS, **config}))


async def serve(app: web.Application) -> AsyncIterator[Client]:
    """Serve an application on a port of its own."""
    async with TestServer(app) as server, ClientSession() as session:
        yield Client(str(server.make_url("")).rstrip("/"), session)


def path(options: str, name: str = "photo", extension: str = "") -> str:
    """Make a signed path of options and a stored picture's name."""
    return signed(f"/{options}/{source(f'acme/{name}', extension)}")


def counted(status: int) -> float:
    """Read how many answers of a status were counted."""
    return REGISTRY.get_sample_value("images_requests_total", {"status": str(status)}) or 0
