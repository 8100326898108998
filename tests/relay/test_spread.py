"""A project's visibility that somebody changed without the API is copied to its designs before it is published."""

from __future__ import annotations

from typing import Any

import pytest
from beanie import PydanticObjectId
from pymongo import AsyncMongoClient

from models.database import Database
from workers.relay.spread import altered, differing, spread
from workers.relay.watching import Event

ID = PydanticObjectId()
SHOWN = {"visibility": "PUBLIC", "status": "ACTIVE"}


def event(kind: str, before: Any, after: Any, collection: str = "projects") -> Event:
    """Make an event of the change stream."""
    images = {"fullDocumentBeforeChange": before, "fullDocument": after}
    return {"operationType": kind, "ns": {"coll": collection}, "documentKey": {"_id": ID}, **images}


@pytest.mark.parametrize(
    ("happened", "found"),
    [
        (event("update", SHOWN, {**SHOWN, "visibility": "PRIVATE"}), [ID]),
        (event("update", {**SHOWN, "status": "DRAFT"}, SHOWN), [ID]),
        (event("replace", SHOWN, {}), [ID]),
        (event("delete", SHOWN, None), [ID]),
        (event("update", None, SHOWN), [ID]),
        (event("update", SHOWN, SHOWN), []),
        (event("update", {**SHOWN, "status": "DRAFT"}, {**SHOWN, "status": "ARCHIVED"}), []),
        (event("insert", None, SHOWN), []),
        (event("update", SHOWN, {}, "designs"), []),
        ({"operationType": "drop", "ns": {"coll": "projects"}}, []),
    ],
)
def test_a_change_of_visibility_is_told_from_every_other(happened: Event, found: list[PydanticObjectId]) -> None:
    """Given an event, then it alters a project's visibility, or may, only where before and after say so."""
    assert altered([happened, happened]) == found


async def test_the_copy_follows_what_the_project_is_now(mongodb_url: str) -> None:
    """Given designs whose copy differs, then they are changed and the project is told; a second time nothing is."""
    project, design = PydanticObjectId(), PydanticObjectId()
    async with AsyncMongoClient[dict[str, Any]](mongodb_url, tz_aware=True) as client:
        database = Database(client, "spread_tests")  # one that no relay watches
        rows = database.handle
        await rows.projects.insert_one({"_id": project, **SHOWN})
        await rows.designs.insert_one({"_id": design, "project": project, "project_public": False})
        assert await spread(database, [project]) == {project}
        assert await rows.designs.count_documents({"_id": design, "project_public": True}) == 1
        assert await spread(database, [project]) == set()
        await rows.projects.delete_one({"_id": project})
        assert await spread(database, [project]) == {project}
        assert await rows.designs.count_documents({"_id": design, "project_public": False}) == 1
        await client.drop_database("spread_tests")


@pytest.mark.parametrize("batch", [1, 5000])
async def test_every_copy_that_differs_is_found(mongodb_url: str, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    """Given designs of projects that are shown, hidden, and gone, then those whose copy says otherwise are found.

    In which order a project's fields are stored does not matter.
    """
    monkeypatch.setattr("workers.relay.spread._COMPARED_AT_ONCE", batch)
    shown, other, hidden, gone = (PydanticObjectId() for _ in range(4))
    async with AsyncMongoClient[dict[str, Any]](mongodb_url, tz_aware=True) as client:
        database = Database(client, "differing_tests")  # one that no relay watches
        rows = database.handle
        assert await differing(database) == []
        await rows.projects.insert_many([{"_id": shown, **SHOWN}, {"_id": hidden, **SHOWN, "status": "DRAFT"}])
        await rows.projects.insert_one({"_id": other, **dict(reversed(SHOWN.items()))})
        stored = {shown: (True, False), other: (True, True), hidden: (False, False), gone: (False, True, True)}
        for project, copies in stored.items():
            await rows.designs.insert_many([{"project": project, "project_public": copy} for copy in copies])
        assert set(await differing(database)) == {shown, gone}
        await spread(database, await differing(database))
        assert await differing(database) == []
        await client.drop_database("differing_tests")
