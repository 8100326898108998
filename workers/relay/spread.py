"""Spreading a project's visibility to the copy in its designs, where somebody changed it without the API.

The API writes both in one transaction. A script or a shell changes the project alone; the relay makes good for it
before it publishes the change, and says with it that designs have changed, so that nobody learns of one without the
other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession

from models.database import Database
from models.design import Design
from models.project import Project, Status, Visibility
from workers.relay.changes import Event

_PROJECTS, _DESIGNS = Project.stored_in(), Design.stored_in()


def altered(events: Sequence[Event]) -> list[PydanticObjectId]:
    """Return the projects whose visibility these events alter, or may; pure."""
    found: dict[PydanticObjectId, None] = {}
    for event in events:
        if event.get("ns", {}).get("coll") == _PROJECTS and event["operationType"] in {"update", "replace", "delete"}:
            before, after = event.get("fullDocumentBeforeChange"), event.get("fullDocument")
            if before is None or public(before) != public(after):
                found[event["documentKey"]["_id"]] = None
    return list(found)


def public(project: Mapping[str, Any] | None) -> bool:
    """Whether everybody may see a stored project; nobody sees one that is gone."""
    if project is None:
        return False
    return project.get("visibility") == Visibility.PUBLIC and project.get("status") == Status.ACTIVE


async def spread(database: Database, projects: Sequence[PydanticObjectId]) -> set[PydanticObjectId]:
    """Write what each project's visibility is now into its designs; return the projects where their copy differed."""
    differed: set[PydanticObjectId] = set()
    for id_ in projects:

        async def copy(session: AsyncClientSession, id_: PydanticObjectId = id_) -> int:
            shown = public(await database.handle[_PROJECTS].find_one({"_id": id_}, session=session))
            result = await database.handle[_DESIGNS].update_many(
                {"project": id_, "project_public": {"$ne": shown}}, {"$set": {"project_public": shown}}, session=session
            )
            return result.modified_count

        if await database.transaction(copy):
            differed.add(id_)
    return differed
