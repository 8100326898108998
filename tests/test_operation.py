"""Operations that partners register: who may, what is refused, and how the API answers them by their id."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from hashlib import sha256
from uuid import uuid4

import orjson
import pytest
from beanie import PydanticObjectId

from models.operation import MOST_OPERATIONS, RegisteredOperation
from schema import ids
from tests.following import socket
from tests.platform import Json, Platform, User, another_api

FIELDS = "id name documentId body scope cost maxAge createdAt creator { id } organization { id }"
LISTED = """query ($id: ID!, $first: Int!) { organization(id: $id) { operations(first: $first) {
    totalCount edges { node { id name documentId } } } } }"""


@pytest.fixture(scope="module")
async def ana(platform: Platform) -> User:
    """Sign somebody up who registers operations."""
    return await platform.user("Ana")


@pytest.fixture
async def studio(ana: User) -> str:
    """Found an organization of Ana's."""
    return await ana.organization()


def homes() -> str:
    """Return a document that nobody else registers."""
    return f'query Homes {{ listings(city: "{uuid4().hex}", first: 5) {{ totalCount }} }}'


def digest(text: str) -> str:
    """Return a document's id."""
    return sha256(text.encode()).hexdigest()


async def register(by: User, organization: str, text: str) -> Json:
    """Register a document."""
    input_ = {"organizationId": organization, "document": text}
    return await by.do("registerOperation", "RegisteredOperation", input_, FIELDS)


async def listed(by: User, organization: str, first: int = 100) -> Json:
    """Return what an organization has registered."""
    found: Json = (await by.ask(LISTED, {"id": organization, "first": first}))["organization"]
    return found


async def by_path(platform: Platform, id_: str, who: User | None = None) -> tuple[int, Json]:
    """Ask the API for an operation by its path: (status, body)."""
    async with platform.session.get(f"{platform.api}/graphql/{id_}", headers=bearer(who)) as response:
        return response.status, await response.json()


def bearer(who: User | None) -> dict[str, str]:
    """Return somebody's credentials."""
    return {} if who is None else {"Authorization": f"Bearer {who.token}"}


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    """Wait for a condition that nothing tells of."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)


async def test_the_life_of_an_operation(platform: Platform, ana: User, studio: str) -> None:
    """It is registered, listed, asked for by its id, and removed; then its id is unknown again."""
    text = homes()
    made = await register(ana, studio, text)
    assert made["createdAt"]
    assert {name: made[name] for name in ("name", "documentId", "body", "scope", "maxAge")} == {
        "name": "Homes",
        "documentId": digest(text),
        "body": text,
        "scope": "PUBLIC",
        "maxAge": 300,
    }
    assert (made["cost"], made["creator"], made["organization"]) == (6, {"id": ana.id}, {"id": studio})
    shown = {name: made[name] for name in ("id", "name", "documentId")}
    assert await listed(ana, studio) == {"operations": {"totalCount": 1, "edges": [{"node": shown}]}}
    assert await by_path(platform, digest(text), ana) == (200, {"data": {"listings": {"totalCount": 0}}})
    assert await ana.by_id("removeOperation", "Deleted", made["id"]) == {"__typename": "Deleted", "id": made["id"]}
    assert (await ana.by_id("removeOperation", "Deleted", made["id"]))["__typename"] == "NotFound"
    assert (await listed(ana, studio))["operations"]["totalCount"] == 0

    async def refused() -> bool:
        return (await by_path(platform, digest(text), ana))[0] == 404

    await until(refused, 2)


async def test_registering_again_is_the_same(ana: User, studio: str) -> None:
    """Given a document that is there, when it is registered again, also several times at once, then there is one."""
    text = homes()
    found = await asyncio.gather(*(register(ana, studio, text) for _ in range(4)))
    assert {made["id"] for made in [*found, await register(ana, studio, text)]} == {found[0]["id"]}
    assert (await listed(ana, studio))["operations"]["totalCount"] == 1


async def test_a_viewers_operation_is_executed_as_the_viewer(platform: Platform, ana: User, studio: str) -> None:
    """Given an operation with an entry field for viewers, then its scope says so, and each member has an answer."""
    alias = f"a{uuid4().hex}"
    text = f"query Me {{ viewer {{ id {alias}: name }} }}"
    made = await register(ana, studio, text)
    assert (made["scope"], made["maxAge"]) == ("VIEWER", 0)
    for stranger in (None, await platform.user()):
        assert (await by_path(platform, digest(text), stranger))[0] == 404
    eva = await ana.member(studio, "VIEWER")
    assert await by_path(platform, digest(text), eva) == (200, {"data": {"viewer": {"id": eva.id, alias: "Ana"}}})
    headers = bearer(ana)
    async with platform.session.get(f"{platform.api}/graphql/{digest(text)}", headers=headers) as response:
        assert (await response.json())["data"]["viewer"]["id"] == ana.id
        assert response.headers["Cache-Control"] == "private, no-store"
        assert "Edge-Plan" not in response.headers


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Syntax Error"),
        ("query Broken {", "Syntax Error: Expected Name, found <EOF>. (line 1, column 15)"),
        (
            "query Odd { nothing nowhere }",
            "Cannot query field 'nothing' on type 'Query'. (line 1, column 13) And 1 more",
        ),
        ("{ listings { totalCount } }", "needs a name"),
        ("query A { viewer { id } } query B { viewer { id } }", "2 operations"),
        ("fragment F on User { id }", "no operation"),
        ("mutation Like($id: ID!) { likeDesign(id: $id) { __typename } }", "it is a mutation"),
        (
            "subscription S($id: ID!) { designEvents(designId: $id, afterSeq: 0) { __typename } }",
            "it is a subscription",
        ),
        (f"query {'A' * 101} {{ viewer {{ id }} }}", "name has 101 characters"),
        ("query Long { viewer { id } }" + " " * 65_536, "65536 are allowed"),
        (
            "query D { gallery(first: 100) { edges { node { designs(first: 100) { edges { node { id room } } } } } } }",
            "Most of it is in `gallery.edges.node.designs.edges.node`",
        ),
        ("query Aliases {" + "".join(f" a{n}: viewer {{ id }}" for n in range(101)) + " }", "101 aliases"),
        ('query Far { listings(city: "\\ud800") { totalCount } }', "Syntax Error"),
    ],
)
async def test_what_is_refused_says_why(ana: User, studio: str, text: str, words: str) -> None:
    """Given a document that cannot be registered, then the message names the problem, and nothing is kept."""
    refused = await register(ana, studio, text)
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["input", "document"])
    assert refused["message"].startswith("document: ")
    assert words in refused["message"]
    assert (await listed(ana, studio))["operations"]["totalCount"] == 0


async def test_an_organization_has_a_bound(platform: Platform, ana: User, studio: str) -> None:
    """Given as many operations as there may be, then one more is refused, and one that is there is not."""
    await register(ana, studio, last := homes())
    rows: list[Json] = []
    for _ in range(MOST_OPERATIONS - 2):
        text = homes()
        rows.append(
            {"_id": PydanticObjectId(), "organization": ids.key(studio, "Organization"), "document_id": digest(text)}
        )
    await platform.database.handle[RegisteredOperation.stored_in()].insert_many(rows)
    both = await asyncio.gather(register(ana, studio, homes()), register(ana, studio, homes()))
    assert sorted(made["__typename"] for made in both) == ["InvalidInput", "RegisteredOperation"]
    refused = next(made for made in both if made["__typename"] == "InvalidInput")
    assert refused["path"] == ["input", "organizationId"]
    assert f"it has {MOST_OPERATIONS} operations" in refused["message"]
    assert (await register(ana, studio, last))["__typename"] == "RegisteredOperation"


async def test_admins_register_and_members_look(platform: Platform, ana: User, studio: str) -> None:
    """Given an organization, then admins register and remove, editors are told that they may not, all members look."""
    admin, editor, viewer = [await ana.member(studio, role) for role in ("ADMIN", "EDITOR", "VIEWER")]
    made = await register(admin, studio, homes())
    assert made["__typename"] == "RegisteredOperation"
    for other in (editor, viewer):
        assert (await register(other, studio, "not looked at {"))["__typename"] == "NotAllowed"
        assert (await other.by_id("removeOperation", "Deleted", made["id"]))["__typename"] == "NotAllowed"
        assert (await listed(other, studio))["operations"]["totalCount"] == 1
    outsider = await platform.user()
    assert (await register(outsider, studio, homes()))["__typename"] == "NotFound"
    assert await listed(outsider, studio) is None
    assert (await admin.by_id("removeOperation", "Deleted", made["id"]))["__typename"] == "Deleted"


async def test_the_public_sees_no_operations(platform: Platform, ana: User, studio: str) -> None:
    """Given a public project, then its organization shows none of its operations there, to members either."""
    await register(ana, studio, homes())
    design = await ana.design(await ana.public_project(studio), published=True)
    query = """query ($id: ID!) { publicDesign(id: $id) { project { organization { operations {
        totalCount edges { node { body } } } } } } }"""
    for token in (None, ana.token):
        seen = (await platform.ask(query, {"id": design}, token))["publicDesign"]["project"]["organization"]
        assert seen["operations"] == {"totalCount": None, "edges": []}


async def test_production_takes_what_partners_registered(platform: Platform, ana: User, studio: str) -> None:
    """Given an API in production, then a registered document is answered by its id in all spellings, until it goes."""
    text = homes()
    id_ = digest(text)
    apollo = {"persistedQuery": {"version": 1, "sha256Hash": id_}}
    async with another_api(platform, environment="production", apq=False) as production:
        assert (await by_path(production, id_, ana))[0] == 404  # and the process remembers that it is unknown
        made = await register(ana, studio, text)

        async def known() -> bool:
            return (await by_path(production, id_, ana))[0] == 200

        await until(known, 2)
        found = {"data": {"listings": {"totalCount": 0}}}
        url = f"{production.api}/graphql"
        for method, request in (
            ("POST", {"json": {"documentId": f"sha256:{id_}"}}),
            ("GET", {"params": {"documentId": f"sha256:{id_}"}}),
            ("POST", {"json": {"extensions": apollo}}),
            ("GET", {"params": {"extensions": orjson.dumps(apollo).decode()}}),
        ):
            async with production.session.request(method, url, headers=bearer(ana), **request) as response:
                assert (response.status, await response.json()) == (200, found)
        status, body = await production.post(text)  # in full it is like any other
        assert (status, body["errors"][0]["extensions"]["code"]) == (403, "PERSISTED_QUERY_REQUIRED")
        await ana.by_id("removeOperation", "Deleted", made["id"])

        async def gone() -> bool:
            return (await by_path(production, id_, ana))[0] == 404

        await until(gone, 2)
        assert (await production.post(text))[0] == 403  # though the process has prepared it
        async with socket(production.session, production.api) as opened:
            assert "PERSISTED_QUERY_REQUIRED" in str(await opened.first(text, {}))


async def test_a_document_stays_until_the_last_removes_it(platform: Platform, ana: User, studio: str) -> None:
    """Given two organizations with one document, when one removes it, then it is answered, and not after the other."""
    text, other = homes(), await ana.organization()
    first, second = await register(ana, studio, text), await register(ana, other, text)
    assert first["id"] != second["id"]
    assert first["documentId"] == second["documentId"]
    await ana.by_id("removeOperation", "Deleted", first["id"])
    await settled(platform)
    assert (await by_path(platform, digest(text), ana))[0] == 200
    await ana.by_id("removeOperation", "Deleted", second["id"])
    await settled(platform)
    assert (await by_path(platform, digest(text), ana))[0] == 404


async def settled(platform: Platform) -> None:
    """Wait until the API has heard of everything that was written: a document that comes last is known."""
    marker = homes()
    ana = await platform.user()
    assert (await by_path(platform, digest(marker), ana))[0] == 404
    await register(ana, await ana.organization(), marker)

    async def heard() -> bool:
        return (await by_path(platform, digest(marker), ana))[0] == 200

    await until(heard)


async def test_a_script_that_alters_a_document_opens_nothing(platform: Platform, ana: User, studio: str) -> None:
    """Given a stored text that is not that of its id, then the id is unknown."""
    text = homes()
    await register(ana, studio, text)
    await settled(platform)
    assert (await by_path(platform, digest(text), ana))[0] == 200
    rows = platform.database.handle[RegisteredOperation.stored_in()]
    await rows.update_one({"document_id": digest(text)}, {"$set": {"body": "query Homes { viewer { id } }"}})
    await settled(platform)
    assert (await by_path(platform, digest(text), ana))[0] == 404
    await rows.delete_one({"document_id": digest(text)})


async def test_an_id_is_looked_up_by_an_index(platform: Platform) -> None:
    """Given an id, known or not, then MongoDB finds its document without reading others."""
    find = {"find": RegisteredOperation.stored_in(), "filter": {"document_id": "00" * 32}, "limit": 1}
    plan = await platform.database.handle.command("explain", find, verbosity="executionStats")
    assert "IXSCAN" in str(plan["queryPlanner"]["winningPlan"])
    assert plan["executionStats"]["totalDocsExamined"] == 0


async def test_an_answer_tells_its_plan(platform: Platform, ana: User, studio: str) -> None:
    """Given a shared answer, then `Edge-Plan` has the plan of its document, in ASCII, and the front door keeps it."""
    text = 'query Homes($city: String = "Ávila") { listings(city: $city) { edges { node { title } } } }'
    await register(ana, studio, text)
    for headers, cached in ((bearer(ana), False), (platform.edge_fetch(digest(text)), True)):
        async with platform.session.get(f"{platform.api}/graphql/{digest(text)}", headers=headers) as response:
            assert response.headers["Edge-Plan"].isascii()
            plan = orjson.loads(response.headers["Edge-Plan"])
            assert ("CDN-Cache-Control" in response.headers) is cached
            assert response.headers["Cache-Control"] == ("no-cache" if cached else "private, no-store")
    assert (plan["id"], plan["name"], plan["client"], plan["audience"], plan["defaults"]) == (
        digest(text),
        "Homes",
        "",
        "ORGANIZATION",
        {"city": "Ávila"},
    )
    assert "title" in plan["fields"]["Project"]
    front = replace(platform, settings=replace(platform.settings, api_url=platform.edge))
    async with front.session.get(f"{front.api}/graphql/{digest(text)}", headers=bearer(ana)) as response:
        assert response.status == 200
        assert "Edge-Plan" not in response.headers


async def test_documents_that_clients_send_are_kept_at_the_edge(platform: Platform) -> None:
    """Given a document sent once in Apollo's spelling, then the edge learns it from its answer, and keeps that."""
    text = homes()
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest(text)}}
    async with platform.session.post(
        f"{platform.edge}/graphql", json={"query": text, "extensions": extensions}
    ) as sent:
        assert (sent.status, sent.headers["Cache-Status"]) == (200, "edge; fwd=bypass")
    said: list[str] = []

    async def hit() -> bool:
        params = {"extensions": orjson.dumps(extensions).decode()}
        async with platform.session.get(f"{platform.edge}/graphql", params=params) as response:
            assert await response.json() == {"data": {"listings": {"totalCount": 0}}}
            said.append(response.headers["Cache-Status"])
        return "edge; hit" in said[-1]

    await until(hit)
    assert "edge; fwd=uri-miss; detail=learned" in said


@pytest.mark.parametrize(
    "text",
    [
        "query Two($id: ID = 99999999999999999999999999) { publicDesign(id: $id) { title } }",
        "query Far($x: Float = 1e999) { nearby(center: {latitude: $x, longitude: 0}) { edges { node { id } } } }",
        "query A { gallery { totalCount } } query B { listings { totalCount } }",
    ],
)
async def test_what_no_plan_can_say_is_answered_without_one(platform: Platform, text: str) -> None:
    """Given a default that JSON does not carry, or several operations, then there is an answer and no plan."""
    body = {"query": text, **({"operationName": "A"} if "query B" in text else {})}
    async with platform.session.post(f"{platform.api}/graphql", json=body) as response:
        assert response.status == 200
        assert "data" in await response.json() or "Two" in text
        assert "Edge-Plan" not in response.headers
