"""When a served answer counts as stale; pure.

A difference from the origin proves nothing at first: a write may be on its way. So a differing answer is a suspect, and
is looked at again once the permitted lag has passed since the origin differed. What an edge should have dropped it has
dropped by then; if it fetched the answer anew, that has another `as_of`, since an edge keeps nothing that is older than
what it has applied. The same answer as of the same moment, still served, is one that an invalidation has missed.

That holds because the origin is asked as of the answer's own `as_of` or later, by a signed `Edge-As-Of`: a slower API
process never shows it something older than what the edge has. The origin is asked once more before the verdict: data
that went back to what the edge shows is nothing that a client could still complain of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from edge.stream import EntryId

Value = TypeVar("Value")

PERMITTED_LAG = 2.0
"""Seconds by which an edge may be behind the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An answer as an edge describes it: `digest` is of its body, `tags` and `ranges` are spelled as in the headers."""

    key: str
    id: str
    operation: str
    variables: Mapping[str, Any]
    digest: str
    as_of: EntryId
    age: int
    tags: str
    ranges: str

    @classmethod
    def decode(cls, row: Any) -> Held:
        """Read a row of an edge's `/answers`; raises ValueError for what is none."""
        if not isinstance(row, dict):
            raise ValueError("an answer is not described by an object")  # noqa: TRY004 - one error for all that is wrong
        key, id_, operation, digest, as_of, tags, ranges = (
            _of(str, row, name) for name in ("key", "id", "operation", "digest", "as_of", "tags", "ranges")
        )
        return cls(
            key=key,
            id=id_,
            operation=operation,
            variables=_of(dict, row, "variables"),
            digest=digest,
            as_of=EntryId.parse(as_of),
            age=_of(int, row, "age"),
            tags=tags,
            ranges=ranges,
        )

    @property
    def asked(self) -> str:
        """What was asked, for a person: the operation and its variables."""
        return f"{self.operation} {orjson.dumps(self.variables).decode()}"

    def same(self, other: Held) -> bool:
        """Whether this is the same answer as of the same moment; its place and its codings may have changed."""
        return (self.key, self.as_of, self.digest) == (other.key, other.as_of, other.digest)


def differs(held: Held, origin: str) -> bool:
    """Whether the origin's body has another digest: at the first look, a reason for a second one."""
    return held.digest != origin


def stale(then: Held, now: Held | None, origin: str) -> bool:
    """Judge a suspect by what the edge serves for its key after the permitted lag, and the origin's newest digest.

    What was dropped, evicted, or fetched anew meanwhile was not stale, nor is what the data went back to.
    """
    return now is not None and now.same(then) and differs(now, origin)


def _of(kind: type[Value], row: Mapping[str, Any], name: str) -> Value:
    value = row.get(name)
    if not isinstance(value, kind):
        raise ValueError(f"{name} of an answer: expected {kind.__name__}, got {str(value)[:40]!r}")  # noqa: TRY004 - likewise
    return value
