"""Named versions of a design: everything that was on its canvas at one number of its log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from beanie import PydanticObjectId
from pymongo import IndexModel
from pymongo.asynchronous.client_session import AsyncClientSession

from models.collection import Collection
from models.design import Design
from models.element import state
from models.entity import Entity, line
from models.personal import Erasing

_ELEMENTS_A_CHUNK: Final = 250  # of 16 KiB of props each, and less than half of what a document may have


class DesignVersion(Entity):
    """A version. `automatic` ones are saved before another is restored, or the log is trimmed; nobody named them."""

    design: PydanticObjectId
    organization: PydanticObjectId
    author: PydanticObjectId | None = None
    name: Annotated[str, line(160)]
    seq: int
    automatic: bool = False

    personal = {"author": Erasing.STAYS}
    exported = ()  # work on an organization's drawings
    collections = (Collection(name="versions_by_design", by=("design",), order=(("created_at", -1), ("_id", -1))),)

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "design_versions"


class VersionChunk(Entity):
    """A part of a version's elements, which together may be larger than a document."""

    design: PydanticObjectId
    version: PydanticObjectId
    number: int
    elements: list[dict[str, Any]]

    images = False
    personal = {}

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "version_chunks"
        indexes = [IndexModel([("version", 1), ("number", 1)], unique=True), IndexModel([("design", 1)])]


async def save(
    design: Design,
    name: str,
    author: PydanticObjectId | None,
    elements: Mapping[str, Mapping[str, Any]],
    session: AsyncClientSession,
    *,
    automatic: bool = False,
) -> DesignVersion:
    """Write a version of a design with these elements by their keys, in the caller's transaction; removed ones go."""
    version = DesignVersion.make(
        design=design.id,
        organization=design.organization,
        author=author,
        name=name,
        seq=design.seq,
        automatic=automatic,
    )
    await version.insert(session=session)
    living = [{"key": key, **element} for key, element in elements.items() if not element["removed"]]
    chunks = [
        VersionChunk(
            design=design.id,
            version=version.id,
            number=number,
            elements=living[first : first + _ELEMENTS_A_CHUNK],
        )
        for number, first in enumerate(range(0, len(living), _ELEMENTS_A_CHUNK))
    ]
    if chunks:
        await VersionChunk.insert_many(chunks, session=session)
    return version


async def load(version: PydanticObjectId, session: AsyncClientSession) -> dict[str, dict[str, Any]]:
    """Return a version's elements by their keys."""
    chunks = VersionChunk.get_pymongo_collection().find({"version": version}, session=session)
    return {element["key"]: state(element) async for chunk in chunks for element in chunk["elements"]}
