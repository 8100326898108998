"""The rows of one block, each with an id from its place."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from bson import ObjectId

from app.demo.world import NOW
from models.comment import Comment
from models.design import Design, Like
from models.element import DesignEdit, Element
from models.entity import Entity
from models.organization import Membership, Organization
from models.project import Project
from models.user import Credential, User

Row = dict[str, Any]

LATEST = NOW - timedelta(days=900)
"""When the large data ends: before the demo world begins, so that what the demo shows first it shows still."""

_FOLLOWING = 30  # days in which what follows a project's beginning happens: designs, their publication, comments


def day(block: int) -> datetime:
    """Return the day on which a block's projects begin: block 0 has the newest, each other one is a day before.

    So the past grows, and first pages stay as they were; and indexes on times are written to in few places at a time.
    """
    return LATEST - timedelta(days=_FOLLOWING + block)


KINDS: tuple[type[Entity], ...] = (
    Organization,
    User,
    Credential,
    Membership,
    Project,
    Design,
    Element,
    DesignEdit,
    Comment,
    Like,
)
"""What the large data consists of, in an order in which nothing refers to what is not there yet."""

_ID_BYTES = 12


def object_id(kind: type[Entity], block: int, number: int) -> ObjectId:
    """Return the id of one thing of one block; like MongoDB's own it begins with a time, and ascends."""
    return ObjectId((_first_id(kind, block) + number).to_bytes(_ID_BYTES, "big"))


def _first_id(kind: type[Entity], block: int) -> int:
    """Return the first id of a kind in a block, as a number: 4 bytes are a time, 4 the block, 2 the kind, 2 count."""
    return int(day(block).timestamp()) << 64 | block << 32 | KINDS.index(kind) << 16


def after(random: Random, moment: datetime, days: float) -> datetime:
    """Return a moment within so many days after another, to the second."""
    return moment + timedelta(seconds=int(random.random() * days * 86_400))


class Rows:
    """The rows of one block, by kind, in the order of KINDS."""

    def __init__(self, block: int) -> None:
        self.block = block
        self.by_kind: dict[type[Entity], list[Row]] = {kind: [] for kind in KINDS}
        self._first_ids = {kind: _first_id(kind, block) for kind in KINDS}

    def add(self, kind: type[Entity], created_at: datetime, /, **fields: Any) -> Row:
        """Add a row with the next id of its kind, unless it has one of its own (`_id`), and return it."""
        rows = self.by_kind[kind]
        id_ = ObjectId((self._first_ids[kind] + len(rows)).to_bytes(_ID_BYTES, "big"))
        row = {"_id": id_, "created_at": created_at, **fields}
        rows.append(row)
        return row
