"""Checking what a user proves besides: codes of their authenticator app, and recovery codes. Each code works once."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession

from auth import recovery, totp
from models.entity import now
from models.factor import Factors, Guesses
from resolvers.context import Info

LIMITS: Final = ((timedelta(hours=1), 10), (timedelta(days=1), 30))
"""How many codes of an app may be tried for an account in how long, over all tickets and devices.

Three of a million codes are right at any time: who knows the password and tries 30 a day gets in within a year with a
chance of 3 %, and is in the log of audit 10,950 times. Recovery codes are not counted so, since nobody guesses 80 bits:
they and passkeys are the owner's way in while somebody else uses the tries up.
"""


async def count_code(user: PydanticObjectId) -> list[str]:
    """Count a try of an app's code before it is checked; `forgive` takes it back. Raises RateLimitedError."""
    return [await Guesses.count_one(f"totp:{user}", most, window) for window, most in LIMITS]


async def forgive(counted: list[str]) -> None:
    """Take back a try that was right: owners may sign in as often as they like."""
    for id_ in counted:
        await Guesses.forgive(id_)


async def accept_code(info: Info, user: PydanticObjectId, code: str, session: AsyncClientSession) -> bool:
    """Whether a code of a user's app is right, and was not used before; it is used from now on."""
    factors = await Factors.get(user, session=session)
    if factors is None or factors.totp is None:
        return False
    secret = info.context.services.keys.unseal("totp", factors.totp.secret, str(user)).decode()
    step = totp.step_of(secret, code, now())
    return step is not None and await Factors.accept_step(user, step, session)


async def accept_recovery_code(info: Info, user: PydanticObjectId, code: str, session: AsyncClientSession) -> bool:
    """Whether it is a recovery code of a user's that is left; it is used from now on."""
    return await Factors.use_recovery_code(user, hashed_code(info, user, code), session)


def hashed_code(info: Info, user: PydanticObjectId, code: str) -> str:
    """Return what is stored of a user's recovery code."""
    return info.context.services.keys.digest("recovery-code", recovery.normal(code), str(user))
