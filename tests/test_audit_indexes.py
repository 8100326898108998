"""What MongoDB does for readers and sealers of a long audit log, by its own `explain`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import chain, combinations
from typing import Any

import pytest
from beanie import PydanticObjectId
from bson import ObjectId

from app.explaining import explain
from models.audit import NEWEST_FIRST, AuditAction, Wanted, index
from tests.sealed import BEGUN, Log, log, made

MANY = 4000
A, B = PydanticObjectId(), PydanticObjectId()
ACTORS = [PydanticObjectId() for _ in range(7)]
SUBJECTS = [PydanticObjectId() for _ in range(400)]
ACTIONS = [*AuditAction]
Row = dict[str, Any]


@pytest.fixture(scope="module")
async def large(mongodb_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Log]:
    """Make a log with two long chains, of whose entries a few wait to be sealed."""
    async with log(mongodb_url, tmp_path_factory.mktemp("audit")) as kept:
        rows = []
        for number in range(MANY):
            row = made([A, B, None][number % 3], number // 5)
            row |= {
                "action": ACTIONS[number % len(ACTIONS)],
                "actor": ACTORS[number % 7],
                "subject": SUBJECTS[number % 400],
            }
            rows.append(row | {"seq": number if number < MANY - 50 else None, "mac": "m"})
        await kept.events.insert_many(rows)
        yield kept


FILTERS: dict[str, Row] = {
    "action": {"actions": (AuditAction.MEMBER_ADDED,)},
    "actions": {"actions": (AuditAction.MEMBER_ADDED, AuditAction.DESIGN_PUBLISHED, AuditAction.ASSET_DELETED)},
    "besides": {"besides": (AuditAction.AUDIT_READ,)},
    "actor": {"actor": ACTORS[3]},
    "subject": {"subject": SUBJECTS[33]},
    "since": {"since": BEGUN},
    "until": {"until": BEGUN.replace(year=2027)},
}


def _narrowed() -> list[tuple[str, ...]]:
    """Return every set of filters that can be asked for together."""
    names = chain.from_iterable(combinations(FILTERS, size) for size in range(len(FILTERS) + 1))
    return [chosen for chosen in names if len({"action", "actions", "besides"} & {*chosen}) <= 1]


async def test_no_reading_scans_the_log_or_sorts_in_memory(large: Log) -> None:
    """Given every set of filters, with and without a cursor, then an index is entered and has the order."""
    behind = (BEGUN.replace(month=12), ObjectId())
    for chosen in _narrowed():
        wanted = Wanted(**{name: value for filter_ in chosen for name, value in FILTERS[filter_].items()})
        for conditions in ([], [NEWEST_FIRST.after(behind)]):
            command = {
                "find": "audit_events",
                "filter": {"$and": [wanted.query(A), *conditions]},
                "sort": dict(NEWEST_FIRST.order),
                "limit": 21,
                "hint": dict(index(wanted.query(A))),
            }
            for read in await explain(large.database.handle, command):
                assert read.faults == set(), (chosen, read)
                assert read.indexes, (chosen, read)


@pytest.mark.parametrize("chosen", ["action", "actions", "actor", "subject", "since"])
async def test_one_filter_examines_what_it_returns(large: Log, chosen: str) -> None:
    """Given one filter alone, then no entry is read that is not returned."""
    query = Wanted(**FILTERS[chosen]).query(A)
    command = {
        "find": "audit_events",
        "filter": {"$and": [query]},
        "hint": dict(index(query)),
        "sort": dict(NEWEST_FIRST.order),
        "limit": 5,
    }
    (read,) = await explain(large.database.handle, command)
    assert read.documents <= read.returned


async def test_sealing_exporting_and_verifying_follow_an_index(large: Log) -> None:
    """Given few that wait among many that are sealed, then a sealer reads those alone; others read in order."""
    number = {"$type": "number"}
    commands: dict[str, Row] = {
        "sealing": {"filter": {"seq": None, "created_at": {"$type": "date"}}, "sort": {"created_at": 1, "_id": 1}},
        "verifying": {"filter": {"organization": A, "seq": number}, "sort": {"seq": 1}},
        "an anchor": {"filter": {"$or": [{"organization": A, "seq": {"$eq": 3, **number}}]}},
        "exporting": {"filter": Wanted().query(B), "sort": {"created_at": 1, "_id": 1}},
    }
    for name, command in commands.items():
        (read,) = await explain(large.database.handle, {"find": "audit_events", **command})
        assert read.faults == set(), name
        assert read.documents <= read.returned, name
