"""Rooms with water: kitchen, bathroom."""

# Lengths and shares are what this module is made of.
# ruff: noqa: PLR2004

from app.demo.rendering.fittings import cupboards, mirror
from app.demo.rendering.furniture import (
    box,
    plant,
    rod,
    stool,
    vase,
)
from app.demo.rendering.materials import Material, linear
from app.demo.rendering.sets.common import rug
from app.demo.rendering.solids import Solid
from app.demo.rendering.stage import Stage


def kitchen(stage: Stage) -> None:
    """Furnish a run along the back wall, shelves, an island with stools and lamps."""
    random, palette = stage.random, stage.palette
    stage.width, stage.depth = random.uniform(4.6, 5.2), random.uniform(4.2, 4.6)
    stage.open_left(stage.depth * 0.4, random.uniform(1.7, 2.4), random.choice([0.06, 0.9]), 2.3, drapes=False)
    z, w = stage.depth, stage.width
    front = palette.front
    tower = 1.25
    run = w - tower
    stage.add(cupboards(palette, run, 0.1, 0.88, 0.6, 0.6, front), -w / 2, z)
    stage.add([box((0, 0, -0.54), (run, 0.1, 0.5), palette.black)], -w / 2, z)
    stage.add([box((0, 0.88, -0.62), (run, 0.035, 0.62), palette.stone, 0.004)], -w / 2, z)
    stage.add([box((0, 0.915, -0.012), (run, 0.62, 0.012), palette.tiled)], -w / 2, z)
    stage.add(cupboards(palette, tower, 0.1, 2.3, 0.64, 0.62, front), w / 2 - tower, z)
    stage.add(
        [box((0.06, 1.0, -0.655), (0.52, 0.5, 0.02), Material("plain", (0.03, 0.03, 0.032), gloss=0.06))],
        w / 2 - tower,
        z,
    )
    sink, hob = -w / 2 + 0.95, -w / 2 + run - 0.85
    stage.add([box((-0.3, 0.914, -0.47), (0.6, 0.006, 0.34), palette.black)], sink, z)
    stage.add(
        [
            rod(0, -0.09, 0.91, 1.2, 0.014, palette.metal),
            box((-0.012, 1.19, -0.3), (0.024, 0.022, 0.22), palette.metal),
        ],
        sink,
        z,
    )
    stage.add(
        [box((-0.29, 0.915, -0.52), (0.58, 0.006, 0.46), Material("plain", (0.015, 0.015, 0.017), gloss=0.06))], hob, z
    )
    stage.add(
        [
            box((-0.33, 1.72, -0.4), (0.66, 0.12, 0.4), palette.metal, 0.006),
            box((-0.14, 1.84, -0.28), (0.28, stage.height - 1.84, 0.28), palette.metal),
        ],
        hob,
        z,
    )
    _crockery(stage, -w / 2 + 0.25, hob - 0.5, 1.55)
    stage.add(vase(random, palette.third, palette), sink - 0.55, z - 0.25, y=0.915)
    board = Solid("box", (0, 0.16, 0), (0.12, 0.17, 0.011), palette.wood, pitch=-0.16)
    stage.add([board], sink + 0.6, z - 0.08, y=0.915)
    x, island = random.uniform(0.0, 0.3), z - 2.15
    stage.add(
        [
            box((-1.0, 0, -0.4), (2.0, 0.88, 0.8), random.choice([front, palette.wood, palette.feature])),
            box((-1.08, 0.88, -0.48), (2.16, 0.045, 0.96), palette.stone, 0.005),
        ],
        x,
        island,
    )
    for place in (-0.62, 0.0, 0.62):
        stage.add(stool(palette), x + place, island - 0.68, random.uniform(-0.3, 0.3))
    stage.add(
        [Solid("cylinder", (0, 0.05, 0), (0.19, 0.05, 0.19), palette.wood, taper=1.5, hollow=True, casts=False)],
        x - 0.3,
        island,
        y=0.925,
    )
    for _ in range(7):
        spot = (
            x - 0.3 + random.uniform(-0.1, 0.1),
            1.0 + random.uniform(0, 0.03),
            island + random.uniform(-0.09, 0.09),
        )
        colour = random.choice(["#d98a2b", "#e0b53a", "#b7433a", "#8aa04b"])
        stage.solids.append(
            Solid("ellipsoid", spot, (0.043, 0.04, 0.043), Material("paint", linear(colour), gloss=0.03), casts=False)
        )
    stage.add(vase(random, palette.stone, palette), x + 0.45, island + 0.1, y=0.925)
    globe = random.random() < 0.45
    for place in (-0.6, 0.0, 0.6):
        stage.hang(x + place, island, 0.85, 0.15, globe=globe, power=0.9)
    stage.add(plant(random, palette, 1.2), -w / 2 + 0.4, z - 1.05)
    stage.focal = 0.84
    stage.eye, stage.yaw, stage.shift = (random.uniform(0.3, 0.9), 1.45, -0.85), random.uniform(-0.2, -0.06), -0.06


def _crockery(stage: Stage, left: float, right: float, low: float) -> None:
    """Fill two open shelves with bowls, plates and jars."""
    random, palette = stage.random, stage.palette
    for y in (low, low + 0.4):
        stage.add([box((left, y, -0.24), (right - left, 0.03, 0.24), palette.wood)], 0, stage.depth)
        x = left + 0.15
        while x < right - 0.12:
            material = random.choice([palette.white, palette.linen, palette.third, palette.accent, palette.stone])
            height, radius = random.uniform(0.06, 0.24), random.uniform(0.05, 0.085)
            stage.add(
                [
                    Solid(
                        "cylinder",
                        (x, y + 0.03 + height / 2, -0.12),
                        (radius, height / 2, radius),
                        material,
                        taper=random.choice([0.8, 1.0, 1.35]),
                        casts=False,
                    )
                ],
                0,
                stage.depth,
            )
            x += radius * 2 + random.uniform(0.05, 0.2)


def bathroom(stage: Stage) -> None:
    """Furnish with a free-standing bath, vanity with mirror, tiles, towels."""
    random, palette = stage.random, stage.palette
    stage.width, stage.depth = random.uniform(3.7, 4.2), random.uniform(3.6, 4.0)
    stage.open_left(
        stage.depth * 0.55, random.uniform(1.2, 1.7), random.choice([0.75, 0.35]), 2.3, bars=1, drapes=False
    )
    stage.back = palette.tiled
    stage.floor = random.choice(
        [
            palette.stone,
            Material("terrazzo", linear("#dcd7cd"), palette.third.colour, 1.0, 0.05),
            Material("tiles", palette.stone.colour, (0.4, 0.38, 0.36), 0.45, 0.05),
        ]
    )
    z, w = stage.depth, stage.width
    tub = [
        Solid("cylinder", (0, 0.29, 0), (0.43, 0.29, 0.86), palette.white, taper=1.18, hollow=True, casts=False),
        Solid("box", (0, 0.06, 0), (0.3, 0.06, 0.66), palette.white),
    ]
    stage.add(tub, -w / 2 + 0.75, z - 1.35, 0.06)
    stage.add(
        [rod(0, 0, 0, 0.98, 0.016, palette.metal), box((0, 0.96, -0.012), (0.22, 0.024, 0.024), palette.metal)],
        -w / 2 + 0.22,
        z - 0.75,
    )
    vanity, width = w / 2 - 1.05, 1.5
    stage.add(
        [
            box((-width / 2, 0.36, -0.5), (width, 0.44, 0.5), palette.wood, 0.01),
            box((-width / 2 + 0.01, 0.575, -0.512), (width - 0.02, 0.008, 0.02), palette.black),
            box((-width / 2 - 0.01, 0.8, -0.51), (width + 0.02, 0.03, 0.51), palette.stone, 0.004),
        ],
        vanity,
        z,
    )
    basin = Solid("cylinder", (0, 0.9, -0.26), (0.24, 0.07, 0.18), palette.white, taper=1.25, hollow=True, casts=False)
    stage.add(
        [
            basin,
            rod(0.02, -0.05, 0.83, 1.1, 0.013, palette.metal),
            box((0.009, 1.09, -0.19), (0.022, 0.02, 0.15), palette.metal),
        ],
        vanity,
        z,
    )
    stage.add(mirror(palette, 0.46), vanity, z, y=1.62)
    for side in (-0.68, 0.68):
        globe = Solid(
            "ellipsoid",
            (side, 1.68, -0.12),
            (0.075, 0.075, 0.075),
            Material("plain", (0.95, 0.86, 0.7), glow=1.2 + 2 * stage.glow),
            casts=False,
        )
        stage.add([globe, box((side - 0.02, 1.66, -0.08), (0.04, 0.04, 0.08), palette.metal)], vanity, z)
        stage.lamp((vanity + side, 1.68, z - 0.14), 0.55)
    stage.add(vase(random, palette.third, palette), vanity - 0.5, z - 0.25, y=0.83)
    stage.add(
        [
            rod(s, -0.22, 0.83, 0.83 + t, 0.03, m)
            for s, t, m in ((0.42, 0.17, palette.dark), (0.51, 0.13, palette.stone))
        ],
        vanity,
        z,
    )
    stage.add([box((0, y, -0.14), (0.6, 0.012, 0.012), palette.metal) for y in (1.25,)], -w / 2 + 1.3, z)
    for place, cloth in ((0.05, palette.accent), (0.33, palette.linen)):
        stage.add([box((place, 0.66, -0.155), (0.24, 0.6, 0.04), cloth, 0.018)], -w / 2 + 1.3, z)
    stage.add(stool(palette, 0.45), -w / 2 + 1.5, z - 1.7)
    for level, cloth in enumerate((palette.linen, palette.accent)):
        stage.add([box((-0.15, 0.45 + level * 0.075, -0.12), (0.3, 0.075, 0.24), cloth, 0.034)], -w / 2 + 1.5, z - 1.7)
    stage.add(rug(palette.rug, 1.2, 0.75, vanity, z - 1.1))
    stage.add(plant(random, palette, random.uniform(1.0, 1.4)), -w / 2 + 0.42, z - 0.35)
    stage.hang(0.0, z - 1.7, 0.35, 0.2, globe=True, power=0.9)
    stage.focal = 0.8
    stage.eye, stage.yaw = (random.uniform(0.15, 0.55), 1.35, -0.85), random.uniform(-0.1, 0.02)
