"""Clients of an API that counts budgets, each from an address of its own, and budgets that are nearly spent."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import orjson
from redis.asyncio import Redis

from app.commands import edge
from app.embedded.ports import free_port
from auth.budgets import address_payer
from edge.leases import redis_key
from tests.platform import Json, Platform, another_api, running, until_ready

_NUMBERS = itertools.count(1)


def new_address() -> str:
    """Return an address that nobody has called from yet (RFC 2544 keeps these for tests)."""
    number = next(_NUMBERS)
    return f"198.18.{number // 250}.{number % 250 + 1}"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: Json

    @property
    def cost(self) -> Json:
        """What the body says of the budget."""
        found: Json = self.body["extensions"]["cost"]
        return found

    @property
    def code(self) -> str:
        """The first error's code."""
        return str(self.body["errors"][0]["extensions"]["code"])

    @property
    def remaining(self) -> int:
        """What the header says is left."""
        return int(self.headers["RateLimit"].split(";")[1].removeprefix("r="))


@dataclass(frozen=True)
class Client:
    """Somebody behind a proxy that we trust, who is signed in if there is a token."""

    platform: Platform
    base: str
    address: str
    token: str | None = None

    async def ask(self, query: str, variables: Json | None = None, **headers: str) -> Answer:
        """Ask with POST."""
        sent = {"X-Forwarded-For": self.address, **{name.replace("_", "-"): text for name, text in headers.items()}}
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        body = {"query": query, "variables": variables or {}}
        async with self.platform.session.post(f"{self.base}/graphql", json=body, headers=sent) as response:
            return Answer(response.status, response.headers, await response.json())

    async def get(self, path: str, **headers: str) -> Answer:
        """Ask with GET."""
        sent = {"X-Forwarded-For": self.address, **{name.replace("_", "-"): text for name, text in headers.items()}}
        async with self.platform.session.get(f"{self.base}{path}", headers=sent) as response:
            return Answer(response.status, response.headers, orjson.loads(await response.read() or b"{}"))


@dataclass(frozen=True)
class Limited:
    """An API that counts budgets, seen as a platform."""

    platform: Platform

    def client(self, token: str | None = None, address: str | None = None, base: str | None = None) -> Client:
        """Return a client, from a new address unless one is given."""
        return Client(self.platform, base or self.platform.api, address or new_address(), token)

    async def leave(self, payer: tuple[str, int], left: int) -> None:
        """Have so little left of a budget in this minute."""
        async with Redis.from_url(self.platform.settings.redis_url or "") as redis:
            await redis.set(redis_key(*payer), payer[1] - left, ex=60)

    async def leave_at(self, address: str, left: int) -> None:
        """Have so little left of an address's budget in this minute."""
        await self.leave(address_payer(address), left)


@asynccontextmanager
async def limited(platform: Platform, **changes: Any) -> AsyncIterator[Limited]:
    """Start an API that counts budgets."""
    async with another_api(platform, rate_limits=True, **changes) as seen:
        yield Limited(replace(seen, settings=replace(seen.settings, **changes)))


@asynccontextmanager
async def limited_edge(api: Limited, **changes: Any) -> AsyncIterator[str]:
    """Start an edge before such an API, and give its base URL."""
    settings = replace(api.platform.settings, edge_port=free_port(), rate_limits=True, **changes)
    process = await edge.process(settings)
    async with running(process, settings):
        await until_ready(process)
        yield f"http://127.0.0.1:{settings.edge_port}"
