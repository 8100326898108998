"""Leaving letters for the relay to send."""

from __future__ import annotations

from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession

from models.letter import TOPIC, Letter, LetterKind
from resolvers.context import Info


async def post(
    info: Info,
    session: AsyncClientSession,
    kind: LetterKind,
    to: str,
    *,
    user: PydanticObjectId | None = None,
    about: PydanticObjectId | None = None,
) -> None:
    """Leave a letter in the transaction of what causes it; call `hurry` when that is committed.

    `user` is whose account it is about, `about` another document that it is about, as its kind says.
    """
    context = info.context
    letter = Letter.make(
        kind=kind, to=to, user=user, about=about, address=context.caller.address, request=context.request_id
    )
    await letter.insert(session=session)


def hurry(info: Info) -> None:
    """Tell the relay that there are letters."""
    info.context.services.signals.tell(TOPIC)
