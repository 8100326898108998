"""Fastly: https://www.fastly.com/documentation/reference/api/purging/."""

from __future__ import annotations

from collections.abc import Sequence

import aiohttp

from edge.cdn.vendor import acknowledged


class Fastly:
    """One service. A request names at most 256 keys; hard purges, since what has changed is never served again."""

    name = "fastly"
    most_keys = 256
    interval = 0.04  # 100,000 purges an hour are allowed on average: 28 a second
    most_waiting = 20_000

    def __init__(self, service: str, token: str, api: str = "https://api.fastly.com") -> None:
        self._service = f"{api}/service/{service}"
        self._headers = {"Fastly-Key": token, "Accept": "application/json"}

    async def purge(self, session: aiohttp.ClientSession, keys: Sequence[str]) -> None:
        """Send `POST /service/{id}/purge` with the keys as JSON."""
        body = {"surrogate_keys": list(keys)}
        async with session.post(
            f"{self._service}/purge", headers=self._headers, json=body, allow_redirects=False
        ) as response:
            await acknowledged(response)

    async def purge_everything(self, session: aiohttp.ClientSession) -> None:
        """Send `POST /service/{id}/purge_all`."""
        async with session.post(f"{self._service}/purge_all", headers=self._headers, allow_redirects=False) as response:
            await acknowledged(response)
