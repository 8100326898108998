"""The chains of the audit log; pure: signing entries, sealing them, and finding what was done to sealed ones.

An entry is signed by who writes it, in the action's transaction: so nobody without the deployment's secret adds one.
Afterwards the sealer numbers the entries of a chain from 1 and gives each an HMAC-SHA256 (RFC 2104) over that of the
one before, its number and all its attributes: so nothing sealed can be altered, removed, inserted or moved unseen.

Entries are taken as the bytes that MongoDB stores (BSON), since whoever bends a log need not keep to any type.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, NamedTuple

import bson
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import BSONError

from auth.signatures import Keys
from models.audit import SEALS

Row = Mapping[str, Any]

IDENTITY: Final = "identity"
"""The name of the chain that belongs to no organization; the others are named by their organization's id."""

_UNSIGNED: Final = frozenset((*SEALS, "signature"))
_UNSEALED: Final = frozenset(SEALS)
_ANY: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_AUTO)
_MAC_BYTES: Final = 32
_LARGEST: Final = 2**63


class Head(NamedTuple):
    """The end of a chain: the number of its newest entry, from 1, and that entry's MAC in hex."""

    seq: int
    mac: str


class Seal(NamedTuple):
    """What the sealer adds to an entry."""

    seq: int
    previous: str
    mac: str


class Fault(StrEnum):
    """What was done to a log."""

    ALTERED = "altered"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"


@dataclass(frozen=True)
class Finding:
    """The first thing that is wrong with a chain: at which number, with which entry (its id, where it is there)."""

    chain: str
    seq: int | None
    entry: str | None
    fault: Fault
    why: str

    def __str__(self) -> str:
        place = "an entry without a number" if self.seq is None else f"entry {self.seq}"
        named = "" if self.entry is None else f" ({self.entry})"
        return f"chain {self.chain}: {place}{named} was {self.fault}: {self.why}"


def chain_name(organization: object) -> str:
    """Return the name of the chain that an entry with this `organization` belongs to."""
    return IDENTITY if organization is None else str(organization)


def chain_key(secret: str) -> bytes:
    """Derive the key of the chains from the deployment's secret; it is stored nowhere."""
    return hmac.digest(secret.encode(), b"audit-chain", "sha256")


def read(stored: bytes) -> Row | None:
    """Return a stored entry; None for what is no document at all, which MongoDB accepts from some clients."""
    try:
        return bson.decode(stored, _ANY)
    except (BSONError, ValueError, OverflowError):
        return None


def sign(keys: Keys, row: Row) -> str:
    """Return the signature of an entry that is about to be written."""
    return keys.sign("audit-entry", _digest(row)).partition(".")[2]


def signed(keys: Keys, row: Row) -> bool:
    """Whether an entry is as one of our processes wrote it, whether it is sealed or not."""
    signature = row.get("signature")
    return isinstance(signature, str) and keys.verified("audit-entry", f"{_digest(row)}.{signature}") is not None


def head_of(row: Row) -> Head | None:
    """Return the end of a chain as it is stored; None where it is none that a sealer writes."""
    seq, mac = number(row), row.get("mac")
    return Head(seq, mac) if seq is not None and isinstance(mac, str) and _is_mac(mac) else None


def genesis(key: bytes, chain: str) -> Head:
    """Return where a chain begins: before its first entry."""
    return Head(0, hmac.digest(key, b"genesis:" + chain.encode(), "sha256").hex())


def seal(key: bytes, head: Head, row: Row) -> Seal:
    """Return the seal of the entry that follows the head of its chain."""
    return Seal(head.seq + 1, head.mac, _mac(key, head.mac, head.seq + 1, _content(row)))


def ends_with(key: bytes, head: Head, row: Row) -> bool:
    """Whether a chain that ends there was sealed with this key, where `row` is its newest entry."""
    previous = row.get("previous")
    genuine = isinstance(previous, str) and _is_mac(previous)
    return genuine and _mac(key, str(previous), head.seq, _content(row)) == head.mac


def _digest(row: Row) -> str:
    return sha256(_bytes(row, _UNSIGNED)).hexdigest()


def _content(row: Row) -> bytes:
    return _bytes(row, _UNSEALED)


def _bytes(row: Row, without: frozenset[str]) -> bytes:
    """Return a document's attributes as canonical bytes: BSON, which has types and lengths, with names in order."""
    return bson.encode({name: _ordered(row[name]) for name in sorted(row) if name not in without})


def _ordered(value: Any) -> Any:
    match value:
        case Mapping():
            return {name: _ordered(value[name]) for name in sorted(value)}
        case list():
            return [_ordered(part) for part in value]
        case _:
            return value


def _mac(key: bytes, previous: str, seq: int, content: bytes) -> str:
    return hmac.digest(key, bytes.fromhex(previous) + seq.to_bytes(8) + content, "sha256").hex()


def number(row: Row) -> int | None:
    """Return an entry's number; None where that is none that a sealer writes."""
    seq: Any = row.get("seq")
    whole = isinstance(seq, int) and not isinstance(seq, bool)  # as one of 64 bits is, to the driver
    return int(seq) if whole and 0 < seq < _LARGEST else None


class Walk:
    """Follows one chain in the order of its numbers, and remembers no more than the end of what it has seen.

    `head` is the stored end of the chain, None where there is none. Give each stored entry to `step`, then ask `end`;
    the first finding ends the walk. What is wrong with an entry can be told by the next one alone, so it is told then.
    """

    def __init__(self, key: bytes, chain: str, head: Head | None) -> None:
        self._key, self._chain, self._head = key, chain, head
        self._at = genesis(key, chain)
        self._suspect: Row | None = None

    def step(self, stored: bytes) -> Finding | None:
        """Look at the next entry."""
        row = read(stored)
        if self._suspect is not None:
            return self._judge(self._suspect, row)
        if row is None:
            return self._found(Fault.ALTERED, self._at.seq + 1, None, "it cannot be read")
        if number(row) != self._at.seq + 1:
            return self._misnumbered(row)
        if not self._fits(row):
            self._suspect = row
            return None
        self._at = Head(self._at.seq + 1, row["mac"])
        return self._at_head(row)

    def end(self) -> Finding | None:
        """Say what is wrong once no more entries come."""
        if self._suspect is not None:
            return self._judge(self._suspect, None)
        if self._head is None:
            if self._at.seq == 0:
                return None
            return self._found(Fault.REMOVED, self._at.seq, None, "the chain's end is no longer known")
        if self._at.seq < self._head.seq:
            return self._found(Fault.REMOVED, self._at.seq + 1, None, f"the chain went on to {self._head.seq}")
        return None

    def _misnumbered(self, row: Row) -> Finding:
        """Say what is wrong with an entry that has not the next number."""
        seq, due = number(row), self._at.seq + 1
        if seq is None:
            return self._found(Fault.ALTERED, due, row, f"its number is {row.get('seq')!r:.40}")
        if seq < due:
            return self._found(Fault.INSERTED, seq, row, "there are two with this number")
        return self._found(Fault.REMOVED, due, None, f"the next one that is there is {seq}")

    def _fits(self, row: Row) -> bool:
        """Whether an entry is the next one."""
        if row.get("previous") != self._at.mac:
            return False
        mac = _mac(self._key, self._at.mac, self._at.seq + 1, _content(row))
        return isinstance(row.get("mac"), str) and hmac.compare_digest(mac.encode(), row["mac"].encode())

    def _at_head(self, row: Row) -> Finding | None:
        """Hold the chain against its stored end, where it has come there."""
        if self._head is None or self._at.seq != self._head.seq or self._at.mac == self._head.mac:
            return None
        return self._found(Fault.ALTERED, self._at.seq, row, "the chain ended with another entry of this number")

    def _judge(self, row: Row, after: Row | None) -> Finding:
        """Say what was done where `row` stands, which is not what should follow; `after` is what stands behind it."""
        due = self._at.seq + 1
        if self._head is not None and due > self._head.seq:
            return self._found(Fault.INSERTED, due, row, "no sealer wrote it, and the chain ended before it")
        sealed = self._sealed_as(row)
        if sealed is None and after is not None and self._follows(after):
            return self._found(Fault.INSERTED, due, row, "no sealer wrote it, and what should stand here comes behind")
        if sealed is None:
            return self._found(Fault.ALTERED, due, row, "it is not what was sealed")
        shifted = after is None or self._sealed_as(after) == sealed + 1
        if sealed > due and shifted:
            return self._found(Fault.REMOVED, due, None, f"what stands in its place was sealed as entry {sealed}")
        return self._found(Fault.REORDERED, due, row, f"it was sealed as entry {sealed}, or behind another one")

    def _follows(self, row: Row) -> bool:
        """Whether an entry was sealed as the next one, whatever number it has now."""
        mac = _mac(self._key, self._at.mac, self._at.seq + 1, _content(row))
        return row.get("previous") == self._at.mac and row.get("mac") == mac

    def _sealed_as(self, row: Row) -> int | None:
        """Return the number that an intact entry was sealed with, wherever it stands now; None for one that is not."""
        previous, content = row.get("previous"), _content(row)
        if not isinstance(previous, str) or not _is_mac(previous):
            return None
        last = max(self._at.seq + 1, self._head.seq if self._head is not None else 0)
        numbers = range(1, last + 2)
        return next((seq for seq in numbers if _mac(self._key, previous, seq, content) == row.get("mac")), None)

    def _found(self, fault: Fault, seq: int, row: Row | None, why: str) -> Finding:
        return Finding(self._chain, seq, None if row is None else str(row.get("_id")), fault, why)


def _is_mac(text: str) -> bool:
    try:
        return len(bytes.fromhex(text)) == _MAC_BYTES
    except ValueError:
        return False


def verify(key: bytes, chain: str, entries: Iterable[bytes], head: Head | None) -> Finding | None:
    """Return the first thing that is wrong with a chain, whose stored entries come in the order of their numbers."""
    walk = Walk(key, chain, head)
    return next((finding for finding in _findings(walk, entries) if finding is not None), None)


def _findings(walk: Walk, entries: Iterable[bytes]) -> Iterator[Finding | None]:
    yield from map(walk.step, entries)
    yield walk.end()
