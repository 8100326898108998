"""What is asked for, the same of everybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

WIDTH, HEIGHT = 800, 600
Encoding = Literal["webp", "avif"]
ENCODINGS: tuple[Encoding, ...] = ("webp", "avif")
SAVERS: Mapping[Encoding, str] = {"webp": "webpsave_buffer", "avif": "heifsave_buffer"}
EFFORTS: Mapping[Encoding, int] = {"webp": 2, "avif": 2}
MORE: Mapping[Encoding, Mapping[str, str]] = {
    "webp": {"preset": "photo"},
    "avif": {"compression": "av1", "tune": "ssim"},
}
"""How the worker encodes; nothing is measured where its bytes tell otherwise."""

PEERS_EFFORTS: Mapping[Encoding, int] = {"webp": 4, "avif": 4}
"""Of sharp, unless told otherwise; ipx cannot be."""

CONNECTIONS = 4
"""How many ask at once, each for a picture of its own: equal requests to the worker at the same time would be one."""
