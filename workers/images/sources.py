"""Where originals come from: `asset://<key>`, `preview://<token>`, and addresses below listed origins of the web.

A source of the web is read only if its origin (scheme, host, port) is listed, and the address that is connected to is
checked by `workers.images.guard`; both hold for every redirect. Previews come from the platform's own API.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver

from storage.assets import AssetKeyError, AssetMissingError, AssetStore, AssetStoreError, check_key
from workers.images.errors import (
    DeadlineError,
    ImageError,
    MissingError,
    SourceError,
    SourceTroubleError,
    StoreTroubleError,
    TooLargeError,
)
from workers.images.guard import Network, RefusedAddressError, guarded_sockets
from workers.images.origins import Origins, web_address

LARGEST_BYTES = 50 << 20
"""The most bytes that an original may have: as many as an upload."""

ASSET = "asset://"
PREVIEW = "preview://"
_TOKEN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")  # no dot first: `..` would be another path of the API
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 3
_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


class Sources:
    """Reads originals; what is not an asset only inside `async with`.

    Args:
        store: where assets are.
        previews_url: what a preview's token is put behind; without it there are no previews.
        origins: what may be read from the web, such as `https://pictures.example.com`; `http` only where it says so.
        largest_bytes: how many bytes an original may have, after content decoding.
        seconds: how long reading one original from a server may take, with its redirects.
        allowed_networks: addresses outside the public Internet that listed origins may have nevertheless.
        resolver: what looks names up; by default the system.

    Raises:
        ValueError: `previews_url` is not an address, or one of `origins` not an origin.

    """

    _web: aiohttp.ClientSession
    _api: aiohttp.ClientSession

    def __init__(
        self,
        store: AssetStore,
        *,
        previews_url: str = "",
        origins: Sequence[str] = (),
        largest_bytes: int,
        seconds: float = 10,
        allowed_networks: Sequence[Network] = (),
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._store, self._largest, self._seconds = store, largest_bytes, seconds
        self._previews_url = str(web_address(previews_url)).rstrip("/") if previews_url else ""
        self._origins = Origins(origins)
        self._allowed, self._resolver = allowed_networks, resolver

    async def __aenter__(self) -> Self:
        """Open the clients; two, so that a connection to the API never serves a source of the web."""
        sockets = guarded_sockets(self._allowed)
        self._web = _client(aiohttp.TCPConnector(socket_factory=sockets, resolver=self._resolver))
        self._api = _client(aiohttp.TCPConnector())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the clients and their connections."""
        await self._web.close()
        await self._api.close()

    def check_address(self, address: str) -> None:
        """Raise SourceError unless this is the address of an asset, of a preview, or below a listed origin."""
        if address.startswith(ASSET):
            _check_asset(address.removeprefix(ASSET))
        elif address.startswith(PREVIEW):
            self._check_preview(address.removeprefix(PREVIEW))
        else:
            self._origins.address(address)

    async def verify(self, address: str) -> None:
        """Check cheaply that there is an original of an acceptable size; only assets can be checked so.

        Raises:
            SourceError: as `check_address` does.
            MissingError: there is no such asset.
            TooLargeError: it has too many bytes.
            StoreTroubleError: the asset store failed.

        """
        self.check_address(address)
        if address.startswith(ASSET):
            with _store_errors():
                size = await self._store.size(address.removeprefix(ASSET))
            self._check_size(size)

    async def read(self, address: str) -> bytes:
        """Return the original; an asset's size is `verify`'s to check.

        Raises:
            SourceError: as `check_address` does, also of a redirect; or the host's address is not public.
            MissingError: there is no such original.
            TooLargeError: it has too many bytes; the rest was not read.
            StoreTroubleError: the asset store or the API failed.
            SourceTroubleError: the source's server failed.
            DeadlineError: a server took too long.

        """
        self.check_address(address)
        if address.startswith(ASSET):
            with _store_errors():
                return await self._store.read(address.removeprefix(ASSET))
        if address.startswith(PREVIEW):
            async with _answering(self._seconds, StoreTroubleError):
                return await self._preview(address.removeprefix(PREVIEW))
        async with _answering(self._seconds, SourceTroubleError):
            return await self._download(address)

    async def _preview(self, token: str) -> bytes:
        async with self._api.get(f"{self._previews_url}/{token}", allow_redirects=False) as response:
            return await self._body(response, StoreTroubleError)

    async def _download(self, address: str) -> bytes:
        """Read from the web, following redirects by hand, since each target is checked as the source was."""
        url = self._origins.address(address)
        for _ in range(_MOST_REDIRECTS + 1):
            async with self._web.get(url, allow_redirects=False) as response:
                location = response.headers.get("Location")
                if response.status not in _REDIRECTS or location is None:
                    return await self._body(response, SourceTroubleError)
            url = self._origins.address(location, url)
        raise SourceTroubleError(f"The original's server redirects more than {_MOST_REDIRECTS} times.")

    async def _body(self, response: aiohttp.ClientResponse, trouble: type[ImageError]) -> bytes:
        """Read a body, decoded, and no more of it than may be."""
        if response.status in _GONE:
            raise MissingError("There is no such original.")
        if response.status != HTTPStatus.OK:
            raise trouble(f"The original's server answered with status {response.status}.")
        self._check_size(response.content_length or 0)
        body = bytearray()
        async for chunk in response.content.iter_any():
            self._check_size(len(body) + len(chunk))
            body += chunk
        return bytes(body)

    def _check_size(self, size: int) -> None:
        if size > self._largest:
            raise TooLargeError(f"The original has over {self._largest} bytes.")

    def _check_preview(self, token: str) -> None:
        if not self._previews_url or not _TOKEN.fullmatch(token):
            raise SourceError("The source is not the token of a preview.")


def _check_asset(key: str) -> None:
    try:
        check_key(key)
    except AssetKeyError as error:
        raise SourceError("The source is not the key of an asset.") from error


def _client(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    """Return a client that brings nothing of one request to the next, and takes nothing from the environment."""
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Accept-Encoding": "identity", "User-Agent": "DisenoPro-images"},  # pictures are compressed already
        timeout=aiohttp.ClientTimeout(total=None),  # `_answering` has one for all redirects
        trust_env=False,
    )


@contextmanager
def _store_errors() -> Iterator[None]:
    """Turn the asset store's errors into answers."""
    try:
        yield
    except AssetMissingError as error:
        raise MissingError("There is no such original.") from error
    except AssetStoreError as error:
        raise StoreTroubleError(str(error)) from error


@asynccontextmanager
async def _answering(seconds: float, trouble: type[ImageError]) -> AsyncIterator[None]:
    """Limit the time a server has, and turn its errors into answers, which say nothing of what it sent."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise DeadlineError("The original's server took too long.") from error
    except aiohttp.InvalidURL as error:
        raise SourceError("The source's host is an address in no common spelling.") from error
    except aiohttp.ClientConnectorError as error:
        if isinstance(error.os_error, RefusedAddressError):
            raise SourceError(str(error.os_error)) from error
        raise trouble("The original's server cannot be reached.") from error
    except (aiohttp.ClientError, OSError) as error:
        raise trouble("The original's server broke off, or does not speak HTTP.") from error
