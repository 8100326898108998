"""Sensitive actions ask for a fresh proof of who the caller is."""

from __future__ import annotations

from datetime import timedelta

from pymongo.asynchronous.client_session import AsyncClientSession

from models.entity import now
from models.errors import StepUpRequiredError
from models.user import Session
from resolvers.context import Info

FRESH = timedelta(minutes=10)
"""For how long after a proof of who they are somebody may do what is sensitive."""


async def require_fresh(info: Info, session: AsyncClientSession | None = None) -> None:
    """Let through whose device has proved who its user is within `FRESH`.

    Raises:
        NotSignedInError: nobody is signed in.
        StepUpRequiredError: it was longer ago.

    """
    info.context.viewer.require_user()
    device = await Session.find_one({"_id": info.context.viewer.session, "ended_at": None}, session=session)
    if device is None or now() - device.authenticated_at > FRESH:
        raise StepUpRequiredError
