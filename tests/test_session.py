"""Signed-in devices through HTTP: tokens that rotate, and sessions that are listed and revoked."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from beanie import PydanticObjectId

from app.http.jwks import JWKS_PATH
from auth.keyring import Keyring
from auth.refresh_tokens import read
from auth.signatures import Keys
from auth.tokens import AUDIENCE, Claims
from schema import ids
from tests.platform import Json, Platform, User, an_address, another_api
from tests.test_identity import PASSWORD, REFRESH, VIEWER, _ask_with

SIGN_IN = """mutation ($email: String!, $password: String!) { signIn(input: {email: $email, password: $password}) {
    ... on SignedIn { accessToken refreshToken } } }"""
SIGN_OUT = "mutation ($token: String) { signOut(refreshToken: $token) { ok } }"
SESSIONS = """{ viewer { sessions { totalCount edges { node {
    id device agent address methods current createdAt lastUsedAt expiresAt authenticatedAt } } } } }"""
REVOKE_OTHERS = """mutation { revokeOtherSessions { __typename ... on SessionsRevoked { count }
    ... on UserError { code } } }"""
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0"


@pytest.fixture
async def ana(platform: Platform) -> User:
    """Sign Ana up."""
    return await platform.user("Ana")


async def again(ana: User, agent: str = FIREFOX) -> User:
    """Sign the same person in at another device."""
    body = {"query": SIGN_IN, "variables": {"email": ana.email, "password": PASSWORD}}
    address = an_address()
    url, headers = f"{ana.platform.api}/graphql", {"User-Agent": agent, "X-Forwarded-For": address}
    async with ana.platform.session.post(url, json=body, headers=headers) as response:
        signed = (await response.json())["data"]["signIn"]
    return replace(ana, token=signed["accessToken"], refresh_token=signed["refreshToken"], address=address)


async def refresh(platform: Platform, token: str) -> Json:
    """Exchange a refresh token."""
    result: Json = (await platform.ask(REFRESH, {"token": token}))["refresh"]
    return result


async def devices(user: User) -> list[Json]:
    """Return the devices that somebody is shown."""
    found = (await user.ask(SESSIONS))["viewer"]["sessions"]
    assert found["totalCount"] == len(found["edges"])
    return [edge["node"] for edge in found["edges"]]


async def revoke(user: User, id_: str) -> Json:
    """Revoke a session."""
    return await user.by_id("revokeSession", "Deleted", id_)


async def works(user: User) -> bool:
    """Whether a device's access token is good; 401 where it is not."""
    status, body = await user.platform.post(VIEWER, token=user.token)
    assert (status == 200) is ("data" in body)
    assert status in {200, 401}
    return status == 200


def session_of(user: User) -> PydanticObjectId:
    """Return the id of a device's session."""
    return PydanticObjectId(jwt.decode(user.token, options={"verify_signature": False})["sid"])


async def audited(user: User) -> list[tuple[str, Any]]:
    """Return what the audit log has of a user's sessions: (action, which session)."""
    events = user.platform.database.handle["audit_events"].find(
        {"actor": ids.key(user.id, "User"), "kind": "Session"}, sort=[("_id", 1)]
    )
    return [(event["action"], event["subject"]) async for event in events]


async def test_refresh_tokens_rotate(platform: Platform, ana: User) -> None:
    """Each is good for one exchange; two tabs at once both survive."""
    both = await asyncio.gather(*(refresh(platform, ana.refresh_token) for _ in range(2)))
    assert [answer["__typename"] for answer in both] == ["SignedIn", "SignedIn"]
    assert ana.refresh_token not in {answer["refreshToken"] for answer in both}
    for answer in both:
        assert (await refresh(platform, answer["refreshToken"]))["viewer"] == {"id": ana.id}
        assert (await platform.ask(VIEWER, token=answer["accessToken"]))["viewer"]["id"] == ana.id
    assert await audited(ana) == []


async def test_reuse_ends_the_family_at_once_and_is_audited(platform: Platform, ana: User) -> None:
    """A stolen token, exchanged again after the grace, makes every token of its device worthless, access tokens too."""
    other, session = await again(ana), session_of(ana)
    newest = await refresh(platform, ana.refresh_token)
    for _ in range(25):
        newest = await refresh(platform, newest["refreshToken"])
    ana.token = newest["accessToken"]
    assert await works(ana)
    assert (await refresh(platform, ana.refresh_token))["__typename"] == "NotSignedIn"
    assert (await refresh(platform, newest["refreshToken"]))["__typename"] == "NotSignedIn"
    assert not await works(ana)
    assert await works(other)
    assert await audited(ana) == [("REFRESH_TOKEN_REUSED", session)]


async def test_an_expired_session_is_worth_nothing(platform: Platform, ana: User) -> None:
    """Neither its refresh token nor its access token, though it is still stored."""
    await platform.database.handle["sessions"].update_one(
        {"_id": session_of(ana)}, {"$set": {"expires_at": datetime.now(UTC)}}
    )
    assert (await refresh(platform, ana.refresh_token))["__typename"] == "NotSignedIn"
    assert not await works(ana)


async def test_signing_out_by_the_refresh_token(platform: Platform, ana: User) -> None:
    """The device's tokens are worthless at once; an unknown one is no error; other devices stay."""
    other, session = await again(ana), session_of(ana)
    for _ in range(2):
        assert await platform.ask(SIGN_OUT, {"token": ana.refresh_token}) == {"signOut": {"ok": True}}
    assert await platform.ask(SIGN_OUT, {"token": "unknown"}) == {"signOut": {"ok": True}}
    assert (await refresh(platform, ana.refresh_token))["__typename"] == "NotSignedIn"
    assert (await refresh(platform, "unknown"))["__typename"] == "NotSignedIn"
    assert not await works(ana)
    assert await works(other)
    assert await audited(ana) == [("SIGNED_OUT", session)]


async def test_signing_the_device_out_that_asks(platform: Platform, ana: User) -> None:
    """Without a refresh token it is the caller's; nobody is signed out already."""
    other, session = await again(ana), session_of(ana)
    assert await ana.ask("mutation { signOut { ok } }") == {"signOut": {"ok": True}}
    assert not await works(ana)
    assert (await refresh(platform, ana.refresh_token))["__typename"] == "NotSignedIn"
    assert await works(other)
    assert await audited(ana) == [("SIGNED_OUT", session)]
    assert await platform.ask("mutation { signOut { ok } }") == {"signOut": {"ok": True}}


async def test_devices_are_listed_for_their_own_user(platform: Platform, ana: User) -> None:
    """What they are, where they came from, when they were used, and which of them asks."""
    other = await again(ana)
    await refresh(platform, other.refresh_token)
    first, second = await devices(ana)
    assert (first["device"], first["agent"], first["current"]) == ("Firefox on Linux", FIREFOX, False)
    assert second["current"] is True
    assert [device["current"] for device in await devices(other)] == [True, False]
    assert (first["address"], second["address"]) == (other.address, ana.address)
    assert first["methods"] == ["PASSWORD"]
    for device in (first, second):
        assert device["createdAt"] <= device["lastUsedAt"] < device["expiresAt"]
        assert device["authenticatedAt"]
    assert first["lastUsedAt"] > first["createdAt"]
    assert second["lastUsedAt"] == second["createdAt"]
    assert (await ana.ask("query ($id: ID!) { node(id: $id) { id __typename } }", {"id": first["id"]}))["node"] == {
        "id": first["id"],
        "__typename": "Session",
    }


async def test_a_revoked_device_is_out_at_once(platform: Platform, ana: User) -> None:
    """Its tokens are worthless, it is listed no more, `node` knows nothing of it; the others stay."""
    other = await again(ana)
    id_ = ids.encode("Session", session_of(other))
    assert await works(other)
    assert await revoke(ana, id_) == {"__typename": "Deleted", "id": id_}
    assert not await works(other)
    assert (await refresh(platform, other.refresh_token))["__typename"] == "NotSignedIn"
    assert await works(ana)
    assert len(await devices(ana)) == 1
    assert await ana.ask("query ($id: ID!) { node(id: $id) { id } }", {"id": id_}) == {"node": None}
    assert (await revoke(ana, id_))["code"] == "NOT_FOUND"
    assert await audited(ana) == [("SESSION_REVOKED", session_of(other))]


async def test_a_revoked_device_is_out_at_every_process(platform: Platform, ana: User) -> None:
    """Also at one that has verified its token before."""
    async with another_api(platform) as api:
        there = replace(ana, platform=api)
        assert await works(there)
        assert await ana.ask("mutation { signOut { ok } }")
        assert not await works(there)


async def test_all_other_devices_are_revoked(platform: Platform, ana: User) -> None:
    """All but the one that asks, each with an entry in the audit log; nobody else's."""
    others, bo = [await again(ana) for _ in range(3)], await platform.user("Bo")
    assert (await ana.ask(REVOKE_OTHERS))["revokeOtherSessions"] == {"__typename": "SessionsRevoked", "count": 3}
    assert (await ana.ask(REVOKE_OTHERS))["revokeOtherSessions"] == {"__typename": "SessionsRevoked", "count": 0}
    assert [await works(user) for user in (ana, bo, *others)] == [True, True, False, False, False]
    assert sorted(await audited(ana)) == sorted(("SESSION_REVOKED", session_of(other)) for other in others)
    assert (await platform.ask(REVOKE_OTHERS))["revokeOtherSessions"]["code"] == "NOT_SIGNED_IN"


async def test_anothers_session_is_as_good_as_none(platform: Platform, ana: User) -> None:
    """It cannot be revoked, nor seen, also where both belong to one organization; the answers are the same."""
    bo = await ana.member(await ana.organization(), "OWNER")
    there = ids.encode("Session", session_of(ana))
    missing = ids.encode("Session", PydanticObjectId())
    assert await revoke(bo, there) == await revoke(bo, missing)
    assert (await revoke(bo, there))["code"] == "NOT_FOUND"
    node = "query ($id: ID!) { node(id: $id) { id } }"
    assert await bo.ask(node, {"id": there}) == await bo.ask(node, {"id": missing}) == {"node": None}
    members = """query ($id: ID!) { organization(id: $id) { members { edges { node { user {
        sessions { totalCount edges { node { id } } } } } } } } }"""
    mine = (await bo.ask("{ viewer { memberships { edges { node { organization { id } } } } } }"))["viewer"]
    organization = mine["memberships"]["edges"][0]["node"]["organization"]["id"]
    seen = (await bo.ask(members, {"id": organization}))["organization"]["members"]["edges"]
    found = [edge["node"]["user"]["sessions"]["edges"] for edge in seen]
    assert sorted(map(len, found)) == [0, 1]
    assert await works(ana)
    assert (await revoke(bo, ids.encode("User", session_of(ana))))["code"] == "INVALID_INPUT"
    assert (await revoke(User(platform, "", "", "", ""), there))["code"] == "NOT_SIGNED_IN"


async def test_no_field_shows_what_tokens_are_known_by(platform: Platform, ana: User) -> None:
    """The type has none, and what is stored stands in no answer that shows a whole session."""
    fields = await platform.ask('{ __type(name: "Session") { fields { name } } }')
    names = {field["name"] for field in fields["__type"]["fields"]}
    assert names.isdisjoint({"token", "tokens", "salt", "hash", "refreshToken", "user"})
    stored = await platform.database.handle["sessions"].find_one({"_id": session_of(ana)})
    assert stored is not None
    assert stored["token"] not in str(await devices(ana))


async def test_a_session_that_cannot_be_audited_is_not_ended(
    platform: Platform, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The entry is written in the transaction of the action, or neither happens."""

    async def failing(*_: object) -> None:
        raise RuntimeError("the log is full")

    monkeypatch.setattr("resolvers.auditing.record", failing)
    _, body = await platform.post("mutation { signOut { ok } }", token=ana.token)
    assert body["errors"][0]["extensions"]["code"] == "INTERNAL"
    monkeypatch.undo()
    assert await works(ana)


async def test_tokens_that_are_no_good(platform: Platform, ana: User) -> None:
    """Each is refused with 401, a challenge, and words that name the problem."""
    keys = Keyring(platform.settings.secret_key, platform.edge, platform.database)
    others = Keyring("another secret of at least 32 bytes", platform.edge, platform.database)
    foreign = Keyring(platform.settings.secret_key, "https://elsewhere.example", platform.database)
    for each in (keys, others, foreign):
        await each.load()
    claims = Claims(ids.key(ana.id, "User"), session_of(ana))
    bo = await platform.user("Bo")
    payload = jwt.decode(ana.token, options={"verify_signature": False})
    header = jwt.get_unverified_header(ana.token)
    head, body, signature = ana.token.split(".")
    expired = datetime.now(UTC) - timedelta(seconds=301)
    bad = {
        f"Bearer {keys.access_token(claims, now=expired)}": "expired",
        f"Bearer {keys.access_token(Claims(claims.user, PydanticObjectId()))}": "signed out",
        f"Bearer {keys.access_token(Claims(ids.key(bo.id, 'User'), claims.session))}": "signed out",
        f"Bearer {others.access_token(claims)}": "not valid",
        f"Bearer {foreign.access_token(claims)}": "not valid",
        f"Bearer {head}.{body}.{'A' * 86}": "not valid",
        f"Bearer {head}.{body}.{signature}x": "not valid",
        f"Bearer {jwt.encode(payload, '', 'none', headers={'typ': 'at+jwt'})}": "not valid",
        f"Bearer {jwt.encode(payload, 'k' * 32, 'HS256', headers={**header, 'alg': 'HS256'})}": "not valid",
        f"Bearer {ana.refresh_token}": "not valid",
        "Bearer": "Bearer <access token>",
        "Basic YTpi": "Bearer <access token>",
    }
    for authorization, words in bad.items():
        status, answer, challenge = await _ask_with(platform, authorization)
        assert status == 401, authorization
        assert challenge == 'Bearer error="invalid_token"'
        assert answer["errors"][0]["extensions"]["code"] == "NOT_SIGNED_IN"
        assert words in answer["errors"][0]["message"]
        assert "data" not in answer
    assert (await _ask_with(platform, f"bearer {keys.access_token(claims)}"))[0] == 200


async def test_an_outside_party_verifies_a_token_by_the_published_keys(platform: Platform, ana: User) -> None:
    """By PyJWT's client over HTTP, at the address that `iss` names, which is the edge's, and at the API's."""
    issuer = jwt.decode(ana.token, options={"verify_signature": False})["iss"]
    assert issuer == platform.edge
    for base in (issuer, platform.api):
        client = jwt.PyJWKClient(f"{base}{JWKS_PATH}")
        key = await asyncio.to_thread(client.get_signing_key_from_jwt, ana.token)
        said = jwt.decode(ana.token, key, algorithms=["EdDSA"], audience=AUDIENCE, issuer=issuer)
        assert said["sub"] == str(ids.key(ana.id, "User"))
        assert said["amr"] == ["otp"]  # by the mail that opened the account


async def test_the_published_keys_are_public_and_may_be_kept(platform: Platform) -> None:
    """As RFC 7517 and 8037 have it; private parts are not among it; caches may keep it for minutes."""
    async with platform.session.get(f"{platform.edge}{JWKS_PATH}") as response:
        assert response.status == 200
        assert response.content_type == "application/jwk-set+json"
        assert response.headers["Cache-Control"] == "public, max-age=300"
        found = await response.json(content_type=None)
    assert found["keys"]
    for key in found["keys"]:
        assert key.keys() == {"kty", "crv", "use", "alg", "kid", "x"}
        assert (key["kty"], key["crv"], key["use"], key["alg"]) == ("OKP", "Ed25519", "sig", "EdDSA")
    async with platform.session.post(f"{platform.edge}{JWKS_PATH}") as response:
        assert response.status == 405


async def test_a_rotation_signs_nobody_out_over_http(platform: Platform, ana: User) -> None:
    """A process that has not heard of a new key learns of it from a token, and the former key's are good."""
    keys = Keyring(platform.settings.secret_key, platform.edge, platform.database)
    await keys.load()
    made = await keys.rotate(datetime.now(UTC))
    token = keys.access_token(Claims(ids.key(ana.id, "User"), session_of(ana)))
    assert jwt.get_unverified_header(token)["kid"] == made.kid
    assert await works(replace(ana, token=token))
    assert await works(ana)


async def test_a_forged_refresh_token_ends_nothing(platform: Platform, ana: User) -> None:
    """One that names a session, but that we did not make, neither signs in nor signs out."""
    genuine = read(Keys(platform.settings.secret_key), ana.refresh_token)
    assert genuine is not None
    forged = genuine.text(Keys("another secret of at least 32 bytes"))
    assert (await refresh(platform, forged))["__typename"] == "NotSignedIn"
    await platform.ask(SIGN_OUT, {"token": forged})
    assert await works(ana)
    assert await audited(ana) == []
