"""Cloudflare: https://developers.cloudflare.com/api/resources/cache/methods/purge/."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aiohttp
import orjson

from edge.cdn.vendor import PurgeRefusedError, acknowledged


class Cloudflare:
    """One zone. A request names at most 100 tags, on every plan.

    5 requests a second are allowed on Pro, 10 on Business, 50 on Enterprise, per account; on Free 5 a minute, where
    Cloudflare's own pauses (429) set the pace: https://developers.cloudflare.com/cache/how-to/purge-cache/.
    """

    name = "cloudflare"
    most_keys = 100
    interval = 0.2
    most_waiting = 5000  # ten seconds of requests

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
        async with session.post(self._url, headers=self._headers, json=body, allow_redirects=False) as response:
            await acknowledged(response)
            if not _succeeded(await response.read()):
                raise PurgeRefusedError("Cloudflare answered 200 without success.")


def _succeeded(body: bytes) -> bool:
    try:
        answer = orjson.loads(body)
    except ValueError:  # something else answers in Cloudflare's place
        return False
    return isinstance(answer, dict) and answer.get("success") is True
