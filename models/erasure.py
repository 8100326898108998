"""What is still to be erased: written in the transaction that takes an account or an organization away."""

from __future__ import annotations

from beanie import PydanticObjectId

from models.entity import Entity
from models.personal import Erasing


class Erasure(Entity):
    """That the rest of what a user or an organization had is to be erased; it goes when nothing is left.

    `avatar` is the picture that showed the user.
    """

    user: PydanticObjectId | None = None
    organization: PydanticObjectId | None = None
    avatar: PydanticObjectId | None = None

    images = False
    personal = {"user": Erasing.STAYS}
    outlives = True

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "erasures"
