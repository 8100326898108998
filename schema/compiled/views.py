"""A row as the document that declared functions expect: with the attributes that they said they need, and no others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from annotated_types import Ge, Le
from beanie import PydanticObjectId
from bson import ObjectId
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from models.entity import Entity
from schema.compiled.source import Source

_REMEMBERED = 1024

_PLAIN: dict[Any, type] = {
    PydanticObjectId: ObjectId,
    ObjectId: ObjectId,
    str: str,
    int: int,
    bool: bool,
    datetime: datetime,
}
"""By a field's type, the type of what the driver reads, where that is as good as what pydantic would make of it."""


def read(source: Source, document: type[BaseModel], name: str) -> str:
    """Write the reading of an attribute as it is stored, or by its default where it is missing; return the variable.

    The row is `r`. What has no default and is missing raises KeyError.
    """
    if name == "id":
        return source.assign('r["_id"]')
    field = document.model_fields[name]
    if field.default_factory is not None:
        made = source.constant(field.default_factory)
        return source.assign(f"r[{name!r}] if {name!r} in r else {made}()")
    if field.default is PydanticUndefined:
        return source.assign(f"r[{name!r}]")
    return source.assign(f"r.get({name!r}, {source.constant(field.default)})")


def plain(field: FieldInfo) -> tuple[type | None, bool]:
    """Return the plain type of a field as it is stored, if it has one, and whether it may be null."""
    annotation, nullable = _optional(field.annotation)
    return _PLAIN.get(annotation), nullable


def _optional(annotation: Any) -> tuple[Any, bool]:
    """Return what an annotation is about, and whether it may be null."""
    nullable = False
    if get_origin(annotation) in {Union, UnionType}:
        options = [option for option in get_args(annotation) if option is not type(None)]
        nullable = len(options) < len(get_args(annotation))
        annotation = options[0] if len(options) == 1 else None
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation, nullable


@cache
def adapter(document: Any, name: str) -> Callable[[Any], Any]:
    """Return what makes of a stored value what the document would; raises pydantic.ValidationError."""
    field = document.model_fields[name]
    declared: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    return TypeAdapter(declared).validator.validate_python  # the core itself: the rest of the call is Python


@lru_cache(maxsize=1024)
def maker(node: Any, attributes: frozenset[str]) -> Callable[[Mapping[str, Any]], Any]:
    """Return what shows a row as a GraphQL type whose document has these attributes, converted as the document would.

    Other attributes are missing (AttributeError), so that a function that reads what it did not declare is found out.
    """
    document: Any = node.stores
    source = Source("make", "r")
    view = source.assign(f"{source.constant(object.__new__)}({source.constant(_view(document))})")
    for name in sorted(attributes):
        source.line(f"{view}.{name} = {converted(source, document, name)}")
    shown = source.assign(f"{source.constant(object.__new__)}({source.constant(node)})")
    source.line(f"{shown}.document = {view}")
    source.line(f"return {shown}")
    return source.build()


def converted(source: Source, document: Any, name: str) -> str:
    """Write the reading of an attribute, and return the expression that makes of it what the document would."""
    value = read(source, document, name)
    kind, nullable = plain(document.model_fields[name])
    if kind is datetime:  # rows have times without a zone; a document's have one
        zoned = f"{value}.replace(tzinfo={source.constant(UTC)})"
        return f"None if {value} is None else {zoned}" if nullable else zoned
    convert = source.constant(adapter(document, name) if kind is not None else nested(document, name))
    if kind is None:
        return f"{convert}({value})"
    fits = f"type({value}) is {source.constant(kind)}" + (f" or {value} is None" if nullable else "")
    return f"{value} if {fits} else {convert}({value})"


@cache
def nested(document: Any, name: str) -> Callable[[Any], Any]:
    """Return what converts an attribute that has no plain type; an object of plain numbers is converted here."""
    convert, model = adapter(document, name), _optional(document.model_fields[name].annotation)[0]
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return convert
    source, fits = Source("make", "r"), list[str]()
    with source.block("if type(r) is dict:"):
        variables = {key: read(source, model, key) for key in model.model_fields}
        for key, variable in variables.items():
            check = _fits(source, model.model_fields[key], variable)
            if check is None:
                return _remembered(convert)
            fits.append(check)
        with source.block(f"if {' and '.join(fits)}:"):
            made = source.assign(f"{source.constant(object.__new__)}({source.constant(_view(model))})")
            for key, variable in variables.items():
                source.line(f"{made}.{key} = {variable}")
            source.line(f"return {made}")
    source.line(f"return {source.constant(convert)}(r)")
    return source.build()


def _remembered(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a conversion that knows what it made of the last objects: many rows have the same city, or currency.

    What it makes is shared, and nobody changes it. Values are told apart by their types too; what has parts that may
    be changed is converted each time.
    """

    @lru_cache(maxsize=_REMEMBERED, typed=True)
    def known(*flat: Any) -> Any:
        count = len(flat) // 2
        return convert(dict(zip(flat[:count], flat[count:], strict=True)))

    def remembered(value: Any) -> Any:
        if type(value) is not dict:
            return convert(value)
        try:
            return known(*value, *value.values())
        except TypeError:  # a list, or an object in it
            return convert(value)

    return remembered


def _fits(source: Source, field: FieldInfo, variable: str) -> str | None:
    """Return the check that a number is what a field of a model takes; None where a check here cannot tell."""
    if field.annotation not in {int, float} or not all(isinstance(bound, Ge | Le) for bound in field.metadata):
        return None
    checks = [f"type({variable}) is {source.constant(field.annotation)}"]
    for bound in field.metadata:
        least = isinstance(bound, Ge)
        checks.append(f"{variable} {'>=' if least else '<='} {source.constant(bound.ge if least else bound.le)}")
    return " and ".join(checks)


@cache
def _view(document: Any) -> type:
    """Return a class with a document's (or a model's) fields as slots, and with a document's properties."""
    properties = {
        name: member
        for base in reversed(document.__mro__)
        if issubclass(base, Entity)
        for name, member in vars(base).items()
        if isinstance(member, property)
    }
    return type(f"{document.__name__}View", (), {"__slots__": tuple(document.model_fields), **properties})
