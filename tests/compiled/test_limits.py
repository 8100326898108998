"""Queries at the limits of what may be asked, and many requests at once."""

from __future__ import annotations

import asyncio
import re
from itertools import cycle, islice
from random import Random

import pytest

from schema.combined import Combined
from schema.compiled.executor import Executor
from schema.limits import Limits
from schema.prepared import PreparationError
from tests.compiled.arguments import Pool
from tests.compiled.comparing import Comparison
from tests.compiled.world import Answered, Asked, World

LIMITS = Limits()
AT_ONCE = 40


def _deep(levels: int) -> str:
    """Return a query of so many levels of fields: a design's first comment, and its design again."""
    path = islice(cycle(("design", "comments(first: 1)", "edges", "node")), levels - 2)
    return f"query ($id: ID!) {{ comment(id: $id) {{ {' { '.join(path)} {{ __typename }} {'} ' * (levels - 1)}"


def _repeated(part: str, times: int) -> str:
    parts = " ".join(part.replace("#", str(number)) for number in range(times))
    return f"query ($id: ID!) {{ comment(id: $id) {{ {parts} }} }}"


AT_THE_LIMIT = {
    "depth": _deep(LIMITS.depth),
    "aliases": _repeated("a#: body", LIMITS.aliases),
    "directives": _repeated("a#: body @skip(if: false)", LIMITS.directives),
    "repetitions": _repeated("design { title project { slug } }", LIMITS.repeats // 3),
    "cost": """query ($id: ID!) { comment(id: $id) { replies(first: 100) { edges { node { design { project {
        designs(first: 16) { totalCount edges { node { id title author { name } cover { id image(width: 9) { url } } } }
        } } } } } } } }""",
    "rows": "{ nodes(ids: [IDS]) { ... on Comment { body author { name } } } }",
}


@pytest.mark.parametrize("limit", AT_THE_LIMIT)
async def test_they_agree_at_the_limits(world: World, pool: Pool, still: None, limit: str) -> None:
    """Given as much of one thing as is allowed, or nearly, the answers are the same."""
    ids = ", ".join(f'"{id_}"' for id_ in pool.ids["Comment"][:100])
    text = AT_THE_LIMIT[limit].replace("IDS", ids)
    for id_ in pool.ids["Comment"][118:124]:
        plan, core, difference = await world.compare(Asked(text, None, {"id": id_}, "several"))
        assert difference is None
        assert not core.failed
        assert plan.body == core.body


def test_beyond_they_are_refused(world: World) -> None:
    """One more level, alias or directive is too many: the above is the limit."""
    for text in (
        _deep(LIMITS.depth + 1),
        _repeated("a#: body", LIMITS.aliases + 1),
        _repeated("a#: body @skip(if: false)", LIMITS.directives + 1),
    ):
        with pytest.raises(PreparationError, match="are allowed"):
            world.preparer.prepare(text)


@pytest.mark.parametrize("seed", range(3))
async def test_at_once_they_answer_as_alone(world: World, pool: Pool, still: None, seed: int) -> None:
    """Given requests of all viewers whose reads go together, then each has its own answer and dependencies."""
    chance = Random(seed)  # noqa: S311 - nothing is secret
    asked: list[Asked] = []
    alone: list[Answered] = []
    number = 1000 * (seed + 1)
    comparison = Comparison(world, pool)
    while len(asked) < AT_ONCE:
        drawn, number = comparison.draw(number), number + 1
        one = None if drawn is None else drawn.ask(chance, chance.choice([*world.viewers]))
        answer = None if one is None else await world.by_plan(one)
        if one is not None and answer is not None and answer.declined is None:
            asked.append(one)
            alone.append(answer)
    together = Executor(world.executor.plans, Combined(world.database))
    answers = await asyncio.gather(*(world.by_plan(one, together) for one in asked))
    for one, answer, expected in zip(asked, answers, alone, strict=True):
        assert answer._replace(commands=0) == expected._replace(commands=0), one


COUNTED = """{
  gallery(first: 1) { totalCount }
  viewer { memberships { totalCount edges { node { organization {
    projects(first: 2) { totalCount edges { node { designs(first: 1) { totalCount } } } } members { totalCount }
  } } } } }
}"""


@pytest.mark.parametrize("most", [0, 1, 2, 1000])
async def test_long_lists_are_counted_to_their_end(
    world: World, still: None, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Given lists that are longer than what is counted beside other reads, then they are counted all the same."""
    monkeypatch.setattr("schema.compiled.wave.MOST_COUNTED", most)
    totals: set[int] = set()
    for viewer in world.viewers:
        plan, _, reason = await world.compare(Asked(COUNTED, None, {}, viewer))
        assert (reason, plan.declined) == (None, None)
        totals |= {int(found) for found in re.findall(rb'"totalCount":(\d+)', plan.body)}
    assert max(totals) > 2
