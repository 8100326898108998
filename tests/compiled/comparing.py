"""Comparing both executors on drawn requests, and what there is to say of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random

import orjson
from graphql import GraphQLError

from schema.prepared import PreparationError
from tests.compiled import coordinates
from tests.compiled.arguments import Pool
from tests.compiled.drawing import Drawing, Drawn
from tests.compiled.reducing import reduced
from tests.compiled.tours import tours
from tests.compiled.world import Answered, Asked, World

OF_EACH = 6
"""How many requests are made of one document, by different viewers and with different variables."""

MARKS = (
    "@skip",
    "@include",
    "... on",
    "fragment ",
    "after:",
    "nodes(",
    "__typename",
    "first: 0",
    "first: 100",
    "Other",
)
"""What must stand in documents that are answered without errors, or the test means little."""

MOST_DIFFERENT = 100
_MOST_TOLD, _MOST_ALIKE = 8, 3


@dataclass
class Comparison:
    """Requests by number, and what was found: differences in words, coordinates that answers have shown, counts."""

    world: World
    pool: Pool
    told: list[str] = field(default_factory=list)
    shown: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    counted: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._tours = [*tours(self.world.schema, self.pool)]

    async def compare(self, number: int) -> None:
        """Compare the answers to the requests of one document; the first documents are the tours."""
        drawn = self._tours[number] if number < len(self._tours) else self.draw(number)
        if drawn is None:
            self.counted["too large"] += 1
            return
        for turn in range(OF_EACH):
            chance = Random(f"request {number} {turn}")  # noqa: S311 - nothing is secret, and it is to be the same again
            asked = drawn.ask(chance, chance.choice([*self.world.viewers]))
            _, core, reason = await self.world.compare(asked)
            self._note(drawn, core)
            if reason is not None:
                self.counted["different"] += 1
                self.counted[reason[:40]] += 1
                if self.counted[reason[:40]] <= _MOST_ALIKE and len(self.told) < _MOST_TOLD:
                    self.told.append(await self._tell(asked, reason, f"{number}/{turn}"))

    def draw(self, number: int) -> Drawn | None:
        """Draw a document that may be asked; None where it costs too much."""
        chance = Random(f"document {number}")  # noqa: S311 - likewise
        fields, depth = chance.choice((1, 3, 5, 8, 14, 25)), chance.choice((3, 4, 5, 6, 7, 9, 12, 19))
        drawn = Drawing(self.world.schema, self.pool, chance, fields, depth).document()
        try:
            self.world.preparer.prepare(drawn.text)
        except PreparationError as error:
            if "are allowed" not in str(error):  # whatever is drawn is valid, but may be too large
                raise AssertionError(drawn.text) from error
            return None
        return drawn

    def _note(self, drawn: Drawn, core: Answered) -> None:
        """Note what an answer shows."""
        self.counted["asked"] += 1
        if core.failed:
            return
        self.counted["answered"] += 1
        self.counted.update(mark for mark in MARKS if mark in drawn.text)
        self.shown.update(coordinates.shown(self.world.schema, drawn, orjson.loads(core.body)["data"]))
        self.given |= drawn.given

    async def _tell(self, asked: Asked, reason: str, number: str) -> str:
        """Say how executors differ on a request, made as small as they still do."""
        world = self.world

        async def differs(smaller: Asked) -> bool:
            try:
                found = (await world.compare(smaller)).difference
            except (PreparationError, GraphQLError):  # it is no valid request any more
                return False
            return found is not None and found[:20] == reason[:20]

        small = await reduced(asked, differs)
        plan, core, found = await world.compare(small)
        return (
            f"request {number}: {found or f'not always {reason}'}\n{small.text}\n"
            f"variables: {small.variables}, viewer: {small.viewer}, as of a moment: {small.as_of}\n"
            f"plan: {plan.body.decode()[:1000]}\ngraphql-core: {core.body.decode()[:1000]}\n"
        )
