"""What a batch of edits overwrote: what others had changed since its author last looked. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from beanie import PydanticObjectId

_NAMES = frozenset({"edit", "key", "keys"})


class Logged(NamedTuple):
    """A batch as the log has it: its number, who made it, and its effective edits."""

    seq: int
    author: PydanticObjectId
    edits: Iterable[Mapping[str, Any]]


@dataclass
class Overwritten:
    """An element that a batch changed, and others before it: which properties, and who did so last.

    Properties are those of elements (`x`, `order`, …); a prop is `props.` and its name.
    """

    key: str
    seq: int
    author: PydanticObjectId
    properties: set[str] = field(default_factory=set)


def overwritten(edits: Iterable[Mapping[str, Any]], others: Iterable[Logged]) -> list[Overwritten]:
    """Return what a batch's effective edits overwrote of batches before it, which come in their order.

    A property is overwritten by being set again, all that there is of an element by its removal.
    """
    mine: dict[str, set[str] | None] = {}  # the properties; None: it was removed
    for edit in edits:
        for key in edit.get("keys", ()):
            mine[key] = None
        if edit["edit"] in {"set", "move"} and mine.setdefault(edit["key"], set()) is not None:
            mine[edit["key"]] = (mine[edit["key"]] or set()) | {*_properties(edit)}
    found: dict[str, Overwritten] = {}
    for other in others:
        for edit in other.edits:
            key, written = edit["key"], {*_properties(edit)}
            known = mine.get(key, set())
            lost = written if known is None else written & known
            if lost:
                last = found.setdefault(key, Overwritten(key, other.seq, other.author))
                last.seq, last.author = other.seq, other.author
                last.properties |= lost
    return [found[key] for key in sorted(found)]


def _properties(edit: Mapping[str, Any]) -> Iterator[str]:
    """Yield the properties that an effective edit wrote; none for a removal, after which nothing can be overwritten."""
    for name, value in edit.items():
        if name == "props":
            yield from (f"props.{prop}" for prop in value)
        elif name not in _NAMES:
            yield name
