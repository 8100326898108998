"""Animations: each frame is made like a still, and they go on at the pace they had."""

from __future__ import annotations

from typing import Any

import pytest

from storage.pictures import probe
from storage.vips import pyvips
from tests.images.samples import load, near, with_fields
from workers.images.effects import opened_mark
from workers.images.errors import TooLargeError
from workers.images.grammar import parse_options
from workers.images.negotiate import Accepted
from workers.images.render import MOST_FRAMES, Variant, render

DELAYS = [100, 40, 250, 90]
COLOURS = [[250, 0, 0], [0, 250, 0], [0, 0, 250], [250, 250, 0]]


def animation(kind: str, frames: list[Any], **fields: object) -> bytes:
    """Encode frames of one size, lossless, with the delays of `DELAYS`."""
    strip = pyvips.Image.arrayjoin(frames, across=1)
    strip = with_fields(strip, {"page-height": frames[0].height, "loop": 3, **fields})
    strip.set_type(pyvips.GValue.array_int_type, "delay", (DELAYS * len(frames))[: len(frames)])
    saver: dict[str, object] = {"lossless": True} if kind == "webp" else {"interframe_maxerror": 0}
    return bytes(getattr(strip, f"{kind}save_buffer")(**saver))


def plain(colour: list[int], width: int = 80, height: int = 40) -> Any:
    """Draw one frame: of one colour, with a white quarter in its top left corner."""
    frame = (pyvips.Image.black(width, height, bands=3) + colour).cast("uchar").copy(interpretation="srgb")
    return frame.draw_rect([255, 255, 255], 0, 0, width // 2, height // 2, fill=True)


def frames(variant: Variant) -> list[Any]:
    """Take an animation apart."""
    strip = pyvips.Image.new_from_buffer(variant.body, "n=-1")
    count = strip.get("n-pages")
    return [strip.crop(0, strip.height // count * at, strip.width, strip.height // count) for at in range(count)]


def rendered(data: bytes, path: str, client: Accepted = "webp", mark: Any = None) -> Variant:
    """Render by options as a URL writes them."""
    return render(data, parse_options(path.split("/")), client, mark=mark)


MOVING = {kind: animation(kind, [plain(colour) for colour in COLOURS]) for kind in ("gif", "webp")}


@pytest.mark.parametrize("kind", ["gif", "webp"])
@pytest.mark.parametrize(
    ("path", "size", "white", "colour"),
    [
        ("w:40", (40, 20), (5, 5), (30, 15)),
        ("rs:fill:40:40", (40, 40), (5, 5), (30, 30)),
        ("rs:fill:30:30/g:soea", (30, 30), None, (5, 25)),
        ("c:0.75:0.75:nowe", (60, 30), (20, 10), (55, 25)),
        ("rot:90", (40, 80), (30, 10), (10, 70)),
        ("rot:90/fl:1/w:20", (20, 40), (5, 5), (15, 35)),
        ("pd:10:5/bg:00f", (90, 60), (15, 15), (70, 40)),
        ("ex:1:so/rs:fit:80:60", (80, 60), (10, 25), (70, 55)),
        ("wm:1:soea/w:80", (80, 40), (70, 36), (50, 10)),
    ],
)
def test_every_frame_is_drawn(
    kind: str, path: str, size: tuple[int, int], white: tuple[int, int] | None, colour: tuple[int, int] | None
) -> None:
    """Scaled, cut, turned, framed and marked; how long each is shown, and how often all, is as before."""
    mark = opened_mark(bytes(plain([255, 255, 255], 20, 10).pngsave_buffer()))
    variant = rendered(MOVING[kind], path, mark=mark)
    picture, found = probe(variant.body), frames(variant)
    assert (variant.media_type, picture.frames) == ("image/webp", 4)
    assert (variant.width, variant.height) == (picture.width, picture.height) == size
    assert (found[0].get("delay"), found[0].get("loop")) == (DELAYS, 3)
    for frame, wanted in zip(found, COLOURS, strict=True):
        if white is not None:
            assert near(frame.getpoint(*white)[:3], [255, 255, 255], 24)
        if colour is not None:
            assert near(frame.getpoint(*colour)[:3], [float(part) for part in wanted], 24)


@pytest.mark.parametrize(("client", "path"), [("other", "w:40"), ("avif", "w:40/f:avif"), ("webp", "w:40/f:png")])
@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_where_no_webp_is_sent_the_first_frame_stands(kind: str, client: Accepted, path: str) -> None:
    """A JPEG, PNG or AVIF of it."""
    variant = rendered(MOVING[kind], path, client)
    picture = probe(variant.body)
    assert (picture.frames, picture.width, picture.height) == (1, 40, 20)
    assert near(load(variant.body).getpoint(30, 15)[:3], [250, 0, 0], 24)


def test_clients_of_avif_get_an_animation() -> None:
    """A WebP, since there is none in AVIF; an animation of more frames than we make becomes a still."""
    assert rendered(MOVING["gif"], "w:80", "avif").media_type == "image/webp"
    for count in (MOST_FRAMES, MOST_FRAMES + 1):
        data = animation("gif", [plain([at * 53 % 200, at, 0], 16, 12) for at in range(count)])
        assert probe(data).frames == count
        assert probe(rendered(data, "f:webp").body).frames == (count if count == MOST_FRAMES else 1)


def test_a_long_animation_of_small_frames_is_made() -> None:
    """A WebP's largest side is that of a frame, however many there are."""
    data = animation("gif", [plain([at * 53 % 200, at, 0], 120, 300) for at in range(90)])
    picture = probe(rendered(data, "w:120").body)
    assert (picture.frames, picture.height) == (90, 300)
    with pytest.raises(TooLargeError, match="too many pixels in all"):
        rendered(data, "h:3000/el:1")


def test_frames_are_cut_in_the_same_place() -> None:
    """What draws the eye in the first frame is kept in all, though the eye be drawn elsewhere later."""
    scene = plain([90, 90, 90], 200, 60).draw_rect([90, 90, 90], 0, 0, 200, 60, fill=True)
    left = scene.draw_circle([255, 40, 40], 30, 30, 20, fill=True)
    right = scene.draw_circle([255, 40, 40], 170, 30, 20, fill=True)
    data = animation("gif", [left, right])
    for path in ("rs:fill:60:60/g:sm", "c:60:60:sm", "c:60:60/g:sm"):
        first, second = frames(rendered(data, path))
        assert first[0].max() > 200
        assert second[0].max() < 150


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_animations_stand_upright(orientation: int) -> None:
    """A WebP may have an orientation like a photo; every frame is turned by it, or none with `ar:0`."""
    data = animation("webp", [plain(colour) for colour in COLOURS], orientation=orientation)
    upright, stored = rendered(data, "w:0"), rendered(data, "ar:0")
    assert (upright.width, upright.height) == ((40, 80) if orientation >= 5 else (80, 40))
    assert (stored.width, stored.height) == (80, 40)
    still = with_fields(plain(COLOURS[3]), {"orientation": orientation}).autorot()
    for x, y in ((5, 5), (upright.width - 6, 5), (5, upright.height - 6)):
        assert near(frames(upright)[3].getpoint(x, y)[:3], still.getpoint(x, y), 24)


def test_space_below_a_still_is_no_second_frame() -> None:
    """A still out of a GIF that is as high again with its padding stays one picture."""
    data = animation("gif", [plain(COLOURS[0])])
    picture = probe(rendered(data, "pd:0:0:40:0/f:webp").body)
    assert (picture.frames, picture.height) == (1, 80)
