"""What refresh tokens are made of."""

from __future__ import annotations

import re

from beanie import PydanticObjectId
from hypothesis import given
from hypothesis import strategies as st

from auth.refresh_tokens import RefreshToken, new_salt, read
from auth.signatures import Keys

KEYS = Keys("a secret of at least thirty-two bytes, for tests")
SESSION = PydanticObjectId()
FIRST = RefreshToken.first(SESSION)


def test_a_token_is_read_as_it_was_written() -> None:
    """Given tokens of a family, then each is opaque, safe in a header, and recognised with its generation."""
    token = FIRST
    seen = set()
    for generation in range(50):
        text = token.text(KEYS)
        assert re.fullmatch(r"[\w-]{86}", text)
        assert read(KEYS, text) == token
        assert (token.session, token.generation) == (SESSION, generation)
        assert re.fullmatch(r"[0-9a-f]{64}", token.hash())
        seen |= {text, token.hash()}
        token = token.successor(KEYS, new_salt())
    assert len(seen) == 100


def test_first_tokens_are_random() -> None:
    """Given the same session, then no two first tokens are alike, and no salt."""
    assert len({RefreshToken.first(SESSION).text(KEYS) for _ in range(100)}) == 100
    assert len({new_salt() for _ in range(100)}) == 100


def test_a_successor_follows_from_token_secret_and_salt() -> None:
    """Given all three, then it is always the same; given another of any of them, then it is another."""
    salt = new_salt()
    assert FIRST.successor(KEYS, salt) == FIRST.successor(KEYS, salt)
    others = [
        FIRST.successor(KEYS, new_salt()),
        FIRST.successor(Keys("another secret of at least 32 bytes"), salt),
        RefreshToken.first(SESSION).successor(KEYS, salt),
        RefreshToken(PydanticObjectId(), 0, FIRST.secret).successor(KEYS, salt),
        RefreshToken(SESSION, 1, FIRST.secret).successor(KEYS, salt),
    ]
    assert FIRST.successor(KEYS, salt).secret not in {other.secret for other in others}
    assert len({other.secret for other in others}) == 5


@given(st.integers(min_value=0, max_value=85), st.characters(max_codepoint=0x7F))
def test_a_changed_token_is_none_of_ours(place: int, other: str) -> None:
    """Given a token of which one character is another, its session's or its generation's too, then it is not read."""
    text = FIRST.text(KEYS)
    changed = text[:place] + other + text[place + 1 :]
    if changed != text:
        assert read(KEYS, changed) is None


def test_a_token_has_one_spelling() -> None:
    """Given a token in the other alphabet of base64, or with other bits at its end that say nothing, it is not read."""
    text = next(text for text in iter(lambda: RefreshToken.first(SESSION).text(KEYS), "") if {*"-_"} <= {*text})
    last = chr(ord(text[-1]) + 1)
    for other in (text.replace("-", "+"), text.replace("_", "/"), text[:-1] + last):
        assert read(KEYS, other) is None


@given(st.text(max_size=100))
def test_any_other_text_is_none_of_ours(text: str) -> None:
    """Given any text, then it passes for a token by no accident, and nothing is raised."""
    assert read(KEYS, text) is None
    assert read(KEYS, (text + "A" * 86)[:86]) is None
