"""Counting attempts at what is secret, before they are examined."""

from __future__ import annotations

from typing import Final

from beanie import PydanticObjectId

from auth.caller import household
from models.errors import RateLimitedError
from models.user import Session
from resolvers.context import Info
from storage.attempts import AttemptsUnavailableError, Bucket, Limit

HERE: Final = Limit("here", a_minute=5, an_hour=20, a_day=60)
"""Sign-ins to one account from one address."""

ADDRESS: Final = Limit("address", a_minute=60, an_hour=600)
"""Sign-ins to whatever accounts from one address."""

STRANGERS: Final = Limit("strangers", a_day=2000)
"""Sign-ins to one account from addresses where it never signed in; beyond, each of these waits before every attempt.

With 2,000 a day it takes a year and more to try the million passwords that a good one is none of.
"""

STRANGERS_WAIT_SECONDS: Final = 600.0

LETTERS: Final = Limit("letters", a_quarter=5)
"""Mails to one recipient that anybody can cause; while there are too many, the links in the last of them are good."""

MAILING: Final = Limit("mailing", a_minute=10, an_hour=100)
"""Mails to whomever that are caused from one address."""

PASSWORD: Final = Limit("password", a_minute=5, an_hour=20)
"""Trials of the present password by who is signed in."""

_UNAVAILABLE_SECONDS: Final = 5.0
_DEVICES_LOOKED_AT: Final = 1000


async def count(info: Info, *buckets: Bucket) -> None:
    """Count an attempt that is about to be made in these buckets.

    Raises:
        RateLimitedError: there were too many, or they cannot be counted.

    """
    try:
        wait = await info.context.services.attempts.take(*buckets)
    except AttemptsUnavailableError as error:
        raise _unavailable() from error
    if wait:
        raise RateLimitedError("That was tried too often; come again later.", wait)


async def count_sign_in(info: Info, email: str) -> None:
    """Count a sign-in to an account, which may not exist, before the password is looked at.

    Raises:
        RateLimitedError: it was tried too often from here, or cannot be counted.

    """
    here = household(info.context.caller.address)
    await count(info, HERE.of(email, here), ADDRESS.of(here))


async def count_letter(info: Info, recipient: str) -> None:
    """Count a mail that anybody may cause, before it is looked up whether the recipient has an account.

    Raises:
        RateLimitedError: there were too many, or they cannot be counted.

    """
    await count(info, MAILING.of(household(info.context.caller.address)), LETTERS.of(recipient))


async def let_strangers_wait(info: Info, email: str, user: PydanticObjectId) -> None:
    """Have sign-ins from addresses that an account does not know wait, once there are many; `user` may be nobody's id.

    Raises:
        RateLimitedError: says how long.

    """
    attempts, here = info.context.services.attempts, household(info.context.caller.address)
    if await _known(user, here):
        return
    try:
        if not await attempts.take(STRANGERS.of(email)):
            return
        wait = await attempts.turn(STRANGERS.of(email, here), STRANGERS_WAIT_SECONDS)
    except AttemptsUnavailableError as error:
        raise _unavailable() from error
    if wait:
        raise RateLimitedError(
            "Many try to sign in to this account: wait before you do from here, or reset its password by mail.", wait
        )


async def forgive_sign_ins(info: Info, email: str) -> None:
    """Forget an account's failures from here, since it has signed in; those from elsewhere stay."""
    try:
        await info.context.services.attempts.forgive(HERE.of(email, household(info.context.caller.address)))
    except AttemptsUnavailableError:
        return  # the windows end by themselves


async def begin_anew(info: Info, email: str) -> None:
    """Forget what was tried at an account's old password: it has a new one, whose owner has proved who they are."""
    here = household(info.context.caller.address)
    try:
        await info.context.services.attempts.forgive(HERE.of(email, here), STRANGERS.of(email))
    except AttemptsUnavailableError:
        return


async def _known(user: PydanticObjectId, here: str) -> bool:
    """Whether a user has signed in from here within the life of a session."""
    devices = Session.get_pymongo_collection().find({"user": user}, {"_id": 0, "address": 1})
    rows = await devices.sort("_id", -1).limit(_DEVICES_LOOKED_AT).to_list()
    return any(household(row.get("address", "")) == here for row in rows)


def _unavailable() -> RateLimitedError:
    return RateLimitedError(
        "Attempts cannot be counted at the moment, so none is admitted; try again.", _UNAVAILABLE_SECONDS
    )
