"""The log of edits: batches in one order, each once, and a canvas that is what they say."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from beanie import PydanticObjectId

from models.design import Design
from models.edits import MOST_EDITS
from models.element import DesignEdit, Element
from models.rebalancing import LONGEST_KEY
from schema import ids
from tests.following import EVENTS, socket
from tests.models.test_rebalancing import middle
from tests.platform import Json, Platform, added


async def test_a_batch_takes_effect_once(platform: Platform) -> None:
    """Given a batch, when it is sent again, then it is answered as before, and nothing changes."""
    ana = await platform.user()
    design = await ana.design(await ana.project(await ana.organization()))
    first = await ana.edit(design, added("a"), added("b", parent="a"), batch="one")
    assert (first["seq"], first["dropped"]) == (1, [])
    assert await ana.edit(design, added("a"), added("b", parent="a"), batch="one") == first
    removed = await ana.edit(design, {"removeElement": {"key": "a"}}, base=1)
    assert removed["seq"] == 2
    key = ids.key(design, "Design")
    rows = await Element.find({"design": key}).to_list()
    assert {row.key: row.removed for row in rows} == {"a": True, "b": True}
    assert await DesignEdit.find({"design": key}).count() == 2


async def test_a_client_cannot_be_ahead_of_the_design(platform: Platform) -> None:
    """Given a base that the design has not reached, when edits are sent, then they are refused and it is told."""
    ana = await platform.user()
    design = await ana.design(await ana.project(await ana.organization()))
    refused = await ana.edit(design, added("a"), base=3)
    assert (refused["code"], refused["path"]) == ("INVALID_INPUT", ["baseSeq"])
    assert "the design is at 0, not yet at 3" in refused["message"]


async def test_batches_at_once_are_put_in_order(platform: Platform) -> None:
    """Given many batches at once, then each gets a number of its own, and elements stand above each other."""
    ana = await platform.user()
    design = await ana.design(await ana.project(await ana.organization()))
    results = await asyncio.gather(*(ana.edit(design, added(uuid4().hex)) for _ in range(8)))
    assert sorted(result["seq"] for result in results) == [*range(1, 9)]
    key = ids.key(design, "Design")
    orders = {row.order for row in await Element.find({"design": key}).to_list()}
    assert len(orders) == 8
    found = await Design.get(PydanticObjectId(key))
    assert found is not None
    assert found.seq == 8


async def test_a_batch_that_does_nothing_is_logged_all_the_same(platform: Platform) -> None:
    """Given edits that are all dropped, then the batch has a number and no effect; too many are refused."""
    ana = await platform.user()
    design = await ana.design(await ana.project(await ana.organization()))
    dropped = await ana.edit(design, {"setElement": {"key": "nowhere", "x": 1}})
    assert dropped["seq"] == 1
    assert dropped["dropped"] == [{"index": 0, "reason": "MISSING"}]
    refused = await ana.edit(design, *[added(str(number)) for number in range(MOST_EDITS + 1)])
    assert refused["code"] == "INVALID_INPUT"


async def test_five_thousand_elements_at_one_place_have_short_keys(platform: Platform) -> None:
    """Given a client that halves the gap between two siblings 5,000 times, then followers know short keys, in order."""
    ana = await platform.user()
    design = await ana.design(await ana.project(await ana.organization()))
    row = ["first", "last"]
    async with socket(platform.session, platform.api, ana.token) as events:
        await events.send(EVENTS, {"id": design, "after": 0})
        await ana.edit(design, added("first", order="V"), added("last", order="W"))
        known = placed(await events.event(), {})
        for number in range(100):
            batch = []
            for key in (f"e{number:02}-{turn:02}" for turn in range(50)):
                known[key] = middle(known[row[-2]], known[row[-1]])
                batch.append(added(key, order=known[key]))
                row.insert(-1, key)
            assert (await ana.edit(design, *batch))["dropped"] == []
            known = placed(await events.event(), known)
    assert sorted(known, key=known.__getitem__) == row
    assert max(map(len, known.values())) <= LONGEST_KEY
    assert len(set(known.values())) == len(row)
    rows = await Element.find({"design": ids.key(design, "Design")}).to_list()
    assert {each.key: each.order for each in rows} == known


def placed(event: Json, known: dict[str, str]) -> dict[str, str]:
    """Return the order keys after a batch, for who knew those before."""
    return known | {edit["key"]: edit["order"] for edit in event["edits"] if "order" in edit}


async def test_undoing_leads_back_between_the_same_siblings(platform: Platform) -> None:
    """Given an element that was moved to where another stands, then both have room, and undoing brings it back."""
    ana = await platform.user()
    design = await ana.design(await ana.project(await ana.organization()))
    await ana.edit(design, *(added(key, order=order) for key, order in zip("abcd", ("A", "B", "C", "D"), strict=True)))
    moved = await ana.edit(design, {"moveElement": {"key": "a", "order": "C"}})
    assert await in_order(design) == ["b", "a", "c", "d"]
    assert (await ana.undo(design, moved["inverse"]))["dropped"] == []
    assert await in_order(design) == ["a", "b", "c", "d"]
    entry = await DesignEdit.find_one({"design": ids.key(design, "Design"), "seq": 2})
    assert entry is not None
    assert [edit["edit"] for edit in entry.edits] == ["move", "move"]


async def in_order(design: str) -> list[str]:
    """Return the keys of a design's elements as they are stored, in order; those of equal order fail."""
    rows = await Element.find({"design": ids.key(design, "Design")}).to_list()
    assert len({row.order for row in rows}) == len(rows)
    return [row.key for row in sorted(rows, key=lambda row: row.order)]
