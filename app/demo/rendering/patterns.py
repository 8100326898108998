"""Patterns as functions of surface coordinates in metres: each gives a tone (a factor) and a mix of two colours.

The third argument is the pattern's size, the fourth the size of a pixel on the surface; lines narrower than a pixel
are drawn as wide as one and fainter.
"""

# A pattern's docstring names what it looks like; its numbers are what it is made of.
# ruff: noqa: D401, PLR2004

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from app.demo.rendering.noise import chips, cloud, look_up, scatter, smooth_step

Array = npt.NDArray[Any]
Laid = tuple[Array, Array | None]


def _line(distance: Array, width: float, footprint: Array) -> Array:
    """Return how much of a pixel a line covers, given the distance to its middle."""
    shown = np.maximum(width, footprint)
    return (1 - smooth_step(shown * 0.4, shown * 1.1, distance)) * (width / shown)


def paint(u: Array, v: Array, scale: float, _footprint: Array) -> Laid:
    """Roller-painted plaster; `scale` is how lively it is."""
    return 1 + 0.022 * scale * look_up(cloud(1.5), u, v, 110) + 0.012 * look_up(cloud(0.7, 1.0, 2), u, v, 420), None


def limewash(u: Array, v: Array, scale: float, _footprint: Array) -> Laid:
    """Brushed lime or concrete, cloudy."""
    soft = look_up(cloud(1.7, 1.0, 4), u, v, 90)
    return 1 + 0.075 * scale * soft + 0.03 * look_up(cloud(0.9, 1.0, 2), u, v, 300), None


def _grain(along: Array, across: Array, shift: Array | float) -> Array:
    ring = look_up(cloud(1.3, 9.0, 6), along + shift, across + shift, 380)
    return ring + 0.5 * look_up(cloud(0.8, 14.0, 7), along, across + shift, 900)


def wood(u: Array, v: Array, scale: float, _footprint: Array) -> Laid:
    """Veneer with the grain along `u`."""
    return 1 + 0.085 * scale * _grain(u, v, 0.0), None


def planks(u: Array, v: Array, scale: float, footprint: Array) -> Laid:
    """Boards `scale` wide along `v`, with staggered ends."""
    row = np.floor(u / scale)
    across = u / scale - row
    along = v / (scale * 9) + scatter(row, row * 0 + 7)
    board = np.floor(along)
    tint = scatter(row, board)
    gap = _line(np.minimum(across, 1 - across) * scale, 0.0035, footprint)
    end = _line(np.minimum(along - board, 1 - along + board) * scale * 9, 0.0035, footprint)
    tone = (0.86 + 0.28 * tint) * (1 + 0.07 * _grain(v, u, tint * 3))
    return tone * (1 - 0.6 * np.maximum(gap, end)), tint * 0.5


def herringbone(u: Array, v: Array, scale: float, footprint: Array) -> Laid:
    """Blocks of `scale` by five times `scale`, laid in a herringbone along the diagonal."""
    turned_u, turned_v = (u + v) * np.float32(0.7071), (v - u) * np.float32(0.7071)
    count = 5
    x, y = turned_u / scale, turned_v / scale
    i, j = np.floor(x), np.floor(y)
    place = np.mod(i - j, 2 * count)
    lying = place < count
    step = np.where(lying, place, 2 * count - 1 - place)
    along = step + np.where(lying, x - i, y - j)
    across = np.where(lying, y - j, x - i)
    tint = scatter(np.where(lying, i - step, i + 999), np.where(lying, j, j - step))
    edge = np.minimum(np.minimum(across, 1 - across), np.minimum(along, count - along)) * scale
    grain = _grain(along * scale, across * scale + tint, tint * 3)
    return (0.84 + 0.32 * tint) * (1 + 0.06 * grain) * (1 - 0.5 * _line(edge, 0.003, footprint)), tint * 0.5


def _bricks(
    u: Array, v: Array, size: tuple[float, float], bond: float, joint: float, footprint: Array
) -> tuple[Array, Array]:
    row = np.floor(v / size[1])
    x = u / size[0] + row * bond
    column = np.floor(x)
    edge_x = np.minimum(x - column, 1 - x + column) * size[0]
    edge_y = np.minimum(v / size[1] - row, 1 - v / size[1] + row) * size[1]
    return scatter(column, row), _line(np.minimum(edge_x, edge_y), joint, footprint)


def tiles(u: Array, v: Array, scale: float, footprint: Array) -> Laid:
    """Square tiles with joints in the second colour."""
    tint, joint = _bricks(u, v, (scale, scale), 0.0, 0.004, footprint)
    return 0.95 + 0.09 * tint + 0.02 * look_up(cloud(1.5), u, v, 200), joint


def metro(u: Array, v: Array, scale: float, footprint: Array) -> Laid:
    """Glazed brick tiles, twice as wide as high, in running bond."""
    tint, joint = _bricks(u, v, (scale * 2, scale), 0.5, 0.0035, footprint)
    return 0.9 + 0.16 * tint + 0.02 * look_up(cloud(1.5), u, v, 160), joint


def stack(u: Array, v: Array, scale: float, footprint: Array) -> Laid:
    """Slim upright tiles, stacked (zellige)."""
    tint, joint = _bricks(u, v, (scale, scale * 3), 0.0, 0.003, footprint)
    return 0.82 + 0.28 * tint + 0.04 * look_up(cloud(1.3), u, v, 240), joint


def brick(u: Array, v: Array, scale: float, footprint: Array) -> Laid:
    """Old brickwork with mortar in the second colour."""
    rough = look_up(cloud(1.0, 1.0, 8), u, v, 260)
    tint, joint = _bricks(u + rough * 0.002, v + rough * 0.003, (0.23 * scale, 0.075 * scale), 0.5, 0.011, footprint)
    return (0.68 + 0.55 * tint) * (1 + 0.09 * rough), joint


def chequer(u: Array, v: Array, scale: float, footprint: Array) -> Laid:
    """Two colours of tile in turn."""
    _, joint = _bricks(u, v, (scale, scale), 0.0, 0.003, footprint)
    dark = np.mod(np.floor(u / scale) + np.floor(v / scale), 2)
    return (1 + 0.05 * look_up(cloud(1.6), u, v, 150)) * (1 - 0.4 * joint), dark


def terrazzo(u: Array, v: Array, scale: float, _footprint: Array) -> Laid:
    """Stone chips in a pale binder, in slabs."""
    number, chip = chips()
    at = 380 / scale
    shown = look_up(chip, u, v, at)
    kind = look_up(number, u, v, at)
    return 1 + shown * (kind - 0.55) * 0.5, shown * smooth_step(0.55, 0.62, kind) * 0.8


def marble(u: Array, v: Array, scale: float, _footprint: Array) -> Laid:
    """Veins where slow noise crosses zero."""
    wander = look_up(cloud(1.7, 1.0, 11), u + v * 0.6, v, 120 / scale)
    vein = 1 - smooth_step(0.0, 0.16, np.abs(wander))
    fine = 1 - smooth_step(0.0, 0.06, np.abs(look_up(cloud(1.5, 1.0, 12), u, v + u * 0.3, 200 / scale)))
    return 1 + 0.03 * wander, np.clip(0.45 * vein + 0.3 * fine, 0, 1)


def fabric(u: Array, v: Array, scale: float, _footprint: Array) -> Laid:
    """Woven cloth."""
    weave = look_up(cloud(0.35, 4.0, 13), u, v, 1100) + look_up(cloud(0.35, 4.0, 14), v, u, 1100)
    return 1 + 0.05 * scale * weave + 0.035 * look_up(cloud(1.6), u, v, 260), None


def boucle(u: Array, v: Array, scale: float, _footprint: Array) -> Laid:
    """Loops of wool: short pile, carpets, armchairs."""
    return 1 + 0.1 * scale * look_up(cloud(0.75, 1.0, 15), u, v, 800) + 0.05 * look_up(cloud(1.5), u, v, 200), None


def stripes(u: Array, v: Array, scale: float, footprint: Array) -> Laid:
    """Uneven woven stripes."""
    phase = u / scale
    band = scatter(np.floor(phase), np.floor(phase) * 0)
    tone, _ = boucle(u, v, 0.8, footprint)
    return tone, smooth_step(0.45, 0.5, band) * 0.85


def lattice(u: Array, v: Array, scale: float, footprint: Array) -> Laid:
    """A Berber lattice of diamonds in the second colour."""
    wobble = look_up(cloud(1.4), u, v, 120) * 0.012
    a, b = (u + v * 0.7) / scale + wobble / scale, (u - v * 0.7) / scale + wobble / scale
    near = np.minimum(np.abs(a - np.round(a)), np.abs(b - np.round(b))) * scale
    tone, _ = boucle(u, v, 1.0, footprint)
    return tone, _line(near, 0.022, footprint) * 0.85


def panelling(u: Array, v: Array, scale: float, footprint: Array) -> Laid:
    """Wall mouldings: framed fields `scale` wide above a dado."""
    x = np.abs(u / scale - np.floor(u / scale) - 0.5) * scale
    low = v < 0.92
    y = np.abs(np.where(low, v - 0.5, v - 1.74))
    frame = np.maximum(x - scale * 0.41, y - np.where(low, 0.31, 0.66))
    light, dark = _line(np.abs(frame - 0.012), 0.016, footprint), _line(np.abs(frame + 0.012), 0.016, footprint)
    rail = _line(np.abs(v - 0.93), 0.02, footprint) - _line(np.abs(v - 0.9), 0.02, footprint)
    return 1 + 0.12 * light - 0.22 * dark + 0.16 * rail + 0.012 * look_up(cloud(1.5), u, v, 110), None


def slats(u: Array, v: Array, scale: float, footprint: Array) -> Laid:
    """Upright battens with shadow between."""
    phase = u / scale
    batten = np.floor(phase)
    gap = _line(np.abs(phase - batten - 0.5) * scale, scale * 0.3, footprint)
    tone = (0.88 + 0.2 * scatter(batten, batten * 0)) * (1 + 0.07 * _grain(v, u, batten))
    return tone * (1 - 0.75 * gap), None


def drape(u: Array, v: Array, scale: float, _footprint: Array) -> Laid:
    """Hanging folds."""
    sway = u + 0.015 * np.sin(v * 2.1 + u * 9)
    fold = np.sin(sway * (6.2832 / scale)) + 0.4 * np.sin(sway * (15.1 / scale) + 1.3)
    return 0.93 + 0.09 * fold + 0.02 * look_up(cloud(0.4, 1.0, 13), u, v, 900), None


def wicker(u: Array, v: Array, scale: float, footprint: Array) -> Laid:
    """Basket weave."""
    row = np.floor(v / scale)
    wave = np.sin((u / scale + row) * 3.1416) * np.abs(np.sin(v / scale * 3.1416))
    fade = np.clip(scale / (footprint * 2.5) - 0.4, 0, 1)
    return 0.92 + 0.22 * wave * fade + 0.05 * look_up(cloud(0.8), u, v, 500), None


def plain(u: Array, _v: Array, _scale: float, _footprint: Array) -> Laid:
    """One even colour: metal, lacquer, glass."""
    return np.ones_like(u), None


ON_THE_SURFACE: dict[str, Callable[[Array, Array, float, Array], Laid]] = {
    f.__name__: f
    for f in (
        paint,
        limewash,
        wood,
        planks,
        herringbone,
        tiles,
        metro,
        stack,
        brick,
        chequer,
        terrazzo,
        marble,
        fabric,
        boucle,
        stripes,
        lattice,
        panelling,
        slats,
        drape,
        wicker,
        plain,
    )
}
