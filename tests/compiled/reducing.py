"""Making a request on which executors differ as small as it can be, for who has to read it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

from graphql import (
    REMOVE,
    ArgumentNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

from tests.compiled.world import Asked

_PARTS = (FieldNode, InlineFragmentNode, FragmentSpreadNode, DirectiveNode, ArgumentNode, OperationDefinitionNode)


async def reduced(asked: Asked, differs: Callable[[Asked], Awaitable[bool]]) -> Asked:
    """Leave out of a request whatever is not needed for it to differ; `differs` is False for what is no valid one."""
    place = 0
    while True:
        smaller = _without(asked, place)
        if smaller is None:
            return asked
        if "{}" not in smaller.text and await differs(smaller):  # graphql-core takes it, and nobody else
            asked = smaller
        else:
            place += 1


def _without(asked: Asked, place: int) -> Asked | None:
    """Leave out the part with this number; None where there are fewer."""
    remover = _Remover(place)
    document = visit(parse(asked.text), remover)
    if not remover.removed:
        return None
    while (pruned := _prune(document)) is not document:
        document = pruned
    declared = _names(document, VariableDefinitionNode)
    variables = {name: value for name, value in asked.variables.items() if name in declared}
    return asked._replace(text=print_ast(document), variables=variables)


class _Remover(Visitor):
    """Removes one part of a document."""

    def __init__(self, place: int) -> None:
        super().__init__()
        self.removed = False
        self._numbers, self._place = count(), place

    def enter(self, node: Any, *_: Any) -> Any:
        """Remove the part if it is the one."""
        if isinstance(node, _PARTS) and next(self._numbers) == self._place:
            self.removed = True
            return REMOVE
        return None


def _prune(document: DocumentNode) -> DocumentNode:
    """Leave out fragments and variables that nothing uses; the same document where there are none."""
    spread, used = _names(document, FragmentSpreadNode), _names(document, VariableNode)

    class Pruner(Visitor):
        """Removes definitions."""

        def enter_fragment_definition(self, node: FragmentDefinitionNode, *_: Any) -> Any:
            """Remove a fragment."""
            return None if node.name.value in spread else REMOVE

        def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> Any:
            """Remove a variable."""
            return None if node.variable.name.value in used else REMOVE

    pruned: DocumentNode = visit(document, Pruner())
    return document if print_ast(pruned) == print_ast(document) else pruned


def _names(document: DocumentNode, kind: type[Any]) -> set[str]:
    """Return the names of all nodes of a kind; of variables, those that are used."""
    found: set[str] = set()

    class Names(Visitor):
        """Collects names."""

        def enter(self, node: Any, _key: Any, parent: Any, *_: Any) -> None:
            """Note a name."""
            if isinstance(node, kind) and not (kind is VariableNode and isinstance(parent, VariableDefinitionNode)):
                found.add(node.variable.name.value if kind is VariableDefinitionNode else node.name.value)

    visit(document, Names())
    return found
