"""`python -m app keys`, beside a running API: keys that are listed, rotated and revoked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest
from pymongo import AsyncMongoClient

from tests.accounts import PASSWORD, opened
from tests.app.processes import SECONDS, environment, running

SIGN_IN = """mutation ($email: String!, $password: String!) { signIn(input: {email: $email, password: $password}) {
    ... on SignedIn { accessToken refreshToken } } }"""
REFRESH = "mutation ($t: String!) { refresh(refreshToken: $t) { ... on SignedIn { accessToken refreshToken } } }"


@pytest.fixture
async def environ(mongodb_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """Give the settings of a deployment with a database of its own."""
    return environment(tmp_path, MONGODB_URL=mongodb_url, REDIS_URL=redis_url, MONGODB_DATABASE=tmp_path.name[:38])


@pytest.fixture
async def api(environ: Mapping[str, str]) -> AsyncIterator[str]:
    """Start an API, and give its address."""
    async with running(environ, "-m", "app", "api") as process:
        await process.until("is up")
        async with process.heard():
            yield f"http://127.0.0.1:{environ['API_PORT']}"


async def keys(environ: Mapping[str, str], *arguments: str) -> tuple[int, str]:
    """Run the command: (exit code, what it says)."""
    async with running(environ, "-m", "app", "keys", *arguments) as process:
        return await process.ended(), process.text


async def ask(api: str, query: str, token: str = "", **variables: object) -> tuple[int, dict[str, dict[str, str]]]:
    """Ask with POST: (status, data)."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{api}/graphql", json={"query": query, "variables": variables}, headers=headers) as response,
    ):
        return response.status, (await response.json()).get("data")


async def sign_in(environ: Mapping[str, str], api: str) -> tuple[str, str]:
    """Sign somebody in: (access token, refresh token)."""
    async with AsyncMongoClient[dict[str, Any]](environ["MONGODB_URL"]) as client:
        email = await opened(client[environ["MONGODB_DATABASE"]])
    _, data = await ask(api, SIGN_IN, email=email, password=PASSWORD)
    return data["signIn"]["accessToken"], data["signIn"]["refreshToken"]


def kid(token: str) -> str:
    """Return the id of the key that a token is signed with."""
    return str(jwt.get_unverified_header(token)["kid"])


async def test_a_leaked_key_is_revoked_and_devices_refresh(environ: dict[str, str], api: str) -> None:
    """Given a device with a token, when its key is revoked, then the token is refused, and a refreshed one is good."""
    token, refresh = await sign_in(environ, api)
    assert (await ask(api, "{ viewer { id } }", token))[0] == 200
    code, text = await keys(environ, "rotate", "--revoke", kid(token))
    assert code == 0, text
    made = re.search(r"Made key ([0-9a-f]{16})", text)
    assert made is not None
    assert re.search(rf"{kid(token)} .* revoked", text)
    assert re.search(rf"{made[1]} .* signs", text)
    async with asyncio.timeout(10):  # by a signal: without one it would look after 30 s
        while (await ask(api, "{ viewer { id } }", token))[0] != 401:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
    _, data = await ask(api, REFRESH, t=refresh)
    assert kid(data["refresh"]["accessToken"]) == made[1]
    assert (await ask(api, "{ viewer { id } }", data["refresh"]["accessToken"]))[0] == 200


async def test_a_rotation_is_announced_and_listed(environ: dict[str, str], api: str) -> None:
    """Given a rotation, then the new key is published at once and signs later, and nobody's token is refused."""
    token, _ = await sign_in(environ, api)
    code, text = await keys(environ, "rotate")
    assert code == 0, text
    code, text = await keys(environ)
    assert (code, len(re.findall(r"\b[0-9a-f]{16}\b", text))) == (0, 2)
    assert re.search(rf"{kid(token)} .* signs until", text)
    assert "published, signs from" in text
    assert (await ask(api, "{ viewer { id } }", token))[0] == 200
    async with aiohttp.ClientSession() as session, asyncio.timeout(SECONDS):
        while True:
            async with session.get(f"{api}/.well-known/jwks.json") as response:
                found = (await response.json(content_type=None))["keys"]
            if len(found) == 2:
                break
            await asyncio.sleep(0.01)
    assert {key["kid"] for key in found} == {*re.findall(r"\b[0-9a-f]{16}\b", text)}
    code, text = await keys({**environ, "SECRET_KEY": "another secret of at least thirty-two bytes"})
    assert text.count("of another SECRET_KEY") == 2


async def test_what_cannot_be_done_is_said(environ: dict[str, str]) -> None:
    """Given a key that there is not, or a revocation without a rotation, then 2, and words that say so."""
    assert await keys(environ, "rotate", "--revoke", "nope") == (
        2,
        "There is no key 'nope'; `python -m app keys` lists them.",
    )
    code, text = await keys(environ, "--revoke", "nope")
    assert (code, "goes with rotate" in text) == (2, True)
