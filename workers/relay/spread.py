"""Spreading a project's visibility to the copy in its designs, where somebody changed it without the API.

The API writes both in one transaction. A script or a shell changes the project alone; the relay makes good for it
before it publishes the change, and says with it that designs have changed, so that nobody learns of one without the
other. Where it has lost the thread it compares every copy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession

from models.database import Database
from models.design import Design
from models.project import Project, Status, Visibility
from workers.relay.watching import Event

_PROJECTS, _DESIGNS = Project.stored_in(), Design.stored_in()
_COMPARED_AT_ONCE = 5000


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


async def differing(database: Database) -> list[PydanticObjectId]:
    """Return the projects of all designs whose copy differs, by comparing each; in batches, so that none takes long."""
    shown = {"visibility": Visibility.PUBLIC, "status": Status.ACTIVE}
    differs = {"$cond": [{"$eq": ["$project_public", {"$ne": ["$of", []]}]}, None, "$project"]}
    found: dict[PydanticObjectId, None] = {}
    behind: dict[str, Any] = {}
    while True:
        compared: list[dict[str, Any]] = [
            {"$match": behind},
            {"$sort": {"_id": 1}},
            {"$limit": _COMPARED_AT_ONCE},
            {"$project": {"project": 1, "project_public": 1}},
            {
                "$lookup": {
                    "from": _PROJECTS,
                    "localField": "project",
                    "foreignField": "_id",
                    "pipeline": [{"$match": shown}, {"$project": {"_id": 1}}],
                    "as": "of",
                }
            },
            {"$group": {"_id": differs, "last": {"$max": "$_id"}}},
        ]
        rows = await (await database.handle[_DESIGNS].aggregate(compared)).to_list()
        if not rows:
            return list(found)
        found |= dict.fromkeys(row["_id"] for row in rows if row["_id"] is not None)
        behind = {"_id": {"$gt": max(row["last"] for row in rows)}}
