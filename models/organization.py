"""Organizations, the tenants, and who belongs to them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import pydantic
from beanie import Indexed, PydanticObjectId
from pymongo import IndexModel
from pymongo.asynchronous.client_session import AsyncClientSession

from models.collection import Collection
from models.entity import Entity, line
from models.errors import ConflictError
from models.personal import Erasing


class Plan(StrEnum):
    """What an organization pays for."""

    FREE = "FREE"
    PRO = "PRO"
    ENTERPRISE = "ENTERPRISE"


class Role(StrEnum):
    """What a member may do; each role includes those below it."""

    OWNER = "OWNER"
    ADMIN = "ADMIN"
    EDITOR = "EDITOR"
    VIEWER = "VIEWER"


class Organization(Entity):
    """An agency or a studio. Everything but users belongs to one."""

    name: Annotated[str, line(120)]
    slug: Annotated[str, Indexed(unique=True), pydantic.Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
    plan: Plan = Plan.FREE

    personal = {}

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "organizations"

    @property
    def tenant(self) -> PydanticObjectId:
        """The organization itself."""
        return self.id

    @classmethod
    async def one_at_a_time(cls, id_: PydanticObjectId, what: str, session: AsyncClientSession) -> None:
        """Have transactions that change how many of something an organization has conflict, so that the later recounts.

        They write to different documents, and would otherwise each count without the other's; `what` names the count.
        """
        await cls.find({"_id": id_}, session=session).update({"$inc": {f"{what}_changes": 1}}, session=session)


class Membership(Entity):
    """One user's role in one organization."""

    organization: PydanticObjectId
    user: PydanticObjectId
    role: Role

    personal = {"user": Erasing.AT_ONCE}
    collections = (
        Collection(name="members_by_organization", by=("organization",), order=(("created_at", 1), ("_id", 1))),
        Collection(name="memberships_by_user", by=("user",), order=(("created_at", 1), ("_id", 1))),
    )

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "memberships"
        indexes = [IndexModel([("organization", 1), ("user", 1)], unique=True)]

    async def refuse_if_last_owner(self, session: AsyncClientSession) -> None:
        """Keep every organization owned; call inside the transaction that demotes or removes this member.

        Raises:
            ConflictError: this is the only owner.

        """
        if self.role is not Role.OWNER:
            return
        owners = Membership.find({"organization": self.organization, "role": "OWNER"}, session=session)
        if await owners.count() <= 1:
            raise ConflictError("An organization keeps at least one owner; make somebody else an owner first.")
