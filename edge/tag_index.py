"""Which entries depend on a tag, in about 20 bytes a dependency.

A linear hash table (Litwin, 1980) whose buckets are arrays of (upper half of the tag, number of the entry): it grows
by one bucket at a time, so that no request waits for it. A bucket's find may be another tag's; who asks looks again.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable

_LOAD = 16  # pairs a bucket, on average
_LOW = 32
_MOST = (1 << _LOW) - 1


class TagIndex:
    """Entry numbers (below 2^32) by tag (64-bit numbers)."""

    def __init__(self) -> None:
        self._buckets: list[array[int]] = [array("Q")]
        self._pairs = 0
        self._level = 1  # buckets at the last doubling
        self._split = 0  # the next bucket to be split

    def __len__(self) -> int:
        return self._pairs

    def add(self, tags: Iterable[int], entry: int) -> None:
        """Remember that an entry depends on tags."""
        for tag in tags:
            self._bucket(tag).append(_pair(tag, entry))
            self._pairs += 1
            if self._pairs > _LOAD * len(self._buckets):
                self._grow()

    def remove(self, tags: Iterable[int], entry: int) -> None:
        """Forget an entry; `tags` are those it was added with."""
        for tag in tags:
            self._bucket(tag).remove(_pair(tag, entry))
            self._pairs -= 1

    def find(self, tag: int) -> list[int]:
        """Return the entries that may depend on a tag: all that do, and rarely another."""
        upper = tag >> _LOW
        return [pair & _MOST for pair in self._bucket(tag) if pair >> _LOW == upper]

    def _bucket(self, tag: int) -> array[int]:
        return self._buckets[self._place(tag >> _LOW)]

    def _place(self, upper: int) -> int:
        """Return the bucket of a tag's upper half, which a digest spreads evenly."""
        place = upper & (self._level - 1)
        return upper & (2 * self._level - 1) if place < self._split else place

    def _grow(self) -> None:
        """Split the next bucket in turn."""
        old = self._buckets[self._split]
        self._buckets.append(array("Q"))
        split = self._split
        self._split += 1
        if self._split == self._level:
            self._level, self._split = 2 * self._level, 0
        stays, moves = array("Q"), self._buckets[-1]
        for pair in old:
            (stays if self._place(pair >> _LOW) == split else moves).append(pair)
        self._buckets[split] = stays


def _pair(tag: int, entry: int) -> int:
    return (tag >> _LOW) << _LOW | entry
