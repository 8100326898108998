"""Rooms with a table: dining room, study."""

# Lengths and shares are what this module is made of.
# ruff: noqa: PLR2004

from app.demo.rendering.fittings import shelf_of_books, table_lamp
from app.demo.rendering.furniture import (
    armchair,
    box,
    chair,
    plant,
    rod,
    shade_of,
    table,
    vase,
)
from app.demo.rendering.materials import Material
from app.demo.rendering.sets.common import books, pictures, rug
from app.demo.rendering.solids import Solid
from app.demo.rendering.stage import Stage


def dining_room(stage: Stage) -> None:
    """Furnish a table with six chairs under a lamp, sideboard, pictures."""
    random, palette = stage.random, stage.palette
    stage.width, stage.depth = random.uniform(4.7, 5.3), random.uniform(4.6, 5.0)
    stage.open_left(
        stage.depth * 0.45, random.uniform(2.1, 2.8), random.choice([0.06, 0.06, 0.7]), 2.4, bars=random.choice([2, 3])
    )
    stage.back = random.choice([palette.feature, palette.wall])
    x, z = random.uniform(-0.1, 0.2), stage.depth - 2.25
    stage.add(rug(palette.rug, 3.2, 2.4, x, z))
    top = random.choice([palette.wood, palette.dark, palette.stone])
    if random.random() < 0.6:
        stage.add(table(palette, 2.1, 0.95, 0.75, top), x, z, y=0.015)
        for place in (-0.62, 0.0, 0.62):
            stage.add(chair(palette, palette.accent), x + place, z + 0.62, random.uniform(-0.1, 0.1), 0.015)
            stage.add(chair(palette, palette.accent), x + place, z - 0.68, 3.1416 + random.uniform(-0.14, 0.14), 0.015)
    else:
        foot = Solid("cylinder", (0, 0.36, 0), (0.34, 0.36, 0.34), palette.dark, taper=0.45)
        stage.add([rod(0, 0, 0.71, 0.75, 0.72, top), foot], x, z, y=0.015)
        for turn in (0.3, 1.56, 2.8, 4.1, 5.3):
            seat = chair(palette, palette.accent)
            for solid in seat:
                solid.centre = (solid.centre[0], solid.centre[1], solid.centre[2] + 0.78)
            stage.add(seat, x, z, turn, 0.015)
    stage.add(vase(random, palette.third, palette), x - 0.15, z + 0.05, y=0.765)
    stage.add(
        [Solid("cylinder", (0, 0.045, 0), (0.17, 0.045, 0.17), palette.stone, taper=1.5, hollow=True, casts=False)],
        x + 0.35,
        z,
        y=0.765,
    )
    for _ in range(4):
        spot = (x + 0.35 + random.uniform(-0.07, 0.07), 0.84, z + random.uniform(-0.07, 0.07))
        stage.solids.append(
            Solid("ellipsoid", spot, (0.042, 0.04, 0.042), random.choice([palette.third, palette.leaf]), casts=False)
        )
    if random.random() < 0.5:
        stage.hang(x, z, 0.95, 0.34, globe=random.random() < 0.5, power=2.2)
    else:
        for place in (-0.55, 0.0, 0.55):
            stage.hang(x + place, z, 1.0 + random.uniform(-0.06, 0.06), 0.15, globe=False, power=0.85)
    side = x + random.uniform(-0.1, 0.4)
    stage.add(
        [
            box((-0.95, 0.16, -0.46), (1.9, 0.56, 0.44), palette.wood, 0.01),
            *(box((s, 0.19, -0.475), (0.6, 0.5, 0.02), shade_of(palette.wood, 0.9)) for s in (-0.93, -0.3, 0.33)),
            *(rod(s, -0.24, 0, 0.16, 0.018, palette.dark) for s in (-0.8, 0.8)),
        ],
        side,
        stage.depth,
    )
    stage.add(table_lamp(palette, stage.glow), side - 0.65, stage.depth - 0.24, y=0.72)
    stage.lamp((side - 0.65, 1.08, stage.depth - 0.26), 0.5)
    stage.add(vase(random, palette.stone, palette), side + 0.6, stage.depth - 0.24, y=0.72)
    pictures(stage, side, 1.62, 1.25)
    stage.add(plant(random, palette, 1.6), stage.width / 2 - 0.5, stage.depth - 0.6)
    stage.eye, stage.yaw = (random.uniform(0.4, 1.0), 1.38, -0.9), random.uniform(-0.18, -0.05)
    stage.shift = -0.07


def study(stage: Stage) -> None:
    """Furnish a desk by the window, chair, bookcase, task lamp."""
    random, palette = stage.random, stage.palette
    stage.width, stage.depth = random.uniform(4.2, 4.6), random.uniform(3.9, 4.3)
    stage.open_left(stage.depth * 0.5, random.uniform(1.5, 2.0), 0.82, 2.3, bars=1)
    stage.back = random.choice([palette.feature, palette.wall])
    z = stage.depth
    desk = -0.55
    stage.add(table(palette, 1.7, 0.75, 0.75, palette.wood, 0.028), desk, z - 0.45)
    screen = Material("plain", (0.03, 0.032, 0.036), gloss=0.06)
    stage.add(
        [
            box((-0.36, 0.16, 0), (0.72, 0.43, 0.03), screen, 0.01),
            rod(0, 0.02, 0.01, 0.2, 0.02, palette.black),
            rod(0, 0.02, 0, 0.012, 0.13, palette.black),
        ],
        desk + 0.05,
        z - 0.28,
        y=0.75,
    )
    stage.add([box((-0.2, 0, -0.06), (0.4, 0.016, 0.13), palette.white, 0.006)], desk + 0.05, z - 0.58, y=0.75)
    stage.add(table_lamp(palette, stage.glow), desk - 0.62, z - 0.3, y=0.75)
    stage.lamp((desk - 0.62, 1.1, z - 0.32), 0.8)
    stage.add(books(random, palette), desk + 0.62, z - 0.35, 0.2, 0.75)
    stage.add(vase(random, palette.third, palette), desk + 0.66, z - 0.2, y=0.75)
    seat = [
        Solid("box", (0, 0.5, 0), (0.26, 0.05, 0.25), palette.accent, rounding=0.045),
        Solid("box", (0, 0.82, -0.24), (0.24, 0.24, 0.045), palette.accent, rounding=0.044, pitch=0.12),
        rod(0, 0, 0.1, 0.46, 0.025, palette.metal),
        Solid("cylinder", (0, 0.08, 0), (0.29, 0.035, 0.29), palette.black, taper=0.3),
    ]
    stage.add(seat, desk + 0.12, z - 1.15, 0.35)
    case = random.uniform(1.15, 1.35)
    stage.add(shelf_of_books(palette, random, case, 2.15, 5), stage.width / 2 - case / 2 - 0.06, z)
    stage.add(rug(palette.rug, 2.5, 1.7, 0.0, z - 1.75))
    stage.add(armchair(palette, palette.sofa), 1.15, z - 1.75, 0.7)
    pictures(stage, desk, 1.78, 0.95)
    stage.add(plant(random, palette, random.uniform(1.1, 1.5)), -stage.width / 2 + 0.4, z - 1.1)
    if stage.glow:
        stage.hang(0.1, z - 1.8, 0.5, 0.22, globe=True, power=0.9)
    stage.eye, stage.yaw = (random.uniform(0.2, 0.7), 1.3, -0.85), random.uniform(-0.12, 0.02)
