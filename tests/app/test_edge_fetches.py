"""What an edge fetches for its cache is known by a mark that nobody else can make up."""

from __future__ import annotations

import pytest

from app.edge_fetches import mark, marked
from auth.signatures import Keys

KEYS = Keys("a secret that is long enough for a test")
DOCUMENT, NOW = "ab" * 32, 1_800_000_000.0


def test_a_mark_is_good_for_its_document_and_for_some_minutes() -> None:
    """Clocks may differ by a little, either way."""
    made = mark(KEYS, DOCUMENT, NOW)
    assert all(marked(KEYS, made, DOCUMENT, NOW + seconds) for seconds in (-299, 0, 299))
    assert not any(marked(KEYS, made, DOCUMENT, NOW + seconds) for seconds in (-301, 301, 86_400))
    assert not marked(KEYS, made, "cd" * 32, NOW)


@pytest.mark.parametrize(
    "made_up",
    [
        "",
        "1",
        f"{DOCUMENT}-{int(NOW)}",
        f"{DOCUMENT}-{int(NOW)}.{'0' * 32}",
        mark(Keys("another secret that is long enough"), DOCUMENT, NOW),
        KEYS.sign("own-write", f"{DOCUMENT}-{int(NOW)}"),  # every client has such tokens of its own writes
        KEYS.sign("edge-fetch", f"{DOCUMENT}-soon"),
        KEYS.sign("edge-fetch", DOCUMENT),
        "é",
    ],
)
def test_a_made_up_mark_is_none(made_up: str) -> None:
    """Neither one of another key, nor another signature of ours, nor what is no moment."""
    assert not marked(KEYS, made_up, DOCUMENT, NOW)
