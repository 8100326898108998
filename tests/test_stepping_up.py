"""Proving again who one is, and what is refused without: over HTTP, each attack by its name."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.entity import now
from resolvers.proving import LIMITS
from tests.factors import (
    BEGIN,
    CONFIRM,
    ERROR,
    FACTORS,
    PASSWORD,
    REMOVE,
    RENEW,
    STEP_UP,
    App,
    finish,
    first_step,
    set_up,
    ticket_of,
)
from tests.passkeys import BEGIN_ADDING, audited, grow_stale, key, run
from tests.platform import Platform, User


@pytest.fixture
async def ana(platform: Platform) -> User:
    """Sign Ana up."""
    return await platform.user("Ana")


@pytest.fixture
async def app(ana: User) -> App:
    """Set up Ana's app."""
    return await set_up(ana)


async def test_a_stolen_session_without_step_up_cannot_change_factors(platform: Platform, ana: User) -> None:
    """Given a device that proved long ago who uses it, then no app is set up, confirmed or removed with it."""
    begun = await run(platform, BEGIN, ana.token)
    code = App(ana, begun["secret"], []).code()
    await grow_stale(ana)
    assert (await run(platform, BEGIN, ana.token))["__typename"] == "StepUpRequired"
    assert (await run(platform, CONFIRM, ana.token, code=code))["__typename"] == "StepUpRequired"
    assert (await run(platform, STEP_UP, ana.token, input={"password": PASSWORD}))["methods"] == ["PASSWORD"]
    assert (await run(platform, CONFIRM, ana.token, code=code))["__typename"] == "RecoveryCodes"
    await grow_stale(ana)
    for query in (REMOVE, RENEW):
        assert (await run(platform, query, ana.token))["__typename"] == "StepUpRequired"
    assert (await ana.ask(FACTORS))["viewerFactors"]["totp"]
    for query, variables in ((BEGIN, {}), (CONFIRM, {"code": code}), (REMOVE, {}), (RENEW, {})):
        assert (await run(platform, query, **variables))["__typename"] == "NotSignedIn"


async def test_stepping_up_takes_the_code_too(platform: Platform, ana: User, app: App) -> None:
    """Given an app, then the password alone does not step up, a used code neither, and the right one does."""
    await grow_stale(ana)
    refused = await run(platform, STEP_UP, ana.token, input={"password": PASSWORD})
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["input", "code"])
    for bad in ({"password": PASSWORD, "code": await app.wrong()}, {"password": "wrong horse", "code": app.code()}):
        assert (await run(platform, STEP_UP, ana.token, input=bad))["__typename"] == "NotSignedIn"
    assert (await run(platform, BEGIN_ADDING, ana.token))["__typename"] == "StepUpRequired"
    both = {"password": PASSWORD, "code": app.code()}
    stepped = await run(platform, STEP_UP, ana.token, input=both)
    assert stepped["methods"] == ["PASSWORD", "TOTP"]
    assert (await run(platform, STEP_UP, ana.token, input=both))["__typename"] == "NotSignedIn"
    assert (await run(platform, BEGIN_ADDING, ana.token))["__typename"] == "PasskeyOptions"
    done = await audited(ana)
    assert (done.count("STEPPED_UP"), done.count("SIGN_IN_FAILED")) == (1, 3)
    session = await platform.database.handle["sessions"].find_one({"user": key(ana), "methods": ["PASSWORD", "TOTP"]})
    assert session is not None
    assert now() - session["authenticated_at"] < timedelta(minutes=1)


async def test_guesses_of_codes_by_stepping_up_count_with_the_others(platform: Platform, ana: User, app: App) -> None:
    """Given a stolen device and the password, then codes cannot be guessed by stepping up more often than otherwise."""
    bad = {"password": PASSWORD, "code": await app.wrong()}
    for _ in range(LIMITS[0][1]):
        assert (await run(platform, STEP_UP, ana.token, input=bad))["__typename"] == "NotSignedIn"
    good = {"password": PASSWORD, "code": app.code()}
    assert (await run(platform, STEP_UP, ana.token, input=good))["__typename"] == "RateLimited"
    assert (await finish(ana, await ticket_of(ana), app.code()))["__typename"] == "RateLimited"


async def test_a_password_guessed_by_stepping_up_locks_out_that_device_alone(platform: Platform, ana: User) -> None:
    """Given a stolen device that tries passwords, all at once, then it is stopped, and the owner's other one is not."""
    fields = " ".join(
        f'a{n}: stepUp(input: {{password: "wrong horse {n}"}}) {{ __typename {ERROR} }}' for n in range(12)
    )
    answers = await platform.ask(f"mutation {{ {fields} }}", token=ana.token)
    told = [answer["__typename"] for answer in answers.values()]
    assert told == ["NotSignedIn"] * 10 + ["RateLimited"] * 2
    assert (await run(platform, STEP_UP, ana.token, input={"password": PASSWORD}))["__typename"] == "RateLimited"
    other = (await first_step(ana))["accessToken"]
    assert (await run(platform, STEP_UP, other, input={"password": PASSWORD}))["__typename"] == "SteppedUp"


async def test_a_device_that_is_signed_out_does_not_step_up(platform: Platform, ana: User) -> None:
    """Though its access token has minutes left."""
    query = "mutation ($token: String!) { signOut(refreshToken: $token) { ok } }"
    await platform.ask(query, {"token": ana.refresh_token})
    status, body = await platform.post(STEP_UP, {"input": {"password": PASSWORD}}, ana.token)
    assert status == 401 or body["data"]["result"]["__typename"] == "NotSignedIn"
