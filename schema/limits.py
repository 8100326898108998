"""What an operation may ask for, bounded before it runs: one walk over the document, linear in its size.

Fragments are measured once and remembered, so that a chain of fragments that expands to 2^40 fields is refused as
quickly as any other document.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    get_named_type,
)

from schema.lists import MOST_FIRST
from schema.relations import DEFAULT_FIRST

DEFAULT_MAX_AGE = 300
"""Seconds that an answer may be kept at the edge, where no field says less."""

STALE_WHILE_REVALIDATE = 60
"""Seconds after its lifetime for which an aged answer may be served while it is asked for anew (RFC 5861)."""

STALE_IF_ERROR = 86_400
"""Seconds after its lifetime for which an aged answer may be served where the origin fails."""

_MOST_SETS = 128
"""How many selection sets may stand in each other, through fragments too; beyond, recursion would run out of stack."""


@dataclass(frozen=True)
class Limits:
    """The bounds, each with the words of its refusal."""

    document_bytes: int = 65_536
    nesting: int = 64
    tokens: int = 2_000
    depth: int = 20
    aliases: int = 100
    directives: int = 100
    directives_in_one_place: int = 5
    repeats: int = 50
    fragments: int = 100
    operations: int = 20
    cost: int = 20_000


@dataclass(frozen=True)
class Measure:
    """What a selection adds up to. `cost` counts the fields it can answer, pages at their largest.

    `sets` is how many selection sets stand in each other, `tags` how many entities and lists an answer can depend on.
    """

    cost: int = 0
    depth: int = 0
    aliases: int = 0
    directives: int = 0
    repeats: int = 0
    max_age: int = DEFAULT_MAX_AGE
    sets: int = 0
    tags: int = 0
    directives_in_one_place: int = 0

    def __add__(self, other: Measure) -> Measure:
        return Measure(
            self.cost + other.cost,
            max(self.depth, other.depth),
            self.aliases + other.aliases,
            self.directives + other.directives,
            self.repeats + other.repeats,
            min(self.max_age, other.max_age),
            max(self.sets, other.sets),
            self.tags + other.tags,
            max(self.directives_in_one_place, other.directives_in_one_place),
        )


# A string that is never closed is taken to its end all the same: going back would try each quote in it again.
_SKELETON = re.compile(r'"""(?:\\"""|[^"]|"(?!""))*(?:""")?|"(?:\\.|[^"\\\n])*"?|#[^\n\r]*|[{}\[\]()]')


def check_text(text: str, limits: Limits) -> None:
    """Refuse a document that is too long or nested too deeply to be parsed; linear in its length.

    Raises:
        GraphQLError: names the bound.

    """
    if len(text) > limits.document_bytes:
        raise GraphQLError(f"The document has {len(text)} characters; {limits.document_bytes} are allowed.")
    depth = 0
    for found in _SKELETON.finditer(text):
        mark = found.group()
        if mark in "{[(":
            depth += 1
            if depth > limits.nesting:
                raise GraphQLError(f"The document is nested more than {limits.nesting} levels deep.")
        elif mark in "}])":
            depth -= 1


def check_measure(measure: Measure, limits: Limits, costliest: Callable[[], str] | None = None) -> None:
    """Refuse an operation that asks for too much.

    Raises:
        GraphQLError: names the bound, what the operation comes to, and the field that costs most, where it is known.

    """
    for name, words in (
        ("depth", "levels of fields"),
        ("aliases", "aliases"),
        ("directives", "directives"),
        ("directives_in_one_place", "directives in one place"),
        ("repeats", "repetitions of a field"),
        ("cost", "fields in its largest answer (its cost)"),
    ):
        found, allowed = getattr(measure, name), getattr(limits, name)
        if found > allowed:
            amount = str(found) if found < 10**9 else "more than 10^9"
            most = f" Most of it is in `{costliest()}`." if name == "cost" and costliest is not None else ""
            raise GraphQLError(f"The operation has {amount} {words}; {allowed} are allowed.{most}")


@dataclass
class Measurer:
    """Measures the operations of one document."""

    schema: GraphQLSchema
    document: DocumentNode
    _fragments: dict[str, FragmentDefinitionNode] = field(default_factory=dict)
    _measured: dict[str, Measure] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)
    _sets: int = 0

    def __post_init__(self) -> None:
        self._fragments = {
            node.name.value: node for node in self.document.definitions if isinstance(node, FragmentDefinitionNode)
        }

    def operation(self, node: OperationDefinitionNode) -> Measure:
        """Return what an operation adds up to."""
        root = self.schema.get_root_type(node.operation)
        return self._set(node.selection_set, root) + _directives(node)

    def check_fragments(self, limits: Limits) -> None:
        """Bound the fragments on their own: validation looks at those too that no operation uses.

        Raises:
            GraphQLError: names the bound.

        """
        if len(self._fragments) > limits.fragments:
            raise GraphQLError(f"The document has {len(self._fragments)} fragments; {limits.fragments} are allowed.")
        for name in self._fragments:
            check_measure(self._fragment(name), limits)

    def root_fields(self, selections: SelectionSetNode) -> set[str]:
        """Return the names of an operation's entry fields, through fragments; each fragment is looked at once."""
        names: set[str] = set()
        seen: set[str] = set()
        ahead = [selections]
        while ahead:
            for node in ahead.pop().selections:
                if isinstance(node, FieldNode):
                    names.add(node.name.value)
                elif isinstance(node, InlineFragmentNode):
                    ahead.append(node.selection_set)
                elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                    seen.add(node.name.value)
                    fragment = self._fragments.get(node.name.value)
                    if fragment is not None:
                        ahead.append(fragment.selection_set)
        return names

    def _set(self, selections: SelectionSetNode | None, parent: GraphQLNamedType | None) -> Measure:
        if selections is None:
            return Measure()
        self._sets += 1  # counted on the way down, for our own stack
        check_sets(self._sets)
        total = self._selections(selections, parent)
        self._sets -= 1
        check_sets(total.sets + 1)  # and on the way up, through fragments that were measured before
        return replace(total, sets=total.sets + 1)

    def _selections(self, selections: SelectionSetNode, parent: GraphQLNamedType | None) -> Measure:
        total = Measure()
        keys: Counter[str] = Counter()
        for node in selections.selections:
            total += _directives(node)
            if isinstance(node, FieldNode):
                keys[node.alias.value if node.alias else node.name.value] += 1
                total += self._field(node, parent)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                total += self._set(
                    node.selection_set, self.schema.get_type(condition.name.value) if condition else parent
                )
            elif isinstance(node, FragmentSpreadNode):
                total += self._fragment(node.name.value)
        return total + Measure(repeats=sum(keys.values()) - len(keys))

    def _fragment(self, name: str) -> Measure:
        if name not in self._measured:
            fragment = self._fragments.get(name)
            if fragment is None or name in self._open:  # unknown or cyclic: validation says so
                return Measure()
            self._open.add(name)
            parent = self.schema.get_type(fragment.type_condition.name.value)
            self._measured[name] = self._set(fragment.selection_set, parent) + _directives(fragment)
            self._open.discard(name)
        return self._measured[name]

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Measure:
        definition = getattr(parent, "fields", {}).get(node.name.value)
        child = self._set(node.selection_set, get_named_type(definition.type) if definition else None)
        metadata = metadata_of(definition)
        rows = _rows(node, definition)
        return Measure(
            1 + rows * child.cost,
            1 + child.depth,
            child.aliases + (node.alias is not None),
            child.directives,
            child.repeats,
            min(child.max_age, metadata.get("max_age", DEFAULT_MAX_AGE)),
            child.sets,
            _tags(metadata, rows) + rows * child.tags,
            child.directives_in_one_place,
        )

    def costliest(self, node: OperationDefinitionNode) -> str:
        """Return the response path of the deepest field that makes at least half of an operation's cost."""
        path: list[str] = []
        parent: GraphQLNamedType | None = self.schema.get_root_type(node.operation)
        selections: SelectionSetNode | None = node.selection_set
        half, times = self.operation(node).cost / 2, 1
        while selections is not None:
            costs = [
                (self._field(child, parent).cost, child, parent) for child, parent in self._flat(selections, parent)
            ]
            cost, child, parent = max(costs, key=lambda found: found[0])
            if cost * times < half:
                break
            path.append(child.alias.value if child.alias else child.name.value)
            definition = getattr(parent, "fields", {}).get(child.name.value)
            times *= _rows(child, definition)
            parent, selections = (get_named_type(definition.type) if definition else None), child.selection_set
        return ".".join(path)

    def _flat(
        self, selections: SelectionSetNode, parent: GraphQLNamedType | None
    ) -> list[tuple[FieldNode, GraphQLNamedType | None]]:
        """Return the fields of a selection with the types they are of, fragments resolved, each of them once."""
        found: list[tuple[FieldNode, GraphQLNamedType | None]] = []
        seen: set[str] = set()
        ahead = [(selections, parent)]
        while ahead:
            selected, kind = ahead.pop()
            for node in selected.selections:
                if isinstance(node, FieldNode):
                    found.append((node, kind))
                elif isinstance(node, InlineFragmentNode):
                    named = node.type_condition
                    ahead.append((node.selection_set, self.schema.get_type(named.name.value) if named else kind))
                elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                    seen.add(node.name.value)
                    if fragment := self._fragments.get(node.name.value):
                        condition = fragment.type_condition.name.value
                        ahead.append((fragment.selection_set, self.schema.get_type(condition)))
        return found


def check_sets(count: int) -> None:
    """Refuse selections that stand too deep in each other; raises GraphQLError."""
    if count > _MOST_SETS:
        raise GraphQLError(f"Selections stand more than {_MOST_SETS} deep in each other, fragments included.")


def _directives(node: SelectionNode | OperationDefinitionNode | FragmentDefinitionNode) -> Measure:
    count = len(node.directives or ())
    return Measure(directives=count, directives_in_one_place=count)


def metadata_of(definition: Any) -> dict[str, Any]:
    """Return what a field's declaration says of it, from graphql-core's field."""
    extensions = getattr(definition, "extensions", None) or {}
    declared = extensions.get("strawberry-definition")
    return dict(declared.metadata) if declared is not None else {}


def _tags(metadata: dict[str, Any], rows: int) -> int:
    """Return how many tags a field itself adds: its list and its rows, or one entity."""
    if metadata.get("reads") or metadata.get("relation") == "related":
        return 1 + rows
    return int("kind" in metadata or "decides" in metadata)


def _rows(node: FieldNode, definition: Any) -> int:
    """Return the most rows that a field can have: `first` where it is said, the largest page where it is a variable."""
    arguments = getattr(definition, "args", {})
    if "ids" in arguments:
        return MOST_FIRST
    if "first" not in arguments:
        return int(metadata_of(definition).get("rows", 1))
    given = next((argument.value for argument in node.arguments or () if argument.name.value == "first"), None)
    if given is None:
        return DEFAULT_FIRST
    if isinstance(given, IntValueNode):
        return max(0, min(int(given.value), MOST_FIRST)) if len(given.value) < 9 else MOST_FIRST  # noqa: PLR2004
    return MOST_FIRST
