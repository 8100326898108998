"""Budgets of cost, through HTTP: who is charged, how much, what they are told, and when they are refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from auth.budgets import ADDRESS_A_MINUTE, USER_A_MINUTE
from edge.tolls import Payer
from schema import ids
from tests.following import socket, stream
from tests.limits import Limited, limited, new_address
from tests.platform import Platform, User

NAME = "{ viewer { name } }"
MEMBERSHIPS = "query ($first: Int!) { viewer { memberships(first: $first) { edges { node { role } } } } }"
HOMES = "{ gallery(first: 50) { edges { node { title } } } }"
SIGN_OUT = 'mutation { signOut(refreshToken: "x") { ok } }'


@pytest.fixture(scope="module")
async def api(platform: Platform) -> AsyncIterator[Limited]:
    """Give an API that counts budgets, and believes what this machine says of addresses."""
    async with limited(platform) as running:
        yield running


@pytest.fixture(scope="module")
async def ana(platform: Platform) -> User:
    """Give somebody who is a member of two organizations."""
    user = await platform.user()
    for name in ("Estudio", "Taller"):
        await user.organization(name)
    return user


def budget(user: User) -> Payer:
    """Return whose budget a user's is."""
    return Payer(f"user:{ids.key(user.id, 'User')}", USER_A_MINUTE)


async def test_an_answer_tells_what_it_has_cost(api: Limited, platform: Platform) -> None:
    """In the body and in the headers of the IETF's draft: what was asked, what came, what is left of how much."""
    client = api.client((await platform.user()).token)
    answer = await client.ask(NAME)
    assert answer.cost == {
        "requested": 2,
        "actual": 2,
        "remaining": USER_A_MINUTE - 2,
        "limit": USER_A_MINUTE,
        "resetsIn": answer.cost["resetsIn"],
    }
    assert 0 < answer.cost["resetsIn"] <= 60
    assert answer.headers["RateLimit-Policy"] == f'"minute";q={USER_A_MINUTE};w=60'
    assert answer.headers["RateLimit"] == f'"minute";r={USER_A_MINUTE - 2};t={answer.cost["resetsIn"]}'


async def test_what_a_short_list_did_not_need_is_given_back(api: Limited, ana: User) -> None:
    """Given a list of a hundred that has two, then what is charged in the end are the fields of the answer."""
    client = api.client(ana.token)
    first = (await client.ask(MEMBERSHIPS, {"first": 100})).cost
    assert (first["requested"], first["actual"]) == (
        302,
        7,
    )  # viewer, memberships, edges, and for each a node with its role
    second = (await client.ask(MEMBERSHIPS, {"first": 1})).cost
    assert (second["requested"], second["actual"]) == (302, 5)
    assert second["remaining"] == first["remaining"] - 5


async def test_texts_that_look_like_fields_cost_no_more_than_was_charged(api: Limited, platform: Platform) -> None:
    """Given a name that is full of what ends a field's name in JSON, then an answer costs at most its estimate."""
    user = await platform.user('":":":":":":":":')
    cost = (await api.client(user.token).ask(NAME)).cost
    assert cost["actual"] == cost["requested"] == 2


async def test_an_answer_with_errors_gives_nothing_back(api: Limited, ana: User) -> None:
    """Much may have been read for it; but what never began costs nothing."""
    client = api.client(ana.token)
    wrong = await client.ask('{ viewer { memberships(first: 10, after: "x") { edges { node { role } } } } }')
    assert wrong.code == "INVALID_INPUT"
    assert wrong.cost["actual"] == wrong.cost["requested"] > 10
    malformed = await client.ask(MEMBERSHIPS, {"first": "ten"})
    assert malformed.cost["actual"] == 0
    assert malformed.cost["remaining"] == wrong.cost["remaining"]
    refused = await client.ask("{ nothing }")
    assert "RateLimit" not in refused.headers
    assert (await client.ask(NAME)).cost["remaining"] == wrong.cost["remaining"] - 2


async def test_fifty_aliases_of_a_field_cost_fifty(api: Limited, ana: User) -> None:
    """Of queries, and of sign-ins and sign-outs, which nothing is given back of."""
    client = api.client(ana.token)
    many = " ".join(f"a{number}: viewer {{ name }}" for number in range(50))
    assert (await client.ask(f"{{ {many} }}")).cost["requested"] == 50 * (await client.ask(NAME)).cost["requested"]
    outs = " ".join(f'a{number}: signOut(refreshToken: "x") {{ ok }}' for number in range(50))
    one, fifty = await client.ask(SIGN_OUT), await client.ask(f"mutation {{ {outs} }}")
    assert fifty.cost["actual"] == 50 * one.cost["actual"] > 0


async def test_a_budget_that_is_spent_is_said_with_429(api: Limited) -> None:
    """Status, `Retry-After`, a body as GraphQL's, and nothing runs; what still fits is answered."""
    address = new_address()
    await api.leave_at(address, 3)
    client = api.client(address=address)
    refused = await client.ask(HOMES)
    assert (refused.status, refused.code) == (429, "RATE_LIMITED")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["Cache-Control"] == "private, no-store"
    assert refused.headers["RateLimit"].startswith('"minute";r=0;t=')
    assert "data" not in refused.body
    assert f"of {ADDRESS_A_MINUTE} a minute is spent; try again in" in refused.body["errors"][0]["message"]
    assert (await client.ask(SIGN_OUT)).status == 200
    assert (await client.ask(SIGN_OUT)).status == 429


async def test_all_that_one_user_asks_is_one_budget(api: Limited, platform: Platform) -> None:
    """Given somebody who has spent it, then no other device, address or mutation of theirs has one; others have."""
    ana, eva = await platform.user(), await platform.user()
    await api.leave(budget(ana), 0)
    queries = (NAME, f'mutation {{ createOrganization(input: {{name: "{uuid4().hex}"}}) {{ __typename }} }}')
    for query in queries:
        assert (await api.client(ana.token).ask(query)).status == 429
    same = new_address()
    assert (await api.client(ana.token, same).ask(NAME)).status == 429
    assert (await api.client(eva.token, same).ask(NAME)).status == 200


async def test_credentials_do_not_buy_public_answers(api: Limited, platform: Platform) -> None:
    """Given an address that has spent its budget, then signing in buys no public answer: nobody executes those."""
    user, address = await platform.user(), new_address()
    await api.leave_at(address, 0)
    assert (await api.client(user.token, address).ask(HOMES)).status == 429
    assert (await api.client(user.token, address).ask(NAME)).status == 200


async def test_a_public_answer_says_nothing_of_who_asked(api: Limited) -> None:
    """It is everybody's, and caches keep it: no cost in its body, and no budget in the headers that come with it."""
    answers = [await api.client().ask(HOMES) for _ in range(2)]
    assert answers[0].body == answers[1].body
    assert "extensions" not in answers[0].body
    assert [name for name in answers[0].headers if name.startswith("RateLimit")] == []
    near = await api.client().ask(
        "{ nearby(center: {longitude: 1, latitude: 1}, radiusM: 1000, first: 1) { edges { node { title } } } }"
    )
    assert near.body.get("extensions") is None
    assert near.headers["Cache-Control"] == "private, no-store"
    assert near.remaining < ADDRESS_A_MINUTE


async def test_over_a_websocket_the_operation_is_refused(api: Limited, platform: Platform) -> None:
    """Queries, mutations and subscriptions; the socket lives on, and others' go on."""
    ana = await platform.user()
    project = await ana.project(await ana.organization())
    design = await ana.design(project)
    follow = "subscription ($id: ID!) { designEvents(designId: $id, afterSeq: 0) { __typename } }"
    async with socket(platform.session, api.platform.api, ana.token) as opened:
        assert (await opened.first(NAME))["data"]["viewer"]["name"] == "Ana"
        await api.leave(budget(ana), 0)
    async with limited(platform) as another, socket(platform.session, another.platform.api, ana.token) as opened:
        for query, variables in ((NAME, None), (SIGN_OUT, None), (follow, {"id": design})):
            (error,) = (await opened.first(query, variables))["errors"]
            assert error["extensions"] == {"code": "RATE_LIMITED"}
            assert "is spent" in error["message"]
        eva = await platform.user("Eva")
        async with socket(platform.session, another.platform.api, eva.token) as other:
            assert (await other.first(NAME))["data"] == {"viewer": {"name": "Eva"}}


async def test_over_server_sent_events_the_operation_is_refused(api: Limited, platform: Platform) -> None:
    """Before the stream begins, as every other refusal there."""
    ana = await platform.user()
    await api.leave(budget(ana), 1)
    answer = await api.client(ana.token).ask(NAME, Accept="text/event-stream")
    assert (answer.status, answer.code) == (429, "RATE_LIMITED")
    eva = await platform.user()
    async with stream(platform.session, api.platform.api, NAME, {}, eva.token) as opened:
        assert await opened.receive() == ("next", {"data": {"viewer": {"name": "Ana"}}})


async def test_many_at_once_take_one_slice(api: Limited) -> None:
    """Given a hundred requests of one address at once, then all are counted, and each once."""
    client = api.client()
    answers = await asyncio.gather(*(client.ask(SIGN_OUT) for _ in range(100)))
    assert {answer.status for answer in answers} == {200}
    assert sorted(ADDRESS_A_MINUTE - answer.cost["remaining"] for answer in answers) == [*range(2, 202, 2)]
