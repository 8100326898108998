"""A second layer behind the memory of several edges: answers in a Redis of its own, so that a new edge starts warm.

It is guarded by the same rules as the first: an answer carries its `as_of` and what it depends on, and whoever takes it
out judges it by the stream. So it may be lost, evict, or be late, and never makes an answer stale.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from edge.dependencies import Dependencies
from edge.keys import Lookup
from edge.store import Stored
from edge.stream import EntryId

log = logging.getLogger(__name__)
_PREFIX = "edge:answer:"
_HEAD_BYTES = 4  # the length of the description that stands before the bodies


class SecondLayer:
    """Answers by key in Redis. `wall_clock` (Unix seconds) dates them, since edges share no monotonic one."""

    def __init__(self, redis: Redis, wall_clock: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._wall_clock = wall_clock

    async def get(self, wanted: Lookup, reads: Mapping[str, frozenset[str]], now: float) -> Stored | None:
        """Return what is kept of an answer, not yet judged; None where there is nothing that can be read."""
        try:
            found = await self._redis.get(_PREFIX + wanted.key)
        except (RedisError, OSError) as error:
            log.warning("The second layer does not answer: %s", error)
            return None
        return self._decode(found, wanted, reads, now) if isinstance(found, bytes) else None

    async def put(self, wanted: Lookup, answer: Stored, now: float) -> None:
        """Keep an answer for as long as it is fresh."""
        remaining = answer.remaining(now)
        if remaining <= 0:
            return
        try:
            await self._redis.set(_PREFIX + wanted.key, self._encode(answer, now), ex=remaining)
        except (RedisError, OSError) as error:
            log.warning("An answer could not be put into the second layer: %s", error)

    def _encode(self, answer: Stored, now: float) -> bytes:
        head = orjson.dumps(
            {
                "variables": answer.variables.decode(),
                "etag": answer.etag,
                "tags": answer.dependencies.tags.tolist(),
                "ranges": answer.dependencies.ranges.decode(),
                "as_of": str(answer.as_of),
                "made_at": self._wall_clock() - answer.age_at(now),
                "lifetimes": [answer.max_age, answer.stale_while_revalidate, answer.stale_if_error],
                "bodies": [[coding, len(body)] for coding, body in answer.bodies.items()],
            }
        )
        return b"".join((len(head).to_bytes(_HEAD_BYTES, "big"), head, *answer.bodies.values()))

    def _decode(self, data: bytes, wanted: Lookup, reads: Mapping[str, frozenset[str]], now: float) -> Stored | None:
        try:
            end = _HEAD_BYTES + int.from_bytes(data[:_HEAD_BYTES], "big")
            head = orjson.loads(data[_HEAD_BYTES:end])
            if head["variables"].encode() != wanted.variables:
                return None
            bodies: dict[str, bytes] = {}
            for coding, length in head["bodies"]:
                bodies[coding] = data[end : end + length]
                end += length
            if end != len(data) or "identity" not in bodies:
                return None
            max_age, while_revalidating, if_error = head["lifetimes"]
            return Stored(
                plan=wanted.plan,
                variables=wanted.variables,
                bodies=bodies,
                etag=head["etag"],
                dependencies=Dependencies.of(head["tags"], head["ranges"], reads),
                as_of=EntryId.parse(head["as_of"]),
                stored_at=now,
                age=max(0, int(self._wall_clock() - head["made_at"])),
                max_age=max_age,
                stale_while_revalidate=while_revalidating,
                stale_if_error=if_error,
            )
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            log.warning("An answer of the second layer cannot be read (%s).", error)
            return None
