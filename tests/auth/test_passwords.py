"""Passwords: which are refused, hashing off the event loop, the same work for all."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from typing import Literal

import pytest
from argon2 import PasswordHasher, extract_parameters

from auth.passwords import HASHER, LEAST_LENGTH, MOST_LENGTH, Passwords, check_strength, hash_password
from models.errors import InvalidInputError, RateLimitedError

GOOD = "correct horse battery"


class Observed(PasswordHasher):
    """Checks as always, and notes which hashes, in which threads, at which priority; may be held back."""

    def __init__(self) -> None:
        super().__init__(parallelism=HASHER.parallelism)
        self.checked: list[str] = []
        self.threads: set[str] = set()
        self.priorities: set[int] = set()
        self.going_on = threading.Event()
        self.going_on.set()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - the library's name
        """Check a password."""
        self.checked.append(str(hash))
        self.threads.add(threading.current_thread().name)
        if sys.platform == "linux":
            self.priorities.add(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        self.going_on.wait(10)
        return super().verify(hash, password)


@pytest.fixture
def hasher() -> Observed:
    """Give a hasher with the real parameters."""
    return Observed()


@pytest.fixture
def passwords(hasher: Observed) -> Iterator[Passwords]:
    """Give what checks with one thread, for which two may wait."""
    made = Passwords(hasher, threads=1, waiting=2)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("", "10 to 256"),
        ("x" * (LEAST_LENGTH - 1), "10 to 256"),
        ("x" * (MOST_LENGTH + 1), "10 to 256"),
        ("qwertyuiop", "anybody tries"),
        ("PassWord123", "anybody tries"),
        ("contraseña123", "anybody tries"),
        ("1234567890", "anybody tries"),
        ("abababababab", "anybody tries"),
        ("ana.maria.perez", "your name"),
        ("Pérez-Ana-2024", "your name"),
        ("disenopro-ana!", "ours"),
    ],
)
def test_a_weak_password_is_refused(password: str, words: str) -> None:
    """Given one that is short, long, common, or made of what is known of its owner, then the path leads to it."""
    with pytest.raises(InvalidInputError, match=words) as caught:
        check_strength(password, "ana.maria@example.com", "Ana Pérez", path=("input", "new"))
    assert caught.value.path == ("input", "new")


@pytest.mark.parametrize("password", [GOOD, "anaconda-bites-back", "ñ" * 10 + "aeiou", "demo-password", "8h2!kd9#qq"])
def test_another_password_is_not(password: str) -> None:
    """No rules of composition (NIST SP 800-63B)."""
    check_strength(password, "ana@example.com", "Ana")


async def test_a_password_fits_its_own_hash_only(passwords: Passwords) -> None:
    """Given a hash, then its password fits, another does not, and one beyond the bound does not, whatever its start."""
    longest = "ñ" * MOST_LENGTH
    one, other = await asyncio.gather(passwords.hash("correct horse"), passwords.hash(longest))
    assert one.startswith("$argon2id$")
    assert await passwords.verify(one, "correct horse")
    assert not await passwords.verify(one, "correct horsf")
    assert not await passwords.verify(other, longest + "x")
    assert not await passwords.verify("not a hash", "correct horse")


async def test_an_unknown_account_costs_the_same_work(passwords: Passwords, hasher: Observed) -> None:
    """Given no account, when its password is checked, then one hash with the real parameters is computed, and fails."""
    stored = await hash_password("correct horse")
    for password in ("nobody has this password", "x" * (MOST_LENGTH + 1)):
        assert not await passwords.verify(None, password)
        assert not await passwords.verify(stored, password)
    assert len(hasher.checked) == 4
    assert all(extract_parameters(hash_) == extract_parameters(stored) for hash_ in hasher.checked)


async def test_the_loop_goes_on_while_passwords_are_checked(passwords: Passwords, hasher: Observed) -> None:
    """Given a check that takes for ever, then the loop turns, and the thread is one of lower priority than ours."""
    hasher.going_on.clear()
    checking = asyncio.create_task(passwords.verify(None, GOOD))
    for _ in range(1000):
        await asyncio.sleep(0)
    assert not checking.done()
    hasher.going_on.set()
    assert not await checking
    assert hasher.threads == {"passwords_0"}
    if sys.platform == "linux":
        assert min(hasher.priorities) > os.getpriority(os.PRIO_PROCESS, 0)


async def test_a_flood_of_sign_ins_is_refused_and_not_queued(passwords: Passwords, hasher: Observed) -> None:
    """Given one at work and two that wait, the fourth is told to come again; when they are done there is room."""
    hasher.going_on.clear()
    admitted = [asyncio.create_task(passwords.verify(None, GOOD)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(RateLimitedError) as caught:
        await passwords.verify(None, GOOD)
    assert caught.value.retry_after >= 1
    hasher.going_on.set()
    assert await asyncio.gather(*admitted) == [False] * 3
    assert not await passwords.verify(None, GOOD)


async def test_who_leaves_gives_their_place_away(passwords: Passwords, hasher: Observed) -> None:
    """Given a queue of those who have left, then it has room."""
    hasher.going_on.clear()
    admitted = [asyncio.create_task(passwords.verify(None, GOOD)) for _ in range(3)]
    await asyncio.sleep(0)
    for task in admitted:
        task.cancel()
    await asyncio.gather(*admitted, return_exceptions=True)
    hasher.going_on.set()
    assert not await passwords.verify(None, GOOD)


def test_old_parameters_are_noticed(passwords: Passwords) -> None:
    """Given a hash with fewer rounds, then it is to be made anew."""
    assert passwords.outdated(PasswordHasher(time_cost=1).hash(GOOD))
    assert not passwords.outdated(HASHER.hash(GOOD))
