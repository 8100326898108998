"""Opaque tokens."""

from __future__ import annotations

import re

from models.opaque import new_token, token_hash


def test_tokens_are_random_and_stored_as_hashes() -> None:
    """Given tokens, then they differ, are safe in a header, and their hash does not tell them."""
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch(r"[\w-]{43,}", token) for token in tokens)
    assert all(re.fullmatch(r"[0-9a-f]{64}", token_hash(token)) for token in tokens)
