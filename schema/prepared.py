"""Preparing a document once: parse, bound, validate, and decide what each operation in it is."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from hashlib import sha256
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    parse,
    specified_rules,
    validate,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from schema.errors import masked
from schema.limits import Limits, Measurer, check_measure, check_text, metadata_of
from schema.signature import Signature

_KEPT_CHARACTERS = 1_000_000
_UNREGISTERED = "Only registered operations are accepted here; see edge/operations and `python -m app operations`."


@dataclass(frozen=True)
class Operation:
    """One operation of a document: its kind, who it is executed as, its lifetime at the edge (s), its cost.

    `tags` bounds the entities and lists that its answer can depend on.
    """

    name: str | None
    node: OperationDefinitionNode
    public: bool
    max_age: int
    cost: int
    tags: int

    @property
    def kind(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.node.operation

    @cached_property
    def signature(self) -> Signature:
        """The variables that it takes."""
        return Signature(self.node.variable_definitions or ())


@dataclass(frozen=True)
class Prepared:
    """A document that may be executed."""

    text: str
    document: DocumentNode
    operations: dict[str | None, Operation]

    @cached_property
    def id(self) -> str:
        """Return the document's SHA-256 in hex."""
        return document_id(self.text)

    @cached_property
    def directive_variables(self) -> tuple[str, ...]:
        """Return the variables that decide which fields are selected, sorted."""
        return directive_variables(self.document)

    def choose(self, name: str | None) -> Operation:
        """Return the operation that a request means.

        Raises:
            GraphQLError: there are several and none is named, or none has that name.

        """
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        if name is None:
            raise GraphQLError("The document has several operations; say which with `operationName`.")
        if name not in self.operations:
            raise GraphQLError(f"The document has no operation named {name[:60]!r}.")
        return self.operations[name]


class PreparationError(Exception):
    """A document is refused; `errors` say why."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


@dataclass
class Preparer:
    """Prepares documents against one schema and remembers the last ones, a million characters in all.

    With `registered` (document ids), only those are accepted.
    """

    schema: GraphQLSchema
    limits: Limits = field(default_factory=Limits)
    introspection: bool = True
    suggestions: bool = True
    registered: Container[str] | None = None
    _kept: OrderedDict[str, Prepared] = field(default_factory=OrderedDict)
    _characters: int = 0

    def prepare(self, text: str, *, admitted: bool = False) -> Prepared:
        """Parse, bound and validate a document. `admitted`: somebody else has decided that it may be asked.

        Raises:
            PreparationError: it is refused.

        """
        if not admitted and self.registered is not None and document_id(text) not in self.registered:
            raise PreparationError([GraphQLError(_UNREGISTERED, extensions={"code": "PERSISTED_QUERY_REQUIRED"})])
        held = self._kept.get(text)
        if held is not None:
            self._kept.move_to_end(text)
            return held
        try:
            check_text(text, self.limits)
            document = parse(text, max_tokens=self.limits.tokens)
            operations = self._operations(document)
        except GraphQLError as error:
            raise PreparationError([error]) from error
        rules = [*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule]
        if not self.introspection:
            rules.append(NoSchemaIntrospectionCustomRule)
        errors = validate(self.schema, document, rules, max_errors=20, hide_suggestions=not self.suggestions)
        if errors:
            raise PreparationError(errors)
        prepared = Prepared(text, document, operations)
        self._kept[text] = prepared
        self._characters += len(text)
        while self._characters > _KEPT_CHARACTERS:
            self._characters -= len(self._kept.popitem(last=False)[0])
        return prepared

    def _operations(self, document: DocumentNode) -> dict[str | None, Operation]:
        measurer = Measurer(self.schema, document)
        measurer.check_fragments(self.limits)
        nodes = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        if len(nodes) > self.limits.operations:
            allowed = self.limits.operations
            raise GraphQLError(f"The document has {len(nodes)} operations; {allowed} are allowed.")
        operations: dict[str | None, Operation] = {}
        for node in nodes:
            measure = measurer.operation(node)
            check_measure(measure, self.limits, partial(measurer.costliest, node))
            name = node.name.value if node.name else None
            public = node.operation is OperationType.QUERY and self._public(measurer, node)
            operations[name] = Operation(name, node, public, measure.max_age, measure.cost, measure.tags)
        if not operations:
            raise GraphQLError("The document has no operation.")
        return operations

    def _public(self, measurer: Measurer, node: OperationDefinitionNode) -> bool:
        """Whether every entry field is one that everybody may ask."""
        fields: dict[str, Any] = getattr(self.schema.query_type, "fields", {})
        names = measurer.root_fields(node.selection_set) - {"__typename"}
        return bool(names) and all(metadata_of(fields.get(name)).get("scope") == "PUBLIC" for name in names)


def directive_variables(document: DocumentNode) -> tuple[str, ...]:
    """Return the variables that stand in a document's directives, sorted."""
    names: set[str] = set()
    ahead: list[Any] = [definition for definition in document.definitions if hasattr(definition, "selection_set")]
    while ahead:
        node = ahead.pop()
        for directive in node.directives or ():
            names |= {a.value.name.value for a in directive.arguments or () if isinstance(a.value, VariableNode)}
        selections = getattr(node, "selection_set", None)
        ahead += selections.selections if selections else ()
    return tuple(sorted(names))


def document_id(text: str) -> str:
    """Return the SHA-256 of a document's text, in hex."""
    return sha256(text.encode()).hexdigest()


def preparing(preparer: Callable[[], Preparer]) -> type[SchemaExtension]:
    """Return the extension that has Strawberry use prepared documents, on every transport.

    The preparer is asked for late, because it needs the schema that the extension is part of.
    """

    class Preparing(SchemaExtension):
        """Hands the prepared document to Strawberry in place of its own parsing and validation."""

        def on_parse(self) -> Iterator[None]:
            """Prepare the document, or refuse it. Every transport has prepared it, so it is admitted."""
            context = self.execution_context
            try:
                context.graphql_document = preparer().prepare(context.query or "", admitted=True).document
                context.validation_rules = ()
            except PreparationError as error:
                context.pre_execution_errors = error.errors
                raise error.errors[0] from error
            yield

        def on_stream_result(self, result: Any) -> Iterator[None]:
            """Mask what went wrong inside before it reaches a subscriber."""
            if getattr(result, "errors", None):
                result.errors = [masked(error, suggestions=preparer().suggestions) for error in result.errors]
            yield None

    return Preparing
