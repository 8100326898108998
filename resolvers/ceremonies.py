"""Passkeys' ceremonies: beginning one with a challenge, and holding an authenticator's answer against it."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from typing import Any, Final

from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession
from strawberry.scalars import JSON

import models.passkey
import models.user
from auth.passkeys import Asserted, RefusedError, assertion_options, check_assertion, credential_of
from models.audit import AuditAction
from models.challenge import Challenge, Purpose
from models.entity import now
from models.errors import NotSignedInError
from models.factor import Factors
from models.opaque import new_token, token_hash
from resolvers.auditing import audit
from resolvers.context import Info
from schema.passkey import PasskeyOptions

log = logging.getLogger(__name__)

_CHALLENGE_BYTES: Final = 32

Json = dict[str, Any]


async def begin(purpose: Purpose, user: PydanticObjectId | None, options: Callable[[bytes], Json]) -> PasskeyOptions:
    """Keep a new challenge, and return what a browser makes of it."""
    token, challenge = new_token(), secrets.token_bytes(_CHALLENGE_BYTES)
    await Challenge(hash=token_hash(token), purpose=purpose, user=user, challenge=challenge).insert()
    return PasskeyOptions(ticket=token, options=JSON(options(challenge)))


async def begin_assertion(
    info: Info, purpose: Purpose, user: PydanticObjectId | None, known: Sequence[models.passkey.Passkey] = ()
) -> PasskeyOptions:
    """Ask for one of the known passkeys, or for any."""
    party = info.context.services.relying_party
    return await begin(purpose, user, lambda challenge: assertion_options(party, challenge, known))


async def take(ticket: str, purpose: Purpose, user: PydanticObjectId | None) -> Challenge:
    """Consume a challenge, before anything of the answer is looked at; raises NotSignedInError if it is none."""
    challenge = await Challenge.take(ticket, purpose, user)
    if challenge is None:
        raise refused()
    return challenge


def refused() -> NotSignedInError:
    """Return the one answer to whatever is wrong with a passkey, so that nobody learns which there are."""
    return NotSignedInError("The passkey was not accepted; begin again.")


async def asserted(
    info: Info, challenge: Challenge, answer: Any, session: AsyncClientSession
) -> models.passkey.Passkey | None:
    """Return the passkey that signed a challenge, its use noted; None for a bad answer, which the log of audit tells.

    Call it in the transaction of what the passkey is for, and let that be committed in both cases.
    """
    passkey = await models.passkey.Passkey.find_one({"credential": credential_of(answer)}, session=session)
    factors = None if passkey is None else await Factors.get(passkey.user, session=session)
    if passkey is None or factors is None or challenge.user not in {None, passkey.user}:
        return None
    try:
        said = check_assertion(info.context.services.relying_party, challenge, answer, passkey, factors.handle)
    except RefusedError as error:
        log.info("Request %s: a passkey was refused: %r", info.context.request_id, str(error))
        user = await models.user.User.get(passkey.user, session=session)
        await audit(info.context, session, AuditAction.SIGN_IN_FAILED, user, method="PASSKEY", passkey=str(passkey.id))
        return None
    await _note(info, passkey, said, session)
    return passkey


async def _note(info: Info, passkey: models.passkey.Passkey, said: Asserted, session: AsyncClientSession) -> None:
    """Remember what an authenticator said of itself."""
    if said.went_back:
        action = AuditAction.PASSKEY_COUNTER_WENT_BACK
        await audit(
            info.context, session, action, passkey, actor=passkey.user, was=passkey.sign_count, came=said.sign_count
        )
    passkey.change(sign_count=max(passkey.sign_count, said.sign_count), backed_up=said.backed_up, last_used_at=now())
    await passkey.save(session=session)
