"""Attacks on passkeys over HTTP, each by its name."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from models.challenge import CHALLENGE_LIFETIME
from models.entity import now
from models.opaque import token_hash
from tests.passkeys import (
    BEGIN_ADDING,
    BEGIN_SIGN_IN,
    BEGIN_STEP_UP,
    FINISH_SIGN_IN,
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
    step_up,
    text_of,
)
from tests.platform import Json, Platform, User

__all__ = ["ana", "laptop"]  # fixtures

PHISHING = "https://disenopro.example.net"


@pytest.mark.parametrize(
    ("attack", "client"),
    [
        ("another challenge", {"challenge": text_of(b"x" * 32)}),
        ("a phishing page", {"origin": PHISHING}),
        ("a frame in another site", {"crossOrigin": True}),
        ("an assertion", {"type": "webauthn.get"}),
    ],
)
async def test_a_new_passkey_made_for_something_else_is_refused(ana: User, attack: str, client: Json) -> None:
    """Given what an authenticator made for another challenge, origin, frame or ceremony, then nothing is added."""
    refused = await add(ana, Device(), **client)
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["input", "credential"]), attack
    assert await owned(ana) == []


@pytest.mark.parametrize(
    ("attack", "options"),
    [
        ("another challenge", {"challenge": text_of(b"x" * 32)}),
        ("a phishing page", {"origin": PHISHING}),
        ("a frame in another site", {"crossOrigin": True}),
        ("a registration", {"type": "webauthn.create"}),
    ],
)
async def test_an_assertion_made_for_something_else_is_refused(
    platform: Platform, ana: User, laptop: Device, attack: str, options: Json
) -> None:
    """Given what the right authenticator signed for another challenge, origin, frame or ceremony, then nobody is in."""
    refused = await sign_in(platform, laptop, **options)
    assert refused["__typename"] == "NotSignedIn", attack
    assert (await audited(ana))[-1] == "SIGN_IN_FAILED"


async def test_another_relying_party_is_refused(platform: Platform, ana: User, laptop: Device) -> None:
    """Given a credential of another site's, or an assertion for one, then it is good for nothing here."""
    begun = await run(platform, BEGIN_ADDING, ana.token)
    elsewhere = {**begun["options"], "rp": {"id": "example.net", "name": "x"}}
    made = Device().create(elsewhere, platform.edge)
    assert (await finish_adding(ana, begun["ticket"], made))["__typename"] == "InvalidInput"

    begun = await run(platform, BEGIN_SIGN_IN)
    laptop.soft.rp_id = "example.net"
    signed = laptop.get({**begun["options"], "rpId": "example.net"}, platform.edge)
    refused = await run(platform, FINISH_SIGN_IN, ticket=begun["ticket"], credential=signed)
    assert refused["__typename"] == "NotSignedIn"


async def test_missing_user_verification_is_refused(platform: Platform, ana: User, laptop: Device) -> None:
    """Given an authenticator that was touched but asked for no PIN, then it neither registers nor signs in."""
    assert (await add(ana, Device(verifies=False)))["__typename"] == "InvalidInput"
    laptop.verifies = False
    assert (await sign_in(platform, laptop))["__typename"] == "NotSignedIn"
    laptop.verifies = True
    assert (await sign_in(platform, laptop))["__typename"] == "SignedIn"


async def test_a_replayed_challenge_is_refused(platform: Platform, ana: User, laptop: Device) -> None:
    """Given a ceremony that was finished, when it is sent again, then it is refused, though all is signed well."""
    begun = await run(platform, BEGIN_SIGN_IN)
    for count, expected in ((1, "SignedIn"), (2, "NotSignedIn")):
        signed = laptop.get(begun["options"], platform.edge, count=count)
        answer = await run(platform, FINISH_SIGN_IN, ticket=begun["ticket"], credential=signed)
        assert answer["__typename"] == expected
    begun = await run(platform, BEGIN_ADDING, ana.token)
    for device, expected in ((Device(), "Passkey"), (Device(), "InvalidInput")):
        made = device.create(begun["options"], platform.edge)
        assert (await finish_adding(ana, begun["ticket"], made))["__typename"] == expected


async def test_a_challenge_is_gone_after_a_bad_answer(platform: Platform, ana: User, laptop: Device) -> None:
    """Given a wrong answer, then the right one comes too late: a challenge is consumed before anything is checked."""
    begun = await run(platform, BEGIN_SIGN_IN)
    bad = laptop.get(begun["options"], PHISHING)
    good = laptop.get(begun["options"], platform.edge)
    for credential in (bad, good):
        refused = await run(platform, FINISH_SIGN_IN, ticket=begun["ticket"], credential=credential)
        assert refused["__typename"] == "NotSignedIn"
    assert (await audited(ana)).count("SIGNED_IN") == 1  # when she signed up


async def test_of_parallel_answers_to_one_challenge_one_counts(platform: Platform, ana: User, laptop: Device) -> None:
    """Given ten good answers at once, then one device is signed in."""
    begun = await run(platform, BEGIN_SIGN_IN)
    signed = [laptop.get(begun["options"], platform.edge, count=count) for count in range(1, 11)]
    answers = await asyncio.gather(
        *(run(platform, FINISH_SIGN_IN, ticket=begun["ticket"], credential=credential) for credential in signed)
    )
    assert sorted(answer["__typename"] for answer in answers) == ["NotSignedIn"] * 9 + ["SignedIn"]
    assert (await audited(ana)).count("SIGNED_IN") == 2  # and when she signed up


async def test_an_old_challenge_is_refused(platform: Platform, ana: User, laptop: Device) -> None:
    """Given two minutes and no answer, then the answer is refused, though the challenge is still stored."""
    begun = await run(platform, BEGIN_SIGN_IN)
    challenges = platform.database.handle["challenges"]
    stored = await challenges.find_one({"hash": token_hash(begun["ticket"])})
    assert stored is not None
    assert now() < stored["expires_at"] <= now() + CHALLENGE_LIFETIME
    assert begun["ticket"] not in str(stored)
    await challenges.update_one({"_id": stored["_id"]}, {"$set": {"expires_at": now()}})
    signed = laptop.get(begun["options"], platform.edge)
    refused = await run(platform, FINISH_SIGN_IN, ticket=begun["ticket"], credential=signed)
    assert refused["__typename"] == "NotSignedIn"
    assert ana.id not in str(refused)


async def test_a_challenge_of_another_purpose_is_refused(platform: Platform, ana: User, laptop: Device) -> None:
    """Given a challenge to sign in, then nobody steps up with it, nor the other way round, nor is anything added."""
    signing = await run(platform, BEGIN_SIGN_IN)
    signed = laptop.get(signing["options"], platform.edge)
    stepping = await run(platform, FINISH_STEP_UP, ana.token, ticket=signing["ticket"], credential=signed)
    assert stepping["__typename"] == "NotSignedIn"

    begun = await run(platform, BEGIN_STEP_UP, ana.token)
    signed = laptop.get(begun["options"], platform.edge)
    refused = await run(platform, FINISH_SIGN_IN, ticket=begun["ticket"], credential=signed)
    assert refused["__typename"] == "NotSignedIn"

    begun = await run(platform, BEGIN_STEP_UP, ana.token)
    adding = await run(platform, BEGIN_ADDING, ana.token)
    options = {**adding["options"], "challenge": begun["options"]["challenge"]}
    made = Device().create(options, platform.edge)
    assert (await finish_adding(ana, begun["ticket"], made))["path"] == ["input", "ticket"]

    begun = await run(platform, BEGIN_STEP_UP, ana.token)
    signed = laptop.get({**begun["options"], "challenge": adding["options"]["challenge"]}, platform.edge)
    refused = await run(platform, FINISH_STEP_UP, ana.token, ticket=adding["ticket"], credential=signed)
    assert refused["__typename"] == "NotSignedIn"

    signing, adding = await run(platform, BEGIN_SIGN_IN), await run(platform, BEGIN_ADDING, ana.token)
    options = {**adding["options"], "challenge": signing["options"]["challenge"]}
    made = Device().create(options, platform.edge)
    refused = await finish_adding(ana, signing["ticket"], made)
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["input", "ticket"])


async def test_a_challenge_of_another_user_is_refused(platform: Platform, ana: User, laptop: Device) -> None:
    """Given what Ana began, then Eva neither adds a passkey with it nor steps up."""
    eva = await platform.user("Eva")
    begun = await run(platform, BEGIN_ADDING, ana.token)
    made = Device().create(begun["options"], platform.edge)
    assert (await finish_adding(eva, begun["ticket"], made))["path"] == ["input", "ticket"]
    assert await owned(eva) == []

    begun = await run(platform, BEGIN_STEP_UP, ana.token)
    signed = laptop.get(begun["options"], platform.edge)
    refused = await run(platform, FINISH_STEP_UP, eva.token, ticket=begun["ticket"], credential=signed)
    assert refused["__typename"] == "NotSignedIn"


async def test_a_passkey_of_another_user_does_not_step_up(platform: Platform, ana: User, laptop: Device) -> None:
    """Given a thief with a passkey of their own and Ana's device, then theirs does not prove that they are Ana."""
    eva, phone = await platform.user("Eva"), Device()
    await add(eva, phone)
    await grow_stale(ana)
    assert (await step_up(ana, phone))["__typename"] == "NotSignedIn"
    assert (await run(platform, BEGIN_ADDING, ana.token))["__typename"] == "StepUpRequired"
    assert (await step_up(ana, laptop))["methods"] == ["PASSKEY"]
    assert (await run(platform, BEGIN_ADDING, ana.token))["__typename"] == "PasskeyOptions"
    assert (await audited(ana))[-1] == "STEPPED_UP"


async def test_the_user_handle_must_be_the_owners(platform: Platform, ana: User, laptop: Device) -> None:
    """Given a good signature with the handle of somebody else, or with none, then nobody is signed in."""
    own = laptop.soft.user_handle
    for handle in (b"somebody else's", None):
        laptop.soft.user_handle = handle
        assert (await sign_in(platform, laptop))["__typename"] == "NotSignedIn"
    laptop.soft.user_handle = own
    assert (await sign_in(platform, laptop))["viewer"]["id"] == ana.id


@pytest.mark.parametrize("count", [0, 4, 5])
async def test_a_counter_that_does_not_grow_is_refused_where_it_is_device_bound(
    platform: Platform, ana: User, laptop: Device, count: int
) -> None:
    """Given a copied authenticator that stays in one device, then its repeated or earlier counter gives it away."""
    assert (await sign_in(platform, laptop, count=5))["__typename"] == "SignedIn"
    assert (await sign_in(platform, laptop, count=count))["__typename"] == "NotSignedIn"
    assert (await audited(ana))[-1] == "SIGN_IN_FAILED"
    assert (await sign_in(platform, laptop, count=6))["__typename"] == "SignedIn"


async def test_a_counter_that_goes_back_is_a_signal_where_the_passkey_syncs(platform: Platform, ana: User) -> None:
    """Given a passkey on several devices, then a counter behind lets its owner in, and the log of audit tells of it."""
    phone = Device(syncs=True)
    made = await add(ana, phone)
    assert (made["syncs"], made["backedUp"]) == (True, True)
    for count in (0, 0, 5):
        assert (await sign_in(platform, phone, count=count))["__typename"] == "SignedIn"
    assert "PASSKEY_COUNTER_WENT_BACK" not in await audited(ana)
    assert (await sign_in(platform, phone, count=3))["__typename"] == "SignedIn"
    assert (await audited(ana))[-2:] == ["PASSKEY_COUNTER_WENT_BACK", "SIGNED_IN"]
    entry = await platform.database.handle["audit_events"].find_one(
        {"actor": key(ana), "action": "PASSKEY_COUNTER_WENT_BACK"}
    )
    assert entry is not None
    assert entry["details"] == {"was": 5, "came": 3}


async def test_a_device_bound_passkey_cannot_say_that_it_syncs(platform: Platform, ana: User, laptop: Device) -> None:
    """Given a copy that calls itself backed up so that its counter is forgiven, then it is refused."""
    assert (await sign_in(platform, laptop, count=5))["viewer"]["id"] == ana.id
    laptop.syncs = True
    for count in (3, 6):
        assert (await sign_in(platform, laptop, count=count))["__typename"] == "NotSignedIn"


async def test_a_forged_signature_and_an_unknown_passkey_get_one_answer(
    platform: Platform, ana: User, laptop: Device
) -> None:
    """Nobody learns which credentials there are."""
    stranger = Device()
    stranger.create((await run(platform, BEGIN_ADDING, ana.token))["options"], platform.edge)
    unknown = await sign_in(platform, stranger)
    stranger.soft.credential_id = laptop.soft.credential_id
    assert unknown == await sign_in(platform, stranger)
    assert unknown["__typename"] == "NotSignedIn"


@pytest.mark.parametrize(
    "credential",
    [
        None,
        1,
        "x",
        [],
        {},
        {"id": "x"},
        {"id": {"$ne": ""}},
        {"id": None, "rawId": None, "type": "public-key", "response": {}},
        {"id": "eA", "rawId": "eA", "type": "public-key", "response": {"clientDataJSON": "e30", "signature": "!"}},
    ],
)
async def test_what_is_no_credential_is_refused(platform: Platform, ana: User, credential: Any) -> None:
    """Given anything that JSON can say, then it is an expected failure, and no error of ours."""
    begun = await run(platform, BEGIN_SIGN_IN)
    status, body = await platform.post(FINISH_SIGN_IN, {"ticket": begun["ticket"], "credential": credential})
    if credential is None:
        assert body["errors"][0]["message"].startswith("Variable '$credential'")
    else:
        assert (status, body["data"]["result"]["__typename"]) == (200, "NotSignedIn")
        ticket = (await run(platform, BEGIN_ADDING, ana.token))["ticket"]
        assert (await finish_adding(ana, ticket, credential))["__typename"] == "InvalidInput"


async def test_a_mutilated_answer_of_a_known_passkey_is_refused(platform: Platform, ana: User, laptop: Device) -> None:
    """Given a good answer with one part cut, emptied or exchanged, then it is an expected failure."""
    for part in ("clientDataJSON", "authenticatorData", "signature"):
        for value in ("", "AAAA", "e30", "é", None, 7):
            begun = await run(platform, BEGIN_SIGN_IN)
            good = laptop.get(begun["options"], platform.edge)
            bad = {**good, "response": {**good["response"], part: value}}
            refused = await run(platform, FINISH_SIGN_IN, ticket=begun["ticket"], credential=bad)
            assert refused["__typename"] == "NotSignedIn", (part, value)
    assert (await sign_in(platform, laptop))["viewer"]["id"] == ana.id


async def test_a_credential_belongs_to_one_account(platform: Platform, ana: User, laptop: Device) -> None:
    """Given Ana's passkey, when Eva adds it to hers, then it stays Ana's."""
    eva = await platform.user("Eva")
    begun = await run(platform, BEGIN_ADDING, eva.token)
    copy = Device()
    made = copy.create(begun["options"], platform.edge)
    data = made["response"]["attestationObject"]
    assert (await finish_adding(eva, begun["ticket"], made))["__typename"] == "Passkey"
    begun = await run(platform, BEGIN_ADDING, ana.token)
    client = copy.create(begun["options"], platform.edge)["response"]["clientDataJSON"]
    again = {**made, "response": {"attestationObject": data, "clientDataJSON": client}}
    refused = await finish_adding(ana, begun["ticket"], again)
    assert (refused["__typename"], refused["path"]) == ("Conflict", ["input", "credential"])
    assert len(await owned(ana)) == 1
    assert (await sign_in(platform, laptop))["viewer"]["id"] == ana.id
