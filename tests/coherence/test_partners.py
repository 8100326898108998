"""A partner's operation through real processes: registered, asked with a key, kept, dropped by a write, removed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple
from urllib.parse import urlencode

import orjson
import pytest

from schema import ids
from tests.coherence import by_bulk
from tests.coherence.conftest import Loop
from tests.coherence.test_operating import command
from tests.coherence.world import Row, World

TEXT = "query Homes($city: String!) { listings(city: $city, first: 50) { totalCount edges { node { slug } } } }"
REGISTER = """mutation ($i: RegisterOperationInput!) { r: registerOperation(input: $i) {
    ... on RegisteredOperation { id documentId } ... on UserError { message } } }"""
REMOVE = "mutation ($i: ID!) { r: removeOperation(id: $i) { __typename } }"


class Answer(NamedTuple):
    """What came back: `Cache-Status`, the status, the body."""

    said: str
    status: int
    body: bytes


async def ask(world: World, base: str, id_: str, **headers: str) -> Answer:
    """Ask for the operation by its path."""
    query = urlencode({"variables": orjson.dumps({"city": "sevilla"}).decode()})
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with world.session.get(f"{base}/graphql/{id_}?{query}", headers=named) as response:
        return Answer(response.headers.get("Cache-Status", ""), response.status, await response.read())


async def until(
    asking: Callable[[], Awaitable[Answer]], fits: Callable[[Answer], bool], seconds: float = 20
) -> list[Answer]:
    """Ask until an answer fits; return all of them."""
    answers: list[Answer] = []
    async with asyncio.timeout(seconds):
        while not answers or not fits(answers[-1]):
            answers.append(await asking())
    return answers


@pytest.fixture
def registered(world: World, loop: Loop) -> Row:
    """Register the operation."""
    organization = ids.encode("Organization", world.organization())
    made = loop.run(world.mutate(REGISTER, {"organizationId": organization, "document": TEXT}))
    assert "documentId" in made, made
    return made


def test_a_partners_operation_lives_at_the_edge(world: World, loop: Loop, registered: Row) -> None:
    """Given a registration, then the edge learns it, a write drops its answer, and its removal ends it everywhere."""
    loop.run(_lives(world, registered))


async def _lives(world: World, registered: Row) -> None:
    id_ = registered["documentId"]

    key = {"Authorization": f"Bearer {world.api_key}"}

    async def at_the_edge() -> Answer:
        return await ask(world, world.edge, id_, **key)

    await by_bulk.insert_in(world, "sevilla", 1)
    answers = await until(at_the_edge, lambda answer: "hit" in answer.said)
    learned = next(place for place, answer in enumerate(answers) if "learned" in answer.said)
    assert all(answer.status == 200 for answer in answers)
    assert answers[-1].said.startswith("edge; hit; ttl=")
    assert "fwd=miss" not in "".join(answer.said for answer in answers[learned:])  # the second one was looked up
    assert orjson.loads(answers[-1].body)["data"]["listings"]["totalCount"] == 1

    await by_bulk.insert_in(world, "sevilla", 2)
    own = world.own_write()
    fresh = await ask(world, world.edge, id_, Edge_As_Of=own, **key)
    assert orjson.loads(fresh.body)["data"]["listings"]["totalCount"] == 2
    with_token = partial(ask, world, world.edge, id_, Edge_As_Of=own, **key)
    answers = await until(with_token, lambda answer: "edge; hit" in answer.said)
    assert {answer.body for answer in answers} == {fresh.body}
    assert (await at_the_edge()).body == fresh.body
    for other in (None, world.authorization(1)):  # neither nobody nor who belongs elsewhere gets what is kept
        headers = {} if other is None else {"Authorization": other}
        assert (await ask(world, world.edge, id_, **headers)).status == 404
    member = await ask(world, world.edge, id_, Authorization=world.authorization(0), Edge_As_Of=own)
    assert (member.status, member.body) == (200, fresh.body)

    assert await world.mutate(REMOVE, registered["id"]) == {"__typename": "Deleted"}
    for base in (world.api, world.edge):
        ended = await until(partial(ask, world, base, id_, **key), lambda answer: answer.status == 404, 2)
        assert orjson.loads(ended[-1].body)["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    assert (await at_the_edge()).status == 404


def test_a_partners_operation_is_explained(world: World, loop: Loop, registered: Row) -> None:
    """Given a registration, then `explain` with its id shows its plan; an id that nobody has registered is named."""
    variables = ("--variables", '{"city": "sevilla"}')
    code, text = command(world, loop, "explain", registered["documentId"], *variables)
    assert code == 0, text
    for words in ("Homes", "PUBLIC", "Cached for 300 s", "listings?city_key=sevilla"):
        assert words in text
    code, text = command(world, loop, "explain", "00" * 32)
    assert (code, text) == (2, f"No operation is registered as sha256:{'00' * 32}.")
