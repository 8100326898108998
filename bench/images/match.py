"""The quality at which somebody's variants are as similar to the original as ours, and how many bytes they then have.

Qualities of two encoders mean different things, and of one encoder, too, where it is given other pixels.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bench.images.setting import Encoding
from bench.images.similarity import Luma, luma, ssim
from bench.images.subjects import Subject
from bench.stand import BenchError

_LEAST, _MOST = 40, 95


@dataclass(frozen=True)
class Match:
    """A quality, with its variant's bytes and SSIM; `bytes_at_equal` is interpolated between it and the one below."""

    quality: int
    size: int
    ssim: float
    bytes_at_equal: float


async def fixed(subject: Subject, encoding: Encoding, quality: int, reference: Luma) -> Match:
    """Look at one quality."""
    size, similarity = await _look(subject, encoding, quality, reference)
    return Match(quality, size, similarity, size)


async def matched(subject: Subject, encoding: Encoding, wanted: float, reference: Luma) -> Match:
    """Find the least quality with at least this SSIM, by halving; raises BenchError where there is none."""
    looked: dict[int, tuple[int, float]] = {}
    low, high = _LEAST, _MOST
    while low < high:
        middle = (low + high) // 2
        looked[middle] = await _look(subject, encoding, middle, reference)
        low, high = (low, middle) if looked[middle][1] >= wanted else (middle + 1, high)
    for quality in (low - 1, low):
        if quality not in looked:
            looked[quality] = await _look(subject, encoding, quality, reference)
    (below, less), (size, more) = looked[low - 1], looked[low]
    if not less < wanted <= more:
        raise BenchError(f"{subject.name} has no quality of {encoding} with an SSIM of {wanted:.4f}.")
    return Match(low, size, more, below + (size - below) * (wanted - less) / (more - less))


async def _look(subject: Subject, encoding: Encoding, quality: int, reference: Luma) -> tuple[int, float]:
    body = await subject.make(encoding, quality)
    return len(body), await asyncio.to_thread(lambda: ssim(luma(body), reference))
