"""Keys as texts: what is one of ours, and what is kept of it."""

from __future__ import annotations

import re
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.api_keys import SHOWN, checksum, hashed, make, presented, well_formed

KEY = make(live=True)


def test_a_key_is_a_prefix_random_characters_and_a_checksum() -> None:
    """Given new keys, then each is found by the scanner's pattern, says what it is for, and none is like another."""
    keys = {make(live=True) for _ in range(100)}
    assert len(keys) == 100
    assert len({key[:-6] for key in keys}) == 100
    for key in keys:
        assert re.fullmatch(r"dp_(live|test)_[0-9A-Za-z]{36}", key)
        assert well_formed(key)
    assert make(live=False).startswith("dp_test_")
    assert 62**30 > 2**160
    assert len(KEY[:SHOWN]) == 12


@given(st.integers(0, 43), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_typing_error_is_seen_by_the_checksum(place: int, other: str) -> None:
    """Given a key with one character changed, then it is none, wherever that is: CRC-32 sees any burst of 32 bits."""
    changed = KEY[:place] + other + KEY[place + 1 :]
    assert well_formed(changed) is (changed == KEY)


@given(st.text(max_size=60))
def test_an_invention_is_no_key(text: str) -> None:
    """Given any text in the place of a key, then nothing breaks, and it is none."""
    assert not well_formed(text)
    assert presented(f"Bearer dp_live_{text}") == ""


def test_a_checksum_that_was_known_before() -> None:
    """The checksum is CRC-32 (of `123456789` it is 0xCBF43926) in base62 by digits, capitals, small letters."""
    number, digits = 0xCBF43926, ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[digit] + digits
    assert checksum("123456789") == digits


@pytest.mark.parametrize("value", [f"Bearer {KEY}", f"bearer {KEY}", f"BEARER   {KEY} "])
def test_a_key_is_presented_as_a_bearer_token(value: str) -> None:
    """Given a key after `Bearer`, then it is known by its SHA-256, which is looked up, and not by parts of itself."""
    assert presented(value) == hashed(KEY) == sha256(KEY.encode()).hexdigest()


@pytest.mark.parametrize("value", ["", KEY, f"Basic {KEY}", "Bearer", "Bearer eyJhbGciOi.dp_live_.x", f"Bearer x{KEY}"])
def test_other_credentials_are_no_keys(value: str) -> None:
    """Given anything else, then it is left to those who know it."""
    assert presented(value) is None


@pytest.mark.parametrize(
    "value", [f"Bearer {KEY}x", f"Bearer {KEY} {KEY}", "Bearer dp_", f"Bearer {KEY.lower()}", f"Bearer {KEY}\n"]
)
def test_what_begins_like_a_key_and_is_none_is_malformed(value: str) -> None:
    """Given a broken key, then that is told apart from other credentials."""
    assert presented(value) == ""
