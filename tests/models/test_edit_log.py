"""The log of edits: batches in one order, each once, and a canvas that is what they say."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from beanie import PydanticObjectId

from models.design import Design
from models.edits import MOST_EDITS
from models.element import DesignEdit, Element
from schema import ids
from tests.platform import Platform, added


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
