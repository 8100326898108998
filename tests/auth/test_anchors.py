"""Anchors of the audit log at their core: a file of them that was altered anywhere but behind its end is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from auth.anchors import Anchor, AnchorError, Known, follow, take, whole
from auth.chain import Head, chain_key

KEY = chain_key("s" * 32)
BEGUN = datetime(2026, 11, 27, tzinfo=UTC)


def taken(*moments: dict[str, Head]) -> list[Anchor]:
    """Take an anchor at each of these states of all chains, an hour apart."""
    known, anchors = Known(), list[Anchor]()
    for number, heads in enumerate(moments):
        anchor = take(KEY, known, heads, BEGUN + timedelta(hours=number))
        assert anchor is not None
        follow(KEY, known, anchor.line())
        anchors.append(anchor)
    return anchors


def replayed(lines: list[bytes]) -> tuple[Known, Anchor]:
    """Read lines as a file."""
    known = Known()
    last = [follow(KEY, known, line) for line in lines][-1]
    return known, last


A = {"a": Head(3, "a3"), "b": Head(1, "b1")}
THREE = (A, A | {"a": Head(5, "a5")}, A | {"a": Head(5, "a5"), "c": Head(1, "c1")})


def test_they_name_what_moved_and_together_every_chain() -> None:
    """Given three, then each names the chains that moved since the one before, and the last was taken over all."""
    anchors = taken(*THREE)
    assert [[*anchor.moved] for anchor in anchors] == [["a", "b"], ["a"], ["c"]]
    known, last = replayed([anchor.line() for anchor in anchors])
    assert known.heads == THREE[-1]
    assert (known.count, known.at) == (3, BEGUN + timedelta(hours=2))
    assert whole(known, last)
    assert take(KEY, known, THREE[-1], BEGUN) is None  # nothing has moved


def test_a_chain_that_is_gone_stays_known() -> None:
    """Given a chain without a stored end, then the digest goes on to be taken over where it was."""
    anchors = taken(THREE[0], {"a": Head(9, "a9")})
    known, last = replayed([anchor.line() for anchor in anchors])
    assert known.heads["b"] == Head(1, "b1")
    assert whole(known, last)


@pytest.mark.parametrize("place", [0, 1])
def test_attack_removing_an_anchor(place: int) -> None:
    """Given one removed that is not the last, then the one behind it follows from nothing."""
    lines = [anchor.line() for anchor in taken(*THREE)]
    del lines[place]
    with pytest.raises(AnchorError, match="does not follow"):
        replayed(lines)


@pytest.mark.parametrize("name", ["at", "moved", "digest", "previous", "mac"])
def test_attack_altering_an_anchor(name: str) -> None:
    """Given any part of one changed, then the line is named."""
    lines = [anchor.line() for anchor in taken(*THREE)]
    body = orjson.loads(lines[1])
    body[name] = [["a", 4, "a4"]] if name == "moved" else "2026-11-27T00:00:00+00:00" if name == "at" else "00" * 32
    lines[1] = orjson.dumps(body) + b"\n"
    with pytest.raises(AnchorError, match="anchor 2"):
        replayed(lines)


@pytest.mark.parametrize("line", [b"\n", b"[]\n", b"{}\n", b"null\n", b"\xff\n", b'{"moved": [1]}\n'])
def test_what_is_no_anchor_is_named(line: bytes) -> None:
    """Given any other line, then it is refused in words."""
    with pytest.raises(AnchorError, match="anchor 1 was altered"):
        follow(KEY, Known(), line)


def test_attack_anchors_of_another_secret() -> None:
    """Given a file that was made with another secret, then none of it is believed."""
    anchor = take(chain_key("t" * 32), Known(), A, BEGUN)
    assert anchor is not None
    with pytest.raises(AnchorError, match="another secret"):
        follow(KEY, Known(), anchor.line())
