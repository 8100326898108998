"""Draw the demo's photographs: furnished rooms in perspective, as JPEG, the same for the same description."""

from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import pyvips

from app.demo.rendering.develop import develop
from app.demo.rendering.palettes import DAYLIGHT, PALETTES
from app.demo.rendering.sets import SETS
from app.demo.rendering.stage import Stage
from app.demo.rendering.tracer import render
from app.demo.vocabulary import Room, Style, TimeOfDay

QUALITY = 85


@dataclass(frozen=True, slots=True)
class Photograph:
    """What a picture shows. Equal descriptions draw equal pictures."""

    seed: int
    room: Room
    style: Style
    time_of_day: TimeOfDay


def pixels(photograph: Photograph, width: int, height: int) -> npt.NDArray[np.uint8]:
    """Draw a photograph as sRGB bytes, `(height, width, 3)`."""
    random = Random(f"{photograph.seed}/{photograph.room}/{photograph.style}")  # noqa: S311 — a picture, no secret
    stage = Stage(PALETTES[photograph.style], DAYLIGHT[photograph.time_of_day], random)
    SETS[photograph.room](stage)
    scene = stage.scene(width, height)
    noise = np.random.default_rng(photograph.seed)
    return develop(render(scene, noise), scene.grade, noise)


def draw(photograph: Photograph, width: int = 1600, height: int = 1067) -> bytes:
    """Draw a photograph as a JPEG file of `width` by `height` pixels."""
    image: Any = pyvips.Image.new_from_array(pixels(photograph, width, height))
    image = image.copy(interpretation="srgb")
    written: bytes = image.jpegsave_buffer(Q=QUALITY, optimize_coding=True)
    return written
