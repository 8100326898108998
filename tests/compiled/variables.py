"""Variables of a generated document: how they are declared, and what they are given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, NamedTuple

from graphql import GraphQLNonNull, is_non_null_type

from tests.compiled.arguments import Pool, literal

MISSING: Final = object()
"""What stands for no value at all."""


class Variable(NamedTuple):
    """A variable: its type, its default as it is spelled, and for which argument its values are drawn."""

    name: str
    type_: Any
    default: str | None
    argument: str
    of: str
    place: tuple[str, str]

    def __str__(self) -> str:
        return f"${self.name}: {self.type_}{'' if self.default is None else f' = {self.default}'}"

    def draw(self, chance: Random, pool: Pool) -> Any:
        """Draw a value; MISSING for none."""
        dice, optional = chance.random(), self.default is not None or not is_non_null_type(self.type_)
        if dice < 0.01:
            return pool.wrong(chance)
        if dice < (0.2 if optional else 0.015):
            return MISSING
        if self.argument == "if":
            return None if dice < 0.22 and optional else chance.random() < 0.7
        if self.argument == "after":
            return pool.cursor(chance, self.place)
        return pool.value(chance, self.type_, self.argument, self.of)


@dataclass
class Variables:
    """The variables of one document; `name` makes their names."""

    pool: Pool
    chance: Random
    name: Callable[[], str]
    declared: dict[str, Variable] = field(default_factory=dict)

    def use(self, type_: Any, argument: str, *, default: bool, of: str = "", place: tuple[str, str] = ("", "")) -> str:
        """Return a variable, known or new, for an argument of this type, which has a `default` of its own or not."""
        chance = self.chance
        usable = [
            variable.name
            for variable in self.declared.values()
            if (variable.argument, variable.of, variable.place) == (argument, of, place)
        ]
        if usable and chance.random() < 0.5:
            return f"${chance.choice(usable)}"
        required = is_non_null_type(type_)
        bare = type_.of_type if required else type_
        spelled = None
        if chance.random() < 0.3:
            spelled = literal(self.value(GraphQLNonNull(bare), argument, of, place), bare)
        loose = not required or default or spelled is not None
        kind = bare if spelled == "null" or (loose and chance.random() < 0.7) else GraphQLNonNull(bare)
        name = self.name()
        while name in self.declared:
            name = f"{name}_"
        self.declared[name] = Variable(name, kind, spelled, argument, of, place)
        return f"${name}"

    def value(self, type_: Any, argument: str, of: str, place: tuple[str, str]) -> Any:
        """Draw a value for an argument, as its literal is spelled."""
        if argument == "if":
            return self.chance.random() < 0.7
        if argument == "after":
            return self.pool.cursor(self.chance, place)
        return self.pool.value(self.chance, type_, argument, of)
