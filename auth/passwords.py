"""Passwords: argon2id (RFC 9106), always the same work whether the account exists or not."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from models.errors import InvalidInputError

LEAST_LENGTH = 10
MOST_LENGTH = 256

_hasher = PasswordHasher()  # argon2-cffi's defaults are RFC 9106's low-memory profile
_NOBODY = _hasher.hash("nobody has this password")  # checked for unknown accounts, with the real parameters


def check_strength(password: str) -> None:
    """Refuse a password that is too short or too long; raises InvalidInputError."""
    if not LEAST_LENGTH <= len(password) <= MOST_LENGTH:
        raise InvalidInputError(
            f"A password has {LEAST_LENGTH} to {MOST_LENGTH} characters.", path=("input", "password")
        )


async def hash_password(password: str) -> str:
    """Return the argon2id hash of a password, made in a thread; raises InvalidInputError."""
    check_strength(password)
    return await asyncio.to_thread(_hasher.hash, password)


async def verify_password(stored: str | None, password: str) -> bool:
    """Whether a password fits a stored hash (None: no such account), in a thread and in the same time."""
    if len(password) > MOST_LENGTH:
        password = ""
    return await asyncio.to_thread(_verify, stored or _NOBODY, password) and stored is not None


def _verify(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
