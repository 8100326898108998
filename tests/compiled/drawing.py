"""Drawing queries at random from the schema itself; see `test_difference` for why it is not hypothesis-graphql."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, NamedTuple

from graphql import (
    GraphQLBoolean,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_required_argument,
)

from tests.compiled.arguments import CENTRE, Pool, literal
from tests.compiled.keys import Keys
from tests.compiled.planned import planned
from tests.compiled.variables import MISSING, Variables
from tests.compiled.world import Asked

MOST_TIMES: Final = 1500
"""How often what a page leads to may be answered at most, as its cost counts it."""


class Fragment(NamedTuple):
    """A named fragment, how deep it is, and how many times what is in it may be answered."""

    name: str
    type_: str
    text: str
    deep: int
    times: int


class Where(NamedTuple):
    """Where a selection stands: its depth, how often it is answered at most, the id of what it is about if known."""

    depth: int
    times: int
    at: str = ""


class Drawn(NamedTuple):
    """A document, and what is needed to ask it. `keys` are fields by their parent's type and response key."""

    text: str
    operation: str | None
    variables: Variables
    keys: dict[tuple[str, str], str]
    given: set[str]

    def ask(self, chance: Random, viewer: str) -> Asked:
        """Draw the variables of one request."""
        drawn = {name: each.draw(chance, self.variables.pool) for name, each in self.variables.declared.items()}
        values = {name: value for name, value in drawn.items() if value is not MISSING}
        return Asked(self.text, self.operation, values, viewer, as_of=chance.random() < 0.3)


@dataclass
class Drawing:
    """A document in the making. `left` is how many fields it may still have, `deepest` how deep it may be."""

    schema: GraphQLSchema
    pool: Pool
    chance: Random
    left: int
    deepest: int
    fragments: dict[str, Fragment] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)
    _reached: int = 0

    def __post_init__(self) -> None:
        self.keys = Keys(self.chance)
        self.variables = Variables(self.pool, self.chance, self.keys.name)

    def document(self) -> Drawn:
        """Draw the document."""
        query = self.schema.query_type
        assert query is not None
        selections = self._selections(query, Where(0, 1))
        name = self.keys.name() if self._likely(0.7) else None
        declared = ", ".join(map(str, self.variables.declared.values()))
        head = f"query {name or ''}{f'({declared})' if declared else ''}{self._directives(0)} "
        texts = [f"{head}{selections}"]
        texts += [f"fragment {made.name} on {made.type_} {made.text}" for made in self.fragments.values()]
        if name and name != "Other" and self._likely(0.1):
            texts.append("query Other { viewer { id } }")
        self.chance.shuffle(texts)
        return Drawn("\n".join(texts), name, self.variables, self.keys.fields(), self.given)

    def _selections(self, type_: Any, where: Where) -> str:
        self._reached = max(self._reached, where.depth)
        parts = self._of_any(type_, where) if is_abstract_type(type_) else self._of(type_, where)
        if self._likely(0.12) or not parts:
            parts.append(f"{self.keys.spell(type_.name, '__typename', '', 'String!')}{self._directives()}")
        if self._likely(0.12) and self.left > 0:
            parts.append(self._spread(type_, where))
        if self._likely(0.12):
            cut = self.chance.randrange(len(parts))
            condition = "" if self._likely(0.3) else f" on {type_.name}"
            parts[cut:] = [f"...{condition}{self._directives()} {{ {' '.join(parts[cut:])} }}"]
        if type_.name in self.pool.ids and self._likely(0.05):
            parts.append(f"... on Node {{ {self.keys.spell('Node', 'id', '', 'ID!')} }}")
        return f"{{ {' '.join(parts)} }}"

    def _of_any(self, type_: Any, where: Where) -> list[str]:
        """Draw what is selected of an interface: fragments on the type that it is known to be, and on others."""
        possible = self.schema.get_possible_types(type_)
        kinds = [kind for kind in possible if where.at in self.pool.ids[kind.name]]
        kinds += self.chance.sample(possible, self.chance.randint(0, 3))
        parts = [f"{self.keys.spell(type_.name, 'id', '', 'ID!')}{self._directives()}"] if self._likely(0.5) else []
        for kind in dict.fromkeys(kinds):
            parts += [f"... on {kind.name}{self._directives()} {self._selections(kind, where)}"]
        self.chance.shuffle(parts)
        return parts

    def _of(self, type_: GraphQLObjectType, where: Where) -> list[str]:
        """Draw what is selected of an object."""
        names = [*planned(type_)]
        if where.depth and (where.depth + 1 >= self.deepest or self.left <= 0):
            names = [name for name in names if is_leaf_type(get_named_type(type_.fields[name].type))]
        if type_.name.endswith(("Connection", "Edge")):
            chosen = [name for name in names if self._likely(0.85 if name in {"edges", "node"} else 0.35)]
        else:
            chosen = self.chance.choices(names, k=self.chance.choice((1, 2, 2, 3, 4, 5))) if names else []
            if where.depth and self._likely(0.1):  # or all that leads nowhere
                chosen = [name for name in names if is_leaf_type(get_named_type(type_.fields[name].type))]
        chosen += [name for name in chosen if self._likely(0.08)]  # once more, to be merged
        return [self._field(type_, name, where) for name in chosen]

    def _field(self, type_: GraphQLObjectType, name: str, where: Where) -> str:
        definition = type_.fields[name]
        self.left -= 1
        arguments, further = self._arguments(type_, name, where)
        head = f"{self.keys.spell(type_.name, name, arguments, str(definition.type))}{self._directives()}"
        named: Any = get_named_type(definition.type)
        return head if is_leaf_type(named) else f"{head} {self._selections(named, further)}"

    def _arguments(self, type_: GraphQLObjectType, name: str, where: Where) -> tuple[str, Where]:
        """Draw a field's arguments, and return where what it leads to stands."""
        definition, found, at, rows = type_.fields[name], dict[str, str](), "", 1
        place = (where.at, name)
        of = get_named_type(definition.type).name
        followed = "after" in definition.args and self._likely(0.3 if place in self.pool.cursors else 0.05)
        for argument, declared in definition.args.items():
            if argument == "after":
                if followed:
                    found[argument] = self._one(declared, argument, "", place)
            elif argument == "first":
                spelled, rows = self._first(declared, where.times)
                found |= {argument: spelled} if spelled else {}
            elif argument == "center" and followed:
                found[argument] = literal(CENTRE, declared.type)
            elif is_required_argument(declared) or (self._likely(0.2) and not followed):
                found[argument] = self._one(declared, argument, of, place)
                at = found[argument].strip('"') if argument == "id" else at
        rows = 100 if "ids" in found else rows
        self.given |= {f"{type_.name}.{name}({argument}:)" for argument in found}
        spelled = ", ".join(f"{argument}: {value}" for argument, value in found.items())
        further = Where(where.depth + 1, where.times * rows, "viewer" if name == "viewer" else at)
        return f"({spelled})" if spelled else "", further

    def _one(self, declared: Any, argument: str, of: str, place: tuple[str, str]) -> str:
        """Draw an argument: a variable, or a literal in which one may stand."""
        variable, default = self._likely(0.35), not is_required_argument(declared)
        if variable:
            return self.variables.use(declared.type, argument, default=default, of=of, place=place)
        value = self.variables.value(declared.type, argument, of, place)
        if argument == "ids" and value and self._likely(0.2):
            type_ = get_named_type(declared.type)
            parts = [literal(part, type_) for part in value[1:]]
            return f"[{', '.join((self.variables.use(GraphQLNonNull(type_), 'id', default=False), *parts))}]"
        return literal(value, declared.type)

    def _first(self, declared: Any, times: int) -> tuple[str, int]:
        """Draw how many rows a page has, if it is said, and how many its cost counts."""
        room, dice = MOST_TIMES // times, self.chance.random()
        if dice < 0.3 and room >= 20:
            return "", 20
        if dice < 0.55 and room >= 100:
            return self.variables.use(declared.type, "first", default=True), 100
        drawn: int = self.pool.value(self.chance, declared.type, "first")
        number = drawn if drawn <= max(room, 1) else self.chance.choice((0, 1, 1))
        return str(number), max(1, min(number, 100))

    def _spread(self, type_: Any, where: Where) -> str:
        """Draw a fragment by its name: one that is there, or a new one."""
        for made in self.fragments.values():
            fits = made.type_ == type_.name and where.depth + made.deep <= self.deepest and where.times <= made.times
            if fits and self._likely(0.6):
                return f"...{made.name}{self._directives()}"
        reached, self._reached = self._reached, where.depth
        text = self._selections(type_, where)
        deep, self._reached = self._reached - where.depth, max(reached, self._reached)
        name = self.keys.name()
        while name in self.fragments or name == "on":
            name = f"{name}_"
        self.fragments[name] = Fragment(name, type_.name, text, deep, where.times)
        return f"...{name}{self._directives()}"

    def _directives(self, chance: float = 0.08) -> str:
        if not self._likely(chance):
            return ""
        spelled = []
        for name in self.chance.sample(("skip", "include"), self.chance.choice((1, 1, 1, 2))):
            if self._likely(0.6):
                value = self.variables.use(GraphQLNonNull(GraphQLBoolean), "if", default=False)
            else:
                value = self.chance.choice(("true", "false"))
            spelled.append(f" @{name}(if: {value})")
        return "".join(spelled)

    def _likely(self, chance: float) -> bool:
        return self.chance.random() < chance
