"""Varnish with the xkey module, as `edge/varnish/default.vcl` sets it up."""

from __future__ import annotations

from collections.abc import Sequence

import aiohttp

from edge.cdn.vendor import acknowledged
from edge.tags import EVERYTHING, short


class Varnish:
    """One Varnish, by its base URL. A request's header holds 8 KB by default: 500 keys of 11 characters fit."""

    most_keys = 500
    interval = 0.0
    most_waiting = 20_000

    def __init__(self, url: str) -> None:
        self.name = f"varnish at {url}"  # several are told apart in logs and metrics
        self._url = url

    async def purge(self, session: aiohttp.ClientSession, keys: Sequence[str]) -> None:
        """Send `PURGE /` with the keys in the header `xkey`."""
        headers = {"xkey": " ".join(keys)}
        async with session.request("PURGE", f"{self._url}/", headers=headers, allow_redirects=False) as response:
            await acknowledged(response)

    async def purge_everything(self, session: aiohttp.ClientSession) -> None:
        """Purge the key that every answer has."""
        await self.purge(session, [short(EVERYTHING)])
