"""Erasing an account or an organization: what happens at once, in one transaction; `workers.erasing` does the rest.

Each document says what becomes of it (`Entity.personal`), so a new one is erased by what it declares.
"""

from __future__ import annotations

from typing import Final

from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession

from models.api_key import ApiKey
from models.entity import Entity
from models.erasure import Erasure
from models.invitation import Invitation
from models.organization import Membership, Organization
from models.personal import Erasing
from models.register import DOCUMENTS
from models.user import User

NOBODY: Final = "Former member"
"""What is shown as the name of somebody whose account was erased."""


def referring(erasing: Erasing) -> list[tuple[type[Entity], str]]:
    """Return the documents that refer to users and are treated so, each with the attribute that refers."""
    return [
        (document, "_id" if name == "id" else name)
        for document in DOCUMENTS
        for name, how in document.personal.items()
        if how is erasing
    ]


def tombstone(user: PydanticObjectId) -> User:
    """Return what is left of a user: nothing of them, under an address that nobody can have (RFC 2606)."""
    return User(id=user, email=f"{user}@erased.invalid", name=NOBODY, erased=True)


async def erase_user(user: User, session: AsyncClientSession) -> None:
    """Take away a user's account with all that gives access, and note that the rest is to be erased."""
    for document, name in referring(Erasing.AT_ONCE):
        await document.find({name: user.id}, session=session).delete(session=session)
    for document in DOCUMENTS:
        if document.addressed:
            await document.find({document.addressed: user.email}, session=session).delete(session=session)
    await tombstone(user.id).replace(session=session)
    await Erasure(user=user.id, avatar=user.avatar).insert(session=session)


async def erase_organization(organization: PydanticObjectId, session: AsyncClientSession) -> None:
    """Take an organization from all its members, and note that what it has is to be erased."""
    for document in (Membership, Invitation, ApiKey):
        await document.find({"organization": organization}, session=session).delete(session=session)
    await Organization.find({"_id": organization}, session=session).delete(session=session)
    await Erasure(organization=organization).insert(session=session)
