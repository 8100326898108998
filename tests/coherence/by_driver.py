"""Writes that the API knows nothing of: changes of one document with MongoDB's driver.

Every function writes once; `which` chooses among the newest things, `value` (0 to 20) what becomes of them.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from bson import Int64, ObjectId

from tests.coherence import documents
from tests.coherence.world import CITIES, KINDS, STYLES, World

Write = Callable[[World, int, int], Coroutine[Any, Any, None]]
WRITES: dict[str, Write] = {}


def named(who: str, write: Write) -> str:
    """Return what the report calls a write."""
    return f"{who}: {getattr(write, '__name__', '').replace('_', ' ')}"


def driver(write: Write) -> Write:
    """Register a write."""
    WRITES[named("driver", write)] = write
    return write


MISFITS: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "a list of cities": ({"city_key": [*CITIES]}, {"city_key": CITIES[0]}),
    "a list of numbers of rooms": ({"rooms": [1, 2]}, {"rooms": 1}),
    "a list of times": ({"showcased_at": [documents.moment(3), documents.moment(9)]}, {"showcased_at": None}),
    "a broken price": ({"price_amount": 450.5}, {"price_amount": 450}),
    "no number at all": ({"price_amount": float("nan")}, {"price_amount": 10}),
    "a text for a time": ({"listed_at": "2026-02-03T00:00:00Z"}, {"listed_at": documents.moment(3)}),
    "a document for a style": ({"style": {"BOHO": 1}}, {"style": "BOHO"}),
}
"""Values of types that nobody declared, and what mends them."""


@driver
async def replace(world: World, which: int, value: int) -> None:
    """Replace a project by a document that says something else."""
    id_ = world.project(which)
    found = await world.rows.projects.find_one({"_id": id_})
    if found is None:
        return
    with world.titles.writing(id_) as title:
        async with world.writing() as session:
            changed = {**found, "title": title.text, "rooms": value, "style": STYLES[value % 2]}
            result = await world.rows.projects.replace_one({"_id": id_}, changed, session=session)
            title.landed = result.matched_count > 0


@driver
async def title(world: World, which: int, _: int) -> None:
    """Rename a project."""
    id_ = world.project(which)
    with world.titles.writing(id_) as title:
        title.landed = await change(world, "projects", id_, {"title": title.text})


@driver
async def design_title(world: World, which: int, _: int) -> None:
    """Rename a design."""
    id_ = world.design(which)
    with world.titles.writing(id_) as title:
        title.landed = await change(world, "designs", id_, {"title": title.text})


@driver
async def describe(world: World, which: int, value: int) -> None:
    """Change what few operations show."""
    await change(world, "projects", world.project(which), {"description": f"Texto {value}"})


@driver
async def move(world: World, which: int, value: int) -> None:
    """Move a project from one filtered list to another."""
    fields = {"city_key": CITIES[value % 2], "style": STYLES[value // 2 % 2], "kind": KINDS[value // 4 % 2]}
    await change(world, "projects", world.project(which), fields)


@driver
async def price(world: World, which: int, value: int) -> None:
    """Change a price, by which lists are ordered and narrowed."""
    await change(world, "projects", world.project(which), documents.price(value * 50))


@driver
async def rooms(world: World, which: int, value: int) -> None:
    """Change what lists can be narrowed by."""
    await change(world, "projects", world.project(which), {"rooms": value % 5})


@driver
async def order(world: World, which: int, value: int) -> None:
    """Move a project up or down, or out of the gallery."""
    moment = documents.moment(value)
    fields = {"listed_at": moment, "showcased_at": moment if value % 3 else None}
    await change(world, "projects", world.project(which), fields)


@driver
async def unset(world: World, which: int, value: int) -> None:
    """Remove fields altogether."""
    names = (("price", "price_amount", "price_currency"), ("showcased_at",), ("listed_at",), ("style",), ("rooms",))
    fields = dict.fromkeys(names[value % len(names)], "")
    async with world.writing() as session:
        await world.rows.projects.update_one({"_id": world.project(which)}, {"$unset": fields}, session=session)


@driver
async def other_numbers(world: World, which: int, value: int) -> None:
    """Write the same kinds of numbers in MongoDB's other types."""
    price = {"amount": Int64(value * 50), "currency": "EUR"}
    fields = {"price": price, "price_amount": value * 50.0, "price_currency": "EUR", "rooms": float(value % 5)}
    await change(world, "projects", world.project(which), fields)
    await change(world, "designs", world.design(which), {"like_count": float(value), "seq": Int64(value)})


@driver
async def hide(world: World, which: int, _: int) -> None:
    """Make a project private; the copies in its designs are the relay's affair."""
    await change(world, "projects", world.project(which), {"visibility": "PRIVATE"})


@driver
async def show(world: World, which: int, _: int) -> None:
    """Make a project public."""
    await change(world, "projects", world.project(which), {"visibility": "PUBLIC", "status": "ACTIVE"})


@driver
async def archive(world: World, which: int, _: int) -> None:
    """End the work on a project."""
    await change(world, "projects", world.project(which), {"status": "ARCHIVED"})


@driver
async def publish(world: World, which: int, value: int) -> None:
    """Publish a design, anew if it was."""
    await change(world, "designs", world.design(which), {"published_at": documents.moment(value)})


@driver
async def unpublish(world: World, which: int, _: int) -> None:
    """Take a design back."""
    await change(world, "designs", world.design(which), {"published_at": None})


@driver
async def counters(world: World, which: int, value: int) -> None:
    """Change a design's count of likes and of edits."""
    await change(world, "designs", world.design(which), {"like_count": value, "seq": value})


@driver
async def user_name(world: World, which: int, value: int) -> None:
    """Rename an owner."""
    await change(world, "users", world.user(which), {"name": f"Eva {value}"})


@driver
async def organization_name(world: World, which: int, value: int) -> None:
    """Rename an organization."""
    await change(world, "organizations", world.organization(which), {"name": f"Estudio {value}"})


@driver
async def picture(world: World, which: int, value: int) -> None:
    """Say something else of a picture."""
    await change(world, "assets", world.asset(which), {"alt": f"Foto {value}"})


@driver
async def cover(world: World, which: int, value: int) -> None:
    """Give a project and a design another cover."""
    await change(world, "projects", world.project(which), {"cover": world.asset(value)})
    await change(world, "designs", world.design(which), {"cover": world.asset(value)})


async def change(world: World, collection: str, id_: ObjectId, fields: Mapping[str, Any]) -> bool:
    """Set fields of a document; return whether it was there."""
    async with world.writing() as session:
        result = await world.rows[collection].update_one({"_id": id_}, {"$set": dict(fields)}, session=session)
        return bool(result.matched_count)
