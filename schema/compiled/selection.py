"""What a query selects, as shapes of rows: the function that shows them, and the branches that they lead to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    VariableNode,
    get_named_type,
    is_enum_type,
    is_non_null_type,
    is_required_argument,
    specified_scalar_types,
)
from graphql.execution.collect_fields import FragmentDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues

from auth.viewer import Viewer
from models.register import COLLECTIONS
from schema import ids
from schema.compiled import pages, values, views
from schema.compiled.branches import Branch, CanvasBranch, LikedBranch, ReferenceBranch, RelatedBranch
from schema.compiled.declined import UncompilableError
from schema.compiled.shapes import Arguments, Shape
from schema.compiled.source import Source
from schema.compiled.values import TYPENAME
from schema.compiled.variables import Variables
from schema.limits import metadata_of
from schema.names import CachedNames
from schema.reads import document_of, lists_of

_CAMEL = CachedNames(auto_camel_case=True)

MOST_FIELDS = 1000
"""The most fields of documents that a plan is made for: it bounds how long that takes."""

Convert = Callable[[Arguments, Variables | None], dict[str, Any]]


class Selection:
    """The selections of one query, for one choice of its directives.

    While shapes are made it notes all fields' `arguments`, the numbers of those with a page's `first`, and the
    `attributes` to be read of each document type.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        booleans: Mapping[str, bool],
        convert: Convert,
    ) -> None:
        self.schema, self._operation, self._convert = schema, operation, convert
        self._fragments = {
            node.name.value: FragmentDetails(node)
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        self._booleans = VariableValues({}, {**booleans})
        self.fields = 0
        self.arguments: list[Arguments] = []
        self.firsts: list[int] = []
        self.attributes: defaultdict[str, set[str]] = defaultdict(lambda: {"_id"})

    def read(self, kind: str, names: Iterable[str]) -> None:
        """Note attributes to be read of a document type; the id always is."""
        self.attributes[kind].update(name for name in names if name != "id")

    def read_order(self, collection: str) -> None:
        """Note what the order of a list is told by."""
        document, declared = COLLECTIONS[collection]
        self.read(document.__name__, (name for name, _ in declared.order))

    def entries(self, query: GraphQLObjectType) -> values.Selected:
        """Return the entry fields, by response key."""
        found = collect_fields(self.schema, self._fragments, self._booleans, query, self._operation)
        return found.grouped_field_set

    def collect(self, type_: GraphQLObjectType, details: Any) -> values.Selected:
        """Return the fields that are selected below a field, for a type, by response key."""
        found = collect_subfields(self.schema, self._fragments, self._booleans, self._operation, type_, details)
        return found.grouped_field_set

    def argument(self, definition: Any, node: FieldNode) -> int:
        """Note a field's arguments, with their values where no variable is among them; return their number."""
        declared = definition.extensions["strawberry-definition"]
        plain, others = _plain(definition, node)
        constant = None
        if not any(isinstance(part, VariableNode) for part in _walk([*others])):
            required = {name for name, _, _ in plain if is_required_argument(definition.args[name])}
            rest = GraphQLField(definition.type, {n: a for n, a in definition.args.items() if n not in required})
            selected = FieldNode(name=node.name, arguments=tuple(others))
            try:
                constant = self._convert(Arguments(declared, rest, selected, None), None)
            except GraphQLError as error:
                raise UncompilableError(f"the arguments of {node.name.value} are refused") from error
        names = {_CAMEL.from_argument(argument): argument.python_name for argument in declared.arguments}
        taken = tuple((names[name], variable, nullable) for name, variable, nullable in plain)
        self.arguments.append(Arguments(declared, definition, node, constant, taken))
        return len(self.arguments) - 1

    def shape(self, type_: GraphQLObjectType, details: Any) -> Shape:
        """Return the shape in which the rows of a document type are shown."""
        node = node_of(type_)
        fields = self.collect(type_, details)
        self.fields += len(fields)
        if self.fields > MOST_FIELDS:
            raise UncompilableError(f"it selects more than {MOST_FIELDS} fields of documents")
        branches = {key: self._branch(type_, node, found) for key, found in fields.items()}
        computed = {key: found for key, found in fields.items() if branches[key] is None and _computed(type_, found)}
        needs = {key: _metadata(type_, found)["needs"] for key, found in computed.items()}
        self.read(type_.name, {name for names in needs.values() for name in names})
        source = Source(type_.name, "rows", "run", "*columns")
        calls = {key: self._call(source, type_, node, found) for key, found in computed.items()}
        shown = {n for key, names in needs.items() if "once" not in _metadata(type_, computed[key]) for n in names}
        columns = [f"k{number}" for number, branch in enumerate(branches.values()) if branch is not None]
        source.line("made = []")
        with source.block(f"for r, {', '.join(columns)} in zip(rows, *columns):" if columns else "for r in rows:"):
            if shown:
                source.line(f"shown = {source.constant(views.maker(node, frozenset(shown)))}(r)")
            parts: list[str] = []
            for number, (key, found) in enumerate(fields.items()):
                if branches[key] is not None:
                    part = f"k{number}"
                elif key in calls:
                    result = source.assign(calls[key]())
                    part = values.value(source, _definition(type_, found).type, result, found, self.collect)
                else:
                    part = self._stored(source, type_, node, found)
                parts.append(f"{source.constant(key)}: {part}")
            source.line(f"made.append({{{', '.join(parts)}}})")
        source.line("return made")
        leading = tuple(branch for branch in branches.values() if branch is not None)
        return Shape(type_.name, node.stores, leading, source.build())

    def _stored(self, source: Source, type_: GraphQLObjectType, node: Any, details: Any) -> str:
        """Write a field that the row holds, and return its expression."""
        name = details[0].node.name.value
        if name == TYPENAME:
            return source.constant(type_.name)
        definition = _definition(type_, details)
        attribute = definition.extensions["strawberry-definition"].python_name
        if attribute == "id":
            return f'{source.constant(ids.encoder(type_.name))}(r["_id"])'
        if attribute not in node.stores.model_fields or _resolved(definition):
            raise UncompilableError(f"{type_.name}.{name} is resolved by hand")
        self.read(type_.name, (attribute,))
        return values.attribute(source, node.stores, attribute, definition.type)

    def _call(self, source: Source, type_: GraphQLObjectType, node: Any, details: Any) -> Callable[[], str]:
        """Return what writes the call of a computed field's function; what is the same for all rows stands before."""
        definition, metadata = _definition(type_, details), _metadata(type_, details)
        resolver = definition.extensions["strawberry-definition"].base_resolver
        if resolver.is_async:
            raise UncompilableError(f"{type_.name}.{details[0].node.name.value} is computed by reading")
        info = resolver.info_parameter
        given = [] if info is None else [f"{info.name}=run.info"]
        if definition.args:
            arguments = source.assign(f"run.arguments[{self.argument(definition, details[0].node)}]")
            given.append(f"**{arguments}")
        if "once" in metadata:
            made = source.assign(f"{source.constant(metadata['once'])}({', '.join(given)})")
            return lambda: f"{made}({', '.join(views.converted(source, node.stores, n) for n in metadata['needs'])})"
        return lambda: f"{source.constant(resolver.wrapped_func)}({', '.join(('shown', *given))})"

    def _branch(self, type_: GraphQLObjectType, node: Any, details: Any) -> Branch | None:
        """Return what a field leads to, None where the row itself answers it."""
        if details[0].node.name.value == TYPENAME:
            return None
        definition, metadata = _definition(type_, details), _metadata(type_, details)
        named: Any = get_named_type(definition.type)
        if metadata.get("relation") == "reference":
            (key,) = metadata["needs"]
            self.read(type_.name, (key,))
            return ReferenceBranch(key, node.stores.model_fields[key].is_required(), self.shape(named, details))
        if metadata.get("relation") == "related":
            return self._related(type_, node, metadata, details)
        if metadata.get("loads") == "canvas":
            return CanvasBranch(pages.canvas(self, named, details))
        return LikedBranch() if metadata.get("loads") == "liked" else None

    def _related(self, type_: GraphQLObjectType, node: Any, metadata: dict[str, Any], details: Any) -> Branch:
        definition = _definition(type_, details)
        number = self.argument(definition, details[0].node)
        self.firsts.append(number)
        for name in lists_of(metadata):
            self.read_order(name)
        self.read(type_.name, node.judged_by)
        return RelatedBranch(
            metadata["collection"],
            metadata["public"],
            metadata["by"],
            number,
            views.maker(node, frozenset(node.judged_by)),
            metadata["visible"] or _inside,
            pages.connection(self, get_named_type(definition.type), details),
            node.judged_by == ("id",),
        )


def node_of(type_: GraphQLObjectType) -> Any:
    """Return the class of a type that shows a document; raises UncompilableError for others."""
    if document_of(type_) is None:
        raise UncompilableError(f"{type_.name} shows no document")
    return type_.extensions["strawberry-definition"].origin


def _inside(node: Any, viewer: Viewer) -> bool:
    return node.tenant() in viewer.roles


def _definition(type_: GraphQLObjectType, details: Any) -> Any:
    return type_.fields[details[0].node.name.value]


def _metadata(type_: GraphQLObjectType, details: Any) -> dict[str, Any]:
    return metadata_of(_definition(type_, details))


def _resolved(definition: Any) -> bool:
    return definition.extensions["strawberry-definition"].base_resolver is not None


def _computed(type_: GraphQLObjectType, details: Any) -> bool:
    """Whether a field is a function of attributes of its own document."""
    name = details[0].node.name.value
    if name == TYPENAME:
        return False
    definition = _definition(type_, details)
    return _resolved(definition) and "needs" in metadata_of(definition)


def _plain(definition: Any, node: FieldNode) -> tuple[list[tuple[str, str, bool]], list[ArgumentNode]]:
    """Return the arguments that are variables of a built-in scalar or an enum, with `nullable`, and the others."""
    plain: list[tuple[str, str, bool]] = []
    others: list[ArgumentNode] = []
    for given in node.arguments or ():
        type_ = definition.args[given.name.value].type
        bare = type_.of_type if is_non_null_type(type_) else type_
        if isinstance(given.value, VariableNode) and (bare in specified_scalar_types.values() or is_enum_type(bare)):
            plain.append((given.name.value, given.value.name.value, not is_non_null_type(type_)))
        else:
            others.append(given)
    return plain, others


def _walk(nodes: list[Any]) -> Iterator[Node]:
    """Yield syntax nodes and all inside them."""
    while nodes:
        node = nodes.pop()
        yield node
        for key in node.keys:
            part = getattr(node, key, None)
            nodes += part if isinstance(part, list | tuple) else [part] if isinstance(part, Node) else []
