"""Signing in; the viewer's own account. Through HTTP."""

from __future__ import annotations

from uuid import uuid4

import pytest

from schema import ids
from tests.platform import Json, Platform, User, an_address

VIEWER = "{ viewer { id email name locale } }"
SIGN_IN = """mutation ($email: String!, $password: String!) { signIn(input: {email: $email, password: $password}) {
    __typename ... on SignedIn { accessToken viewer { id } } ... on UserError { message code path } } }"""
REFRESH = """mutation ($token: String!) { refresh(refreshToken: $token) { __typename
    ... on SignedIn { accessToken refreshToken viewer { id } } ... on UserError { message code } } }"""
PASSWORD = "correct horse battery"


@pytest.fixture
async def ana(platform: Platform) -> User:
    """Sign Ana up."""
    return await platform.user("Ana")


async def refresh(platform: Platform, token: str) -> Json:
    """Exchange a refresh token."""
    result: Json = (await platform.ask(REFRESH, {"token": token}))["refresh"]
    return result


async def test_a_wrong_password_and_an_unknown_address_get_one_answer(platform: Platform, ana: User) -> None:
    """Nobody learns which accounts exist by signing in."""
    wrong = await platform.post(SIGN_IN, {"email": ana.email, "password": "wrong horse battery"})
    unknown = await platform.post(SIGN_IN, {"email": f"{uuid4().hex}@example.com", "password": PASSWORD})
    malformed = await platform.post(SIGN_IN, {"email": "", "password": "x" * 1000})
    assert wrong == unknown == malformed
    assert wrong[1]["data"]["signIn"]["__typename"] == "NotSignedIn"
    right = (await platform.ask(SIGN_IN, {"email": ana.email.upper(), "password": PASSWORD}))["signIn"]
    assert right["viewer"] == {"id": ana.id}
    assert (await platform.ask(VIEWER, token=right["accessToken"]))["viewer"]["id"] == ana.id


async def test_aliases_of_sign_in_are_separate_tries(platform: Platform, ana: User) -> None:
    """One request may try several times; each gets its own answer."""
    query = f"""mutation {{
        a: signIn(input: {{email: "{ana.email}", password: "wrong horse battery"}}) {{ __typename }}
        b: signIn(input: {{email: "{ana.email}", password: "{PASSWORD}"}}) {{ __typename }} }}"""
    assert await platform.ask(query) == {"a": {"__typename": "NotSignedIn"}, "b": {"__typename": "SignedIn"}}


async def _ask_with(platform: Platform, authorization: str, query: str = VIEWER) -> tuple[int, Json, str]:
    headers = {"Authorization": authorization}
    async with platform.session.post(f"{platform.api}/graphql", json={"query": query}, headers=headers) as response:
        return response.status, await response.json(), response.headers.get("WWW-Authenticate", "")


async def test_public_operations_ignore_credentials(platform: Platform, ana: User) -> None:
    """A bad token does not spoil them, and a good one shows no more."""
    query = "{ gallery(first: 1) { pageInfo { hasPreviousPage } } }"
    for authorization in ("Bearer nonsense", f"Bearer {ana.token}", "Basic x"):
        status, answer, _ = await _ask_with(platform, authorization, query)
        assert (status, answer) == (200, {"data": {"gallery": {"pageInfo": {"hasPreviousPage": False}}}})
    mixed = "{ gallery(first: 1) { pageInfo { hasPreviousPage } } viewer { id } }"
    assert (await _ask_with(platform, "Bearer nonsense", mixed))[0] == 401
    assert (await _ask_with(platform, f"Bearer {ana.token}", mixed))[1]["data"]["viewer"] == {"id": ana.id}


async def test_the_viewers_own_account(platform: Platform, ana: User) -> None:
    """Name and language change; what breaks a rule is named; nobody has no account to change."""
    changed = await ana.do("updateViewer", "User", {"name": "Ana María", "locale": "ca"}, "name locale email")
    assert changed == {"__typename": "User", "name": "Ana María", "locale": "ca", "email": ana.email}
    kept = await ana.do("updateViewer", "User", {}, "name locale avatar { id }")
    assert kept == {"__typename": "User", "name": "Ana María", "locale": "ca", "avatar": None}
    for fields, named in (({"name": ""}, "name"), ({"name": None}, "name"), ({"locale": "x"}, "locale")):
        refused = await ana.do("updateViewer", "User", fields)
        assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["input", named])
    nobody = User(platform, "", "", "", "")
    assert (await nobody.do("updateViewer", "User", {"name": "x"}))["__typename"] == "NotSignedIn"


async def test_an_account_that_is_gone(platform: Platform, ana: User) -> None:
    """Its tokens answer as nobody's would, not with a failure."""
    await platform.database.handle["users"].delete_one({"_id": ids.key(ana.id, "User")})
    assert await ana.ask(VIEWER) == {"viewer": None}
    assert (await ana.do("updateViewer", "User", {"name": "x"}))["__typename"] == "NotSignedIn"
    assert (await refresh(platform, ana.refresh_token))["__typename"] == "NotSignedIn"


async def test_the_answer_of_signing_in_shows_what_is_ones_own(platform: Platform) -> None:
    """Given an account, when it signs in, then that answer already shows its address, which outsiders never see."""
    ana = await platform.user()
    query = """mutation ($input: SignInInput!) { signIn(input: $input) { ... on SignedIn {
        viewer { email locale memberships { totalCount } } } } }"""
    input_ = {"email": ana.email, "password": "correct horse battery"}
    answer = await platform.ask(query, {"input": input_}, address=an_address())
    assert answer["signIn"]["viewer"] == {"email": ana.email, "locale": "en", "memberships": {"totalCount": 0}}
