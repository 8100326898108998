"""What all documents share: an id made by us, the time of creation, declared collections, validation before writing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Self, cast

import pydantic
from beanie import Document, PydanticObjectId
from pymongo.asynchronous.collection import AsyncCollection

from models.collection import Collection
from models.errors import InvalidInputError
from models.personal import Erasing
from models.recorded import Refusing, refused


def line(longest: int) -> Any:
    """Return what pydantic must know of a text that is not blank: trimmed, 1 to `longest` characters."""
    return pydantic.StringConstraints(strip_whitespace=True, min_length=1, max_length=longest)


def now() -> datetime:
    """Return the present in UTC, cut to the millisecond that MongoDB keeps."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class Entity(Document):
    """A stored document. Times are UTC with milliseconds.

    `collections` are the lists it can be read in; `images` says whether the change stream must carry its state before
    and after (needed wherever a cached answer may depend on it). `unshown` are attributes that may be large and that no
    GraphQL field shows: loaders leave them out, so they have defaults.

    `personal` says, by attribute, which users a document refers to, and what becomes of it when such a user's account
    is erased; every document says so, if only that there are none. `addressed` is an attribute with somebody's folded
    e-mail address: such documents go with the account that has it. Users get to read what refers to them by the first
    attribute of `personal`, or by those in `exported`, and none of what is `secret`. What `outlives` its
    organization stays when that is deleted.
    """

    id: PydanticObjectId = pydantic.Field(default_factory=PydanticObjectId)
    created_at: datetime = pydantic.Field(default_factory=now)

    collections: ClassVar[tuple[Collection, ...]] = ()
    images: ClassVar[bool] = True
    unshown: ClassVar[tuple[str, ...]] = ()
    personal: ClassVar[Mapping[str, Erasing]] = {}
    addressed: ClassVar[str] = ""
    exported: ClassVar[tuple[str, ...] | None] = None
    secret: ClassVar[tuple[str, ...]] = ()
    outlives: ClassVar[bool] = False

    class Settings:
        """Beanie's; each document names its MongoDB collection."""

        name = ""
        validate_on_save = True

    @classmethod
    def stored_in(cls) -> str:
        """Return the name of the MongoDB collection, before Beanie knows the class too."""
        return cls.Settings.name

    @classmethod
    def get_pymongo_collection(cls) -> AsyncCollection[Any]:
        """Return the collection, for Beanie's own commands, which are refused where `Database.handle` is."""
        if refused():
            return cast("AsyncCollection[Any]", Refusing())  # Beanie takes it to hydrate what a loader has read, too
        return super().get_pymongo_collection()

    @property
    def tenant(self) -> PydanticObjectId | None:
        """The organization that it belongs to; None for users and what is theirs."""
        organization: PydanticObjectId | None = getattr(self, "organization", None)
        return organization

    @classmethod
    def make(cls, **fields: Any) -> Self:
        """Build a new document from outside values.

        Raises:
            InvalidInputError: a value breaks an invariant; names the field.

        """
        try:
            return cls(**fields)
        except pydantic.ValidationError as error:
            raise invalid(error) from error

    def change(self, **fields: Any) -> None:
        """Set some fields, checking the document's invariants as a whole; the caller saves it.

        Raises:
            InvalidInputError: a value breaks an invariant; names the field. The document is unchanged then.

        """
        try:
            checked = type(self).model_validate({**self.model_dump(), **fields})
        except pydantic.ValidationError as error:
            raise invalid(error) from error
        for name in type(self).model_fields:  # all of them: some are derived from others
            setattr(self, name, getattr(checked, name))


def invalid(error: pydantic.ValidationError) -> InvalidInputError:
    """Translate pydantic's findings into the domain's error: the first one, its path in the API's spelling."""
    first = error.errors()[0]
    path = tuple(camel(str(part)) for part in first["loc"])
    return InvalidInputError(
        f"{'.'.join(path) or 'The input'}: {first['msg'].removeprefix('Value error, ')}.", path=path
    )


def camel(name: str) -> str:
    """Spell an attribute as the API does: `area_m2` is `areaM2`."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)
