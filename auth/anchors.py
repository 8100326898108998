"""Anchors of the audit log; pure. They say how far each chain had come, and are kept where the log is not.

Whoever can write to the database can cut the end off a chain, and put the chain's stored end back with it: what is left
verifies. An anchor that was taken before shows it. Each names the ends of all chains that have moved since the one
before it, and a digest over those of all (so that a chain that is gone altogether is missed too), and carries an HMAC
over that and the anchor before: a copy of the file, kept elsewhere, cannot be made up afterwards.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import orjson

from auth.chain import Head

_FIRST: Final = ""


class AnchorError(Exception):
    """A file of anchors was altered; the message names the line."""


@dataclass(frozen=True)
class Anchor:
    """One anchor: when it was taken, the chains that had moved, a digest over all, and what binds it to the last."""

    at: datetime
    moved: Mapping[str, Head]
    digest: str
    previous: str
    mac: str

    def line(self) -> bytes:
        """Return it as a line of JSON."""
        return orjson.dumps(_body(self.at, self.moved, self.digest, self.previous) | {"mac": self.mac}) + b"\n"


@dataclass
class Known:
    """What the anchors of a file say together: the end of each chain, and the last one's MAC and time."""

    heads: dict[str, Head] = field(default_factory=dict)
    mac: str = _FIRST
    at: datetime | None = None
    count: int = 0


def take(key: bytes, known: Known, heads: Mapping[str, Head], at: datetime) -> Anchor | None:
    """Return the anchor that follows what is known, now that chains end there; None where nothing has moved."""
    moved = {chain: head for chain, head in sorted(heads.items()) if known.heads.get(chain) != head}
    if not moved:
        return None
    digest = _digest({**known.heads, **moved})
    return Anchor(at, moved, digest, known.mac, _mac(key, _body(at, moved, digest, known.mac)))


def follow(key: bytes, known: Known, line: bytes) -> Anchor:
    """Read the line that follows what is known, and take it over.

    Raises:
        AnchorError: it is no anchor of ours, or not the one that follows.

    """
    number = known.count + 1
    try:
        body = orjson.loads(line)
        mac, moved = body.pop("mac"), {chain: Head(int(seq), str(mac)) for chain, seq, mac in body["moved"]}
        anchor = Anchor(datetime.fromisoformat(body["at"]), moved, body["digest"], body["previous"], mac)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise AnchorError(f"anchor {number} was altered: it cannot be read") from error
    genuine = _mac(key, _body(anchor.at, anchor.moved, anchor.digest, anchor.previous))
    if not isinstance(mac, str) or not hmac.compare_digest(mac.encode(), genuine.encode()):
        raise AnchorError(f"anchor {number} was altered: its MAC does not fit, or it was made with another secret")
    if anchor.previous != known.mac:
        raise AnchorError(f"anchor {number} does not follow the one before it: some were removed between, or moved")
    known.heads.update(anchor.moved)
    known.mac, known.at, known.count = anchor.mac, anchor.at, number
    return anchor


def whole(known: Known, last: Anchor) -> bool:
    """Whether the last anchor was taken over just the chains that all of them name."""
    return _digest(known.heads) == last.digest


def _body(at: datetime, moved: Mapping[str, Head], digest: str, previous: str) -> dict[str, Any]:
    heads = [[chain, head.seq, head.mac] for chain, head in sorted(moved.items())]
    return {"at": at.isoformat(), "moved": heads, "digest": digest, "previous": previous}


def _digest(heads: Mapping[str, Head]) -> str:
    return sha256(orjson.dumps([[chain, *heads[chain]] for chain in sorted(heads)])).hexdigest()


def _mac(key: bytes, body: Mapping[str, Any]) -> str:
    return hmac.digest(key, b"anchor:" + orjson.dumps(body, option=orjson.OPT_SORT_KEYS), "sha256").hex()
