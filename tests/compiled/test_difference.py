"""Proof by difference: plans and graphql-core answer the same queries over the same data, byte for byte.

`DIFFERENCE_QUERIES` sets how many requests are made (5,000), `DIFFERENCE_FIRST` which document is the first. A request
is drawn from its number alone; a failure tells the number, and the request made as small as it still fails.

The queries are drawn by `drawing`, and not by hypothesis-graphql, though its 0.13.5 takes graphql-core 3.3: it draws no
variables, directives, named fragments and aliases; it draws values by scalar and not by argument, so that no id would
ever be that of something; and at 23 ms a query it would take longer than all the rest.
"""

from __future__ import annotations

import gc
import os
import time

import pytest

from tests.compiled import coordinates
from tests.compiled.arguments import Pool
from tests.compiled.comparing import MARKS, MOST_DIFFERENT, Comparison
from tests.compiled.world import World

QUERIES = int(os.environ.get("DIFFERENCE_QUERIES", "5000"))
FIRST = int(os.environ.get("DIFFERENCE_FIRST", "0"))


@pytest.mark.filterwarnings("ignore:coroutine 'Executor:RuntimeWarning")  # graphql-core's, beside a null directive
@pytest.mark.filterwarnings("ignore:coroutine 'GraphQLCoreConverter:RuntimeWarning")  # likewise, Strawberry's within it
@pytest.mark.filterwarnings(  # and where one of these is freed amid a named tuple's making, which has no `__import__`
    "ignore:Exception ignored in. <coroutine object (Executor|GraphQL):pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.filterwarnings(
    "ignore:unclosed <socket:ResourceWarning"
)  # the driver's: a client closed while it connects
async def test_both_executors_agree(world: World, pool: Pool, still: None, capsys: pytest.CaptureFixture[str]) -> None:
    """Given random queries, then answers, errors, dependencies are the same, and plans send no more commands.

    Every field that a query can select is shown by some answer, and not as null; introspection is not for plans.
    """
    comparison, began, number = Comparison(world, pool), time.monotonic(), FIRST
    counted = comparison.counted
    while counted["asked"] < QUERIES and counted["different"] < MOST_DIFFERENT:
        await comparison.compare(number)
        number += 1
    gc.collect()  # so that what these warn of is freed here, and not amid another test
    with capsys.disabled():
        print(  # noqa: T201 - the report
            f"\ndifference: {counted['asked']} requests of {number - FIRST} documents in "
            f"{time.monotonic() - began:.0f} s; {counted['answered']} have no errors, {counted['different']} differ"
        )
    assert not comparison.told, "\n\n".join(("", *comparison.told))
    assert counted["answered"] > 0.7 * counted["asked"], "what has errors is graphql-core's, and proves nothing"
    assert counted["too large"] < 0.05 * (number - FIRST)
    assert [mark for mark in MARKS if not counted[mark]] == []
    assert set(coordinates.fields(world.schema)) - comparison.shown == set(), "no answer has shown these"
    assert set(coordinates.arguments(world.schema)) - comparison.given == set(), "nothing has given these"
    assert set(coordinates.values(world.schema)) - pool.drawn == set(), "nothing has given these"
