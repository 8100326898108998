"""What the answer of an operation can depend on, derived from its document and the declarations; pure.

An edge needs it to tell a change that an answer shows from one that it does not. What a declaration does not say is
taken for everything: a type one of whose fields is not declared is read whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
)

from models.entity import Entity
from models.register import COLLECTIONS
from schema.limits import metadata_of


@dataclass
class Reads:
    """What an operation can read.

    `fields` are the stored attributes it reads of each entity type, those that decide what is shown included; a type of
    `types` that is missing there is read whole. `collections` are the declared lists.
    """

    fields: dict[str, set[str]] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    types: set[str] = field(default_factory=set)
    collections: set[str] = field(default_factory=set)

    def known(self) -> dict[str, tuple[str, ...]]:
        """Return the fields of the types that are not read whole, sorted."""
        kinds = sorted(self.types - self.whole)
        return {kind: tuple(sorted(self.fields.get(kind, ()))) for kind in kinds}


def reads_of(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> Reads:
    """Derive what a valid operation reads; linear in the size of its document."""
    walk = _Walk(schema, document)
    root = schema.get_root_type(operation.operation)
    if root is not None:
        walk.selections(operation.selection_set, root)
    return walk.found


class _Walk:
    """One walk; every selection set is entered once for each type it is about."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self.found = Reads()
        self._schema = schema
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._seen: set[tuple[int, str]] = set()

    def selections(self, selections: SelectionSetNode, parent: GraphQLNamedType) -> None:
        for kind in self._concrete(parent):
            if (id(selections), kind.name) not in self._seen:
                self._seen.add((id(selections), kind.name))
                for node in selections.selections:
                    self._selection(node, kind)

    def _selection(self, node: Any, parent: GraphQLNamedType) -> None:
        if isinstance(node, FieldNode):
            self._field(node, parent)
        elif isinstance(node, InlineFragmentNode):
            condition = node.type_condition
            named = self._schema.get_type(condition.name.value) if condition else parent
            if named is not None:
                self.selections(node.selection_set, named)
        elif isinstance(node, FragmentSpreadNode) and node.name.value in self._fragments:
            fragment = self._fragments[node.name.value]
            named = self._schema.get_type(fragment.type_condition.name.value)
            if named is not None:
                self.selections(fragment.selection_set, named)

    def _field(self, node: FieldNode, parent: GraphQLNamedType) -> None:
        definition = getattr(parent, "fields", {}).get(node.name.value)
        if definition is None:  # `__typename`
            return
        self._attributes(definition, document_of(parent))
        self._relation(metadata_of(definition))
        if node.selection_set is not None:
            self.selections(node.selection_set, get_named_type(definition.type))

    def _attributes(self, definition: Any, document: type[Entity] | None) -> None:
        """Record what a field reads of its own document."""
        declared = (definition.extensions or {}).get("strawberry-definition")
        if document is None or declared is None or declared.python_name == "id":
            return
        kind = document.__name__
        self.found.types.add(kind)
        needs = metadata_of(definition).get("needs")
        names = set(needs) if needs is not None else {declared.python_name}
        if not names <= {"id", *document.model_fields}:
            self.found.whole.add(kind)
        self.found.fields.setdefault(kind, set()).update(names - {"id"})
        if metadata_of(definition).get("relation") == "related" and "organization" in document.model_fields:
            self.found.fields[kind].add("organization")  # whose member the viewer may be

    def _relation(self, metadata: dict[str, Any]) -> None:
        """Record the entities and lists that a field leads to."""
        if "kind" in metadata:
            self.found.types.add(metadata["kind"])
        for kind, names in metadata.get("decides", {}).items():
            self.found.types.add(kind)
            self.found.fields.setdefault(kind, set()).update(names)
        for name in lists_of(metadata):
            self.found.collections.add(name)
            self.found.types.add(COLLECTIONS[name][0].__name__)

    def _concrete(self, kind: GraphQLNamedType) -> Iterator[GraphQLNamedType]:
        if is_abstract_type(kind):
            yield from self._schema.get_possible_types(kind)
        else:
            yield kind


def document_of(kind: GraphQLNamedType) -> type[Entity] | None:
    """Return the document class that a GraphQL type shows, if it shows one."""
    definition = (kind.extensions or {}).get("strawberry-definition")
    stores = getattr(getattr(definition, "origin", None), "stores", None)
    return stores if isinstance(stores, type) and issubclass(stores, Entity) else None


def lists_of(metadata: dict[str, Any]) -> tuple[str, ...]:
    """Return the collections that a field can read: those of a relation, or those that an entry field declares."""
    related = (metadata.get("collection"), metadata.get("public"))
    return (*metadata.get("reads", ()), *(name for name in related if name is not None))
