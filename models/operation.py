"""Operations that partners register: queries that may be asked by their id, beside those of a release."""

from __future__ import annotations

from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Self

import pydantic
from beanie import Indexed, PydanticObjectId
from pymongo import IndexModel

from models.collection import Collection
from models.entity import Entity
from models.personal import Erasing

MOST_OPERATIONS = 200
"""How many operations an organization may have registered."""


class Scope(StrEnum):
    """Who an operation is executed as: PUBLIC as nobody, so that its answer is everybody's; VIEWER as the caller."""

    PUBLIC = "PUBLIC"
    VIEWER = "VIEWER"


class RegisteredOperation(Entity):
    """A query that an organization has registered. `document_id` is the SHA-256 of `body`, in hex.

    `scope`, `cost` and `max_age` (seconds at the edge, 0: never kept) are as they were when it was registered. Several
    organizations may have the same document; it can be asked for while one of them has.
    """

    organization: PydanticObjectId
    document_id: Annotated[str, Indexed(), pydantic.Field(pattern=r"^[0-9a-f]{64}$")]
    name: str = pydantic.Field(pattern=r"^[_A-Za-z][_0-9A-Za-z]*$", max_length=100)
    body: str = pydantic.Field(min_length=1, max_length=65_536)
    scope: Scope
    cost: int = pydantic.Field(ge=1)
    max_age: int = pydantic.Field(ge=0)
    created_by: PydanticObjectId

    personal = {"created_by": Erasing.STAYS}
    collections = (
        Collection(name="operations_by_organization", by=("organization",), order=(("created_at", 1), ("_id", 1))),
    )

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "operations"
        indexes = [IndexModel([("organization", 1), ("document_id", 1)], unique=True)]

    @pydantic.model_validator(mode="after")
    def _known_by_its_hash(self) -> Self:
        if self.document_id != sha256(self.body.encode()).hexdigest():
            raise ValueError("an operation's id is the SHA-256 of its document")
        return self
