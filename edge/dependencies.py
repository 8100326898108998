"""What an answer depends on, as an edge compares it with what has changed; pure.

An answer depends on a tag; of an entity only on the fields that its operation reads, of a list only on the part that
it shows. Whatever is not known exactly counts as a hit.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from edge.stream import Change
from edge.tags import EVERYTHING, OPERATION, number, short

RANGE_SEPARATOR = ","


class Touch(NamedTuple):
    """A change as an edge compares it: see `edge.stream.Change`.

    `kind` is an entity's type, else None; `wide` says that many answers depend on it: a type, an operation.
    """

    tag: int
    name: str
    kind: str | None
    fields: tuple[str, ...] | None
    places: tuple[str, ...] | None
    wide: bool


def touch(change: Change) -> Touch:
    """Make a change comparable."""
    kind, colon, _ = change.tag.partition(":")
    entity = bool(colon) and "?" not in kind and kind != OPERATION
    wide = not entity and "?" not in change.tag
    return Touch(number(short(change.tag)), change.tag, kind if entity else None, change.fields, change.keys, wide)


def wide_tags(types: Iterable[str], operation: str) -> frozenset[int]:
    """Return the tags that all answers of an operation (a document id) have in common, as numbers."""
    return frozenset(number(short(tag)) for tag in (EVERYTHING, *types, f"{OPERATION}:{operation}"))


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What one answer depends on, in little memory: 8 bytes a tag.

    `tags` are sorted 64-bit numbers; `ranges` the parts of lists, spelled as in the header; `reads` the fields that its
    operation reads, by type, where a type that is missing is read whole.
    """

    tags: array[int]
    ranges: bytes
    reads: Mapping[str, frozenset[str]]

    @classmethod
    def parse(cls, tags: str, ranges: str, reads: Mapping[str, frozenset[str]]) -> Dependencies:
        """Read what `Surrogate-Key` and `Edge-Ranges` say.

        Raises:
            ValueError: one of them is malformed.

        """
        for part in filter(None, ranges.split(RANGE_SEPARATOR)):
            tag, _, places = part.partition(":")
            number(tag)
            if places.count(":") % 2 == 0:
                raise ValueError(f"not a part of a list: {part[:60]!r}")
        return cls.of((number(tag) for tag in tags.split()), ranges, reads)

    @classmethod
    def of(cls, tags: Iterable[int], ranges: str, reads: Mapping[str, frozenset[str]]) -> Dependencies:
        """Make them from tags as numbers; raises TypeError or OverflowError for what is none."""
        return cls(array("Q", sorted(set(tags))), ranges.encode(), reads)

    def __contains__(self, tag: int) -> bool:
        position = bisect_left(self.tags, tag)
        return position < len(self.tags) and self.tags[position] == tag

    def hit(self, touched: Touch) -> bool:
        """Whether a change alters what this answer shows, as far as can be told."""
        if touched.tag not in self:
            return False
        if touched.fields is not None and touched.kind is not None:
            read = self.reads.get(touched.kind)
            return read is None or not read.isdisjoint(touched.fields)
        if touched.places is not None:
            return self._shows(short(touched.name), touched.places)
        return True

    def _shows(self, tag: str, places: tuple[str, ...]) -> bool:
        """Whether one of these places lies in a part of the list that the answer shows; true if no part is known."""
        known = False
        for part in self.ranges.decode().split(RANGE_SEPARATOR):
            name, _, bounds = part.partition(":")
            if name == tag:
                known = True
                if any(_within(place.split("/"), bounds.split(":")) for place in places):
                    return True
        return not known


def _within(place: list[str], bounds: list[str]) -> bool:
    """Whether a row lies in a part of a list: behind its low end up to its high end, its values from least to most."""
    if not bounds[0] < place[0] <= bounds[1]:
        return False
    limits = zip(place[1:], bounds[2::2], bounds[3::2], strict=False)  # what is not told of a row may be anything
    return all(least <= value <= most for value, least, most in limits)


def ranges_header(ranges: Iterable[tuple[str, ...]]) -> str:
    """Return the value of `Edge-Ranges`: `<key>:<low>:<high>` for each part of a list, comma-separated.

    Where the list is narrowed, `:<least>:<most>` follows for each value that it can be narrowed by.
    """
    return RANGE_SEPARATOR.join(sorted({":".join((short(tag), *bounds)) for tag, *bounds in ranges}))
