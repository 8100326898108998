"""The chains of the audit log at their core: whatever is done to one is found, and named."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import bson
import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st

from auth.chain import Fault, Head, chain_key, genesis, head_of, number, read, seal, sign, signed, verify
from auth.signatures import Keys

KEY = chain_key("s" * 32)
KEYS = Keys("s" * 32)
ORGANIZATION = ObjectId("65f000000000000000000001")
CHAIN = str(ORGANIZATION)
Row = dict[str, Any]


def entry(number_: int, **more: Any) -> Row:
    """Return an entry as MongoDB gives it back."""
    row = {
        "_id": ObjectId(f"65f0000000000000{number_:08x}"),
        "created_at": datetime(2026, 11, 27, tzinfo=UTC) + timedelta(seconds=number_),
        "organization": ORGANIZATION,
        "action": "MEMBER_ROLE_CHANGED",
        "actor": ObjectId("65f0000000000000000000aa"),
        "address": "192.0.2.1",
        "details": {"was": "EDITOR", "role": "ADMIN", "number": number_},
        **more,
    }
    return {**row, "signature": sign(KEYS, row)}


@dataclass
class Chain:
    """A sealed chain, and its stored end."""

    rows: list[Row]
    head: Head | None

    def found(self) -> Any:
        """Verify it."""
        return verify(KEY, CHAIN, [bson.encode(row) for row in self.rows], self.head)


def chain(length: int) -> Chain:
    """Seal a chain of entries."""
    head, rows = genesis(KEY, CHAIN), list[Row]()
    for number_ in range(1, length + 1):
        row = entry(number_)
        sealed = seal(KEY, head, row)
        head = Head(sealed.seq, sealed.mac)
        rows.append({**row, **sealed._asdict()})
    return Chain(rows, head if rows else None)


lengths = st.integers(min_value=2, max_value=12)


@given(st.integers(min_value=0, max_value=12))
def test_a_chain_that_nobody_touched_verifies(length: int) -> None:
    """Of any length, none too."""
    assert chain(length).found() is None


def _alter(row: Row, name: str) -> None:
    """Change one attribute in the least way there is."""
    match row[name]:
        case str() as text:
            row[name] = text[:-1] + chr(ord(text[-1]) ^ 1) if text else "x"
        case datetime() as moment:
            row[name] = moment + timedelta(milliseconds=1)
        case ObjectId() as id_:
            row[name] = ObjectId(bytes([*id_.binary[:-1], id_.binary[-1] ^ 1]))
        case dict() as details:
            row[name] = {**details, "role": "OWNER"}
        case other:
            raise AssertionError(f"{name}: {other!r}")


@given(st.data(), lengths)
def test_attack_altering_any_attribute_of_any_entry(data: st.DataObject, length: int) -> None:
    """Given one attribute of one entry changed by a bit, then that entry is named as altered, by its id."""
    bent = chain(length)
    place = data.draw(st.integers(0, length - 1))
    name = data.draw(st.sampled_from([name for name in bent.rows[place] if name != "seq"]))
    _alter(bent.rows[place], name)
    found = bent.found()
    assert (found.fault, found.seq) == (Fault.ALTERED, place + 1)
    assert found.entry == str(bent.rows[place]["_id"])


@pytest.mark.parametrize("more", [{"added": 1}, {"details": {}}, {"actor": None}, {"api_key": ObjectId()}])
def test_attack_adding_or_emptying_attributes(more: Row) -> None:
    """Also attributes that no entry has: what is sealed is the document."""
    bent = chain(3)
    bent.rows[1] |= more
    found = bent.found()
    assert (found.fault, found.seq) == (Fault.ALTERED, 2)


def test_attack_another_type_of_the_same_value() -> None:
    """Given a number that becomes a text or a double, then it is not what was sealed; BSON tells them apart."""
    for value in ("2", 2.0, bson.Int64(2)):
        bent = chain(3)
        bent.rows[1]["details"] = {**bent.rows[1]["details"], "number": value}
        assert bent.found().seq == 2


@given(st.data(), lengths)
def test_attack_removing_any_entry(data: st.DataObject, length: int) -> None:
    """Given an entry removed, the last one too, then its number is named as removed."""
    bent = chain(length)
    place = data.draw(st.integers(0, length - 1))
    del bent.rows[place]
    found = bent.found()
    assert (found.fault, found.seq) == (Fault.REMOVED, place + 1)


@given(st.data(), lengths)
def test_attack_removing_an_entry_and_closing_the_gap(data: st.DataObject, length: int) -> None:
    """Given those behind it numbered anew, then what stands in its place says where it was sealed."""
    bent = chain(length)
    place = data.draw(st.integers(0, length - 2))
    del bent.rows[place]
    for behind in bent.rows[place:]:
        behind["seq"] -= 1
    found = bent.found()
    assert (found.fault, found.seq) == (Fault.REMOVED, place + 1)


@given(st.data(), lengths)
def test_attack_cutting_the_tail(data: st.DataObject, length: int) -> None:
    """Given the end of a chain removed, then the first that is missing is named."""
    bent = chain(length)
    kept = data.draw(st.integers(0, length - 1))
    bent.rows = bent.rows[:kept]
    found = bent.found()
    assert (found.fault, found.seq) == (Fault.REMOVED, kept + 1)


@given(st.data(), lengths)
def test_attack_inserting_an_entry(data: st.DataObject, length: int) -> None:
    """Given a made-up entry between others (numbered anew), or behind the last, then it is named, by its id."""
    bent = chain(length)
    place = data.draw(st.integers(0, length))
    made_up = entry(99) | {"seq": place + 1, "mac": "00" * 32}
    made_up["previous"] = bent.rows[place - 1]["mac"] if place else genesis(KEY, CHAIN).mac
    for behind in bent.rows[place:]:
        behind["seq"] += 1
    bent.rows.insert(place, made_up)
    found = bent.found()
    assert (found.fault, found.seq, found.entry) == (Fault.INSERTED, place + 1, str(made_up["_id"]))


@given(st.data(), lengths)
def test_attack_a_second_entry_of_the_same_number(data: st.DataObject, length: int) -> None:
    """Given a made-up entry beside a true one, then there is one too many of that number."""
    bent = chain(length)
    place = data.draw(st.integers(0, length - 1))
    bent.rows.insert(place + 1, entry(99) | {name: bent.rows[place][name] for name in ("seq", "previous", "mac")})
    found = bent.found()
    assert (found.fault, found.seq) == (Fault.INSERTED, place + 1)


@given(st.data(), lengths)
def test_attack_swapping_any_two_entries(data: st.DataObject, length: int) -> None:
    """Given two that change places, with their seals, then the first place is named as reordered."""
    bent = chain(length)
    one, other = sorted(data.draw(st.sets(st.integers(0, length - 1), min_size=2, max_size=2)))
    rows = bent.rows
    rows[one], rows[other] = rows[other], rows[one]
    rows[one]["seq"], rows[other]["seq"] = one + 1, other + 1
    found = bent.found()
    assert (found.fault, found.seq, found.entry) == (Fault.REORDERED, one + 1, str(rows[one]["_id"]))


@given(st.data(), lengths)
def test_attack_swapping_what_entries_say(data: st.DataObject, length: int) -> None:
    """Given two that change places and leave their seals where they were, then the first is altered."""
    bent = chain(length)
    one, other = sorted(data.draw(st.sets(st.integers(0, length - 1), min_size=2, max_size=2)))
    seals = [{name: bent.rows[place][name] for name in ("seq", "previous", "mac")} for place in (one, other)]
    bent.rows[one], bent.rows[other] = bent.rows[other] | seals[0], bent.rows[one] | seals[1]
    found = bent.found()
    assert (found.fault, found.seq) == (Fault.ALTERED, one + 1)


@given(st.data(), st.integers(min_value=3, max_value=12))
def test_attack_any_order_but_the_true_one(data: st.DataObject, length: int) -> None:
    """Given entries shuffled and numbered anew, then the first that is out of place is named."""
    bent = chain(length)
    order = data.draw(st.permutations(range(length)))
    bent.rows = [bent.rows[place] | {"seq": number_} for number_, place in enumerate(order, start=1)]
    first = next((number_ for number_, place in enumerate(order) if number_ != place), None)
    found = bent.found()
    assert found is None if first is None else found.seq == first + 1


def test_attack_sealing_anew_without_the_secret() -> None:
    """Given a tail that was altered and sealed again, with its end, by another key, then its first entry is named."""
    bent, other = chain(6), chain_key("another secret of at least 32 bytes")
    head = Head(3, bent.rows[2]["mac"])
    for row in bent.rows[3:]:
        row["details"] = {"role": "OWNER"}
        sealed = seal(other, head, row)
        row.update(sealed._asdict())
        head = Head(sealed.seq, sealed.mac)
    bent.head = head
    found = bent.found()
    assert (found.fault, found.seq) == (Fault.ALTERED, 4)


def test_attack_moving_an_entry_to_another_chain() -> None:
    """Given a whole chain that is said to be another organization's, then its first entry does not fit there."""
    bent = chain(3)
    found = verify(KEY, str(ObjectId()), [bson.encode(row) for row in bent.rows], bent.head)
    assert found is not None
    assert found.seq == 1


def test_attack_removing_the_end_that_is_stored() -> None:
    """Given entries without an end, then that is found: how far they went can no longer be told."""
    bent = chain(3)
    bent.head = None
    assert bent.found().fault is Fault.REMOVED


def test_attack_another_end() -> None:
    """Given an end with another MAC, then the last entry is not the one that it was."""
    bent = chain(3)
    bent.head = Head(3, "00" * 32)
    assert bent.found().fault is Fault.ALTERED


def test_what_was_sealed_while_verifying_must_follow() -> None:
    """Given an end that was read before more was sealed, then what fits is no finding, and what does not is."""
    grown = chain(5)
    grown.head = Head(3, grown.rows[2]["mac"])
    assert grown.found() is None
    grown.rows[4]["details"] = {}
    assert grown.found().fault is Fault.INSERTED


@pytest.mark.parametrize("stored", [b"", b"\x05\x00\x00\x00", bson.encode({"a": "b"})[:-3] + b"\xff\x00\x00"])
def test_what_cannot_be_read_is_a_finding(stored: bytes) -> None:
    """Given bytes that are no document, or text that is none, then the place is named and nothing is raised."""
    assert read(stored) is None
    found = verify(KEY, CHAIN, [stored], None)
    assert found is not None
    assert found.seq == 1


@given(st.one_of(st.none(), st.booleans(), st.floats(), st.text(), st.integers(), st.lists(st.integers())))
def test_numbers_are_whole_and_positive(value: object) -> None:
    """Given anything else as a number, then it is none, and a stored end with it is none."""
    whole = type(value) is int and 0 < value < 2**63
    assert (number({"seq": value}) is not None) is whole
    assert (head_of({"seq": value, "mac": "00" * 32}) is not None) is whole


@given(st.sampled_from(["action", "actor", "address", "created_at", "details", "organization", "_id"]))
def test_attack_altering_what_waits_to_be_sealed(name: str) -> None:
    """Given an entry changed before it is sealed, then its signature does not fit; the seal itself changes nothing."""
    row = entry(1)
    assert signed(KEYS, row | {"seq": 1, "previous": "x", "mac": "y"})
    _alter(row, name)
    assert not signed(KEYS, row)
    assert not signed(Keys("t" * 32), entry(1))
    assert not signed(KEYS, entry(1) | {"signature": None})


def test_the_order_of_attributes_says_nothing() -> None:
    """Given a log that was dumped and loaded with its attributes in another order, then it verifies."""
    moved = chain(4)
    for row in moved.rows:
        names = [*row]
        random.Random(1).shuffle(names)  # noqa: S311 - no secret
        shuffled = {name: row[name] for name in names}
        shuffled["details"] = dict(reversed(row["details"].items()))
        row.clear()
        row.update(shuffled)
    assert moved.found() is None
