"""What happens to a design: comments, likes, and for a few of them a canvas."""

# Numbers are shares of what people do.
# ruff: noqa: PLR2004

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from random import Random

from bson import ObjectId

from app.demo.canvases import furnish
from app.demo.remarks import THREADS
from app.seed.blocks.firms import Firm
from app.seed.blocks.rows import LATEST, Row, Rows, after
from models.activity import tally
from models.comment import Comment
from models.design import Like
from models.element import DesignEdit, Element
from models.fractional import order_after

_MOST_LIKES = 10


def discuss(rows: Rows, random: Random, design: Row, firm: Firm) -> None:
    """Add what a firm's people say of a design: up to three threads, as often as in the demo."""
    number = random.choices((0, 1, 2, 3), cum_weights=(3, 7, 9, 10))[0]
    for bodies in random.sample(THREADS[design["room"]], number):
        _thread(rows, random, design, firm, bodies)


def dispute(rows: Rows, random: Random, design: Row, firm: Firm, count: int) -> None:
    """Add so many comments to one design, half of them in one thread."""
    bodies = [body for thread in THREADS[design["room"]] for body in thread]
    for _ in range(count // 2):
        _thread(rows, random, design, firm, [random.choice(bodies)])
    _thread(rows, random, design, firm, random.choices(bodies, k=count - count // 2))


def _thread(rows: Rows, random: Random, design: Row, firm: Firm, bodies: Iterable[str]) -> None:
    """Add a remark and the answers to it, by two people in turn; some are resolved."""
    speakers = random.sample(firm.people, 2)
    at = after(random, design["created_at"], 10)
    first: Row | None = None
    for turn, body in enumerate(bodies):
        comment = _comment(rows, design, None if first is None else first["_id"], speakers[turn % 2], body, at)
        first = first or comment
        at += timedelta(seconds=240 + int(random.random() * 3_000))
    if first is None:
        return
    if random.random() < 0.6:
        first["anchor"] = {"element": None, "x": round(500 * random.random(), 1), "y": round(400 * random.random(), 1)}
    if random.random() < 0.3:
        first["resolved_at"], first["resolved_by"] = at, speakers[0]


def _comment(rows: Rows, design: Row, parent: ObjectId | None, author: ObjectId, body: str, at: datetime) -> Row:
    return rows.add(
        Comment,
        at,
        design=design["_id"],
        organization=design["organization"],
        parent=parent,
        author=author,
        body=body,
        anchor=None,
        orphaned=False,
        mentions=[],
        edited_at=None,
        resolved_at=None,
        resolved_by=None,
    )


def like(rows: Rows, random: Random, design: Row, people: Sequence[ObjectId]) -> None:
    """Add likes of a published design, and count them: a few are loved, most are passed by."""
    published: datetime = design["published_at"]
    fans = random.sample(people, int(_MOST_LIKES * random.random() ** 4))
    seconds = (LATEST - published).total_seconds()
    for fan in fans:
        at = published + timedelta(seconds=int(random.random() * seconds))
        rows.add(Like, at, design=design["_id"], user=fan, active=True, pending=False)
    design["like_count"] = len(fans)


def draw(rows: Rows, random: Random, design: Row, written: datetime) -> None:
    """Furnish a design's empty canvas, by one batch of edits: it is as old as its row, since old ones are trimmed."""
    created, id_ = design["created_at"], design["_id"]
    order = ""
    edits: list[Row] = []
    for place, spec in enumerate(furnish(random, design["room"], design["style"])):
        order = order_after(order)
        element = {"key": f"e{place}", "parent": None, "order": order, **asdict(spec)}
        edits.append({"edit": "add", **element})
        key = f"{id_}:{element['key']}"
        rows.add(Element, created, _id=key, organization=design["organization"], design=id_, removed=False, **element)
    rows.add(
        DesignEdit,
        written,
        design=id_,
        project=design["project"],
        organization=design["organization"],
        seq=1,
        batch="seed",
        author=design["author"],
        base_seq=0,
        edits=edits,
        dropped=[],
        inverse=[{"edit": "remove", "key": edit["key"]} for edit in reversed(edits)],
        **tally(edits),
    )
    design["seq"] = 1
