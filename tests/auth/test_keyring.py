"""Keys that rotate: nobody is signed out, and a key that has leaked is worthless at once."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from beanie import PydanticObjectId

from auth import keyring
from auth.keyring import Keyring
from auth.signatures import Keys
from auth.signing_keys import ACCESS_TOKEN_SECONDS, AHEAD, PUBLISHED_SECONDS, RELOAD_SECONDS, Ring, new_key, private_key
from auth.tokens import Claims, InvalidTokenError, UnknownKeyError, key_of
from models.database import Database
from models.entity import now
from models.signing_key import SIGNING_KEYS, add, stored

SECRET = "a secret of at least thirty-two bytes, for tests"
ISSUER = "https://disenopro.example"
CLAIMS = Claims(PydanticObjectId(), PydanticObjectId())
KEYS = Keys(SECRET)


class Reading(Keyring):
    """Keys that know when they were read."""

    def __init__(self, database: Database) -> None:
        super().__init__(SECRET, ISSUER, database)
        self.reads: list[float] = []

    async def load(self) -> None:
        """Note the time, and read."""
        self.reads.append(time.monotonic())
        await super().load()


@pytest.fixture
async def one(database: Database) -> Keyring:
    """Give a process's keys."""
    return await process(database)


async def process(database: Database) -> Keyring:
    """Give another process's keys, as it starts."""
    keys = Keyring(SECRET, ISSUER, database)
    await keys.ready()
    return keys


def kids(jwks: dict[str, Any]) -> list[str]:
    """Return the ids of published keys."""
    return [key["kid"] for key in jwks["keys"]]


async def test_processes_that_start_at_once_make_one_key(database: Database) -> None:
    """Given no key, when several processes start, then one key is made, and each verifies what another signed."""
    processes = [Keyring(SECRET, ISSUER, database) for _ in range(5)]
    with pytest.raises(RuntimeError, match="no key yet"):
        processes[0].access_token(CLAIMS)
    await asyncio.gather(*(keys.ready() for keys in processes))
    assert len(await stored(database)) == 1
    token = processes[0].access_token(CLAIMS)
    assert all(keys.claims(token) == CLAIMS for keys in processes)


async def test_no_private_key_is_stored(one: Keyring, database: Database) -> None:
    """Given a key, then what is stored of it is public; who reads the database cannot sign, nor who writes to it."""
    (row,) = await database.handle[SIGNING_KEYS].find().to_list()
    seed = private_key(one, row["kid"]).private_bytes_raw()
    assert row.keys() == {"_id", "kid", "public", "created_at", "signs_from", "revoked_at"}
    assert seed.hex() not in str(row)
    assert repr(seed) not in str(row)
    foreign = new_key(Keys("a secret of whoever writes to the database"), 2, now(), now())
    assert await add(database, foreign)
    await one.load()
    assert kids(await one.published()) == [row["kid"]]
    theirs = Keyring("a secret of whoever writes to the database", ISSUER, database)
    await theirs.load()
    with pytest.raises(UnknownKeyError):
        one.claims(theirs.access_token(CLAIMS))


async def test_a_new_key_is_published_before_it_signs(one: Keyring, database: Database) -> None:
    """Given a rotation, then the new key is told at once and signs later; tokens of both are good all the time."""
    before = one.access_token(CLAIMS)
    made = await one.rotate(now() + AHEAD)
    assert kids(await one.published()) == [made.kid, key_of(before)]
    assert key_of(one.access_token(CLAIMS)) == key_of(before)
    ring = Ring(KEYS, await stored(database))
    signing = ring.signing(made.signs_from)
    assert signing is not None
    assert signing.kid == made.kid
    assert ring.signing(made.signs_from - timedelta(milliseconds=1)) != signing
    assert timedelta(seconds=PUBLISHED_SECONDS + RELOAD_SECONDS) <= AHEAD


async def test_an_old_key_leaves_when_its_last_token_has_expired(one: Keyring, database: Database) -> None:
    """Given a rotation, then the old key verifies for as long as a token of it may live, and is published no longer."""
    old = key_of(one.access_token(CLAIMS))
    made = await one.rotate(now() + AHEAD)
    ring = Ring(KEYS, await stored(database))
    last = made.signs_from + timedelta(seconds=ACCESS_TOKEN_SECONDS + RELOAD_SECONDS)
    assert ring.verifying(old, last) is not None
    assert ring.verifying(old, last + timedelta(minutes=2)) is None
    assert kids(ring.published(last)) == [made.kid, old]
    assert kids(ring.published(last + timedelta(minutes=2))) == [made.kid]


async def test_nobody_is_signed_out_by_rotations(database: Database) -> None:
    """Given rotation upon rotation, then every token that was signed is good until it expires, at every moment."""
    moment, rows = now(), []
    for number in range(1, 6):
        rows.append(new_key(KEYS, number, moment, moment if number == 1 else moment + AHEAD))
        moment += timedelta(minutes=3 * number)
    ring, start = Ring(KEYS, rows), rows[0].created_at
    signers = set()
    for seconds in range(0, 3600, 10):
        at = start + timedelta(seconds=seconds)
        signing = ring.signing(at)
        assert signing is not None
        signers.add(signing.kid)
        assert ring.verifying(signing.kid, at + timedelta(seconds=ACCESS_TOKEN_SECONDS)) is signing
        assert signing.kid in kids(ring.published(at - timedelta(seconds=min(seconds, PUBLISHED_SECONDS))))
    assert len(signers) == 5


async def test_a_revoked_key_is_worthless_at_once(database: Database) -> None:
    """Given a key that has leaked, when it is revoked, then its tokens are refused, those that were remembered too."""
    one, other = await process(database), await process(database)
    token = one.access_token(CLAIMS)
    assert one.claims(token) == other.claims(token) == CLAIMS
    made = await one.rotate(now(), key_of(token))
    with pytest.raises(InvalidTokenError):
        one.claims(token)
    await other.load()  # as the signal has it do
    with pytest.raises(InvalidTokenError):
        await other.authenticate(token)
    following = one.access_token(CLAIMS)
    assert key_of(following) == made.kid
    assert await other.authenticate(following) == CLAIMS
    assert kids(await other.published()) == [made.kid]
    with pytest.raises(LookupError):
        await one.rotate(now(), "no such key")


async def test_a_key_that_is_new_to_a_process_is_looked_up(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given tokens of a key that this process has not met, when they come at once, then the keys are read once."""
    monkeypatch.setattr(keyring, "LEAST_SECONDS", 0.01)
    one, other = await process(database), Reading(database)
    await other.ready()
    await one.rotate(now(), key_of(one.access_token(CLAIMS)))
    tokens = [one.access_token(CLAIMS) for _ in range(20)]
    assert await asyncio.gather(*map(other.authenticate, tokens)) == [CLAIMS] * 20
    assert len(other.reads) == 2


async def test_made_up_kids_do_not_cause_a_read_each(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a flood of tokens with made-up key ids, then the keys are read once a while at most, for all together.

    A genuine token of a new key, amid them, is found to be good all the same.
    """
    monkeypatch.setattr(keyring, "LEAST_SECONDS", 0.05)
    keys, one = Reading(database), await process(database)
    await keys.ready()
    forger = Keyring("another secret of at least thirty-two bytes", ISSUER, database)
    made_up = []
    for _ in range(30):
        await forger.rotate(now())
        made_up.append(forger.access_token(CLAIMS))
    assert len(set(map(key_of, made_up))) == 30
    for flood in range(1, 4):
        await one.rotate(now())
        genuine = one.access_token(CLAIMS)
        *refused, found = await asyncio.gather(*map(keys.authenticate, [*made_up, genuine]), return_exceptions=True)
        assert all(isinstance(outcome, UnknownKeyError) for outcome in refused)
        assert found == CLAIMS
        assert len(keys.reads) == 1 + flood
    assert all(later - earlier >= 0.049 for earlier, later in pairwise(keys.reads))


async def test_a_remembered_token_expires_all_the_same(one: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a token that was verified before, when its time is over, then it is refused."""
    token = one.access_token(CLAIMS)
    assert one.claims(token) == CLAIMS
    over = (now() + timedelta(seconds=ACCESS_TOKEN_SECONDS)).timestamp()
    monkeypatch.setattr("auth.keyring.time.time", lambda: over)
    with pytest.raises(InvalidTokenError, match="has expired"):
        one.claims(token)


async def test_what_is_remembered_is_bounded(one: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given more tokens than may be remembered, then those used longest ago are forgotten, and verified again."""
    monkeypatch.setattr(keyring, "MOST_REMEMBERED", 3)
    tokens = [one.access_token(CLAIMS) for _ in range(10)]
    for token in tokens:
        assert one.claims(token) == one.claims(tokens[0]) == CLAIMS
    assert len(one._remembered) == 3  # noqa: SLF001 - nothing else tells
    checks: list[str] = []

    def counted(token: str) -> str:
        checks.append(token)
        return key_of(token)

    monkeypatch.setattr("auth.tokens.key_of", counted)
    assert one.claims(tokens[0]) == one.claims(tokens[5]) == CLAIMS
    assert checks == [tokens[5]]


@pytest.mark.parametrize("token", ["", "x" * 100_000, "ñ", "\udce9", "a.b.c"])
async def test_what_is_no_token_is_refused(one: Keyring, token: str) -> None:
    """Given anything else, then it is refused, no key is looked for, and nothing is remembered of it."""
    with pytest.raises(InvalidTokenError) as caught:
        await one.authenticate(token)
    assert not isinstance(caught.value, UnknownKeyError)
    assert len(one._remembered) == 0  # noqa: SLF001 - nothing else tells


async def test_another_secret_brings_keys_of_its_own(one: Keyring, database: Database) -> None:
    """Given a SECRET_KEY that was changed, then there is a new key at once, and tokens of the former are refused."""
    token = one.access_token(CLAIMS)
    changed = Keyring("another secret of at least thirty-two bytes", ISSUER, database)
    await changed.ready()
    assert len(kids(await changed.published())) == 1
    assert changed.claims(changed.access_token(CLAIMS)) == CLAIMS
    with pytest.raises(InvalidTokenError):
        await changed.authenticate(token)


async def test_a_clock_that_is_behind_signs_all_the_same(one: Keyring, database: Database) -> None:
    """Given keys that were made by a clock ahead of ours, then the oldest signs, rather than none."""
    rows = [replace(row, signs_from=now() + timedelta(hours=1)) for row in await stored(database)]
    signing = Ring(KEYS, rows).signing(now())
    assert signing is not None
    assert signing.kid == rows[0].kid
