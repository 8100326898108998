"""Whether checking passwords keeps other requests waiting: their p99 while twenty sign in all the time, and without.

Requests of one who is signed in come at an even pace, whether the last was answered or not, so that none hides that
another waits. Windows with and without sign-ins take turns; the ratio is that of the medians over all rounds.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import median

import aiohttp
import orjson
from pymongo import AsyncMongoClient

from app.seed.load import PASSWORD
from bench.stand import BenchError, Stand, percentile, show, stand, versions

ROUNDS = 5
SIGNING_IN = 20
ALLOWED = 1.5
_SECONDS = 8.0
_A_SECOND = 50
_SIGN_IN = """mutation ($input: SignInInput!) { signIn(input: $input) {
    ... on SignedIn { accessToken } ... on UserError { message } } }"""
_OTHER = "{ viewer { name memberships { edges { node { role organization { name } } } } } }"


@dataclass
class Load:
    """Who asks one API; `signed_in` is when each sign-in took how long, in seconds."""

    url: str
    session: aiohttp.ClientSession
    emails: list[str]
    token: str = ""
    signed_in: list[float] = field(default_factory=list)

    async def sign_in(self, email: str) -> str:
        """Sign in from an address of one's own; return an access token."""
        # What is bounded by address or account is not measured here.
        headers = {"X-Forwarded-For": f"2001:db8:{secrets.randbits(16):x}:{secrets.randbits(16):x}::1"}
        began = time.perf_counter()
        answer = await self._ask(_SIGN_IN, {"input": {"email": email, "password": PASSWORD}}, headers)
        self.signed_in.append(time.perf_counter() - began)
        if "accessToken" not in answer["signIn"]:
            raise BenchError(answer["signIn"]["message"])
        return answer["signIn"]["accessToken"]

    async def window(self) -> list[float]:
        """Ask for as long as a window is; return how long each answer took, in milliseconds."""
        async with asyncio.TaskGroup() as group:
            began, asked = time.perf_counter(), []
            for number in range(int(_SECONDS * _A_SECOND)):
                await asyncio.sleep(began + number / _A_SECOND - time.perf_counter())
                asked.append(group.create_task(self._timed()))
        return [one.result() for one in asked]

    @asynccontextmanager
    async def signing_in(self) -> AsyncIterator[None]:
        """Have twenty sign in again and again, and wait for the last."""
        over = asyncio.Event()

        async def again(email: str) -> None:
            while not over.is_set():
                await self.sign_in(email)

        async with asyncio.TaskGroup() as group:
            for email in self.emails:
                group.create_task(again(email))
            await asyncio.sleep(0.5)
            yield
            over.set()

    async def _timed(self) -> float:
        began = time.perf_counter()
        await self._ask(_OTHER, {}, {"Authorization": f"Bearer {self.token}"})
        return (time.perf_counter() - began) * 1000

    async def _ask(self, query: str, variables: object, headers: dict[str, str]) -> dict[str, dict[str, str]]:
        body = orjson.dumps({"query": query, "variables": variables})
        headers = {"Content-Type": "application/json", **headers}
        async with self.session.post(f"{self.url}/graphql", data=body, headers=headers) as response:
            answer = orjson.loads(await response.read())
        if "errors" in answer:
            raise BenchError(str(answer["errors"]))
        data: dict[str, dict[str, str]] = answer["data"]
        return data


async def measure() -> bool:
    """Measure and print; return whether others wait no longer than is allowed."""
    async with (
        stand("api") as running,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
    ):
        load = Load(running.settings.api_url, session, await _emails(running))
        load.token = await load.sign_in(load.emails[0])
        await load.window()
        without, during = [], []
        load.signed_in.clear()
        for _ in range(ROUNDS):
            without.append(await load.window())
            async with load.signing_in():
                during.append(await load.window())
        ratio = _show(without, during, load.signed_in, await versions(running.settings))
    return ratio <= ALLOWED


def _show(without: list[list[float]], during: list[list[float]], signed_in: list[float], measured_on: str) -> float:
    """Print what was found; return the ratio of the p99s."""
    rows, p99 = [], []
    for name, windows in (("nobody signs in", without), (f"{SIGNING_IN} sign in", during)):
        figures = [median(percentile(window, hundredth) for window in windows) for hundredth in (50, 90, 99)]
        spread = sorted(percentile(window, 99) for window in windows)
        rows.append([name, *(f"{figure:.1f}" for figure in figures), f"{spread[0]:.1f}–{spread[-1]:.1f}"])
        p99.append(figures[-1])
    ratio = p99[1] / p99[0]
    a_second = len(signed_in) / ROUNDS / _SECONDS
    note = (
        f"p99: {ratio:.2f} times (allowed: {ALLOWED}). Sign-ins: {a_second:.1f}/s, "
        f"{median(signed_in):.2f} s each (median).\n{ROUNDS} rounds of {_SECONDS:.0f} s each, {_A_SECOND} requests a "
        f"second; {measured_on}"
    )
    show("Other requests, ms", ["", "p50", "p90", "p99", "p99, least–most"], rows, note)
    return ratio


async def _emails(running: Stand) -> list[str]:
    async with AsyncMongoClient[dict[str, str]](running.settings.mongodb_url) as client:
        users = client[running.settings.mongodb_database].users
        rows = await users.find({}, {"email": 1}).sort("_id").limit(SIGNING_IN).to_list()
    return [row["email"] for row in rows]
