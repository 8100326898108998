"""Pictures at the edge: answers of the image worker that never change, kept in memory until their original is deleted.

A picture's address names its content, so nothing can make it stale; it is dropped when what the worker's
`Surrogate-Key` names is touched. The format is negotiated, and many spellings of `Accept` mean the same: they are
reduced to three classes.
"""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge.coherence import Coherence
from edge.dependencies import Dependencies, Touch
from edge.eviction import S3Fifo
from edge.stream import EntryId
from edge.tags import number

CAPACITY = 128 * 1024 * 1024
_OVERHEAD = 1000  # bytes beside the body: headers, keys, the index
_KEPT = ("Content-Type", "Content-Disposition", "Cache-Control", "ETag", "Vary")
_GUARDS = ("X-Content-Type-Options", "Content-Security-Policy")
_LIFETIME = re.compile(r"max-age=([0-9]{1,10})")
_REFUSED = re.compile(r";\s*q=0(?:\.0{0,3})?\s*(?:;|$)")

Key = tuple[str, str]
"""A path with its query, and the class of what the client accepts."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its headers and bytes, by what it is dropped, and when (monotonic seconds) it came and ends."""

    headers: Mapping[str, str]
    body: bytes
    tags: Sequence[int]
    came: float
    ends: float


def accepted(accept: str) -> str:
    """Reduce an `Accept` header to `avif`, `webp` or `other`, as the image worker does: only what is named counts."""
    named = {part.partition(";")[0].strip() for part in accept.lower().split(",") if not _REFUSED.search(part)}
    if "image/avif" in named:
        return "avif"
    return "webp" if "image/webp" in named else "other"


def keepable(status: int, headers: Mapping[str, str]) -> int:
    """Return for how many seconds an answer may be kept; 0 where it may not: only what says that it never changes."""
    caching = headers.get("Cache-Control", "")
    lifetime = _LIFETIME.search(caching)
    if status != 200 or lifetime is None or "public" not in caching or "immutable" not in caching:  # noqa: PLR2004
        return 0
    return int(lifetime[1]) if headers.get("Vary", "Accept").lower() == "accept" else 0


class Pictures:
    """Pictures by key, bounded by bytes. Not for use from several threads."""

    def __init__(self, coherence: Coherence, capacity: int = CAPACITY) -> None:
        self._coherence = coherence
        self._kept: S3Fifo[Key, Picture] = S3Fifo(capacity, on_evict=self._forget)
        self._by_tag: defaultdict[int, set[Key]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def used(self) -> int:
        """Return how many bytes are in use, about."""
        return self._kept.used

    @property
    def largest(self) -> int:
        """Return how many bytes a picture may have."""
        return self._kept.largest - _OVERHEAD

    def get(self, key: Key, now: float) -> Picture | None:
        """Return the picture kept for a key, unless its address has ended."""
        found = self._kept.get(key)
        if found is not None and found.ends <= now:
            self._drop(key)
            return None
        return found

    def keep(self, key: Key, headers: Mapping[str, str], body: bytes, asked: EntryId | None, now: float) -> None:
        """Keep an answer that was asked for when the edge had applied the stream up to `asked`.

        Nothing is kept if what it depends on was touched since, or if that cannot be told.
        """
        lifetime = keepable(200, headers)
        tags = array("Q", sorted(number(tag) for tag in headers.get("Surrogate-Key", "").split()))
        if not lifetime or asked is None or not self._coherence.unmoved(Dependencies(tags, b"", {}), asked):
            return
        self._drop(key)
        told = {name: headers[name] for name in (*_KEPT, *_GUARDS) if name in headers}
        if self._kept.put(key, Picture(told, body, tags, now, now + lifetime), len(body) + _OVERHEAD):
            for tag in tags:
                self._by_tag[tag].add(key)

    def invalidate(self, touched: Touch) -> int:
        """Drop what a change touches; return how many pictures that were."""
        keys = list(self._by_tag.get(touched.tag, ()))
        for key in keys:
            self._drop(key)
        return len(keys)

    def clear(self) -> int:
        """Drop everything; return how many pictures that were."""
        dropped = len(self._kept)
        self._kept.clear()
        self._by_tag.clear()
        return dropped

    def _drop(self, key: Key) -> None:
        picture = self._kept.remove(key)
        if picture is not None:
            self._forget(key, picture)

    def _forget(self, key: Key, picture: Picture) -> None:
        for tag in picture.tags:
            keys = self._by_tag[tag]
            keys.discard(key)
            if not keys:
                del self._by_tag[tag]
