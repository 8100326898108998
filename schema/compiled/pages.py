"""What is selected of a page, a connection's or a canvas's: functions that put the rows' JSON together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphql import GraphQLObjectType, get_named_type

from schema.compiled import values
from schema.compiled.declined import UncompilableError
from schema.compiled.shapes import PageShape, Shape
from schema.compiled.source import Source
from schema.compiled.values import TYPENAME
from schema.limits import metadata_of

if TYPE_CHECKING:
    from schema.compiled.selection import Selection

_PAGE_INFO = {
    "has_next_page": "page.has_next",
    "has_previous_page": "page.has_previous",
    "start_cursor": "page.cursor(page.rows[0]) if page.rows else None",
    "end_cursor": "page.cursor(page.rows[-1]) if page.rows else None",
}


def connection(selection: Selection, type_: GraphQLObjectType, details: Any) -> PageShape:
    """Return what is selected of a connection."""
    writer = _Connection(selection, type_)
    writer.write(details)
    return PageShape(tuple(writer.nodes), writer.counted, writer.source.build())


def canvas(selection: Selection, type_: GraphQLObjectType, details: Any) -> PageShape:
    """Return what is selected of a canvas."""
    source = Source(type_.name, "canvases", "_", "*columns")
    shapes: list[Shape] = []
    source.line("made, at = [], 0")
    with source.block("for canvas in canvases:"):
        source.line("end = at + len(canvas.rows)")
        parts: list[str] = []
        for key, found in selection.collect(type_, details).items():
            name = _name(type_, found)
            if name == "elements":
                shapes.append(selection.shape(get_named_type(type_.fields["elements"].type), found))
                part = f"columns[{len(shapes) - 1}][at:end]"
            elif name == "seq":
                seq = source.assign("canvas.seq")
                part = values.value(source, type_.fields["seq"].type, seq, found, selection.collect)
            else:
                part = _other(source, type_, name)
            parts.append(f"{source.constant(key)}: {part}")
        source.line(f"made.append({{{', '.join(parts)}}})")
        source.line("at = end")
    source.line("return made")
    return PageShape(tuple(shapes), counted=False, assemble=source.build())


class _Connection:
    """The function of one connection in the making."""

    def __init__(self, selection: Selection, type_: GraphQLObjectType) -> None:
        self._selection, self._type = selection, type_
        self.source = Source(type_.name, "pages", "counts", "*columns")
        self.nodes: list[Shape] = []
        self.counted = False

    def write(self, details: Any) -> None:
        source, parts = self.source, []
        source.line("made, at = [], 0")
        with source.block("for page, count in zip(pages, counts):"):
            source.line("end = at + len(page.rows)")
            for key, found in self._selection.collect(self._type, details).items():
                parts.append(f"{source.constant(key)}: {self._part(_name(self._type, found), found)}")
            source.line(f"made.append({{{', '.join(parts)}}})")
            source.line("at = end")
        source.line("return made")

    def _part(self, name: str, details: Any) -> str:
        match name:
            case "edges":
                return self._edges(get_named_type(self._type.fields["edges"].type), details)
            case "page_info":
                return self._page_info(get_named_type(self._type.fields["pageInfo"].type), details)
            case "total_count":
                self.counted = True
                return "count"
            case _:
                return _other(self.source, self._type, name)

    def _edges(self, type_: Any, details: Any) -> str:
        source = self.source
        fields = {key: (found, _name(type_, found)) for key, found in self._selection.collect(type_, details).items()}
        columns: dict[str, str] = {}
        for key, (found, name) in fields.items():
            if name == "node":
                columns[key] = f"columns[{len(self.nodes)}][at:end]"
                self.nodes.append(self._selection.shape(get_named_type(type_.fields["node"].type), found))
        edges = source.assign("[]")
        names = {key: source.fresh() for key in columns}
        loop = f"zip(page.rows, {', '.join(columns.values())})" if columns else "page.rows"
        with source.block(f"for {', '.join(('r', *names.values()))} in {loop}:"):
            parts = [
                f"{source.constant(key)}: {names.get(key) or self._edge(type_, name, found)}"
                for key, (found, name) in fields.items()
            ]
            source.line(f"{edges}.append({{{', '.join(parts)}}})")
        return edges

    def _edge(self, type_: Any, name: str, details: Any) -> str:
        """Write a field of an edge beside its node."""
        if name == "cursor":
            return "page.cursor(r)"
        definition = type_.fields.get(details[0].node.name.value)
        stored = metadata_of(definition).get("row")
        if stored is None:
            return _other(self.source, type_, name)
        found = self.source.assign(f"r[{stored!r}]")
        return values.value(self.source, definition.type, found, details, self._selection.collect)

    def _page_info(self, type_: Any, details: Any) -> str:
        fields = self._selection.collect(type_, details)
        parts = []
        for key, found in fields.items():
            name = _name(type_, found)
            expression = _PAGE_INFO.get(name) or _other(self.source, type_, name)
            parts.append(f"{self.source.constant(key)}: {expression}")
        return f"{{{', '.join(parts)}}}"


def _name(type_: GraphQLObjectType, details: Any) -> str:
    """Return a field's name in Python."""
    name: str = details[0].node.name.value
    if name == TYPENAME:
        return name
    return str(type_.fields[name].extensions["strawberry-definition"].python_name)


def _other(source: Source, type_: GraphQLObjectType, name: str) -> str:
    if name == TYPENAME:
        return source.constant(type_.name)
    raise UncompilableError(f"{type_.name}.{name} is resolved by hand")
