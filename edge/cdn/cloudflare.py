"""Cloudflare: https://developers.cloudflare.com/api/resources/cache/methods/purge/."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aiohttp

from edge.cdn.purger import PurgeRefusedError, acknowledged


class Cloudflare:
    """One zone. A request names at most 100 tags, on every plan."""

    name = "cloudflare"
    most_keys = 100
    interval = 0.2

    def __init__(self, zone: str, token: str, api: str = "https://api.cloudflare.com") -> None:
        self._url = f"{api}/client/v4/zones/{zone}/purge_cache"
        self._headers = {"Authorization": f"Bearer {token}"}

    async def purge(self, session: aiohttp.ClientSession, keys: Sequence[str]) -> None:
        """Send `POST /zones/{zone}/purge_cache` with the tags."""
        await self._post(session, {"tags": list(keys)})

    async def purge_everything(self, session: aiohttp.ClientSession) -> None:
        """Send the same with `purge_everything`."""
        await self._post(session, {"purge_everything": True})

    async def _post(self, session: aiohttp.ClientSession, body: dict[str, Any]) -> None:
        async with session.post(self._url, headers=self._headers, json=body) as response:
            await acknowledged(response)
            if not (await response.json()).get("success"):
                raise PurgeRefusedError("Cloudflare answered 200 without success.")
