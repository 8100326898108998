"""What hangs, stands on, or is built in: lamps, pictures, curtains, shelves, cupboards, sanitary ware."""

# Lengths and shares are what this module is made of.
# ruff: noqa: PLR2004

import math
from random import Random

from app.demo.rendering.furniture import Solids, box, rod
from app.demo.rendering.light import Lamp, Opening
from app.demo.rendering.materials import Material, linear
from app.demo.rendering.palettes import Palette
from app.demo.rendering.solids import Solid

WALL = 0.22
"""How thick outer walls are, in metres: an opening's rectangle lies in their outer face."""

_WARM = (1.0, 0.66, 0.36)


def glowing(strength: float) -> Material:
    """Return a lamp shade's linen, lit from within when `strength` is above 0."""
    if strength > 0:
        return Material("plain", (0.93, 0.78, 0.56), glow=0.6 + 2.6 * strength)
    return Material("fabric", linear("#efe6d6"))


def lit(spot: tuple[float, float, float], strength: float, power: float = 1.0) -> list[Lamp]:
    """Return the light of a lamp at a spot, none when it is off."""
    if strength <= 0:
        return []
    red, green, blue = (part * strength * power for part in _WARM)
    return [Lamp(spot, (red, green, blue))]


def floor_lamp(palette: Palette, strength: float) -> Solids:
    """Return a standard lamp 1.6 m high."""
    shade = Solid("cylinder", (0, 1.5, 0), (0.21, 0.15, 0.21), glowing(strength), taper=0.75, casts=False)
    return [rod(0, 0, 0, 0.02, 0.15, palette.metal), rod(0, 0, 0.02, 1.38, 0.011, palette.metal), shade]


def table_lamp(palette: Palette, strength: float) -> Solids:
    """Return a bedside lamp with a ceramic foot."""
    foot = Solid("ellipsoid", (0, 0.12, 0), (0.085, 0.12, 0.085), palette.stone)
    shade = Solid("cylinder", (0, 0.34, 0), (0.15, 0.1, 0.15), glowing(strength), taper=0.72, casts=False)
    return [foot, rod(0, 0, 0.22, 0.26, 0.01, palette.metal), shade]


def pendant(palette: Palette, strength: float, ceiling: float, drop: float, radius: float, *, globe: bool) -> Solids:
    """Return a lamp that hangs `drop` below the ceiling, about the origin."""
    y = ceiling - drop
    cord = rod(0, 0, y, ceiling, 0.005, palette.black)
    cord.casts = False
    if globe:
        ball = Solid(
            "ellipsoid", (0, y - radius * 0.8, 0), (radius, radius * 0.82, radius), glowing(strength), casts=False
        )
        return [cord, ball]
    bowl = Solid(
        "cylinder", (0, y - radius * 0.3, 0), (radius, radius * 0.35, radius), palette.metal, taper=0.3, casts=False
    )
    bulb = Solid("ellipsoid", (0, y - radius * 0.66, 0), (0.05, 0.05, 0.05), glowing(max(strength, 0.2)), casts=False)
    return [cord, bowl, bulb]


def picture(palette: Palette, number: int, width: float, height: float, frame: Material) -> Solids:
    """Return a framed picture whose middle is the origin and whose back is at z 0."""
    painting = Solid(
        "box", (0, 0, -0.022), (width / 2 - 0.02, height / 2 - 0.02, 0.012), palette.painting(number), casts=False
    )
    return [Solid("box", (0, 0, -0.014), (width / 2, height / 2, 0.014), frame), painting]


def mirror(palette: Palette, radius: float) -> Solids:
    """Return a round mirror, flat against a wall at z 0."""
    glass = Material("plain", (0.9, 0.9, 0.9), gloss=1.0)
    return [
        Solid(
            "cylinder",
            (0, 0, -0.012),
            (radius + 0.015, 0.012, radius + 0.015),
            palette.metal,
            pitch=math.pi / 2,
            casts=False,
        ),
        Solid("cylinder", (0, 0, -0.02), (radius, 0.012, radius), glass, pitch=math.pi / 2, casts=False),
    ]


def window(opening: Opening, palette: Palette, bars: int = 2) -> Solids:
    """Return frame and glazing bars, set into an opening."""
    colour = palette.black.colour if palette.metal.colour[0] < 0.05 else palette.white.colour
    frame = Material("plain", colour, gloss=0.02)
    wide, high, thick = opening.half_width, opening.half_height, 0.028
    uprights = [thick - wide, wide - thick, *(2 * wide * (place + 1) / (bars + 1) - wide for place in range(bars))]
    return [
        *(_bar(opening, (along, 0.0), (thick, high), frame) for along in uprights),
        *(_bar(opening, (0.0, rise), (wide, thick), frame) for rise in (thick - high, high - thick)),
    ]


def _bar(opening: Opening, offset: tuple[float, float], half: tuple[float, float], material: Material) -> Solid:
    (x, y, z), (nx, _, nz), (ax, _, az) = opening.centre, opening.inward, opening.across
    along, rise = offset
    centre = (x + nx * 0.05 + ax * along, y + rise, z + nz * 0.05 + az * along)
    extent = (abs(nx) * 0.03 + abs(ax) * half[0], half[1], abs(nz) * 0.03 + abs(az) * half[0])
    return Solid("box", centre, extent, material)


def curtains(opening: Opening, ceiling: float, cloth: Material) -> Solids:
    """Return a pair of curtains and their rail beside an opening."""
    material = Material("drape", cloth.colour, scale=0.11)
    cx, _, cz = opening.centre
    gap, wide = WALL + 0.07, 0.36
    pieces: Solids = []
    for side in (-1, 1):
        along = side * (opening.half_width + wide * 0.35)
        middle = ceiling / 2 - 0.03
        half = (wide / 2, ceiling / 2 - 0.05, 0.035)
        if opening.inward[0]:
            spot, extent = (cx + opening.inward[0] * gap, middle, cz + along), (half[2], half[1], half[0])
        else:
            spot, extent = (cx + along, middle, cz + opening.inward[2] * gap), half
        pieces.append(Solid("box", spot, extent, material, rounding=0.03))
    return pieces


def shelf_of_books(palette: Palette, random: Random, width: float, height: float, rows: int) -> Solids:
    """Return an open bookcase with books and objects, its back at z 0."""
    wood, depth, board = palette.wood, 0.3, 0.025
    pieces = [box((-width / 2, 0, -0.02), (width, height, 0.02), wood)]
    pieces += [box((x, 0, -depth), (board, height, depth), wood) for x in (-width / 2, width / 2 - board)]
    step = (height - board) / rows
    for row in range(rows + 1):
        pieces.append(box((-width / 2, row * step, -depth), (width, board, depth), wood))
    for row in range(rows):
        y, x = row * step + board, -width / 2 + board + 0.02
        while x < width / 2 - 0.25:
            span = min(random.uniform(0.22, 0.5), width / 2 - board - 0.02 - x)
            if random.random() < 0.68:
                pieces.append(
                    box(
                        (x, y, -depth * 0.82),
                        (span, step * random.uniform(0.68, 0.84), 0.2),
                        palette.books(max(4, int(span / 0.032))),
                    )
                )
            else:
                size = min(step * 0.3, span * 0.35)
                material = random.choice([palette.stone, palette.third, palette.accent, palette.white])
                pieces.append(
                    Solid(
                        "ellipsoid",
                        (x + span / 2, y + size, -depth * 0.5),
                        (size * 0.8, size, size * 0.8),
                        material,
                        casts=False,
                    )
                )
            x += span + 0.03
    return pieces


def cupboards(
    palette: Palette, width: float, low: float, high: float, depth: float, door: float, front: Material
) -> Solids:
    """Return a run of cupboard doors with joints and handles, its back at z 0, its left end at x 0."""
    pieces = [box((0, low, -depth + 0.02), (width, high - low, depth - 0.02), palette.black)]
    count = max(1, round(width / door))
    span = width / count
    for number in range(count):
        pieces.append(
            box((number * span + 0.003, low + 0.003, -depth), (span - 0.006, high - low - 0.006, 0.02), front)
        )
        grip = box(
            (number * span + span * 0.5 - 0.07, high - 0.07, -depth - 0.018), (0.14, 0.012, 0.018), palette.metal
        )
        grip.casts = False
        pieces.append(grip)
    return pieces
