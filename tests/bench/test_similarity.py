"""Structural similarity, by what must hold of it."""

from __future__ import annotations

import numpy as np
import pytest

from bench.images.similarity import Luma, luma, reference, ssim
from tests.images.samples import draw

_RANDOM = np.random.default_rng(1)


def _noise(height: int = 40, width: int = 50) -> Luma:
    values: Luma = _RANDOM.uniform(0, 255, (height, width))
    return values


def test_a_picture_is_like_itself_and_nothing_else_is_more() -> None:
    """Equal pictures have 1, whatever they show; it matters in no order; more noise is less like."""
    one = _noise()
    assert ssim(one, one) == pytest.approx(1)
    other = _noise()
    assert ssim(one, other) == ssim(other, one)
    grain = _noise() - 127.5
    likeness = [ssim(one, one + part * grain) for part in (0, 0.1, 0.5, 2)]
    assert likeness == sorted(likeness, reverse=True)
    assert len(set(likeness)) == 4


def test_flat_pictures_are_compared_by_their_luminance_alone() -> None:
    """Without any structure what is left is (2ab + C1) / (a² + b² + C1), with C1 = (0.01 × 255)²."""
    one, other = np.full((20, 20), 100.0), np.full((20, 20), 120.0)
    c1 = 2.55**2
    assert ssim(one, other) == pytest.approx((2 * 100 * 120 + c1) / (100**2 + 120**2 + c1))


def test_what_is_inverted_is_unlike() -> None:
    """Structures that go against each other have less than none in common."""
    one = _noise()
    assert ssim(one, 255 - one) < -0.9


def test_windows_see_eleven_pixels() -> None:
    """One pixel changes the windows it is in, 11 by 11 of them, and no others."""
    one = np.full((31, 31), 100.0)
    other = one.copy()
    other[15, 15] += 50
    changed = round((1 - ssim(one, other)) * 21 * 21, 6)
    wider = np.full((41, 41), 100.0)
    another = wider.copy()
    another[20, 20] += 50
    assert changed == round((1 - ssim(wider, another)) * 31 * 31, 6) > 0


def test_a_picture_without_detail_is_its_own_reference() -> None:
    """A soft gradient, scaled by half in both ways there are, is the same but for rounding."""
    original = draw(200, 100)
    scaled = original.resize(0.5).pngsave_buffer()
    compared = reference(original.pngsave_buffer(), 2)
    assert compared.shape == (50, 100)
    assert ssim(luma(scaled), compared) > 0.999
