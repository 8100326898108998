"""Rooms to sit and sleep in: living room, bedroom."""

# Lengths and shares are what this module is made of.
# ruff: noqa: PLR2004

from app.demo.rendering.fittings import floor_lamp, table_lamp
from app.demo.rendering.furniture import (
    armchair,
    box,
    cushion,
    plant,
    round_table,
    shade_of,
    sofa,
    vase,
)
from app.demo.rendering.sets.common import books, pictures, rug
from app.demo.rendering.stage import Stage


def living_room(stage: Stage) -> None:
    """Furnish with sofa, low table, chair, lamp, plant, pictures, by a large window."""
    random, palette = stage.random, stage.palette
    stage.width, stage.depth = random.uniform(4.9, 5.6), random.uniform(4.3, 4.9)
    stage.open_left(stage.depth * 0.46, random.uniform(2.0, 2.7), random.choice([0.06, 0.45]), 2.35)
    stage.back = palette.feature if random.random() < 0.6 else palette.wall
    x = random.uniform(0.1, 0.45)
    stage.add(sofa(palette, random, random.choice([2.05, 2.4])), x, stage.depth - 0.62)
    pictures(stage, x, 1.62, random.uniform(1.2, 1.5))
    stage.add(rug(palette.rug, 3.1, 2.2, x - 0.1, stage.depth - 1.95))
    top = random.choice([palette.wood, palette.stone])
    if random.random() < 0.5:
        stage.add(round_table(palette, top, 0.48, 0.36), x - 0.12, stage.depth - 1.75, y=0.018)
        stage.add(round_table(palette, palette.dark, 0.3, 0.46), x + 0.5, stage.depth - 1.98, y=0.018)
    else:
        stage.add([box((-0.6, 0.04, -0.33), (1.2, 0.3, 0.66), top, 0.012)], x, stage.depth - 1.8)
    level = 0.36 if len(stage.solids) else 0.0
    stage.add(books(random, palette), x - 0.28, stage.depth - 1.8, 0.3, level)
    stage.add(
        vase(random, random.choice([palette.stone, palette.third]), palette), x + 0.02, stage.depth - 1.72, y=level
    )
    side = stage.width / 2 - 0.5
    stage.add(floor_lamp(palette, stage.glow), min(side + 0.1, x + 1.65), stage.depth - 0.5)
    stage.lamp((min(side + 0.1, x + 1.65), 1.5, stage.depth - 0.5), 2.0)
    stage.add(armchair(palette, palette.accent), x - 1.75, stage.depth - 2.2, -0.95)
    stage.add(plant(random, palette, random.uniform(1.25, 1.7)), -stage.width / 2 + 0.5, stage.depth - 0.5)
    if random.random() < 0.6 or stage.glow == 1:
        stage.hang(x - 0.1, stage.depth - 1.9, random.uniform(0.5, 0.8), 0.24, globe=random.random() < 0.6, power=1.0)
    stage.eye, stage.yaw = (random.uniform(0.2, 0.9), 1.2, -0.75), random.uniform(-0.16, 0.0)


def bedroom(stage: Stage) -> None:
    """Furnish with a bed between night tables, rug, bench, pictures or a headboard wall."""
    random, palette = stage.random, stage.palette
    stage.width, stage.depth = random.uniform(4.4, 4.9), random.uniform(4.2, 4.6)
    stage.open_left(stage.depth * 0.42, random.uniform(1.5, 2.3), random.choice([0.06, 0.6]), 2.3)
    stage.back = palette.feature
    z = stage.depth
    x = random.uniform(0.0, 0.3)
    cover = random.choice([palette.accent, palette.third, palette.sofa])
    head = random.choice([palette.wood, palette.sofa, palette.dark])
    stage.add(rug(palette.rug, 3.0, 2.0, x, z - 1.75))
    bed = [
        box((-0.95, 0.06, -2.1), (1.9, 0.22, 2.1), palette.wood, 0.02),
        box((-1.0, 0.0, -0.1), (2.0, 1.12, 0.09), head, 0.03),
        box((-0.9, 0.26, -2.06), (1.8, 0.22, 1.95), palette.linen, 0.07),
        box((-0.96, 0.34, -2.1), (1.92, 0.2, 1.38), palette.linen, 0.085),
        box((-0.98, 0.32, -2.12), (1.96, 0.235, 0.62), cover, 0.08),
        box((-0.97, 0.44, -0.86), (1.94, 0.125, 0.24), shade_of(palette.linen, 0.97), 0.06),
    ]
    bed += [cushion(side * 0.44, 0.68, -0.26, 0.6, palette.linen, -0.5, side * 0.03) for side in (-1, 1)]
    bed += [cushion(side * 0.4, 0.66, -0.46, 0.46, shade_of(cover, 1.08), -0.55, side * 0.05) for side in (-1, 1)]
    bed.append(cushion(0.02, 0.62, -0.62, 0.36, palette.third, -0.6, 0.05))
    stage.add(bed, x, z)
    for side in (-1, 1):
        spot = x + side * 1.32
        stage.add(
            [
                box((-0.25, 0.12, -0.4), (0.5, 0.36, 0.38), palette.wood, 0.012),
                box((-0.23, 0.29, -0.412), (0.46, 0.17, 0.014), shade_of(palette.wood, 0.86)),
            ],
            spot,
            z,
        )
        if random.random() < 0.75:
            stage.add(table_lamp(palette, stage.glow), spot, z - 0.22, y=0.48)
            stage.lamp((spot, 0.84, z - 0.24), 0.55)
        else:
            stage.hang(spot, z - 0.3, stage.height - 1.15, 0.13, globe=True, power=0.6)
    stage.add(books(random, palette), x + 1.42, z - 0.28, 0.2, 0.48)
    pictures(stage, x, 1.72, random.uniform(1.0, 1.3))
    if random.random() < 0.7:
        stage.add(
            [
                box((-0.65, 0.4, -0.2), (1.3, 0.07, 0.4), palette.sofa, 0.03),
                *(box((s, 0, -0.18), (0.05, 0.4, 0.36), palette.wood) for s in (-0.6, 0.55)),
            ],
            x,
            z - 2.45,
            y=0.01,
        )
    stage.add(plant(random, palette, random.uniform(1.1, 1.5)), -stage.width / 2 + 0.42, z - 0.42)
    if random.random() < 0.5:
        stage.hang(x, z - 1.6, 0.55, 0.28, globe=True, power=0.9)
    stage.eye, stage.yaw = (random.uniform(0.5, 1.1), 1.25, -0.75), random.uniform(-0.24, -0.1)
