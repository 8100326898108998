"""A GraphQL request that memory has answered, for the fast way: by what it means, and by its bytes (`edge/fast.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web
from aiohttp.http_parser import RawRequestMessage

from edge import answers
from edge.cache import Edge
from edge.fast import ENTRY_BYTES, Reply, remember
from edge.gate import Admitted, credentials, payer_of
from edge.keys import Lookup
from edge.metrics import REQUESTS
from edge.store import Stored
from edge.stream import EntryId
from edge.tolls import hit_price

Meaning = tuple[str, str, str, str, str, str, str]
"""All of a GET on which its answer from memory depends: its target, four headers, and two more with an API key."""


def meaning(target: str, headers: Mapping[str, str]) -> Meaning:
    """Return what a GET means."""
    get = headers.get
    return (
        target,
        get("Accept", ""),
        get("Accept-Encoding", ""),
        get("If-None-Match", ""),
        get("Edge-As-Of", ""),
        *credentials(headers),
    )


def peek(edge: Edge, message: RawRequestMessage) -> Reply | None:
    """Return what is known of a GET that has just been read."""
    return edge.recognised.get(meaning(message.path, message.headers))


def recognise(
    edge: Edge, request: web.Request, wanted: Lookup, own: EntryId | None, price: int, admitted: Admitted | None = None
) -> None:
    """Have the fast way answer the next request that means the same, for this price until it knows better."""
    meant = meaning(request.raw_path, request.headers)
    known = Recognised(edge, wanted, own, meant, price, admitted)
    edge.recognised.put(meant, known, sum(map(len, meant)) + ENTRY_BYTES)
    remember(request, known)


class Recognised:
    """What one request head asks for, and the head of the answer to it, which is made anew every second.

    With an API key, `admitted`, that is looked at each time: it may have been revoked.
    """

    __slots__ = (
        "_accept",
        "_admitted",
        "_count",
        "_edge",
        "_head",
        "_key",
        "_number",
        "_own",
        "_part",
        "_until",
        "payer",
        "price",
    )

    def __init__(
        self,
        edge: Edge,
        wanted: Lookup,
        own: EntryId | None,
        meant: Meaning,
        price: int,
        admitted: Admitted | None,
    ) -> None:
        self._edge = edge
        self._key = wanted.key
        self._own = own
        _, *self._accept, _, _, _ = meant
        self._admitted = admitted
        self.payer = payer_of(admitted)
        self._count = REQUESTS.labels(wanted.plan.label, "hit")
        self._number = -1
        self._until = 0.0
        self._head = b""
        self._part: str | None = None
        self.price = price

    def reply(self) -> tuple[bytes, bytes] | None:
        """Return the answer from memory as head and body; None where the ordinary way must decide."""
        edge = self._edge
        now = edge.clock()
        if not edge.coherence.vouches(now) or not (self._own is None or edge.coherence.covers(self._own)):
            return None
        entry = edge.store.get(self._key, now)
        if entry is None:
            return None
        if entry.number != self._number or now >= self._until:
            if entry.remaining(now) <= 0:
                return None
            self._prepare(entry, now)
        admitted = self._admitted
        if admitted is not None and not edge.gate.still(admitted):
            return None
        self._count.inc()
        body = entry.bodies[self._part] if self._part is not None else b""
        if admitted is not None:
            edge.gate.answered(admitted, self.price, len(body))
        return self._head, body

    def _prepare(self, entry: Stored, now: float) -> None:
        status, headers, body = answers.headers(entry, *self._accept)
        headers |= self._edge.config.guards.shared
        age = entry.age_at(now)
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{n}: {value}" for n, value in headers.items())]
        lines += [f"Age: {age}", f"Cache-Status: edge; hit; ttl={entry.max_age - age}"]
        if status == HTTPStatus.OK:
            lines.append(f"Content-Length: {len(body)}")
        lines += [f"Date: {answers.http_date()}", "", ""]
        self._head = "\r\n".join(lines).encode("ascii")
        self._part = headers.get("Content-Encoding", "identity") if status == HTTPStatus.OK else None
        self.price = hit_price(len(entry.bodies["identity"]) if status == HTTPStatus.OK else 0)
        self._number = entry.number
        self._until = entry.stored_at + (age - entry.age) + 1
