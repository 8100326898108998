"""Passwords: argon2id (RFC 9106), always the same work whether the account exists or not.

It is done in threads of its own, few and of low priority, so that neither the event loop nor what it waits for is kept
waiting; who comes while many wait is told to come again.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from prometheus_client import Counter

from models.errors import InvalidInputError, RateLimitedError

LEAST_LENGTH = 10
MOST_LENGTH = 256
MOST_WAITING: Final = 64
"""How many may wait for a thread."""

ROUNDS = Counter("password_rounds_total", "Passwords hashed, to store them or to check them.")

_T = TypeVar("_T")

_COMMON: Final = frozenset((Path(__file__).parent / "common_passwords.txt").read_text("utf-8").split())
_LEAST_OF_ONES_OWN: Final = 6  # letters and digits, beside one's name, one's address and ours
_LEAST_WORD: Final = 3
_FEW: Final = 3  # characters, over and over
_CORES_A_THREAD: Final = 4
_NICE: Final = 19
_BUSY_SECONDS: Final = 3.0

HASHER: Final = PasswordHasher(parallelism=1)
"""RFC 9106's low-memory profile in one lane: four would take as many cores at once from what is not to wait."""


def check_strength(password: str, *about: str, path: tuple[str, ...] = ("input", "password")) -> None:
    """Refuse a password that is too short, too long, common, or little more than what is known `about` its owner.

    That is what NIST SP 800-63B §5.1.1.2 asks for, and no rules of composition. Raises InvalidInputError.
    """
    if not LEAST_LENGTH <= len(password) <= MOST_LENGTH:
        raise InvalidInputError(f"A password has {LEAST_LENGTH} to {MOST_LENGTH} characters.", path=path)
    folded = password.casefold()
    if folded in _COMMON or len(set(folded)) <= _FEW:
        raise InvalidInputError("This password is among the first that anybody tries; use another.", path=path)
    rest = _plain(folded)
    for word in _words("disenopro", *about):
        rest = rest.replace(word, " ")
    if len(re.sub(r"[\W_]", "", rest)) < _LEAST_OF_ONES_OWN <= len(re.sub(r"[\W_]", "", _plain(folded))):
        raise InvalidInputError("This password is made of your name, your address or ours; use another.", path=path)


def _words(*texts: str) -> list[str]:
    """Return the words in texts, the longest first."""
    words = {word for text in texts for word in re.split(r"[\W_]+", _plain(text)) if len(word) >= _LEAST_WORD}
    return sorted(words, key=len, reverse=True)


def _plain(text: str) -> str:
    """Return a text in small letters without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


async def hash_password(password: str) -> str:
    """Return the hash of a password that is not refused, in any thread: for what is not a server."""
    return await asyncio.to_thread(HASHER.hash, password)


class Passwords:
    """Hashes and checks passwords for one process. `hasher` has the parameters, `threads` work, `waiting` may wait."""

    def __init__(
        self, hasher: PasswordHasher | None = None, *, threads: int | None = None, waiting: int = MOST_WAITING
    ) -> None:
        self._hasher = hasher or HASHER
        self._nobody = self._hasher.hash("nobody has this password")  # checked for unknown accounts
        threads = threads or max(1, (os.cpu_count() or 1) // _CORES_A_THREAD)
        self._pool = ThreadPoolExecutor(threads, "passwords", initializer=_yield_to_others)
        self._most = threads + waiting
        self._asked = 0

    async def hash(self, password: str) -> str:
        """Return the argon2id hash of a password; raises RateLimitedError where too many wait."""
        return await self._do(self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether a password fits a stored hash (None: no such account), by the same work.

        Raises:
            RateLimitedError: too many wait.

        """
        if len(password) > MOST_LENGTH:
            password = ""
        return await self._do(self._verify, stored or self._nobody, password) and stored is not None

    def outdated(self, stored: str) -> bool:
        """Whether a hash was made with other parameters than those of today."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _do(self, work: Callable[..., _T], *arguments: str) -> _T:
        if self._asked >= self._most:
            raise RateLimitedError("Many sign in at this moment; try again.", _BUSY_SECONDS)
        self._asked += 1
        future = self._pool.submit(work, *arguments)
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: _quietly(loop, self._done))
        ROUNDS.inc()
        return await asyncio.wrap_future(future)

    def _done(self) -> None:
        self._asked -= 1

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


def _quietly(loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> None:
    """Have work done by a loop that may have ended."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(work)


def _yield_to_others() -> None:
    """Have this thread, and those that argon2 starts from it, stand behind others, with a tenth of what one has.

    Linux counts priorities by thread; elsewhere this would be the whole process.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
