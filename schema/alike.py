"""Which subscriptions tell all who follow a design the same, so that one execution serves them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Final, NamedTuple

import orjson
from graphql import FieldNode, GraphQLSchema, TypeInfo, TypeInfoVisitor, Visitor, visit

from schema.prepared import Operation, Prepared

_ALL: Final = None
_ALIKE: Final[Mapping[str, frozenset[str] | None]] = {
    **dict.fromkeys(("Subscription", "EditsCommitted", "Heartbeat", "ResyncRequired", "AccessChanged"), _ALL),
    **dict.fromkeys(("ElementAdded", "ElementSet", "ElementPatch", "ElementRemoved", "ElementMoved"), _ALL),
    **dict.fromkeys(("CommentChanged", "Anchor", "PresenceChanged", "Present", "CanvasPoint"), _ALL),
    "Comment": frozenset({"id", "body", "createdAt", "editedAt", "resolvedAt", "author", "resolver", "anchor"}),
    "User": frozenset({"id", "name"}),
}
"""The fields, by type, that show everybody the same who may read a design; None: all of the type's."""


class Told(NamedTuple):
    """What an operation is told: `alike` is the same for all who are told the same bytes, None where nobody else is.

    `presence` says whether it selects who is there.
    """

    alike: Hashable | None
    presence: bool


def told(schema: GraphQLSchema, prepared: Prepared, operation: Operation, variables: Mapping[str, Any]) -> Told:
    """Return what an operation is told.

    Its entry field's arguments make no difference: they say which events are told, not what is told of one.
    """
    found = _Found(schema)
    visit(prepared.document, TypeInfoVisitor(found.types, found))
    matter = {name: variables[name] for name in prepared.directive_variables if name in variables}
    key = prepared.id, operation.name, orjson.dumps(matter)
    return Told(key if found.alike else None, "PresenceChanged" in found.parents)


class _Found(Visitor):
    """Whether only such fields are selected, and of which types; none but the entry field takes arguments."""

    def __init__(self, schema: GraphQLSchema) -> None:
        super().__init__()
        self.alike = True
        self.parents: set[str] = set()
        self.types = TypeInfo(schema)

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        """Judge a field."""
        parent = self.types.get_parent_type()
        name = node.name.value
        if name.startswith("__") or parent is None:
            return
        self.parents.add(parent.name)
        fields = _ALIKE.get(parent.name, frozenset())
        plain = parent.name == "Subscription" or not node.arguments
        self.alike = self.alike and plain and (fields is _ALL or name in fields)
