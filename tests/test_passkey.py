"""Passkeys over HTTP; attacks on them are in `tests/test_passkey_attacks.py`, a real browser in `tests/web`."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from models.passkey import MOST_PASSKEYS
from tests.passkeys import (
    BEGIN_ADDING,
    BEGIN_SIGN_IN,
    BEGIN_STEP_UP,
    FINISH_STEP_UP,
    Device,
    add,
    ana,
    audited,
    finish_adding,
    grow_stale,
    key,
    laptop,
    owned,
    run,
    sign_in,
    text_of,
)
from tests.platform import Platform, User

__all__ = ["ana", "laptop"]  # fixtures

RENAME = """mutation ($input: RenamePasskeyInput!) { result: renamePasskey(input: $input) {
    __typename ... on Passkey { id name } ... on UserError { message code path } } }"""
REMOVE = """mutation ($id: ID!) { result: removePasskey(id: $id) {
    __typename ... on Deleted { id } ... on UserError { message code path } } }"""
REMOVE_PASSWORD = "mutation { result: removePassword { __typename ... on UserError { message code } } }"
STEP_UP = """mutation ($input: StepUpInput!) { result: stepUp(input: $input) {
    __typename ... on SteppedUp { methods } ... on UserError { message code path } } }"""


async def test_a_passkey_signs_in_without_an_address(platform: Platform, ana: User) -> None:
    """Given a new passkey, when somebody comes with it alone, then they are its owner, and it says when that was."""
    device = Device()
    begun = await run(platform, BEGIN_ADDING, ana.token)
    options = begun["options"]
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert (options["rp"]["id"], options["attestation"], options["timeout"]) == ("127.0.0.1", "none", 120_000)
    assert options["user"]["id"] != text_of(key(ana).binary)
    made = await finish_adding(ana, begun["ticket"], device.create(options, platform.edge), " Laptop ")
    assert (made["name"], made["lastUsedAt"], made["syncs"], made["backedUp"]) == ("Laptop", None, False, False)

    asked = (await run(platform, BEGIN_SIGN_IN))["options"]
    assert (asked["allowCredentials"], asked["userVerification"]) == ([], "required")
    signed = await sign_in(platform, device)
    assert signed["viewer"]["id"] == ana.id
    (seen,) = await owned(replace(ana, token=signed["accessToken"]))
    assert seen["lastUsedAt"] is not None
    session = await platform.database.handle["sessions"].find_one({"user": key(ana), "methods": "PASSKEY"})
    assert session is not None
    assert (await audited(ana))[-2:] == ["PASSKEY_ADDED", "SIGNED_IN"]


async def test_a_passkey_is_asked_for_once_by_device(ana: User, laptop: Device) -> None:
    """The device that has one is told so; another one is under the same user handle."""
    again = (await run(ana.platform, BEGIN_ADDING, ana.token))["options"]
    assert [one["id"] for one in again["excludeCredentials"]] == [text_of(laptop.soft.credential_id)]
    assert again["user"]["id"] == text_of(laptop.soft.user_handle)


async def test_a_stolen_session_without_step_up_cannot_add_or_remove_a_passkey(ana: User, laptop: Device) -> None:
    """Given a device that proved long ago who uses it, then each way to change passkeys asks for it again."""
    (passkey,) = await owned(ana)
    platform, begun = ana.platform, await run(ana.platform, BEGIN_ADDING, ana.token)
    made = Device().create(begun["options"], platform.edge)
    await grow_stale(ana)
    assert (await run(platform, BEGIN_ADDING, ana.token))["__typename"] == "StepUpRequired"
    assert (await finish_adding(ana, begun["ticket"], made))["__typename"] == "StepUpRequired"
    refused = await run(platform, REMOVE, ana.token, id=passkey["id"])
    assert (refused["__typename"], refused["code"]) == ("StepUpRequired", "STEP_UP_REQUIRED")
    assert "`stepUp`" in refused["message"]
    assert (await run(platform, REMOVE_PASSWORD, ana.token))["__typename"] == "StepUpRequired"
    assert [one["id"] for one in await owned(ana)] == [passkey["id"]]
    assert (await sign_in(platform, laptop))["viewer"]["id"] == ana.id


async def test_nobody_manages_passkeys(platform: Platform) -> None:
    """Given nobody, then each mutation says so."""
    for query in (BEGIN_ADDING, BEGIN_STEP_UP, REMOVE_PASSWORD):
        assert (await run(platform, query))["__typename"] == "NotSignedIn"
    nobody = User(platform, "", "", "", "")
    assert (await finish_adding(nobody, "x", {}))["__typename"] == "NotSignedIn"
    assert (await run(platform, FINISH_STEP_UP, ticket="x", credential={}))["__typename"] == "NotSignedIn"


async def test_the_last_factor_cannot_be_removed(platform: Platform, ana: User) -> None:
    """Given an account, then password or passkey goes, but never both, in whichever order."""
    assert (await run(platform, REMOVE_PASSWORD, ana.token))["__typename"] == "Conflict"
    laptop = Device()
    passkey = await add(ana, laptop)
    assert (await run(platform, REMOVE, ana.token, id=passkey["id"]))["id"] == passkey["id"]
    assert (await sign_in(platform, laptop))["__typename"] == "NotSignedIn"

    phone = Device()
    passkey = await add(ana, phone)
    assert (await run(platform, REMOVE_PASSWORD, ana.token))["__typename"] == "FactorRemoved"
    assert (await run(platform, STEP_UP, ana.token, input={"password": "correct horse battery"}))[
        "__typename"
    ] == "NotSignedIn"
    refused = await run(platform, REMOVE, ana.token, id=passkey["id"])
    assert (refused["__typename"], refused["code"]) == ("Conflict", "CONFLICT")
    assert (await sign_in(platform, phone))["viewer"]["id"] == ana.id
    done = await audited(ana)
    assert (done.count("PASSKEY_REMOVED"), done.count("PASSWORD_REMOVED")) == (1, 1)


async def test_the_last_two_factors_cannot_be_removed_at_once(platform: Platform, ana: User) -> None:
    """Given two passkeys and no password, when both are removed at the same time, then one stays."""
    for _ in range(3):
        made = [await add(ana, Device()) for _ in range(2 - len(await owned(ana)))]
        assert made
        await run(platform, REMOVE_PASSWORD, ana.token)
        passkeys = await owned(ana)
        answers = await asyncio.gather(*(run(platform, REMOVE, ana.token, id=one["id"]) for one in passkeys))
        assert sorted(answer["__typename"] for answer in answers) == ["Conflict", "Deleted"]
        assert len(await owned(ana)) == 1


async def test_passkeys_have_names(platform: Platform, ana: User, laptop: Device) -> None:
    """Given a passkey, then its owner renames it, nobody else does, and what is no name is refused."""
    assert laptop.soft.credential_id
    (passkey,) = await owned(ana)
    input_ = {"id": passkey["id"], "name": " Work laptop "}
    assert (await run(platform, RENAME, ana.token, input=input_))["name"] == "Work laptop"
    eva = await platform.user("Eva")
    refused = await run(platform, RENAME, eva.token, input=input_)
    assert (refused["__typename"], refused["path"]) == ("NotFound", ["input", "id"])
    assert (await run(platform, REMOVE, eva.token, id=passkey["id"]))["__typename"] == "NotFound"
    assert await eva.ask("query ($id: ID!) { node(id: $id) { id } }", {"id": passkey["id"]}) == {"node": None}
    assert (await ana.ask("query ($id: ID!) { node(id: $id) { id } }", {"id": passkey["id"]}))["node"] is not None
    for name in ("", "x" * 61):
        refused = await run(platform, RENAME, ana.token, input={"id": passkey["id"], "name": name})
        assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["input", "name"])
    assert [one["name"] for one in await owned(ana)] == ["Work laptop"]
    assert (await audited(ana)).count("PASSKEY_RENAMED") == 1


async def test_nobody_else_sees_that_there_are_passkeys(platform: Platform, ana: User, laptop: Device) -> None:
    """Given a colleague, then they see Ana, and none of her passkeys."""
    assert laptop.soft.credential_id
    organization = await ana.organization()
    eva = await ana.member(organization, "ADMIN")
    query = """query ($id: ID!) { organization(id: $id) { members { edges { node { user {
        id passkeys { totalCount edges { node { id } } } } } } } } }"""
    members = (await eva.ask(query, {"id": organization}))["organization"]["members"]["edges"]
    seen = {edge["node"]["user"]["id"]: edge["node"]["user"]["passkeys"]["edges"] for edge in members}
    assert seen == {ana.id: [], eva.id: []}
    assert platform.edge


async def test_an_account_has_so_many_passkeys_and_no_more(platform: Platform, ana: User) -> None:
    """Given as many as may be but one, when two more are added at once, then one is."""
    stored = platform.database.handle["passkeys"]
    await add(ana, Device())
    row = await stored.find_one({"user": key(ana)})
    assert row is not None
    more = [{**row, "_id": type(row["_id"])(), "credential": f"{n}-{row['_id']}"} for n in range(MOST_PASSKEYS - 2)]
    await stored.insert_many(more)
    answers = await asyncio.gather(*(add(ana, Device()) for _ in range(2)))
    assert sorted(answer["__typename"] for answer in answers) == ["Conflict", "Passkey"]
    assert len(await owned(ana)) == MOST_PASSKEYS
