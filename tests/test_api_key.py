"""API keys: made, changed, used and paid for, through the API and the edge."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import uuid4

import pytest
from beanie import PydanticObjectId

from auth import api_keys
from models.api_key import MOST_KEYS, ApiKey
from models.audit import AuditEvent
from models.user import Session
from schema import ids
from tests.limits import limited, limited_edge
from tests.partners import A_MINUTE, FEED, GALLERY, ana, ask, known_at_the_api, registered, stored, studio, until
from tests.platform import Json, Platform, User

__all__ = ["ana", "studio"]  # fixtures

FIELDS = """id name prefix scopes operations origins expiresAt revokedAt lastUsed createdAt
    creator { id } organization { id }"""
LISTED = """query ($id: ID!) { organization(id: $id) { apiKeys(first: 100) {
    totalCount edges { node { id name prefix revokedAt } } } } }"""


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
