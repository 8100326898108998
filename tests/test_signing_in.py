"""Attacks on signing in with a password, through HTTP: guessing, locking out, finding out who has an account."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from argon2 import PasswordHasher, extract_parameters
from redis.asyncio import Redis

from app.embedded.ports import free_port
from auth.passwords import HASHER, ROUNDS
from resolvers.throttling import ADDRESS, STRANGERS, STRANGERS_WAIT_SECONDS
from schema import ids
from storage.attempts import Bucket, RedisAttempts
from storage.redis_client import connect
from tests.accounts import PASSWORD
from tests.platform import Json, Platform, User, an_address, another_api

SIGN_IN = """mutation ($email: String!, $password: String!) { signIn(input: {email: $email, password: $password}) {
    __typename ... on SignedIn { viewer { id } } ... on UserError { message code path }
    ... on RateLimited { retryAfter } } }"""
WRONG = "wrong horse battery"


@pytest.fixture
async def ana(platform: Platform) -> User:
    """Sign Ana up, from an address of her own."""
    return await platform.user("Ana")


@pytest.fixture
async def redis(platform: Platform) -> AsyncIterator[Redis]:
    """Give a client for the platform's Redis."""
    async with connect(platform.settings.redis_url or "") as client:
        yield client


async def sign_in(platform: Platform, email: str, password: str = PASSWORD, address: str | None = None) -> Json:
    """Sign in from an address, a new one where none is given."""
    variables = {"email": email, "password": password}
    answer: Json = (await platform.ask(SIGN_IN, variables, address=address or an_address()))["signIn"]
    return answer


async def guesses(platform: Platform, email: str, number: int, address: str) -> Counter[str]:
    """Guess so many times in one request; return how many answers of which kind there were."""
    tries = "".join(
        f'g{guess}: signIn(input: {{email: "{email}", password: "guess number {guess}"}}) {{ __typename }} '
        for guess in range(number)
    )
    answer = await platform.ask(f"mutation {{ {tries} }}", address=address)
    return Counter(one["__typename"] for one in answer.values())


def rounds() -> float:
    """Return how many passwords were hashed so far."""
    return float(ROUNDS._value.get())  # noqa: SLF001 - the metric's


async def exhaust(redis: Redis, bucket: Bucket) -> None:
    """Have a bucket overflow."""
    await RedisAttempts(redis).take(bucket)
    async for key in redis.scan_iter(f"*{bucket.key}*"):
        await redis.incrby(key, 10_000)


async def until(condition: Callable[[], Awaitable[Any]]) -> Any:
    """Wait until something is true, and return it."""
    async with asyncio.timeout(15):
        while not (found := await condition()):  # noqa: ASYNC110 - another task writes; there is no event
            await asyncio.sleep(0.01)
        return found


async def test_a_thousand_attempts_on_an_account_do_not_lock_its_owner_out(platform: Platform, ana: User) -> None:
    """Given attackers at ten addresses, then 50 guesses of 1,000 are looked at, and the owner signs in elsewhere."""
    before = rounds()
    attacks = [guesses(platform, ana.email, 100, an_address()) for _ in range(10)]
    found = sum(await asyncio.gather(*attacks), Counter[str]())
    assert found == {"NotSignedIn": 50, "RateLimited": 950}
    assert rounds() - before == 50
    for address in (ana.address, an_address()):
        assert (await sign_in(platform, ana.email, address=address))["viewer"] == {"id": ana.id}


async def test_fifty_aliases_of_a_sign_in_count_as_fifty(platform: Platform, ana: User) -> None:
    """One request is no way around the bound."""
    before, address = rounds(), an_address()
    assert await guesses(platform, ana.email, 50, address) == {"NotSignedIn": 5, "RateLimited": 45}
    assert rounds() - before == 5
    refused = await sign_in(platform, ana.email, address=address)
    assert (refused["code"], refused["path"]) == ("RATE_LIMITED", None)
    assert 1 <= refused["retryAfter"] <= 60


async def test_parallel_guesses_do_not_race_past_the_bound(platform: Platform, ana: User) -> None:
    """Given forty requests at once, then five passwords are looked at."""
    before, address = rounds(), an_address()
    answers = await asyncio.gather(*(sign_in(platform, ana.email, WRONG, address) for _ in range(40)))
    assert Counter(answer["__typename"] for answer in answers) == {"NotSignedIn": 5, "RateLimited": 35}
    assert rounds() - before == 5


async def test_a_made_up_forwarded_address_gives_no_new_bucket(platform: Platform, ana: User) -> None:
    """Given a client that is no proxy of ours, then what it says of its address is not believed."""
    async with another_api(platform, trusted_proxies=("192.0.2.0/24",)) as there:
        answers = [(await sign_in(there, ana.email, WRONG))["__typename"] for _ in range(6)]
    assert answers == [*["NotSignedIn"] * 5, "RateLimited"]


async def test_a_subscribers_many_ipv6_addresses_are_one(platform: Platform, ana: User) -> None:
    """Given the 2^64 addresses of one subscriber, then they share a bucket."""
    network = an_address().removesuffix(":1")
    answers = [await sign_in(platform, ana.email, WRONG, f"{network}:{guess + 1:x}") for guess in range(6)]
    assert answers[-1]["__typename"] == "RateLimited"


async def test_spraying_one_password_over_accounts_is_bounded_by_address(platform: Platform, redis: Redis) -> None:
    """Given an address that has tried sixty accounts within a minute, then it waits for the next."""
    address = an_address()
    network = f"{address.removesuffix('1')}/64"
    attempts = RedisAttempts(redis)
    assert [await attempts.take(ADDRESS.of(network)) for _ in range(60)] == [0] * 60
    assert (await sign_in(platform, f"{uuid4().hex}@example.com", address=address))["__typename"] == "RateLimited"


async def test_an_attack_from_everywhere_does_not_lock_the_owner_out(
    platform: Platform, ana: User, redis: Redis
) -> None:
    """Given more strangers than a day has guesses for, then they wait, and the owner does not where they are known."""
    await exhaust(redis, STRANGERS.of(ana.email))
    address = an_address()
    refused = await sign_in(platform, ana.email, address=address)
    assert refused["__typename"] == "RateLimited"
    assert 0 < refused["retryAfter"] <= STRANGERS_WAIT_SECONDS
    assert "reset its password by mail" in refused["message"]
    assert (await sign_in(platform, ana.email, address=ana.address))["viewer"] == {"id": ana.id}
    turn = STRANGERS.of(ana.email, f"{address.removesuffix('1')}/64")
    await redis.set(f"attempts:turn:{turn.key}", "0")  # as if they had waited
    assert (await sign_in(platform, ana.email, address=address))["viewer"] == {"id": ana.id}
    assert (await sign_in(platform, ana.email, address=address))["viewer"] == {"id": ana.id}  # it is known now


async def test_a_reset_by_mail_lets_the_owner_in_at_once(platform: Platform, ana: User, redis: Redis) -> None:
    """Given an attack from everywhere and from the owner's own network, then who reads their mail need not wait."""
    address = an_address()
    await exhaust(redis, STRANGERS.of(ana.email))
    await guesses(platform, ana.email, 6, address)
    assert (await sign_in(platform, ana.email, address=address))["__typename"] == "RateLimited"
    asked = await platform.ask(
        "mutation ($input: AskPasswordResetInput!) { askPasswordReset(input: $input) { __typename } }",
        {"input": {"email": ana.email}},
        address=address,
    )
    assert asked == {"askPasswordReset": {"__typename": "CheckYourMail"}}
    token = await platform.mail.token(ana.email)
    await platform.ask(
        "mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { __typename } }",
        {"input": {"token": token, "password": "another horse battery"}},
        address=address,
    )
    assert (await sign_in(platform, ana.email, "another horse battery", address))["viewer"] == {"id": ana.id}


async def test_signing_in_forgives_what_was_mistyped(platform: Platform, ana: User) -> None:
    """Given four slips and then the password, then there are five tries again."""
    for _ in range(2):
        for _ in range(4):
            assert (await sign_in(platform, ana.email, WRONG, ana.address))["__typename"] == "NotSignedIn"
        assert (await sign_in(platform, ana.email, PASSWORD, ana.address))["__typename"] == "SignedIn"


async def test_an_unknown_user_and_a_wrong_password_get_the_same_body_for_the_same_work(
    platform: Platform, ana: User
) -> None:
    """Given one guess of each kind, then bodies are equal, and each costs one hash with the real parameters."""
    seen = []
    for email, password in ((ana.email, WRONG), (f"{uuid4().hex}@example.com", PASSWORD), ("", "x" * 1000)):
        before = rounds()
        answer = await platform.post(SIGN_IN, {"email": email, "password": password}, address=an_address())
        seen.append((answer, rounds() - before))
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][0][1]["data"]["signIn"]["__typename"] == "NotSignedIn"
    assert seen[0][1] == 1


async def test_bounds_do_not_tell_who_has_an_account(platform: Platform, ana: User, redis: Redis) -> None:
    """Given eight guesses at an account and at none, then the answers are the same; so for a flood of strangers."""
    unknown = f"{uuid4().hex}@example.com"
    for email in (ana.email, unknown):
        assert await guesses(platform, email, 8, an_address()) == {"NotSignedIn": 5, "RateLimited": 3}
        await exhaust(redis, STRANGERS.of(email))
    told = [await sign_in(platform, email, WRONG) for email in (ana.email, unknown)]
    for answer in told:
        assert 0 < answer.pop("retryAfter") <= STRANGERS_WAIT_SECONDS
    assert told[0] == told[1]
    assert told[0]["__typename"] == "RateLimited"


async def test_nobody_signs_in_while_attempts_cannot_be_counted(
    platform: Platform, ana: User, caplog: pytest.LogCaptureFixture
) -> None:
    """Given Redis is away, then the right password is refused too, by an answer and a log that say why."""
    before = rounds()
    async with another_api(platform, redis_url=f"redis://127.0.0.1:{free_port()}") as there:
        refused = await sign_in(there, ana.email)
    assert refused["__typename"] == "RateLimited"
    assert "cannot be counted" in refused["message"]
    assert refused["retryAfter"] > 0
    assert rounds() == before
    assert "cannot be counted, so none is admitted" in caplog.text


async def test_failures_are_audited_without_the_address_that_was_typed(platform: Platform, ana: User) -> None:
    """Given a wrong password and an unknown address, then the first alone is in the log, by ids."""
    address, unknown, events = an_address(), an_address(), platform.database.handle["audit_events"]
    await sign_in(platform, f"{uuid4().hex}@example.com", WRONG, unknown)
    await sign_in(platform, ana.email, WRONG, address)
    event = await until(lambda: events.find_one({"address": address}))
    assert (event["action"], event["kind"], event["subject"]) == ("SIGN_IN_FAILED", "User", ids.key(ana.id, "User"))
    assert event["actor"] is None
    assert ana.email not in str(event)
    assert await events.find_one({"address": unknown}) is None


async def test_signing_in_is_audited_with_its_session(platform: Platform, ana: User) -> None:
    """In one transaction, with the method."""
    address, handle = an_address(), platform.database.handle
    await sign_in(platform, ana.email, address=address)
    event = await handle["audit_events"].find_one({"address": address})
    assert event is not None
    assert (event["action"], event["actor"]) == ("SIGNED_IN", ids.key(ana.id, "User"))
    assert event["details"] == {"methods": ["PASSWORD"]}
    assert await handle["sessions"].count_documents({"address": address, "methods": ["PASSWORD"]}) == 1


async def test_a_hash_with_old_parameters_is_renewed(platform: Platform, ana: User) -> None:
    """Given one of fewer rounds, then a wrong password leaves it, the right one renews it, and fits afterwards."""
    credentials, key = platform.database.handle["credentials"], {"_id": ids.key(ana.id, "User")}
    old = await asyncio.to_thread(PasswordHasher(time_cost=1).hash, PASSWORD)
    await credentials.update_one(key, {"$set": {"hash": old}})
    await sign_in(platform, ana.email, WRONG)
    stored = await credentials.find_one(key)
    assert stored is not None
    assert stored["hash"] == old
    for _ in range(2):
        assert (await sign_in(platform, ana.email))["__typename"] == "SignedIn"
    stored = await credentials.find_one(key)
    assert stored is not None
    assert extract_parameters(stored["hash"]) == extract_parameters(HASHER.hash("x"))


async def test_a_password_that_is_replaced_while_it_is_checked_signs_nobody_in(platform: Platform, ana: User) -> None:
    """Given a thief whose sign-in waits for a thread while the owner resets the password, then it is refused."""
    credentials, key = platform.database.handle["credentials"], {"_id": ids.key(ana.id, "User")}
    stored = await credentials.find_one(key)
    assert stored is not None
    before = rounds()
    queue = [asyncio.create_task(sign_in(platform, f"{uuid4().hex}@example.com")) for _ in range(8)]
    await until(lambda: _rounds_since(before, 8))
    thief = asyncio.create_task(sign_in(platform, ana.email))
    await until(lambda: _rounds_since(before, 9))  # it waits behind the others, with the hash that was read
    another = PasswordHasher(time_cost=1).hash("another")
    await credentials.update_one(key, {"$set": {"hash": another}})
    assert (await thief)["__typename"] == "NotSignedIn"
    await asyncio.gather(*queue)


async def _rounds_since(before: float, number: int) -> bool:
    return rounds() - before >= number
