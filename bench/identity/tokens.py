"""What it costs the API to know who asks: verifying an access token, and reading session and roles.

In this process over a real MongoDB, and as the difference between requests with and without a token to the API's own
process. A device's first request after a refresh has its token's signature checked; the others find it remembered.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
from beanie import PydanticObjectId
from pymongo import AsyncMongoClient

from app.embedded import EmbeddedMongoDB
from app.embedded.ports import free_port
from app.seed.load import PASSWORD
from auth import sessions
from auth.caller import NOWHERE
from auth.keyring import Keyring
from bench.stand import Stand, show, stand, versions
from models.database import Database
from models.organization import Membership, Role
from models.user import Method
from schema.combined import Combined
from schema.questions import SignedIn

MOST_MILLISECONDS = 0.3
_ROUNDS = 5
_DEVICES = 1000
_TOGETHER = 10
_REQUESTS = 500
_ASKED = "query { nodes(ids: []) { id } }"  # reads nothing, whoever asks
_SIGN_IN = """mutation ($input: SignInInput!) { signIn(input: $input) { ... on SignedIn { accessToken } } }"""


async def measure() -> bool:
    """Measure and print; whether a request's token is verified and its viewer loaded within the bound."""
    first, remembered, alone, together = await _functions()
    async with stand("api") as running, aiohttp.ClientSession() as session:
        nobody, somebody = await _requests(running, session)
        note = await versions(running.settings)
    total = remembered + alone
    rows = [
        ("verifying a token that this process has not met", f"{first:.3f}"),
        ("verifying a token that it remembers", f"{remembered:.3f}"),
        ("reading session and roles, one request at a time", f"{alone:.3f}"),
        (f"reading session and roles, {_TOGETHER} requests at once, each", f"{together:.3f}"),
        (f"a request's token and viewer (bound {MOST_MILLISECONDS})", f"{total:.3f}"),
        ("the same with a token that is new", f"{first + alone:.3f}"),
        ("a whole request of nobody", f"{nobody:.3f}"),
        ("the same request with a token", f"{somebody:.3f}"),
    ]
    show("Who asks", ("", "CPU, ms"), rows, f"Least of {_ROUNDS} rounds.\n{note}")
    return total <= MOST_MILLISECONDS


async def _functions() -> tuple[float, float, float, float]:
    """Return the milliseconds of each part, in this process."""
    with tempfile.TemporaryDirectory(prefix="disenopro-bench-") as folder:
        async with EmbeddedMongoDB(Path(folder), free_port()) as mongodb:
            database = await Database.open(mongodb.url, "bench")
            try:
                await database.prepare()
                return await _parts(database)
            finally:
                await database.close()


async def _parts(database: Database) -> tuple[float, float, float, float]:
    keys = Keyring("a secret of at least thirty-two bytes", "https://example.com", database)
    await keys.ready()
    user, combined = PydanticObjectId(), Combined(database)
    for role in (Role.OWNER, Role.EDITOR, Role.VIEWER):
        await Membership(organization=PydanticObjectId(), user=user, role=role).insert()
    devices = [await sessions.start(keys, user, [Method.PASSWORD], NOWHERE) for _ in range(_DEVICES)]
    claims = [keys.claims(device.access) for device in devices]
    remembered = await _least(_DEVICES, lambda number: _verified(keys, devices[number].access))
    fresh = [Keyring("a secret of at least thirty-two bytes", "https://example.com", database) for _ in range(_ROUNDS)]
    for process in fresh:
        await process.ready()
    unmet = iter(fresh)
    first = min([await _cost(_DEVICES, _verifying(next(unmet), devices)) for _ in range(_ROUNDS)])

    async def alone(number: int) -> None:
        await combined.ask([SignedIn(claims[number].user, claims[number].session)], None)

    async def together(number: int) -> None:
        group = [alone((number * _TOGETHER + place) % _DEVICES) for place in range(_TOGETHER)]
        await asyncio.gather(*group)

    return first, remembered, await _least(_DEVICES, alone), await _least(200, together) / _TOGETHER


async def _verified(keys: Keyring, token: str) -> None:
    await keys.authenticate(token)


def _verifying(keys: Keyring, devices: list[sessions.Tokens]) -> Callable[[int], Awaitable[None]]:
    return lambda number: _verified(keys, devices[number].access)


async def _least(times: int, work: Callable[[int], Awaitable[None]]) -> float:
    """Return the milliseconds of CPU that work takes in this process, in the best of some rounds."""
    return min([await _cost(times, work) for _ in range(_ROUNDS)])


async def _cost(times: int, work: Callable[[int], Awaitable[None]]) -> float:
    before = time.process_time()
    for number in range(times):
        await work(number)
    return (time.process_time() - before) / times * 1000


async def _requests(running: Stand, session: aiohttp.ClientSession) -> tuple[float, float]:
    """Return the milliseconds of CPU that a request costs the API's process: of nobody, and with a token."""
    url = f"{running.settings.api_url}/graphql"
    async with AsyncMongoClient[dict[str, Any]](running.settings.mongodb_url) as client:
        member = await client[running.settings.mongodb_database]["users"].find_one({}, sort=[("_id", 1)]) or {}
    signing_in = {"query": _SIGN_IN, "variables": {"input": {"email": member.get("email"), "password": PASSWORD}}}
    async with session.post(url, json=signing_in) as response:
        token = (await response.json())["data"]["signIn"]["accessToken"]
    body = {"query": _ASKED}

    async def ask(headers: dict[str, str]) -> float:
        before = running.cpu("api")
        for _ in range(_REQUESTS):
            async with session.post(url, json=body, headers=headers, raise_for_status=True) as response:
                await response.read()
        return (running.cpu("api") - before) / _REQUESTS * 1000

    found = [(await ask({}), await ask({"Authorization": f"Bearer {token}"})) for _ in range(_ROUNDS)]
    return min(nobody for nobody, _ in found), min(somebody for _, somebody in found)
