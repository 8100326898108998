"""Pictures laid once over a whole solid: paintings, leaves, rows of books. Coordinates run from -1 to 1."""

# A pattern's docstring names what it looks like; its numbers are what it is made of.
# ruff: noqa: D401, PLR2004

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from app.demo.rendering.noise import cloud, look_up, scatter, smooth_step

Array = npt.NDArray[Any]


def art(base: Array, other: Array, unit: Array, scale: float) -> Array:
    """An abstract painting: paper, two calm shapes and a horizon; `scale` picks the composition."""
    x, y = unit[0], unit[1]
    turn = np.float32(scale * 7.3)
    paper = np.array([0.8, 0.77, 0.7], np.float32)[:, None] * np.ones_like(x)
    blob = np.hypot(x - 0.35 * np.sin(turn), (y - 0.3 * np.cos(turn * 1.7)) * 1.15)
    rough = look_up(cloud(1.3), x + turn, y, 110) * 0.03
    disc = 1 - smooth_step(0.43, 0.46, blob + rough)
    hill = 1 - smooth_step(-0.02, 0.02, y + 0.32 - 0.22 * np.sin(x * 2.3 + turn) + rough)
    dark = 1 - smooth_step(-0.02, 0.02, y + 0.68 - 0.1 * np.sin(x * 3.1 - turn) + rough)
    picture = paper + (other - paper) * disc * 0.95
    picture = picture + (base - picture) * hill * 0.9
    picture = picture + (base * 0.35 - picture) * dark * 0.85
    margin = np.maximum(np.abs(x), np.abs(y)) > 0.84
    return np.clip(np.where(margin, np.float32(0.86), picture * (1 + rough)), 0, 0.93)


def leaf(base: Array, other: Array, unit: Array, _scale: float) -> Array:
    """A leaf, paler along its middle."""
    middle = np.exp(-np.abs(unit[0]) * 7)
    answer: Array = base + (other - base) * (0.15 + 0.6 * middle)
    return answer


def spines(base: Array, other: Array, unit: Array, scale: float) -> Array:
    """A row of books; `scale` is how many stand on it."""
    place = (unit[0] + 1) * scale * 0.5
    book = np.floor(place)
    kind = scatter(book, book * 0 + 3)
    top = 0.35 + 0.6 * scatter(book, book * 0 + 11)
    colour = base + (other - base) * smooth_step(0.4, 0.6, kind)
    colour = np.where(kind > 0.72, np.float32(0.62) + 0 * base, colour) * (0.55 + 0.7 * scatter(book, book * 0 + 5))
    edge = smooth_step(0.0, 0.09, np.minimum(place - book, 1 - place + book))
    label = np.where(np.abs(unit[1] - 0.3 * kind) < 0.07, 1.35, 1.0)
    return np.clip(np.where(unit[1] > top, 0.03, colour * edge * label), 0, 0.9)


MOTIFS: dict[str, Callable[[Array, Array, Array, float], Array]] = {"art": art, "leaf": leaf, "spines": spines}
