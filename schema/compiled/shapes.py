"""What a plan consists of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import FieldNode, GraphQLField
from strawberry.types.field import StrawberryField

from models.entity import Entity
from schema.reader import Projection

if TYPE_CHECKING:
    from schema.compiled.branches import Branch

Column = Sequence[Any]
"""The values of one field, one for each row."""


@dataclass(frozen=True)
class Shape:
    """What is selected of one document type.

    `assemble(rows, run, *columns)` returns the JSON of each row, given what the branches lead to; `name` is that of the
    GraphQL type.
    """

    name: str
    document: type[Entity]
    branches: tuple[Branch, ...]
    assemble: Callable[..., Column]


@dataclass(frozen=True)
class PageShape:
    """What is selected of a connection, or of the only member of a list.

    `nodes` are the shapes that its rows are shown in, one for each place where nodes are selected; `assemble(pages,
    counts, *columns)` returns the JSON of each page, given those columns of all pages' rows one after another.
    """

    nodes: tuple[Shape, ...]
    counted: bool
    assemble: Callable[..., Column]


@dataclass(frozen=True)
class Arguments:
    """A field's arguments; `constant` are their values where no variable is among them.

    `plain` are those which are plain variables of a scalar's type, where all others have a constant value or none:
    (Python's name, the variable, whether it may be null).
    """

    declared: StrawberryField
    definition: GraphQLField
    node: FieldNode
    constant: Mapping[str, Any] | None
    plain: tuple[tuple[str, str, bool], ...] = ()


@dataclass(frozen=True)
class Root:
    """An entry field: its response key, and what it wants by its arguments (their number in the plan).

    `shapes` are by type; `page` is there for lists; `decides` are the attributes by which a public entity is one.
    """

    key: str
    wants: Callable[..., Any]
    arguments: int
    shapes: Mapping[str, Shape]
    page: PageShape | None
    decides: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """How one query is answered, for one choice of its directives.

    `constants` are the response keys that are known before (`__typename`); `projections` say what is read of each
    document type; `firsts` are the numbers of the arguments whose `first` must be a page's; `fields` is how many fields
    of documents it has.
    """

    roots: tuple[Root, ...]
    keys: tuple[str, ...]
    constants: Mapping[str, str]
    arguments: tuple[Arguments, ...]
    projections: Mapping[str, Projection]
    firsts: tuple[int, ...]
    fields: int
