"""Attacks with a made-up `X-Forwarded-For`: at the API, through proxies, at the edge; and what comes through it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest
from multidict import CIMultiDict

from app.edge_fetches import mark
from auth.budgets import ADDRESS_A_MINUTE
from auth.signatures import Keys
from edge import plans
from tests.limits import Limited, limited, limited_edge, new_address
from tests.platform import Platform

SIGN_OUT = 'mutation { signOut(refreshToken: "x") { ok } }'
GALLERY = next(plan for plan in plans.load().values() if plan.name == "Gallery")
PATH = f"/graphql/{GALLERY.id}"
PLENTY = 300_000
ELSEWHERE = ("192.0.2.0/24",)
"""Proxies that are not here: nobody's word is taken."""


@pytest.fixture(scope="module")
async def believing(platform: Platform) -> AsyncIterator[Limited]:
    """Give an API behind a proxy on this machine."""
    async with limited(platform) as api:
        yield api


async def raw(base: str, *lines: str, path: str = PATH) -> tuple[int, dict[str, str], Any]:
    """Ask with exactly these header lines, on a connection of its own."""
    host, _, port = base.removeprefix("http://").partition(":")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        headers: CIMultiDict[str] = CIMultiDict()
        for line in lines:
            headers.add(*line.split(": ", 1))
        async with session.get(f"http://{host}:{port}{path}", headers=headers) as response:
            return response.status, dict(response.headers), orjson.loads(await response.read())


async def test_a_made_up_address_gives_no_new_budget_at_the_api(platform: Platform) -> None:
    """Given a client that nobody vouches for and that names another address each time, then one budget pays."""
    async with limited(platform, trusted_proxies=ELSEWHERE) as api:
        await api.leave_at("127.0.0.1", PLENTY)
        answers = [await api.client().ask(SIGN_OUT) for _ in range(5)]  # each from a "new address"
        left = [answer.cost["remaining"] for answer in answers]
        assert left == [*range(left[0], left[0] - 10, -2)]
        await api.leave_at("127.0.0.1", 0)
    async with limited(platform, trusted_proxies=ELSEWHERE) as api:
        assert {(await api.client().ask(SIGN_OUT)).status for _ in range(5)} == {429}


async def test_a_trusted_proxys_clients_have_budgets_of_their_own(believing: Limited) -> None:
    """Given two clients behind it, then one that has spent its budget leaves the other's alone."""
    one, other = new_address(), new_address()
    await believing.leave_at(one, 0)
    assert (await believing.client(address=one).ask(SIGN_OUT)).status == 429
    assert (await believing.client(address=other).ask(SIGN_OUT)).status == 200


async def test_what_a_client_made_up_before_a_trusted_proxy_gives_no_new_budget(believing: Limited) -> None:
    """Given a proxy that appends whom it heard, to the line or as a line of its own, then only that counts."""
    spender = new_address()
    await believing.leave_at(spender, 0)
    for lines in (
        [f"X-Forwarded-For: {new_address()}, {spender}"],
        [f"X-Forwarded-For: {new_address()}", f"X-Forwarded-For: {spender}"],
        [f"x-forwarded-for: {new_address()}, 127.0.0.9", f"X-FORWARDED-FOR: {spender}, 127.0.0.7"],
    ):
        assert (await raw(believing.platform.api, *lines))[0] == 429, lines


async def test_a_made_up_address_gives_no_new_budget_at_the_edge(believing: Limited) -> None:
    """Given a client that asks the edge directly, then neither a hit nor what is passed on is paid by who it names.

    By every way there is: as a fetch, as a hit, from a head that is known, and to the API behind.
    """
    await believing.leave_at("127.0.0.1", PLENTY)
    async with limited_edge(believing, trusted_proxies=ELSEWHERE) as edge:
        left: list[int] = []
        for number in range(6):
            status, headers, _ = await raw(edge, f"X-Forwarded-For: {new_address()}", f"X-Number: {number // 2}")
            assert status == 200
            left.append(int(headers["RateLimit"].split(";")[1].removeprefix("r=")))
        assert left == sorted(left, reverse=True)
        assert len(set(left)) == 6
        client = believing.client(base=edge)
        passed_on = [(await client.ask(SIGN_OUT)).cost["remaining"] for _ in range(3)]
        assert passed_on[0] - passed_on[2] == 4
        await believing.leave_at("127.0.0.1", 0)
    async with limited_edge(believing, trusted_proxies=ELSEWHERE) as edge:
        for _ in range(3):
            status, headers, body = await raw(edge, f"X-Forwarded-For: {new_address()}")
            assert (status, body["errors"][0]["extensions"]["code"]) == (429, "RATE_LIMITED")
            assert int(headers["Retry-After"]) > 0


async def test_a_clients_address_comes_through_proxies_and_the_edge(believing: Limited) -> None:
    """Given a CDN before the edge, then who pays at the edge and at the API behind it is the CDN's client."""
    async with limited_edge(believing) as edge:
        spender, other = new_address(), new_address()
        await believing.leave_at(spender, 0)
        for address, status in ((spender, 429), (other, 200)):
            client = believing.client(address=address, base=edge)
            assert (await client.get(PATH)).status == status
            assert (await client.get(PATH)).status == status
            assert (await client.ask(SIGN_OUT)).status == status
            made_up = f"{new_address()}, {address}"
            assert (await raw(edge, f"X-Forwarded-For: {made_up}"))[0] == status


async def test_a_fetch_of_the_edge_is_charged_to_its_client_alone(believing: Limited) -> None:
    """Given an edge that fetches for many, then its own address pays nothing, and a client what the answer cost."""
    await believing.leave_at("127.0.0.1", 0)
    async with limited_edge(believing) as edge:
        client = believing.client(base=edge)
        missed = await client.get(PATH)
        assert missed.headers["Cache-Status"].startswith("edge; fwd=uri-miss")
        assert missed.remaining == ADDRESS_A_MINUTE - paid(missed.body)
        hit = await client.get(PATH)
        assert hit.headers["Cache-Status"].startswith("edge; hit")
        assert 0 < missed.remaining - hit.remaining <= paid(missed.body)


def paid(body: Any) -> int:
    """Return how many fields an answer has, without `data`."""
    if isinstance(body, list):
        return sum(map(paid, body))
    return sum(1 + paid(value) for value in body.values()) - ("data" in body) if isinstance(body, dict) else 0


async def test_a_client_cannot_pretend_to_be_an_edge(believing: Limited, platform: Platform) -> None:
    """Neither with a token of its own write, nor with a mark of another operation, nor through the edge."""
    address = new_address()
    await believing.leave_at(address, 0)
    keys = Keys(platform.settings.secret_key)
    client = believing.client(address=address)
    own_write = keys.sign("own-write", "1-0")
    for made_up in ("1", own_write, mark(keys, "cd" * 32), mark(keys, GALLERY.id, 1.0)):
        assert (await client.get(PATH, Edge_Fetch=made_up)).status == 429
    genuine = mark(keys, GALLERY.id)
    assert (await client.get(PATH, Edge_Fetch=genuine)).status == 200
    assert (await client.ask(SIGN_OUT, Edge_Fetch=genuine)).status == 429
    async with limited_edge(believing) as edge:
        assert (await believing.client(address=address, base=edge).get(PATH, Edge_Fetch=genuine)).status == 429
