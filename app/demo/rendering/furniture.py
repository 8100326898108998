"""Furniture as lists of solids. `x` and `z` are the middle on the floor; pieces face the viewer (towards lower z)."""

# Lengths and shares are what this module is made of.
# ruff: noqa: PLR2004

import math
from random import Random

from app.demo.rendering.materials import Material, shade
from app.demo.rendering.palettes import Palette
from app.demo.rendering.solids import Solid

Solids = list[Solid]


def box(
    low: tuple[float, float, float], size: tuple[float, float, float], material: Material, rounding: float = 0.0
) -> Solid:
    """Return a box given its lower left front corner and its size."""
    half = (size[0] / 2, size[1] / 2, size[2] / 2)
    centre = (low[0] + half[0], low[1] + half[1], low[2] + half[2])
    return Solid("box", centre, half, material, rounding=min(rounding, *half))


def placed(solids: Solids, x: float, z: float, yaw: float = 0.0, y: float = 0.0) -> Solids:
    """Turn pieces built about the origin and move them to their place."""
    cos, sin = math.cos(yaw), math.sin(yaw)
    for solid in solids:
        cx, cy, cz = solid.centre
        solid.centre = (x + cx * cos + cz * sin, y + cy, z - cx * sin + cz * cos)
        if yaw:
            solid.yaw += yaw
            solid.__post_init__()
    return solids


def rod(x: float, z: float, low: float, high: float, radius: float, material: Material, taper: float = 1.0) -> Solid:
    """Return an upright cylinder."""
    return Solid("cylinder", (x, (low + high) / 2, z), (radius, (high - low) / 2, radius), material, taper=taper)


def legs(width: float, depth: float, height: float, material: Material, radius: float = 0.02) -> Solids:
    """Return four legs under a rectangle about the origin."""
    x, z = width / 2, depth / 2
    return [rod(a, b, 0, height, radius, material, taper=1.5) for a in (-x, x) for b in (-z, z)]


def cushion(
    x: float, y: float, z: float, size: float, material: Material, lean: float = -0.28, roll: float = 0.0
) -> Solid:
    """Return a throw pillow, leaning back."""
    return Solid(
        "box",
        (x, y, z),
        (size / 2, size / 2, size * 0.15),
        material,
        pitch=lean,
        roll=roll,
        rounding=size * 0.145,
        puff=0.5,
        casts=False,
    )


def sofa(palette: Palette, random: Random, width: float = 2.3) -> Solids:
    """Return a sofa with two or three seats and pillows."""
    cloth, depth, seat = palette.sofa, 0.92, 0.42
    low_back = random.choice([0.76, 0.84])
    count = 3 if width > 2.2 else 2
    inner = width - 0.4
    pieces = [
        box(
            (-width / 2 + 0.05, 0.12, -depth / 2 + 0.04), (width - 0.1, 0.18, depth - 0.06), shade_of(cloth, 0.92), 0.04
        ),
        box((-width / 2, 0.14, depth / 2 - 0.24), (width, low_back - 0.14, 0.24), cloth, 0.09),
        box((-width / 2, 0.14, -depth / 2), (0.2, 0.46, depth), cloth, 0.085),
        box((width / 2 - 0.2, 0.14, -depth / 2), (0.2, 0.46, depth), cloth, 0.085),
    ]
    for seat_number in range(count):
        left = -inner / 2 + seat_number * inner / count
        pieces.append(
            box(
                (left + 0.006, 0.28, -depth / 2 - 0.02),
                (inner / count - 0.012, seat - 0.26, depth - 0.22),
                cloth,
                0.055,
            )
        )
        pieces.append(
            box((left + 0.012, 0.42, depth / 2 - 0.40), (inner / count - 0.024, low_back - 0.36, 0.2), cloth, 0.085)
        )
        for soft in pieces[-2:]:
            soft.puff, soft.casts = 0.12, False
    pieces += legs(width - 0.3, depth - 0.2, 0.14, palette.dark, 0.022)
    spots = [(-inner / 2 + 0.2, palette.accent), (inner / 2 - 0.22, palette.third), (inner / 2 - 0.58, palette.linen)]
    for x, material in spots[: random.choice([2, 3, 3])]:
        pieces.append(
            cushion(
                x,
                0.63,
                -0.03 + random.uniform(-0.03, 0.03),
                random.uniform(0.42, 0.48),
                material,
                -0.3,
                random.uniform(-0.12, 0.12),
            )
        )
    return pieces


def shade_of(material: Material, factor: float) -> Material:
    """Return a material lighter or darker."""
    return Material(material.pattern, shade(material.colour, factor), material.second, material.scale, material.gloss)


def armchair(palette: Palette, material: Material) -> Solids:
    """Return a lounge chair on wooden legs."""
    wood = palette.wood
    arms: Solids = []
    for side in (-0.36, 0.36):
        arms += [
            box((side - 0.022, 0.54, -0.34), (0.044, 0.035, 0.7), wood, 0.012),
            rod(side, -0.3, 0, 0.55, 0.02, wood),
            rod(side, 0.3, 0, 0.55, 0.02, wood),
        ]
    back = Solid("box", (0, 0.68, 0.31), (0.31, 0.34, 0.08), material, pitch=-0.24, rounding=0.075)
    return [
        *arms,
        box((-0.32, 0.26, -0.36), (0.64, 0.2, 0.66), material, 0.075),
        back,
        box((-0.34, 0.22, -0.33), (0.68, 0.05, 0.62), wood),
    ]


def round_table(palette: Palette, top: Material, radius: float, height: float) -> Solids:
    """Return a low round table on three legs."""
    spots = [(math.sin(a) * radius * 0.68, math.cos(a) * radius * 0.68) for a in (0.3, 2.4, 4.5)]
    return [
        rod(0, 0, height - 0.035, height, radius, top),
        *(rod(x, z, 0, height - 0.035, 0.022, palette.dark, 1.4) for x, z in spots),
    ]


def table(palette: Palette, width: float, depth: float, height: float, top: Material, leg: float = 0.035) -> Solids:
    """Return a table with a straight top."""
    return [
        box((-width / 2, height - 0.04, -depth / 2), (width, 0.04, depth), top, 0.012),
        box((-width / 2 + 0.1, height - 0.1, -depth / 2 + 0.08), (width - 0.2, 0.06, depth - 0.16), palette.wood),
        *legs(width - 0.22, depth - 0.18, height - 0.04, palette.wood, leg),
    ]


def chair(palette: Palette, seat: Material) -> Solids:
    """Return a dining chair; its back is at higher z."""
    wood = palette.dark
    posts = [rod(x, 0.2, 0, 0.8, 0.016, wood) for x in (-0.19, 0.19)]
    front = [rod(x, -0.18, 0, 0.43, 0.016, wood, 1.3) for x in (-0.19, 0.19)]
    back = Solid("box", (0, 0.72, 0.2), (0.215, 0.095, 0.022), seat, rounding=0.02)
    return [*posts, *front, back, box((-0.225, 0.43, -0.215), (0.45, 0.05, 0.44), seat, 0.024)]


def stool(palette: Palette, height: float = 0.68) -> Solids:
    """Return a bar stool."""
    return [
        rod(0, 0, height - 0.05, height, 0.18, palette.wood),
        *legs(0.24, 0.24, height - 0.05, palette.metal, 0.012),
    ]


def vase(random: Random, material: Material, palette: Palette, *, twigs: bool = True) -> Solids:
    """Return a vase, with a few twigs and leaves; its foot is at y 0."""
    height = random.uniform(0.18, 0.3)
    body = Solid("ellipsoid", (0, height * 0.45, 0), (height * 0.36, height * 0.46, height * 0.36), material)
    neck = Solid("cylinder", (0, height * 0.88, 0), (height * 0.16, height * 0.14, height * 0.16), material, taper=1.2)
    stems: Solids = []
    for _ in range(random.randint(5, 7) if twigs else 0):
        lean, bearing, length = random.uniform(0.05, 0.5), random.uniform(0, 6.28), random.uniform(0.22, 0.42)
        away = (math.sin(bearing) * math.sin(lean), math.cos(lean), math.cos(bearing) * math.sin(lean))
        half = (length + 0.12) / 2
        middle = (away[0] * half, height - 0.1 + away[1] * half, away[2] * half)
        stems.append(
            Solid("ellipsoid", middle, (0.004, half, 0.004), palette.dark, yaw=bearing, pitch=-lean, casts=False)
        )
        for part in (0.4, 0.55, 0.7, 0.85, 1.0):
            reach = length * part
            spot = (away[0] * reach, height + away[1] * reach, away[2] * reach)
            stems.append(
                blade(spot, random, 0.02, random.uniform(0.04, 0.06), palette.leaf, random.uniform(0, 6.28), lean + 0.6)
            )
    return [body, neck, *stems]


def blade(
    tip: tuple[float, float, float],
    random: Random,
    width: float,
    length: float,
    material: Material,
    bearing: float,
    lean: float,
) -> Solid:
    """Return one leaf that grows from its stem at `tip` towards a bearing, leaning away from the upright."""
    side, rise = math.sin(lean) * length * 0.9, math.cos(lean) * length * 0.9
    spot = (tip[0] + math.sin(bearing) * side, tip[1] + rise, tip[2] + math.cos(bearing) * side)
    return Solid(
        "ellipsoid", spot, (width, length, 0.006), shade_of(material, random.uniform(0.65, 1.25)),
        yaw=bearing, pitch=-lean, casts=False,
    )  # fmt: skip


def plant(random: Random, palette: Palette, height: float = 1.3, pot: Material | None = None) -> Solids:
    """Return a potted plant whose crown throws one soft shadow."""
    material = pot or random.choice([palette.stone, palette.third, palette.white])
    pieces = [
        Solid("cylinder", (0, 0.17, 0), (0.19, 0.17, 0.19), material, taper=1.25, hollow=True, casts=False),
        Solid("cylinder", (0, 0.1, 0), (0.13, 0.1, 0.13), material),
    ]
    crown = height - 0.34
    pieces += [
        Solid(
            "cylinder",
            (random.uniform(-0.05, 0.05), 0.3 + crown * 0.3, random.uniform(-0.05, 0.05)),
            (0.009, crown * 0.36, 0.009),
            palette.dark,
            roll=random.uniform(-0.25, 0.25),
            pitch=random.uniform(-0.2, 0.2),
            casts=False,
        )
        for _ in range(4)
    ]
    slim = random.uniform(0.032, 0.062)
    for number in range(52):
        rise = 0.1 + 0.88 * (number / 51)
        spread = (0.05 + 0.17 * math.sin(rise * 2.7)) * random.uniform(0.2, 1)
        bearing = random.uniform(0, 6.28)
        spot = (math.sin(bearing) * spread, 0.34 + crown * rise, math.cos(bearing) * spread)
        lean = random.uniform(0.9, 1.5) - rise * 0.75
        pieces.append(blade(spot, random, slim, random.uniform(0.12, 0.2), palette.leaf, bearing, lean))
    shadow = Solid("ellipsoid", (0, 0.34 + crown * 0.6, 0), (0.2, crown * 0.4, 0.2), palette.leaf, seen=False)
    return [*pieces, shadow]
