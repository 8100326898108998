"""What several sets share: rugs, pictures, books."""

# Lengths and shares are what this module is made of.

from random import Random

from app.demo.rendering.fittings import picture
from app.demo.rendering.furniture import (
    Solids,
    box,
)
from app.demo.rendering.materials import Material
from app.demo.rendering.palettes import Palette
from app.demo.rendering.solids import Solid
from app.demo.rendering.stage import Stage


def rug(material: Material, width: float, depth: float, x: float, z: float) -> Solids:
    """Return a rug, flat on the floor."""
    return [box((x - width / 2, 0, z - depth / 2), (width, 0.018, depth), material, 0.006)]


def pictures(stage: Stage, x: float, y: float, wide: float) -> None:
    """Hang one large picture, a pair, or a group of three on the back wall."""
    frame = stage.random.choice([stage.palette.wood, stage.palette.black, stage.palette.dark])
    number = stage.random.randint(1, 40)
    layout = stage.random.choice(["one", "pair", "three"])
    if layout == "one":
        stage.add(picture(stage.palette, number, wide, wide * 0.7, frame), x, stage.depth, y=y)
    elif layout == "pair":
        for side in (-1, 1):
            stage.add(
                picture(stage.palette, number + side, wide * 0.46, wide * 0.62, frame),
                x + side * wide * 0.27,
                stage.depth,
                y=y,
            )
    else:
        stage.add(picture(stage.palette, number, wide * 0.5, wide * 0.68, frame), x - wide * 0.2, stage.depth, y=y)
        for level in (-1, 1):
            stage.add(
                picture(stage.palette, number + level, wide * 0.34, wide * 0.31, frame),
                x + wide * 0.27,
                stage.depth,
                y=y + level * wide * 0.19,
            )


def books(random: Random, palette: Palette) -> Solids:
    """Return two or three books lying on each other."""
    pieces: Solids = []
    for level in range(random.choice([2, 3])):
        material = random.choice([palette.accent, palette.third, palette.linen])
        size = (0.3 - 0.03 * level, 0.028, 0.22 - 0.02 * level)
        pieces.append(
            Solid(
                "box",
                (0, 0.014 + 0.029 * level, 0),
                (size[0] / 2, 0.0135, size[2] / 2),
                material,
                yaw=random.uniform(-0.3, 0.3),
            )
        )
    return pieces
