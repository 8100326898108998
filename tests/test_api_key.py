"""API keys: made, changed, revoked and used, through the API, the edge and the relay."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import uuid4

import orjson
import pytest
from beanie import PydanticObjectId
from pymongo import AsyncMongoClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent
from redis.asyncio import Redis

from app.http.registry import load
from auth import api_keys
from auth.signatures import Keys
from edge import plans
from edge.server import EDGE
from edge.usage import BATCHES, Row, Usage
from models.api_key import MOST_KEYS, ApiKey, ApiKeyUsage
from models.audit import AuditEvent
from models.database import Database
from models.operation import RegisteredOperation
from models.user import Session
from schema import ids
from tests.following import socket
from tests.limits import limited, limited_edge
from tests.platform import Json, Platform, User, another_api
from workers.usage import UsageCounts

FIELDS = """id name prefix scopes operations origins expiresAt revokedAt lastUsed createdAt
    creator { id } organization { id }"""
LISTED = """query ($id: ID!) { organization(id: $id) { apiKeys(first: 100) {
    totalCount edges { node { id name prefix revokedAt } } } } }"""
FEED = next(plan for plan in plans.load().values() if plan.name == "PartnerListings")
GALLERY = next(plan for plan in plans.load().values() if plan.name == "Gallery")
A_MINUTE = 60_000


class Got(NamedTuple):
    """An answer: status, code of its refusal or "", headers, body."""

    status: int
    code: str
    headers: Mapping[str, str]
    body: Json


@pytest.fixture
async def ana(platform: Platform) -> User:
    """Give somebody signed in."""
    return await platform.user()


@pytest.fixture
async def studio(ana: User) -> str:
    """Give their organization."""
    return await ana.organization()


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


async def audited(platform: Platform, id_: str) -> list[Json]:
    """Return what was audited of a key."""
    rows = platform.database.handle[AuditEvent.stored_in()].find({"subject": ids.key(id_, "ApiKey")}).sort("_id", 1)
    return await rows.to_list()


async def stale(platform: Platform, who: User) -> None:
    """Have it be long ago that somebody proved who they are."""
    sessions = platform.database.handle[Session.stored_in()]
    long_ago = {"authenticated_at": datetime.now(UTC) - timedelta(hours=1)}
    await sessions.update_many({"user": ids.key(who.id, "User")}, {"$set": long_ago})


async def test_the_life_of_a_key(platform: Platform, ana: User, studio: str) -> None:
    """It is shown once, of which a hash is stored; listed, changed, revoked; and all of it is audited."""
    input_ = {"organizationId": studio, "name": " Portal ", "origins": ["https://A.example:443/"], "scopes": None}
    made = await ana.do("createApiKey", "ApiKeyCreated", input_, f"secret apiKey {{ {FIELDS} }}")
    secret, key = made["secret"], made["apiKey"]
    assert api_keys.well_formed(secret)
    assert secret.startswith(key["prefix"])
    assert (key["name"], key["scopes"], key["operations"], key["origins"]) == (
        "Portal",
        ["READ_PUBLIC"],
        [],
        ["https://a.example"],
    )
    assert (key["creator"], key["organization"]) == ({"id": ana.id}, {"id": studio})
    row = await stored(platform, key["id"])
    assert row["hash"] == sha256(secret.encode()).hexdigest()
    assert secret[14:] not in str(row)
    changed = await ana.do(
        "updateApiKey", "ApiKey", {"id": key["id"], "scopes": ["READ_ORGANIZATION"], "origins": None}, FIELDS
    )
    assert changed["scopes"] == ["READ_PUBLIC", "READ_ORGANIZATION"]
    assert (changed["origins"], changed["name"]) == ([], "Portal")
    for _ in range(2):
        revoked = await ana.by_id("revokeApiKey", "ApiKey", key["id"], "revokedAt")
        assert revoked["revokedAt"]
    found = (await ana.ask(LISTED, {"id": studio}))["organization"]["apiKeys"]
    assert found["totalCount"] == 1
    assert found["edges"][0]["node"]["revokedAt"] == revoked["revokedAt"]
    events = await audited(platform, key["id"])
    assert [event["action"] for event in events] == ["API_KEY_CREATED", "API_KEY_CHANGED", "API_KEY_REVOKED"]
    assert {event["organization"] for event in events} == {ids.key(studio, "Organization")}
    assert secret[14:] not in str(events)


async def test_who_may_manage_keys(platform: Platform, ana: User, studio: str) -> None:
    """Given an organization, then admins manage its keys; others neither make, change, revoke nor see them."""
    admin, editor, viewer = [await ana.member(studio, role) for role in ("ADMIN", "EDITOR", "VIEWER")]
    key, _ = await admin.api_key(studio)
    for other in (editor, viewer):
        made = await other.do("createApiKey", "ApiKeyCreated", {"organizationId": studio, "name": "K"}, "secret")
        assert made["__typename"] == "NotAllowed"
        assert (await other.do("updateApiKey", "ApiKey", {"id": key, "name": "K"}))["__typename"] == "NotAllowed"
        assert (await other.by_id("revokeApiKey", "ApiKey", key))["__typename"] == "NotAllowed"
        assert (await other.ask(LISTED, {"id": studio}))["organization"]["apiKeys"] == {"totalCount": None, "edges": []}
        assert (await other.ask("query ($id: ID!) { node(id: $id) { id } }", {"id": key}))["node"] is None
    assert (await stored(platform, key))["revoked_at"] is None


async def test_what_widens_a_key_needs_a_fresh_proof(platform: Platform, ana: User, studio: str) -> None:
    """Given an old proof, then no key is made or widened; it can be renamed and revoked, which cannot wait."""
    key, _ = await ana.api_key(studio)
    await stale(platform, ana)
    made = await ana.do("createApiKey", "ApiKeyCreated", {"organizationId": studio, "name": "K"}, "secret")
    assert made["__typename"] == "StepUpRequired"
    changes: tuple[Json, ...] = (
        {"scopes": ["READ_ORGANIZATION"]},
        {"operations": []},
        {"origins": []},
        {"expiresAt": None},
    )
    for change in changes:
        refused = await ana.do("updateApiKey", "ApiKey", {"id": key, **change})
        assert refused["__typename"] == "StepUpRequired"
    assert (await ana.do("updateApiKey", "ApiKey", {"id": key, "name": "Other"}, "name"))["name"] == "Other"
    assert (await ana.by_id("revokeApiKey", "ApiKey", key, "revokedAt"))["revokedAt"]


@pytest.mark.parametrize(
    ("input_", "path"),
    [
        ({"name": " "}, "name"),
        ({"origins": ["https://a.example/path"]}, "origins"),
        ({"origins": ["a.example"]}, "origins"),
        ({"operations": ["x"]}, "operations"),
        ({"operations": [f"{n:064x}" for n in range(201)]}, "operations"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt"),
        ({"expiresAt": "2099-01-01T00:00:00"}, "expiresAt"),
    ],
)
async def test_what_is_no_key_says_why(ana: User, studio: str, input_: Json, path: str) -> None:
    """Given a value that breaks a rule, then the path leads to it."""
    whole = {"organizationId": studio, "name": "K", **input_}
    refused = await ana.do("createApiKey", "ApiKeyCreated", whole, "secret")
    assert (refused["__typename"], refused["path"][:2]) == ("InvalidInput", ["input", path])


async def test_an_organization_has_a_bound(platform: Platform, ana: User, studio: str) -> None:
    """Given one key less than there may be, when two are made at once, then one is; a revoked one makes room."""
    organization = ids.key(studio, "Organization")
    rows = [
        {"_id": PydanticObjectId(), "organization": organization, "hash": uuid4().hex * 2, "revoked_at": None}
        for _ in range(MOST_KEYS - 2)
    ]
    last, _ = await ana.api_key(studio)
    await platform.database.handle[ApiKey.stored_in()].insert_many(rows)
    input_ = {"organizationId": studio, "name": "K"}
    both = await asyncio.gather(*(ana.do("createApiKey", "ApiKeyCreated", input_, "secret") for _ in range(2)))
    assert sorted(made["__typename"] for made in both) == ["ApiKeyCreated", "InvalidInput"]
    await ana.by_id("revokeApiKey", "ApiKey", last)
    assert (await ana.do("createApiKey", "ApiKeyCreated", input_, "secret"))["__typename"] == "ApiKeyCreated"


async def test_a_key_asks_its_organizations_operations_and_those_for_partners(
    platform: Platform, ana: User, studio: str
) -> None:
    """Given a key, then it asks both in all spellings; members ask theirs; to all others there is none."""
    id_ = await registered(ana, studio)
    _, secret = await ana.api_key(studio)
    await known_at_the_api(platform, id_, secret)
    found = {"data": {"listings": {"totalCount": 0}}}
    url = f"{platform.api}/graphql"
    for method, options in (
        ("POST", {"json": {"documentId": f"sha256:{id_}"}}),
        ("GET", {"params": {"documentId": f"sha256:{id_}"}}),
    ):
        got = await ask(url, platform, secret, method, **options)
        assert (got.status, got.body) == (200, found)
        assert got.headers["Cache-Control"] == "private, no-store"
    assert (await ask(f"{url}/{FEED.id}", platform, secret)).status == 200
    assert (await ask(f"{url}/{FEED.id}", platform)).code == "API_KEY_REQUIRED"
    assert (await ask(f"{url}/{FEED.id}", platform, ana.token)).code == "API_KEY_REQUIRED"
    assert (await ask(f"{url}/{GALLERY.id}", platform)).status == 200
    outsider = await platform.user()
    unknown = await ask(f"{url}/{'0' * 64}", platform)
    for token in (None, outsider.token):
        got = await ask(f"{url}/{id_}", platform, token)
        assert (got.status, str(got.body).replace(id_, "0" * 64)) == (404, str(unknown.body))
    for broken in (id_, "0" * 64):
        assert (await ask(f"{url}/{broken}", platform, "no.token.ofours")).code == "NOT_SIGNED_IN"
    member = await ana.member(studio, "VIEWER")
    assert (await ask(f"{url}/{id_}", platform, member.token)).body == found


async def test_attacks_with_a_key_on_what_it_may_not_ask(platform: Platform, ana: User, studio: str) -> None:
    """Given a key, then no document of its own, no mutation, no subscription, no operation of others is run for it."""
    mine, other = await registered(ana, studio), await registered(ana, studio)
    eva = await platform.user()
    elsewhere = await eva.organization()
    theirs = await registered(eva, elsewhere)
    _, secret = await ana.api_key(studio, operations=[mine], scopes=["READ_ORGANIZATION"])
    _, stranger = await eva.api_key(elsewhere)
    await known_at_the_api(platform, mine, secret)
    await known_at_the_api(platform, theirs, stranger)
    url = f"{platform.api}/graphql"
    documents = (
        "{ viewer { id } }",
        'mutation { createOrganization(input: {name: "X"}) { __typename } }',
        load()[FEED.id],
    )
    for text in documents:
        got = await ask(url, platform, secret, "POST", json={"query": text})
        assert (got.status, got.code) == (403, "REGISTERED_OPERATIONS_ONLY")
    for plan in plans.load().values():
        got = await ask(f"{url}/{plan.id}", platform, secret, "POST", json={})
        assert got.status == 403, plan.name
    assert (await ask(f"{url}/{other}", platform, secret)).code == "OPERATION_NOT_ALLOWED"
    for id_, key in ((theirs, secret), (mine, stranger)):
        got = await ask(f"{url}/{id_}", platform, key)
        assert (got.status, got.code) == (404, "PERSISTED_QUERY_NOT_FOUND")
    assert (await ask(f"{url}/{'0' * 64}", platform, secret)).code == "PERSISTED_QUERY_NOT_FOUND"
    got = await ask(f"{url}/{mine}", platform, secret, headers={"Accept": "text/event-stream"})
    assert (got.status, got.code) == (403, "READS_ONLY")
    with pytest.raises(AssertionError, match="4403"):  # it is closed before it is acknowledged
        async with socket(platform.session, platform.api, token=secret):
            pass


async def test_attack_a_key_in_the_address_counts_for_nothing(platform: Platform, ana: User, studio: str) -> None:
    """Given a key in the query of a URL, then it is as if there were none."""
    _, secret = await ana.api_key(studio)
    for params in ({"api_key": secret}, {"Authorization": f"Bearer {secret}"}):
        for base in (platform.api, platform.edge):
            assert (await ask(f"{base}/graphql/{FEED.id}", platform, params=params)).code == "API_KEY_REQUIRED"


async def test_a_key_sees_what_its_scopes_say(platform: Platform, ana: User, studio: str) -> None:
    """Given an operation that is executed as its caller, then a key needs the scope, and sees what members see."""
    await ana.project(studio, title="Casa oculta")
    text = f"""query Home {{ a{uuid4().hex}: viewer {{ id }} organization(id: "{studio}") {{ viewerRole
        projects {{ edges {{ node {{ title viewerPermissions }} }} }} apiKeys {{ totalCount }} }} }}"""
    id_ = await registered(ana, studio, text)
    _, reading = await ana.api_key(studio, scopes=["READ_ORGANIZATION"])
    _, public = await ana.api_key(studio)
    await known_at_the_api(platform, id_, reading)
    got = await ask(f"{platform.api}/graphql/{id_}", platform, reading)
    viewer, organization = got.body["data"].values()
    assert viewer is None
    assert organization == {
        "viewerRole": "VIEWER",
        "projects": {"edges": [{"node": {"title": "Casa oculta", "viewerPermissions": ["READ", "COMMENT"]}}]},
        "apiKeys": {"totalCount": None},
    }
    plain = await ana.ask(text.replace("query Home", "query Other"))
    assert plain["organization"]["projects"]["edges"][0]["node"]["title"] == "Casa oculta"
    got = await ask(f"{platform.api}/graphql/{id_}", platform, public)
    assert (got.status, got.code) == (403, "SCOPE_REQUIRED")


async def test_attacks_with_expired_keys_and_from_foreign_origins(platform: Platform, ana: User, studio: str) -> None:
    """Given a key that has ended, or one for a page, then it is refused at the API and the edge alike."""
    key, ended = await ana.api_key(studio)
    past = {"expires_at": datetime.now(UTC) - timedelta(seconds=1)}
    await platform.database.handle[ApiKey.stored_in()].update_one({"_id": ids.key(key, "ApiKey")}, {"$set": past})
    _, paged = await ana.api_key(studio, origins=["https://a.example"])
    for base in (platform.api, platform.edge):
        url = f"{base}/graphql/{FEED.id}"

        async def over(url: str = url) -> bool:
            return (await ask(url, platform, ended)).code == "INVALID_API_KEY"

        await until(over, 2)
        assert (await ask(url, platform, paged)).code == "ORIGIN_NOT_ALLOWED"
        assert (await ask(url, platform, paged, headers={"Origin": "https://b.example"})).code == "ORIGIN_NOT_ALLOWED"
        assert (await ask(url, platform, paged, headers={"Origin": "https://a.example"})).status == 200


@pytest.mark.parametrize("how", ["mutation", "script", "deleted", "narrowed", "operation removed"])
async def test_a_revocation_holds_everywhere_within_a_second(
    platform: Platform, ana: User, studio: str, how: str
) -> None:
    """Given a key that the edge answers from memory, when it ends in any way, then API and edge refuse it at once.

    And the key that has taken its place goes on: there may be two at once.
    """
    text = f'query Homes {{ listings(city: "{uuid4().hex}") {{ totalCount }} }}'
    id_ = await registered(ana, studio, text)
    (key, secret), (_, successor) = await ana.api_key(studio), await ana.api_key(studio)
    eva = await platform.user()
    _, theirs = await eva.api_key(await eva.organization())
    url = f"{platform.edge}/graphql/{id_}"

    async def hit() -> bool:
        got = await ask(url, platform, secret)
        return "edge; hit" in got.headers["Cache-Status"]

    await until(hit)
    assert (await ask(url, platform, theirs)).code == "PERSISTED_QUERY_NOT_FOUND"
    assert (await ask(url, platform, successor)).status == 200
    rows, where = platform.database.handle[ApiKey.stored_in()], {"_id": ids.key(key, "ApiKey")}
    if how == "mutation":
        await ana.by_id("revokeApiKey", "ApiKey", key)
    elif how == "script":
        await rows.update_one(where, {"$set": {"revoked_at": datetime.now(UTC)}})
    elif how == "deleted":
        await rows.delete_one(where)
    elif how == "narrowed":
        await ana.do("updateApiKey", "ApiKey", {"id": key, "operations": [FEED.id]})
    else:
        operations = platform.database.handle[RegisteredOperation.stored_in()]
        await operations.delete_one({"document_id": id_})
    assert (await ask(f"{platform.api}/graphql/{id_}", platform, secret)).status in {401, 403, 404}

    async def refused() -> bool:
        return (await ask(url, platform, secret)).status in {401, 403, 404}

    await until(refused, 1)
    if how != "operation removed":
        assert (await ask(url, platform, successor)).status == 200


async def test_a_document_of_two_organizations(platform: Platform, ana: User, studio: str) -> None:
    """Given one document of two, when one removes it, then its key finds nothing, and the other's goes on."""
    text = f'query Homes {{ listings(city: "{uuid4().hex}") {{ totalCount }} }}'
    eva = await platform.user()
    other = await eva.organization()
    id_ = await registered(ana, studio, text)
    await registered(eva, other, text)
    (_, first), (_, second) = await ana.api_key(studio), await eva.api_key(other)
    url = f"{platform.edge}/graphql/{id_}"

    async def hits() -> bool:
        both = [await ask(url, platform, secret) for secret in (first, second)]
        return all("edge; hit" in got.headers["Cache-Status"] for got in both)

    await until(hits)
    mine = {"organization": ids.key(studio, "Organization"), "document_id": id_}
    await platform.database.handle[RegisteredOperation.stored_in()].delete_one(mine)

    async def refused() -> bool:
        return (await ask(url, platform, first)).status == 404

    await until(refused, 1)
    assert (await ask(url, platform, second)).status == 200


async def test_one_budget_at_the_api_and_the_edge(platform: Platform, ana: User, studio: str) -> None:
    """Given a budget that others have spent but for one request, then one is answered, wherever it is asked."""
    key, secret = await ana.api_key(studio)
    payer = f"key:{ids.key(key, 'ApiKey')}", A_MINUTE
    async with limited(platform) as api, limited_edge(api) as edge:
        await api.leave(payer, FEED.cost)
        got = await ask(f"{api.platform.api}/graphql/{FEED.id}", platform, secret)
        assert (got.status, got.headers["RateLimit-Policy"]) == (200, f'"minute";q={A_MINUTE};w=60')
        await api.leave(payer, 0)
        for base in (edge, api.platform.api):

            async def spent(url: str = f"{base}/graphql/{FEED.id}") -> bool:
                return (await ask(url, platform, secret)).status == 429

            await until(spent)  # what this API has been given back is still there
            got = await ask(f"{base}/graphql/{FEED.id}", platform, secret)
            assert (got.status, got.code) == (429, "RATE_LIMITED")
            assert 0 < int(got.headers["Retry-After"]) <= 60
            assert ";r=0;" in got.headers["RateLimit"]


class Reads(CommandListener):
    """Counts reads."""

    def __init__(self) -> None:
        self.count = 0

    def started(self, event: CommandStartedEvent) -> None:
        """Count a read."""
        self.count += event.command_name in {"find", "aggregate"}

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Note nothing."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Note nothing."""


async def test_attack_a_bad_checksum_is_refused_without_a_read(platform: Platform, ana: User, studio: str) -> None:
    """Given inventions, then MongoDB is not asked; given a good checksum, once by the whole hash, and no more."""
    _, secret = await ana.api_key(studio)
    reads = Reads()
    settings = platform.settings
    client: AsyncMongoClient[Json] = AsyncMongoClient(settings.mongodb_url, tz_aware=True, event_listeners=[reads])
    async with client, another_api(platform, database=Database(client, settings.mongodb_database)) as other:
        url = f"{other.api}/graphql/{FEED.id}"
        assert (await ask(url, platform, secret)).status == 200
        before = reads.count
        for bad in (secret[:-1] + ("0" if secret[-1] != "0" else "1"), secret[:-2], "dp_live_"):
            assert (await ask(url, platform, bad)).code == "INVALID_API_KEY"
        assert reads.count == before
        assert (await ask(url, platform, api_keys.make(live=True))).code == "INVALID_API_KEY"
        assert reads.count == before + 1


async def test_a_keys_record_is_told_to_edges_alone(platform: Platform, ana: User, studio: str) -> None:
    """Given no proof, another purpose's, or an old one, then there is no such page; else the record."""
    _, secret = await ana.api_key(studio)
    hash_, keys = api_keys.hashed(secret), Keys(platform.settings.secret_key)
    url = f"{platform.api}/internal/api-key"
    now = int(time.time())
    missing = await ask(f"{platform.api}/nothing", platform)
    for proof in (
        "",
        hash_,
        f"{hash_}-{now}.{'0' * 32}",
        keys.sign("edge-fetch", f"{hash_}-{now}"),
        keys.sign("api-key", f"{hash_}-{now - 1000}"),
        keys.sign("api-key", hash_),
    ):
        got = await ask(url, platform, headers={"Edge-Key": proof} if proof else {})
        assert (got.status, got.code) == (missing.status, missing.code)
    headers = {"Edge-Key": keys.sign("api-key", f"{hash_}-{now}")}
    got = await ask(url, platform, headers=headers)
    assert got.body["organization"] == str(ids.key(studio, "Organization"))
    assert secret[14:] not in str(got.body)
    assert hash_ not in str(got.body)
    assert (await ask(f"{platform.edge}/internal/api-key", platform)).status == 404


async def test_usage_is_counted_once_and_told_by_day(platform: Platform, ana: User, studio: str) -> None:
    """Given requests at the API and the edge, then their sum is there by day, and the day of use."""
    key, secret = await ana.api_key(studio)
    sizes = 0
    for base in (*[platform.api] * 3, *[platform.edge] * 4):
        async with platform.session.get(
            f"{base}/graphql/{FEED.id}?variables=%7B%22city%22%3A%22nowhere%22%7D",
            headers={"Authorization": f"Bearer {secret}"},
        ) as response:
            assert response.status == 200
            sizes += len(await response.read())
    edge = platform.processes["edge"].application
    assert edge is not None
    await edge[EDGE].usage.flush()
    flush = next(close for close in platform.processes["api"].close if getattr(close, "__name__", "") == "flush")
    await flush()
    query = """query ($id: ID!, $from: Date!, $to: Date!) { node(id: $id) { ... on ApiKey {
        lastUsed usage(from: $from, to: $to) { day requests cost bytes } } } }"""
    today = datetime.now(UTC).date()
    variables = {"id": key, "from": str(today - timedelta(days=1)), "to": str(today)}

    async def there() -> bool:
        return bool((await ana.ask(query, variables))["node"]["usage"])

    async def whole() -> bool:
        found = (await ana.ask(query, variables))["node"]
        return bool(sum(day["requests"] for day in found["usage"]) == 7)

    await until(there)
    await until(whole)
    found = (await ana.ask(query, variables))["node"]
    requests, cost, size = (sum(day[name] for day in found["usage"]) for name in ("requests", "cost", "bytes"))
    assert (requests, size) == (7, sizes)
    assert 7 <= cost < 7 * FEED.cost  # what was answered, not what might have been
    assert date.fromisoformat(found["lastUsed"][:10]) >= today - timedelta(days=1)
    status, body = await platform.post(query, {**variables, "from": "2020-01-01"}, ana.token)
    assert (status, body["errors"][0]["extensions"]["code"]) == (200, "INVALID_INPUT")


async def test_a_batch_that_comes_twice_is_counted_once(platform: Platform, ana: User, studio: str) -> None:
    """Given a batch that is appended again, by a process or read by two relays at once, then it is added once."""
    key, _ = await ana.api_key(studio)
    hex_ = str(ids.key(key, "ApiKey"))
    async with Redis.from_url(platform.settings.redis_url or "") as redis:
        counts = UsageCounts(platform.database, redis)
        id_, rows = PydanticObjectId(), [Row(hex_, 20_000, 5, 50, 500), Row("0" * 24, 20_000, 1, 1, 1)]
        added = await asyncio.gather(*(counts.add(id_, rows) for _ in range(4)))
        assert added.count(True) == 1
        await redis.xadd(BATCHES, {"id": str(id_), "rows": orjson.dumps([[*row] for row in rows])})
        await redis.xadd(BATCHES, {"id": "nonsense", "rows": b"["})
        while await counts.move():
            pass
        assert await redis.xlen(BATCHES) == 0
    usage = platform.database.handle[ApiKeyUsage.stored_in()]
    found = await usage.find({"key": PydanticObjectId(hex_)}).to_list()
    assert [(row["requests"], row["cost"], row["bytes"]) for row in found] == [(5, 50, 500)]
    assert await usage.count_documents({"key": PydanticObjectId("0" * 24)}) == 0
    assert (await stored(platform, key))["last_used"] == datetime.fromtimestamp(20_000 * 86_400, UTC)


async def test_what_could_not_be_handed_on_is_handed_on_later_under_the_same_id() -> None:
    """Given no Redis, then nothing is lost meanwhile, and the same batch comes under its own id."""
    async with Redis.from_url("redis://127.0.0.1:1/0") as nowhere:
        usage = Usage(nowhere, lambda: 86_400.0 * 3)
        usage.count("k", 5, 7)
        await usage.flush()
        batches = dict(usage._batches)  # noqa: SLF001 - what is kept
        usage.count("k", 5, 7)
        await usage.flush()
        assert usage._batches == batches  # noqa: SLF001 - likewise
        assert [orjson.loads(batch) for batch in batches.values()] == [[["k", 3, 1, 5, 7]]]
        assert usage._counted == {("k", 3): [1, 5, 7]}  # noqa: SLF001 - likewise
