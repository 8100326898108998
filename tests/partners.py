"""What tests of API keys share: how partners ask, and what is stored of a key."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from edge import plans
from models.api_key import ApiKey
from schema import ids
from tests.platform import Json, Platform, User

FEED = next(plan for plan in plans.load().values() if plan.name == "PartnerListings")
GALLERY = next(plan for plan in plans.load().values() if plan.name == "Gallery")
A_MINUTE = 60_000


class Got(NamedTuple):
    """An answer: status, code of its refusal or "", headers, body."""

    status: int
    code: str
    headers: Mapping[str, str]
    body: Json


async def ask(url: str, platform: Platform, secret: str | None = None, method: str = "GET", **options: Any) -> Got:
    """Ask an address, with a key."""
    headers = {**options.pop("headers", {}), **({"Authorization": f"Bearer {secret}"} if secret else {})}
    async with platform.session.request(method, url, headers=headers, **options) as response:
        body = await response.json()
        code = (body.get("errors") or [{}])[0].get("extensions", {}).get("code", "")
        return Got(response.status, code, response.headers, body)


async def registered(ana: User, studio: str, text: str | None = None) -> str:
    """Register an operation: its id."""
    text = text or f'query Homes {{ listings(city: "{uuid4().hex}") {{ totalCount }} }}'
    made = await ana.do("registerOperation", "RegisteredOperation", {"organizationId": studio, "document": text})
    assert made["__typename"] == "RegisteredOperation", made
    return sha256(text.encode()).hexdigest()


async def stored(platform: Platform, id_: str) -> Json:
    """Return a key as it is stored."""
    row = await platform.database.handle[ApiKey.stored_in()].find_one({"_id": ids.key(id_, "ApiKey")})
    assert row is not None
    return row


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 10) -> float:
    """Wait for a condition that nothing tells of: how long it took."""
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)
    return time.monotonic() - began


async def known_at_the_api(platform: Platform, id_: str, secret: str) -> None:
    """Wait until the API has heard that a document is registered: it may remember that it was not."""

    async def known() -> bool:
        return (await ask(f"{platform.api}/graphql/{id_}", platform, secret)).status == 200

    await until(known)


@pytest.fixture
async def ana(platform: Platform) -> User:
    """Give somebody signed in."""
    return await platform.user()


@pytest.fixture
async def studio(ana: User) -> str:
    """Give their organization."""
    return await ana.organization()
