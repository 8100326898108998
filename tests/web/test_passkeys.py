"""The page of passkeys: what it is served with, and a real browser with a virtual authenticator on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from app.commands import api
from app.embedded.ports import free_port
from app.http.passkeys import CONTENT_SECURITY_POLICY
from tests.passkeys import audited, key
from tests.platform import Platform, another_api, running
from tests.web.node import NodeClients


@pytest.fixture
async def page_url(platform: Platform) -> AsyncIterator[str]:
    """Give the page's address at an API whose passkeys are for `localhost`: browsers take no address as a domain."""
    port = free_port()
    origin = f"http://localhost:{port}"
    settings = replace(platform.settings, api_port=port, passkey_domain="localhost", passkey_origins=(origin,))
    async with running(await api.process(settings, platform.database), settings):
        yield f"{origin}/passkeys"


async def test_a_real_browser_registers_a_passkey_and_signs_in_with_it(
    platform: Platform, node_clients: NodeClients, chromium: str, page_url: str
) -> None:
    """Given an account with a password, then Chromium adds a passkey to it, and signs in with that alone."""
    ana = await platform.user()
    seen = await node_clients.run("passkeys.mjs", page_url, chromium, ana.email, "correct horse battery")

    assert seen["said"] == {
        "password": "You are signed in.",
        "added": "This device is added.",
        "proved": "You proved it by PASSKEY.",
        "left": "You are signed out.",
        "passkey": "You are signed in.",
    }
    assert seen["who"] == ana.email
    assert [text.split(",")[0] for text in seen["listed"]] == ["This device"]
    assert (seen["foreign"], seen["problems"]) == ([], [])
    (credential,) = seen["credentials"]
    assert (credential["isResidentCredential"], credential["rpId"]) == (True, "localhost")
    stored = await platform.database.handle["passkeys"].find_one({"user": key(ana)})
    assert stored is not None
    assert stored["last_used_at"] is not None
    assert stored["transports"] == ["internal"]
    done = await audited(ana)
    assert done.count("PASSKEY_ADDED") == 1
    assert done.count("STEPPED_UP") == 1
    assert "signed in" not in seen["unverified"], "the browser asks for what nobody verified, and gives up"
    assert done[-2:] == ["SIGNED_IN", "SIGNED_OUT"], "whom nobody verified is not signed in"


async def test_the_page_has_a_strict_policy(platform: Platform) -> None:
    """No script stands in it, and none runs but its own."""
    async with platform.session.get(f"{platform.api}/passkeys") as response:
        assert (response.status, response.content_type) == (200, "text/html")
        assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        text = await response.text()
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "<style" not in text
    assert text.count("<script") == text.count('<script type="module" src="/passkeys/passkeys.js">') == 1
    for name, type_ in (("passkeys.js", "text/javascript"), ("passkeys.css", "text/css")):
        async with platform.session.get(f"{platform.api}/passkeys/{name}") as response:
            assert (response.status, response.content_type) == (200, type_)
    for name in ("index.html", "passkeys.py", "..%2Fgraphiql%2Findex.html", "passkeys.js%00"):
        async with platform.session.get(f"{platform.api}/passkeys/{name}") as response:
            assert response.status == 404


async def test_production_has_no_such_page(platform: Platform) -> None:
    """It is for trying things out."""
    async with (
        another_api(
            platform, environment="production", secret_key="k" * 32, imgproxy_key="aa", imgproxy_salt="bb"
        ) as production,
        platform.session.get(f"{production.api}/passkeys") as response,
    ):
        assert response.status == 404
