"""Which variants of pictures the registered operations show, so that they can be made before anyone asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import strawberry
from graphql import (
    DocumentNode,
    FieldNode,
    ListValueNode,
    TypeInfo,
    TypeInfoVisitor,
    ValueNode,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.values import get_argument_values
from strawberry.types.arguments import convert_arguments

from models.asset import Asset
from schema.pictures import Signing, responsive, variants

_FIELDS = ("image", "responsive")


@dataclass(frozen=True)
class Shown:
    """One selection of an asset's picture: the field, and its arguments as its function takes them."""

    field: str
    arguments: Mapping[str, Any]

    def addresses(self, signing: Signing, asset: Asset) -> list[str]:
        """Return the addresses that it shows of an asset."""
        attributes = asset.organization, asset.content_hash, asset.focus, asset.width, asset.height
        if self.field == "image":
            return [variants(signing, **self.arguments)(*attributes).url]
        srcset = responsive(signing, **self.arguments)(*attributes).srcset
        return [described.partition(" ")[0] for described in srcset.split(", ")]


def shown_pictures(api: strawberry.Schema, documents: Iterable[DocumentNode]) -> list[Shown]:
    """Return every selection of `Asset.image` and `Asset.responsive` in valid documents whose arguments are fixed.

    Where one is a variable, nobody can know the variant before it is asked for.
    """
    found: list[Shown] = []
    for document in documents:
        types = TypeInfo(api._schema)  # noqa: SLF001 - Strawberry has no public name for it
        visit(document, TypeInfoVisitor(types, _Collecting(api, types, found)))
    return found


class _Collecting(Visitor):
    """Adds each selection to those found, unless it is among them."""

    def __init__(self, api: strawberry.Schema, types: TypeInfo, found: list[Shown]) -> None:
        super().__init__()
        self._api, self._types, self._found = api, types, found

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        """Look at one field."""
        parent, field = self._types.get_parent_type(), self._types.get_field_def()
        if field is None or getattr(parent, "name", "") != "Asset" or node.name.value not in _FIELDS:
            return
        if any(_varies(argument.value) for argument in node.arguments or ()):
            return
        declared: Any = field.extensions["strawberry-definition"]
        given = get_argument_values(field, node)
        converter = self._api.schema_converter
        arguments = convert_arguments(given, declared.arguments, converter.scalar_registry, converter.config)
        shown = Shown(node.name.value, arguments)
        if shown not in self._found:
            self._found.append(shown)


def _varies(value: ValueNode) -> bool:
    return isinstance(value, VariableNode) or (isinstance(value, ListValueNode) and any(map(_varies, value.values)))
