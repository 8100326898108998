"""What mutations of signed-in devices write to the audit log."""

from __future__ import annotations

from typing import Any

from schema import ids
from tests.audit_cases import Case, World, writes
from tests.platform import User
from tests.test_session import REVOKE_OTHERS, again, refresh, revoke, session_of


async def _two(w: World) -> tuple[User, User]:
    one = await w.platform.resident()
    return one, await again(one)


async def _stolen(w: World) -> tuple[User, User]:
    one = await w.platform.resident()
    second = await refresh(w.platform, one.refresh_token)
    await refresh(w.platform, second["refreshToken"])
    return one, one


def _theirs(w: World) -> User:
    user: User = w.given[0]
    return user


async def _revoke(w: World) -> Any:
    return await revoke(w.given[0], ids.encode("Session", session_of(w.given[1])))


AUDITED: dict[str, Case] = {
    "refresh": writes(
        "REFRESH_TOKEN_REUSED",
        "Session",
        lambda w: refresh(w.platform, w.given[0].refresh_token),
        nobody=True,
        given=_stolen,
        by=_theirs,
    ),
    "signOut": writes(
        "SIGNED_OUT", "Session", lambda w: w.given[0].ask("mutation { signOut { ok } }"), given=_two, by=_theirs
    ),
    "revokeSession": writes("SESSION_REVOKED", "Session", _revoke, given=_two, by=_theirs),
    "revokeOtherSessions": writes(
        "SESSION_REVOKED", "Session", lambda w: w.given[0].ask(REVOKE_OTHERS), given=_two, by=_theirs
    ),
}
