"""API keys in wrong hands, through the API, the edge and the relay."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from pymongo import AsyncMongoClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from app.http.registry import load
from auth import api_keys
from auth.signatures import Keys
from edge import plans
from models.api_key import ApiKey
from models.database import Database
from models.operation import RegisteredOperation
from schema import ids
from tests.following import socket
from tests.partners import FEED, ana, ask, known_at_the_api, registered, studio, until
from tests.platform import Json, Platform, User, another_api

__all__ = ["ana", "studio"]  # fixtures


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
