"""What librsvg makes of a plan."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from storage.vips import pyvips
from tests.previews.plans import element, room, view_box
from workers.previews import colours
from workers.previews.drawing import draw


@pytest.fixture
def svg_allowed() -> Iterator[None]:
    """Let libvips load SVG from sources of our own making; buffers, which may be anybody's, stay refused."""
    pyvips.operation_block_set("VipsForeignLoadSvgSource", False)
    yield
    pyvips.operation_block_set("VipsForeignLoadSvgSource", True)


def test_a_plan_becomes_a_picture(svg_allowed: None) -> None:
    """Paper, floor, wall, and a sofa turned by a quarter are where the canvas has them."""
    sofa = element("FURNITURE", (120, 160, 160, 80), rotation=90, item="block", colour="#336699", order="V")
    document = draw([*room(400, 300), sofa])
    image = pyvips.Image.svgload_source(pyvips.Source.new_from_memory(document.encode()))
    left, top, width, _ = view_box(document)

    def colour(x: float, y: float) -> str:
        found = image.getpoint((x - left) / width * image.width, (y - top) / width * image.width)
        return "#" + "".join(f"{round(channel):02x}" for channel in found[:3])

    assert (image.width, image.height) == (1600, 1200)
    assert colour(left + 3, top + 3) == colours.PAPER
    assert colour(200, -8) == colours.wall("")
    assert colour(60, 60) == colours.FLOOR
    assert colour(200, 200) == colour(200, 130) == colours.tones("#336699").body
    assert colour(130, 200) == colours.FLOOR
