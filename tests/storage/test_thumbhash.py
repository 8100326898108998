"""ThumbHash against its reference implementation (npm `thumbhash` 0.1.1 made the vectors)."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.thumbhash import encode


def test_an_opaque_picture_hashes_as_the_reference_does() -> None:
    """40 × 24 pixels without transparency."""
    pixels = [
        [((x * x * 7 + y * 13) % 256, (x * y * 5 + x * 3) % 256, (y * y * 11 + x) % 256, 255) for x in range(40)]
        for y in range(24)
    ]
    assert base64.b64encode(encode(np.array(pixels, np.uint8))) == b"XQgGHIRkVGUwd2dlaJBGn7XPiA=="


def test_a_transparent_picture_hashes_as_the_reference_does() -> None:
    """17 × 30 pixels of varying opacity."""
    pixels = [
        [
            ((x * x * 7 + y * 13) % 256, (x * y * 5 + x * 3) % 256, (y * y * 11 + x) % 256, (x * 29 + y * y * 3) % 256)
            for x in range(17)
        ]
        for y in range(30)
    ]
    assert base64.b64encode(encode(np.array(pixels, np.uint8))) == b"HRiCEwQINXAodxplj/e5mmVwRwdmRWM="


def test_nothing_at_all_hashes_as_the_reference_does() -> None:
    """8 × 8 wholly transparent pixels."""
    assert base64.b64encode(encode(np.zeros((8, 8, 4), np.uint8))) == b"AAiCBQAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="


@given(st.integers(1, 100), st.integers(1, 100), st.integers(0, 255))
def test_every_size_has_a_short_hash(width: int, height: int, level: int) -> None:
    """Even one pixel, or a line of them."""
    assert 5 < len(encode(np.full((height, width, 4), level, np.uint8))) <= 35


@pytest.mark.parametrize("shape", [(101, 1, 4), (1, 101, 4), (4, 4, 3), (4, 4)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    """Larger pictures and other numbers of bands are the caller's mistake."""
    with pytest.raises(ValueError, match="at most 100 × 100"):
        encode(np.zeros(shape, np.uint8))
