"""Erasing what is left of accounts and organizations that were taken away; see `models.erasing`.

Every step may be done again and by several relays: what is to be erased is found by what refers to it, and the note of
it (`Erasure`) goes last.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any, Final

from beanie import PydanticObjectId
from pymongo.errors import PyMongoError

from models.asset import Asset
from models.database import Database, cancelled
from models.design import Design, Like
from models.element import Element
from models.entity import Entity
from models.erasing import referring
from models.erasure import Erasure
from models.personal import Erasing
from models.project import Project
from models.purge import purge
from models.register import DOCUMENTS
from models.user import User
from schema import ids
from storage.assets import AssetError, AssetStore

log = logging.getLogger(__name__)

INTERVAL_SECONDS: Final = 3.0
_AT_ONCE: Final = 100

_OF_DESIGNS: Final = tuple(kind for kind in DOCUMENTS if "design" in kind.model_fields)
_OF_ORGANIZATIONS: Final = tuple(
    kind
    for kind in DOCUMENTS
    if "organization" in kind.model_fields and not kind.outlives and kind not in {*_OF_DESIGNS, Project, Design, Asset}
)
"""What is found by its organization alone, and goes before what is on its canvases. The audit log stays."""


class Eraser:
    """Erases what the database says is to be erased."""

    def __init__(self, database: Database, assets: AssetStore) -> None:
        self._database = database
        self._assets = assets

    async def run(self) -> None:
        """Erase until cancelled."""
        while not cancelled():
            try:
                await self.erase()
            except (PyMongoError, AssetError) as error:
                log.warning("Not all was erased yet: %s", error)
            await asyncio.sleep(INTERVAL_SECONDS)

    async def erase(self) -> int:
        """Erase what is noted, the oldest first; return how many notes that were."""
        noted = await Erasure.find().sort("_id").to_list()
        for erasure in noted:
            if erasure.organization is not None:
                await self._organization(erasure.organization)
            if erasure.user is not None:
                await self._user(erasure.user, erasure.avatar)
            await erasure.delete()
        return len(noted)

    async def _user(self, user: PydanticObjectId, avatar: PydanticObjectId | None) -> None:
        """Erase what a user had, without the picture that showed them where it shows nothing else."""
        for kind, name in (*referring(Erasing.AT_ONCE), *referring(Erasing.SOON)):
            if kind is Like:
                await self._unlike(user)
            else:  # of those that went at once, what a request wrote that met the erasure
                await self._rows(kind).delete_many({name: user})
        asset = await Asset.get(avatar) if avatar is not None else None
        if asset is not None and not await self._shows_more(asset):
            await self._pictures([asset])

    async def _unlike(self, user: PydanticObjectId) -> None:
        """Take a user's likes back, each with the count that shows it."""
        async for like in Like.find({"user": user}):
            await self._database.transaction(lambda session, like=like: _take_back(like, session))  # type: ignore[misc]

    async def _shows_more(self, asset: Asset) -> bool:
        """Whether a picture is a cover, lies on a canvas, or shows somebody else."""
        if await User.find_one({"avatar": asset.id}) is not None:
            return True
        async for projects in self._projects(asset.organization):
            if any(project.get("cover") == asset.id for project in projects):
                return True
            async for designs in self._designs(projects):
                on_canvas = {
                    "design": {"$in": [row["_id"] for row in designs]},
                    "props.asset": ids.encode("Asset", asset.id),
                }
                if any(row.get("cover") == asset.id for row in designs) or await Element.find_one(on_canvas):
                    return True
        return False

    async def _organization(self, organization: PydanticObjectId) -> None:
        """Erase all that an organization had: what everybody sees first."""
        hidden = {"visibility": "PRIVATE", "listed_at": None, "showcased_at": None}
        await self._rows(Project).update_many({"organization": organization}, {"$set": hidden})
        for kind in _OF_ORGANIZATIONS:
            await self._rows(kind).delete_many({"organization": organization})
        async for projects in self._projects(organization):
            keys = [project["_id"] for project in projects]
            await self._rows(Design).update_many({"project": {"$in": keys}}, {"$set": {"project_public": False}})
            async for designs in self._designs(projects):
                found = [design["_id"] for design in designs]
                for kind in _OF_DESIGNS:
                    await self._rows(kind).delete_many({"design": {"$in": found}})
                await self._rows(Design).delete_many({"_id": {"$in": found}})
            await self._rows(Project).delete_many({"_id": {"$in": keys}})
        while assets := await Asset.find({"organization": organization}).limit(_AT_ONCE).to_list():
            await self._pictures(assets)

    async def _pictures(self, assets: list[Asset]) -> None:
        """Delete pictures with their originals, and all that was made of them in caches; the note of each goes last."""
        for asset in assets:
            await self._assets.delete(asset.key)
        await self._rows(Asset).delete_many({"_id": {"$in": [asset.id for asset in assets]}})
        await purge(self._database, [f"Asset:{asset.key}" for asset in assets])

    async def _projects(self, organization: PydanticObjectId) -> AsyncIterator[list[dict[str, Any]]]:
        """Yield an organization's projects (id and cover), so many at once."""
        async for batch in self._batches(Project, {"organization": organization}):
            yield batch

    async def _designs(self, projects: list[dict[str, Any]]) -> AsyncIterator[list[dict[str, Any]]]:
        """Yield the designs of some projects (id and cover), so many at once."""
        async for batch in self._batches(Design, {"project": {"$in": [project["_id"] for project in projects]}}):
            yield batch

    async def _batches(self, kind: type[Entity], query: dict[str, Any]) -> AsyncIterator[list[dict[str, Any]]]:
        """Yield rows in the order of their ids; those that are deleted meanwhile disturb nothing."""
        last: Any = None
        while True:
            behind = {} if last is None else {"_id": {"$gt": last}}
            found = self._rows(kind).find({**query, **behind}, {"cover": 1}).sort("_id", 1).limit(_AT_ONCE)
            batch = await found.to_list()
            if not batch:
                return
            last = batch[-1]["_id"]
            yield batch

    def _rows(self, kind: type[Entity]) -> Any:
        return self._database.handle[kind.stored_in()]


async def _take_back(like: Like, session: Any) -> None:
    await Like.find({"_id": like.id}, session=session).delete(session=session)
    counted = await Like.find({"design": like.design, "active": True}, session=session).count()
    await Design.find({"_id": like.design}, session=session).update({"$set": {"like_count": counted}}, session=session)
