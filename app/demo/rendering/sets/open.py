"""Ways through and out: hallway, terrace."""

# Lengths and shares are what this module is made of.
# ruff: noqa: PLR2004

import math

from app.demo.rendering.fittings import mirror, picture
from app.demo.rendering.furniture import (
    armchair,
    box,
    legs,
    plant,
    round_table,
    shade_of,
    sofa,
    vase,
)
from app.demo.rendering.materials import Material, linear
from app.demo.rendering.sets.common import books, rug
from app.demo.rendering.solids import Solid
from app.demo.rendering.stage import FRONT, Stage


def hallway(stage: Stage) -> None:
    """Furnish a deep, narrow room: console with mirror, runner, coats, a bright end."""
    random, palette = stage.random, stage.palette
    stage.width, stage.depth = random.uniform(2.7, 3.1), random.uniform(5.2, 6.0)
    stage.back = palette.feature
    w, z = stage.width, stage.depth
    stage.open_left(z * 0.42, 1.3, random.choice([0.06, 0.8]), 2.35, bars=1, drapes=False)
    stage.open_back(0.0, random.uniform(1.0, 1.3), 0.04, 2.4, bars=1, drapes=random.random() < 0.4)
    stage.sun_azimuth = random.uniform(-58, -40)
    runner = Material(palette.rug.pattern, palette.rug.colour, palette.rug.second, palette.rug.scale * 0.7)
    stage.add(rug(runner, 1.0, z - 1.2, 0.0, z / 2 - 0.3))
    middle = z * 0.5
    console = [
        box((-0.7, 0.78, -0.34), (1.4, 0.04, 0.34), palette.wood, 0.008),
        box((-0.66, 0.24, -0.32), (1.32, 0.025, 0.3), palette.wood),
        *legs(1.3, 0.28, 0.78, palette.metal, 0.013),
    ]
    for leg in console[2:]:
        leg.centre = (leg.centre[0], leg.centre[1], leg.centre[2] - 0.17)
    stage.add(console, w / 2, middle, math.pi / 2)
    stage.add(mirror(palette, 0.42), w / 2, middle, math.pi / 2, 1.55)
    stage.add(vase(random, palette.third, palette), w / 2 - 0.18, middle + 0.4, y=0.82)
    stage.add(books(random, palette), w / 2 - 0.18, middle - 0.35, 1.4, 0.82)
    stage.add(
        [box((-0.2, 0.265, -0.3), (0.4, 0.26, 0.28), Material("wicker", linear("#b98f5c"), scale=0.022), 0.04)],
        w / 2,
        middle + 0.3,
        math.pi / 2,
    )
    bench = z - 1.35
    stage.add(
        [
            box((-0.6, 0.4, -0.4), (1.2, 0.06, 0.4), palette.sofa, 0.028),
            *(box((s, 0, -0.38), (0.05, 0.4, 0.36), palette.wood) for s in (-0.55, 0.5)),
        ],
        w / 2,
        bench,
        math.pi / 2,
    )
    stage.add([box((-0.6, 1.62, -0.03), (1.2, 0.09, 0.03), palette.wood)], w / 2, bench, math.pi / 2)
    for place, cloth in ((-0.36, palette.accent), (0.0, palette.linen), (0.34, palette.dark)):
        stage.add(
            [Solid("box", (place, 1.2, -0.11), (0.15, 0.42, 0.06), cloth, rounding=0.058)], w / 2, bench, math.pi / 2
        )
    stage.add(
        picture(palette, random.randint(1, 40), 0.6, 0.8, palette.wood), -w / 2, z * 0.42 + 1.35, -math.pi / 2, 1.55
    )
    stage.add(plant(random, palette, random.uniform(1.3, 1.7)), -w / 2 + 0.4, z - 0.45)
    for place in (0.32, 0.62):
        stage.hang(0.0, z * place, 0.42, 0.17, globe=True, power=0.8)
    stage.eye, stage.yaw, stage.focal = (random.uniform(-0.55, -0.2), 1.35, -0.9), random.uniform(0.03, 0.13), 0.82


def terrace(stage: Stage) -> None:
    """Furnish decking under the sky: seats, planters, a railing, a view, string lights."""
    random, palette = stage.random, stage.palette
    stage.enclosed, stage.exposure = False, 0.68 if stage.daylight.lamps < 1 else 0.9
    stage.width, stage.depth, stage.height = 6.4, 4.4, 2.9
    w, z = stage.width, stage.depth
    deck = (
        Material("planks", palette.wood.colour, palette.dark.colour, 0.14, 0.015)
        if random.random() < 0.6
        else Material("tiles", palette.stone.colour, (0.3, 0.28, 0.26), 0.5, 0.02)
    )
    stage.floor = deck
    stage.add([box((-w / 2 - 2, -0.2, FRONT - 1), (w + 4, 0.2, z - FRONT + 1.2), deck)])
    facade = box((w / 2 - 0.4, 0, FRONT - 1), (0.4, 3.4, z - FRONT + 1.2), palette.wall)
    stage.add([facade])
    if random.random() < 0.5:
        stage.add(
            [
                box((-w / 2 - 2, 0, z), (w + 4, 0.5, 0.14), palette.wall),
                box((-w / 2 - 2, 1.0, z + 0.04), (w + 4, 0.04, 0.05), palette.metal),
            ]
        )
        stage.add([box((-w / 2 - 1.5 + i * 1.2, 0.5, z + 0.05), (0.03, 0.5, 0.03), palette.metal) for i in range(9)])
    else:
        stage.add(
            [
                box((-w / 2 - 2, 1.02, z), (w + 4, 0.05, 0.05), palette.metal),
                box((-w / 2 - 2, 0.08, z), (w + 4, 0.03, 0.04), palette.metal),
            ]
        )
        stage.add([box((-w / 2 - 2 + i * 0.14, 0.1, z + 0.01), (0.016, 0.93, 0.016), palette.metal) for i in range(72)])
        for solid in stage.solids[-72::2]:
            solid.casts = False
    x = random.uniform(0.0, 0.5)
    stage.add(rug(palette.rug, 3.0, 2.0, x, z - 1.6))
    stage.add(sofa(palette, random, 2.1), x + 0.1, z - 0.75)
    stage.add(round_table(palette, palette.stone, 0.45, 0.38), x - 0.05, z - 1.85, y=0.018)
    stage.add(vase(random, palette.third, palette), x - 0.15, z - 1.8, y=0.4)
    stage.add(armchair(palette, palette.accent), x - 1.75, z - 1.75, -1.0)
    for spot, tall in ((-2.4, 1.5), (-1.75, 1.1), (x + 1.75, 1.7)):
        stage.add(plant(random, palette, tall * random.uniform(0.85, 1.1)), spot, z - 0.45)
    stage.add([box((-0.45, 0, -0.2), (0.9, 0.45, 0.4), shade_of(palette.stone, 0.9), 0.01)], -2.9, z - 1.4, 0.2)
    if random.random() < 0.55:
        stage.add([box((px, 0, pz), (0.1, 2.5, 0.1), palette.wood) for px in (-2.3, 2.5) for pz in (z - 0.3,)])
        stage.add(
            [
                box((-2.6, 2.5, z - 0.32), (5.4, 0.14, 0.1), palette.wood),
                *(box((-2.5 + i * 0.42, 2.6, z - 2.6), (0.06, 0.12, 2.6), palette.wood) for i in range(13)),
            ]
        )
    for number in range(15):
        along = number / 14
        hook = (-2.9 + 5.6 * along, 2.42 - 0.34 * math.sin(math.pi * ((along * 2) % 1)), z - 0.34 - 0.1 * (number % 2))
        bulb = Material("plain", (1.0, 0.8, 0.5), glow=1.2 + 5 * stage.glow)
        stage.solids.append(Solid("ellipsoid", hook, (0.034, 0.044, 0.034), bulb, casts=False))
    for aside in (-1.6, 1.4):
        stage.lamp((aside, 2.1, z - 0.6), 1.5)
    stage.sun_azimuth = random.uniform(-75, -50)
    stage.eye, stage.yaw, stage.shift, stage.focal = (
        (random.uniform(-0.2, 0.4), 1.4, -1.3),
        random.uniform(-0.1, 0.05),
        -0.03,
        0.86,
    )
