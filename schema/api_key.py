"""API keys of organizations, and what they have used."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import strawberry

import models.api_key
from auth.permissions import Permission
from auth.viewer import Viewer
from models.api_key import KeyScope
from models.errors import InvalidInputError
from schema.context import Info
from schema.errors import InvalidInput, NotAllowed, NotFound, NotSignedIn, StepUpRequired
from schema.node import Node
from schema.organization import Organization
from schema.reader import Find
from schema.relations import computed, reference
from schema.user import User

MOST_DAYS = 366
"""The most days of usage that are told at once."""

strawberry.enum(
    KeyScope,
    description="What a key may read: READ_PUBLIC what everybody may see, READ_ORGANIZATION what its members may too.",
)


@strawberry.type(description="What a key has used on one day, UTC.")
class ApiKeyUsage:
    """One day."""

    day: date
    requests: int = strawberry.field(description="Answered requests.")
    cost: float = strawberry.field(description="The cost of their operations, added up; whole, exact to 2^53.")
    bytes: float = strawberry.field(description="The bytes of their bodies, before they are encoded; likewise.")


@strawberry.type(description="A key by which a partner's programs ask; only shown to those who may manage keys.")
class ApiKey(Node, stores=models.api_key.ApiKey):
    """A key, without the key."""

    name: str = strawberry.field(description="What it is for.")
    prefix: str = strawberry.field(description="Its first characters, to recognise it by.")
    expires_at: datetime | None = strawberry.field(description="When it ends by itself.")
    revoked_at: datetime | None = strawberry.field(description="When it was revoked.")
    last_used: datetime | None = strawberry.field(
        description="The day on which it was last used, as its midnight (UTC); it may be told some seconds late."
    )
    created_at: datetime = strawberry.field(description="When it was made.")
    creator: User | None = reference("User", key="created_by", description="Who made it.")
    organization: Organization | None = reference("Organization", key="organization", description="Whose it is.")

    @computed("scopes", description="What it may read.")
    def scopes(self) -> list[KeyScope]:
        """Return what it may read."""
        return list(map(KeyScope, self.document.scopes))

    @computed(
        "operations",
        description="The ids of the documents that it may ask; empty: all of its organization, and those for partners.",
    )
    def operations(self) -> list[str]:
        """Return the documents."""
        return [*self.document.operations]

    @computed("origins", description="From which origins browsers may use it; empty: it may be used from anywhere.")
    def origins(self) -> list[str]:
        """Return the origins."""
        return [*self.document.origins]

    def visible(self, viewer: Viewer) -> bool:
        """Whether a viewer may know of it: who may manage it."""
        organization = self.tenant()
        return organization is not None and viewer.may(Permission.MANAGE_KEYS, organization)

    @strawberry.field(description="What it has used on each day from `from` to `to`, both included, in order.")
    async def usage(
        self, info: Info, from_: Annotated[date, strawberry.argument(name="from")], to: date
    ) -> list[ApiKeyUsage]:
        """Read the days."""
        if not self.visible(info.context.viewer):
            return []
        if not 0 <= (to - from_).days < MOST_DAYS:
            raise InvalidInputError(f"to: expected a day from `from` to {MOST_DAYS - 1} days later.", path=("to",))
        days = {"$gte": datetime(from_.year, from_.month, from_.day), "$lte": datetime(to.year, to.month, to.day)}  # noqa: DTZ001 - the driver takes it for UTC
        wanted = Find(models.api_key.ApiKeyUsage, {"key": self.document.id, "day": days}, (("day", 1),), MOST_DAYS)
        rows = await info.context.loaders.reader.read(wanted)
        return [
            ApiKeyUsage(
                day=row["day"].date(), requests=row["requests"], cost=float(row["cost"]), bytes=float(row["bytes"])
            )
            for row in rows
        ]


@strawberry.type(description="A key that was just made. Keep `secret`: it is shown only here.")
class ApiKeyCreated:
    """A key, and the secret that it is."""

    api_key: ApiKey
    secret: str = strawberry.field(description="Send it as `Authorization: Bearer <secret>`.")


@strawberry.input
class CreateApiKeyInput:
    """A new key."""

    organization_id: strawberry.ID
    name: str
    scopes: list[KeyScope] | None = None
    operations: list[str] | None = None
    origins: list[str] | None = None
    expires_at: datetime | None = None


@strawberry.input
class UpdateApiKeyInput:
    """Fields that are left out stay as they are."""

    id: strawberry.ID
    name: str | None = strawberry.UNSET
    scopes: list[KeyScope] | None = strawberry.UNSET
    operations: list[str] | None = strawberry.UNSET
    origins: list[str] | None = strawberry.UNSET
    expires_at: datetime | None = strawberry.UNSET


CreateApiKeyResult = Annotated[
    ApiKeyCreated | NotSignedIn | StepUpRequired | NotFound | NotAllowed | InvalidInput,
    strawberry.union("CreateApiKeyResult"),
]
UpdateApiKeyResult = Annotated[
    ApiKey | NotSignedIn | StepUpRequired | NotFound | NotAllowed | InvalidInput,
    strawberry.union("UpdateApiKeyResult"),
]
RevokeApiKeyResult = Annotated[
    ApiKey | NotSignedIn | NotFound | NotAllowed | InvalidInput, strawberry.union("RevokeApiKeyResult")
]
