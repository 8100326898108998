"""A photograph to measure with: one of the demo's, drawn with 12 million pixels, with a camera's grain.

The demo's surfaces are smooth; a camera's pictures are not. So grain is added, from a pixel to ten in size, which is
what makes the file as large as a camera's, and leaves the variants something to encode. The drawing takes some
seconds and is kept.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from app.demo.photographs import Photograph, pixels
from bench.stand import ROOT
from storage.vips import pyvips

WIDTH, HEIGHT = 4000, 3000
_SUBJECT = Photograph(seed=1, room="LIVING_ROOM", style="BOHO", time_of_day="MORNING")
_GRAIN = (1, 2, 5, 10)  # pixels
_STRENGTH = 4.0  # standard deviation of each, in steps of 8-bit sRGB
_QUALITY = 92
_CACHE = ROOT / ".data" / "bench"


def photograph() -> bytes:
    """Return the photograph as a JPEG file with 4:2:0 chroma and no profile; always the same for one libvips."""
    described = f"{_SUBJECT} {WIDTH} {HEIGHT} {_GRAIN} {_STRENGTH} {_QUALITY}"
    path = _CACHE / f"photograph-{hashlib.sha256(described.encode()).hexdigest()[:16]}.jpg"
    if not path.exists():
        _CACHE.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_bytes(_drawn())
        partial.replace(path)
    return path.read_bytes()


def _drawn() -> bytes:
    smooth = pyvips.Image.new_from_array(pixels(_SUBJECT, WIDTH, HEIGHT))
    image = (smooth + _grain()).cast("uchar").copy(interpretation="srgb")
    return bytes(image.jpegsave_buffer(Q=_QUALITY, optimize_coding=True, subsample_mode="on", keep="none"))


def _grain() -> Any:
    random = np.random.default_rng(_SUBJECT.seed)
    total = pyvips.Image.black(WIDTH, HEIGHT)
    for size in _GRAIN:
        grains = random.normal(0, _STRENGTH, (HEIGHT // size + 1, WIDTH // size + 1)).astype(np.float32)
        total += pyvips.Image.new_from_array(grains).resize(size, kernel="cubic").crop(0, 0, WIDTH, HEIGHT)
    return total
