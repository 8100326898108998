"""What the operations are asked about: demo data, and a canvas of 2,000 elements on one of the published designs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from beanie import PydanticObjectId
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from app.demo.canvases import large
from app.settings import Settings
from auth.keyring import Keyring
from auth.tokens import Claims
from bench.stand import BenchError
from models.database import Database
from models.entity import now
from models.fractional import order_after
from schema.lists import Lists, PageKey

PAGE = 20
"""How many projects a page of the gallery has."""

ELEMENTS = 2_000
_SEED = 11
_SLUGS, _PAGES = 99, 101  # the most
_Row = dict[str, Any]


@dataclass(frozen=True)
class Subjects:
    """A design with a large canvas, the slugs of some public projects, cursors, and who is signed in.

    The cursors are those behind which the gallery's whole pages begin, but for the first.
    """

    design: PydanticObjectId
    slugs: tuple[str, ...]
    cursors: tuple[str, ...]
    claims: Claims
    keys: Keyring
    memberships: int


async def prepare(settings: Settings) -> Subjects:
    """Draw the canvas and choose the rest, always the same."""
    async with AsyncMongoClient[_Row](settings.mongodb_url, tz_aware=True) as client:
        database = client[settings.mongodb_database]
        design = await _draw(database)
        public = {"visibility": "PUBLIC", "status": "ACTIVE"}
        slugs = tuple([row["slug"] async for row in database["projects"].find(public, sort=[("_id", 1)], limit=_SLUGS)])
        busiest = await database["memberships"].aggregate(
            [{"$group": {"_id": "$user", "count": {"$sum": 1}}}, {"$sort": {"count": -1, "_id": 1}}, {"$limit": 1}]
        )
        user = await busiest.next()
        keys = Keyring(settings.secret_key, settings.public_url, Database(client, settings.mongodb_database))
        await keys.load()
        claims = await signed_in(database, PydanticObjectId(user["_id"]))
        return Subjects(design, slugs, await _cursors(database), claims, keys, user["count"])


async def signed_in(database: AsyncDatabase[_Row], user: PydanticObjectId) -> Claims:
    """Sign a user in at a device, and return what its access tokens say."""
    moment, session = datetime.now(UTC), PydanticObjectId()
    dates = {"created_at": moment, "authenticated_at": moment, "expires_at": moment + timedelta(days=1)}
    await database["sessions"].insert_one({"_id": session, "user": user, "ended_at": None, **dates})
    return Claims(user, session)


async def _cursors(database: AsyncDatabase[_Row]) -> tuple[str, ...]:
    lists = Lists.named("gallery")
    key = PageKey((), PAGE)
    shown = database["projects"].find(lists.collection.query({}), sort=[*lists.collection.order], limit=_PAGES * PAGE)
    rows = await shown.to_list()
    last = range(PAGE - 1, len(rows) - PAGE, PAGE)
    return tuple(map(lists.cursors(key), [rows[number] for number in last]))


async def _draw(database: AsyncDatabase[_Row]) -> PydanticObjectId:
    """Replace the canvas of one published design of a public project."""
    shown = {"project_public": True, "published_at": {"$ne": None}}
    design = await database["designs"].find_one(shown, sort=[("_id", 1)])
    if design is None:
        raise BenchError("The demo data has no published design.")
    await database["elements"].delete_many({"design": design["_id"]})
    await database["elements"].insert_many(_elements(design))
    return PydanticObjectId(design["_id"])


def _elements(design: _Row) -> Iterator[_Row]:
    """Yield an office as elements, as `models.element` stores them."""
    order, moment = "", now()
    for number, spec in enumerate(large(Random(_SEED), ELEMENTS)):  # noqa: S311 - a drawing, no secret
        order = order_after(order)
        yield {
            "_id": f"{design['_id']}:e{number}",
            "created_at": moment,
            "organization": design["organization"],
            "design": design["_id"],
            "key": f"e{number}",
            **asdict(spec),
            "parent": None,
            "order": order,
            "removed": False,
        }
