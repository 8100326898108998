"""Exporting an account's own data, through HTTP."""

from __future__ import annotations

import asyncio

import pytest

from app.http import export
from models.erasing import referring
from models.personal import Erasing
from models.register import DOCUMENTS
from schema import ids
from tests.platform import Json, Platform, User
from tests.test_erasure import containing, quetzal
from tests.test_ownership import stale

__all__ = ["quetzal"]


@pytest.fixture
async def ana(platform: Platform) -> User:
    """Give the owner of an organization."""
    return await platform.user("Ana")


async def exported(platform: Platform, token: str, base: str = "") -> tuple[int, Json]:
    """Ask for an account's data."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with platform.session.get(f"{base or platform.api}/account/export", headers=headers) as response:
        assert response.headers["Cache-Control"] == "private, no-store"
        return response.status, await response.json()


async def test_an_export_has_all_that_is_the_user_s(quetzal: User, platform: Platform) -> None:
    """Given somebody who did everything, then each kind of document that refers to them is there, through the edge."""
    status, found = await exported(platform, quetzal.token, platform.edge)
    assert (status, found["format"], found["version"]) == (200, export.FORMAT, 1)
    data = found["data"]
    key = str(ids.key(quetzal.id, "User"))
    (account,) = data["users"]
    assert (account["_id"], account["name"], account["email"], account["locale"]) == (
        key,
        quetzal.made[-1],
        quetzal.email,
        "es-MX",
    )
    assert [comment["body"] for comment in data["comments"]] == ["Bonito"]
    assert [design["title"] for design in data["designs"]] == ["Salón"]
    assert [project["title"] for project in data["projects"]] == ["Pública"]
    assert [member["role"] for member in data["memberships"]] == ["ADMIN"]
    assert {invitation["email"] for invitation in data["invitations"]} == {"friend@example.com", quetzal.email}
    assert [len(data[name]) for name in ("likes", "mentions", "operations")] == [1, 1, 1]
    assert data["sessions"][0]["address"] == quetzal.address
    assert {"ACCOUNT_EXPORTED", "INVITATION_SENT"} <= {event["action"] for event in data["audit_events"]}
    assert all(event["actor"] == key or event["subject"] == key for event in data["audit_events"])
    referring_ = {kind for how in Erasing for kind, _ in referring(how)} | {
        kind for kind in DOCUMENTS if kind.addressed
    }
    assert data.keys() == {kind.stored_in() for kind in referring_ if kind.exported != ()}


async def test_an_export_has_no_secrets(quetzal: User, platform: Platform) -> None:
    """Attack: reading hashes, to guess what they are of; not even one's own are told."""
    _, found = await exported(platform, quetzal.token)
    text = str(found)
    stored = platform.database.handle
    key = ids.key(quetzal.id, "User")
    credential = await stored["credentials"].find_one({"_id": key})
    assert credential is not None
    assert credential["hash"] not in text
    assert "argon2" not in text
    assert quetzal.refresh_token not in text
    for kind in DOCUMENTS:
        for row in found["data"].get(kind.stored_in(), ()):
            assert not {*kind.secret, *kind.unshown} & row.keys(), kind


async def test_an_export_has_nothing_of_others(ana: User, quetzal: User, platform: Platform) -> None:
    """Attack: reading colleagues' data in one's own. Ana's address, words and entries of the log are not there."""
    _, found = await exported(platform, quetzal.token)
    assert not containing(found, ana.email)
    assert "?" not in {comment["body"] for comment in found["data"]["comments"]}
    assert {row["_id"] for row in found["data"]["users"]} == {str(ids.key(quetzal.id, "User"))}


async def test_a_stolen_device_exports_nothing(ana: User, platform: Platform) -> None:
    """Attack: an unlocked laptop, a token of nobody's, none at all. Each is told why."""
    await stale(ana)
    status, body = await exported(platform, ana.token)
    assert (status, body["errors"][0]["extensions"]["code"]) == (403, "STEP_UP_REQUIRED")
    for token in ("", "nonsense"):
        status, body = await exported(platform, token)
        assert (status, body["errors"][0]["extensions"]["code"]) == (401, "NOT_SIGNED_IN")


async def test_an_export_is_audited(ana: User, platform: Platform) -> None:
    """The entry is written before the first byte, and is part of what is exported."""
    _, found = await exported(platform, ana.token)
    assert [event["action"] for event in found["data"]["audit_events"]].count("ACCOUNT_EXPORTED") == 1
    await stale(ana)
    await exported(platform, ana.token)
    key = ids.key(ana.id, "User")
    events = platform.database.handle["audit_events"]
    assert await events.count_documents({"action": "ACCOUNT_EXPORTED", "actor": key}) == 1


async def test_one_export_at_a_time(ana: User, platform: Platform) -> None:
    """Attack: exhausting the database with many exports at once. A second of the same account waits for the first."""
    answers = await asyncio.gather(*(exported(platform, ana.token) for _ in range(8)))
    statuses = {status for status, _ in answers}
    assert 200 in statuses
    assert statuses <= {200, 429}
    assert 429 in statuses
