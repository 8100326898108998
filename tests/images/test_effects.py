"""What is done to a picture that has its size: turning, space around it, borders, filters, the watermark."""

from __future__ import annotations

from typing import Any

import pytest

from storage.vips import pyvips
from tests.images.samples import draw, jpeg, load, near, pixel, png, with_fields
from workers.images.effects import opened_mark
from workers.images.errors import TooLargeError
from workers.images.grammar import parse_options
from workers.images.render import Variant, render

RED, BLUE, WHITE, CLEAR = [255.0, 0.0, 0.0], [0.0, 0.0, 255.0], [255.0, 255.0, 255.0], [0.0, 0.0, 0.0, 0.0]


def plain(width: int, height: int, colour: list[float]) -> Any:
    """Draw a picture of one colour; four numbers are with transparency."""
    return (pyvips.Image.black(width, height, bands=len(colour)) + colour).cast("uchar").copy(interpretation="srgb")


def lossless(image: Any) -> bytes:
    """Encode a picture as PNG."""
    return bytes(image.pngsave_buffer(keep="icc"))


def rendered(data: bytes, path: str, mark: Any = None) -> Variant:
    """Render to PNG by options as a URL writes them."""
    return render(data, parse_options([*path.split("/"), "f:png"]), "other", mark=mark)


PHOTO = lossless(plain(40, 20, RED))


@pytest.mark.parametrize(
    ("gravity", "left", "top"),
    [("", 30, 40), (":nowe", 0, 0), (":soea", 60, 80), (":no:0:7", 30, 7), (":ea:5:0", 55, 40)],
)
def test_a_small_picture_is_extended(gravity: str, left: int, top: int) -> None:
    """It stands where its gravity says, in its own size; around it there is nothing."""
    variant = rendered(PHOTO, f"rs:fit:100:100/ex:1{gravity}")
    assert (variant.width, variant.height) == (100, 100)
    for x, y in ((left, top), (left + 39, top + 19)):
        assert pixel(variant.body, x, y) == [*RED, 255]
    outside = load(variant.body).extract_band(3).avg() / 255
    assert outside == pytest.approx(40 * 20 / 100**2)


def test_padding_is_added_after_the_size() -> None:
    """Top, right, bottom and left, times the ratio of the device; transparent, or of the background's colour."""
    variant = rendered(PHOTO, "w:20/pd:1:2:3:4/dpr:2/el:1")
    assert (variant.width, variant.height) == (40 + 2 * 6, 20 + 2 * 4)
    assert pixel(variant.body, 8, 2) == pixel(variant.body, 47, 21) == [*RED, 255]
    assert pixel(variant.body, 7, 2) == pixel(variant.body, 8, 1) == CLEAR
    filled = rendered(PHOTO, "pd:5/bg:00f")
    assert (filled.width, filled.height) == (50, 30)
    assert pixel(filled.body, 4, 4) == BLUE
    assert pixel(filled.body, 5, 5) == RED


def test_zoom_multiplies_the_size_asked_for() -> None:
    """For both sides or each; it is no leave to enlarge."""
    found = [rendered(PHOTO, path) for path in ("w:10/z:2", "rs:force:10:10/z:2:1.5", "w:40/z:2", "w:40/z:2/el:1")]
    assert [(variant.width, variant.height) for variant in found] == [(20, 10), (20, 15), (40, 20), (80, 40)]


@pytest.mark.parametrize(("path", "corner"), [("fl:1", (1, 0)), ("fl:0:1", (0, 1)), ("fl:1:1", (1, 1))])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_flips_come_after_every_turn(path: str, corner: tuple[int, int], orientation: int) -> None:
    """First a picture stands upright, then it is turned as asked, then flipped; lastly it is cut."""
    data = jpeg(120, 80, orientation=orientation)
    expected = load(data).autorot().rot90()
    expected = expected.fliphor() if corner[0] else expected
    expected = expected.flipver() if corner[1] else expected
    found = load(rendered(data, f"rot:90/{path}").body)
    assert (found.width, found.height) == (expected.width, expected.height)
    assert (found - expected).abs().max() < 4
    cut = rendered(data, f"rot:90/{path}/c:10:10:nowe")
    assert near(pixel(cut.body, 5, 5), expected.getpoint(5, 5))


@pytest.mark.parametrize(
    ("path", "size"),
    [
        ("t:10", (40, 20)),
        ("t:10:ffffff", (40, 20)),
        ("t:10:0000ff", (100, 60)),
        ("t:10::1", (70, 20)),
        ("t:10::0:1", (40, 30)),
        ("t:10::1:1", (70, 30)),
        ("t:10/w:20", (20, 10)),
        ("t:10/rot:90", (20, 40)),
    ],
)
def test_a_border_is_trimmed(path: str, size: tuple[int, int]) -> None:
    """Its colour is the corner's or the one that is named; both sides lose the same where that is asked for."""
    scene = plain(100, 60, WHITE).insert(plain(40, 20, RED), 15, 25)
    for framed in (scene, scene.bandjoin(255), scene.colourspace("rgb16")):
        variant = rendered(lossless(framed), path)
        assert (variant.width, variant.height) == size


@pytest.mark.parametrize("colours", ["b-w", "grey16", "cmyk"])
def test_borders_are_trimmed_in_every_colour_space(colours: str) -> None:
    """The threshold and the colour are of the picture as it is seen."""
    scene = plain(100, 60, WHITE).insert(plain(40, 20, [0.0, 0.0, 0.0]), 16, 24).colourspace(colours)
    data = bytes(scene.jpegsave_buffer(Q=100)) if colours == "cmyk" else lossless(scene)
    for path in ("t:60", "t:60:ffffff"):
        variant = rendered(data, path)
        assert (variant.width, variant.height) == (40, 20)


def test_what_is_transparent_is_a_border() -> None:
    """Whatever colour it would have."""
    scene = plain(60, 60, [7.0, 8.0, 9.0, 0.0]).insert(plain(10, 10, [*RED, 255.0]), 20, 30)
    assert (rendered(lossless(scene), "t:10").width, rendered(lossless(scene), "t:10:fff").height) == (10, 10)


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 3), (50, 1), (64, 64)])
def test_a_picture_that_is_all_border_stays(size: tuple[int, int]) -> None:
    """As do those too small to have one."""
    variant = rendered(lossless(plain(*size, RED)), "t:10")
    assert (variant.width, variant.height) == size


@pytest.mark.parametrize("path", ["t:10", "t:10/ar:0"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_trimmed_pictures_stand_upright(orientation: int, path: str) -> None:
    """The border goes from the picture as it is displayed, or as it is stored."""
    scene = plain(100, 60, WHITE).insert(plain(40, 20, RED), 15, 25)
    data = bytes(with_fields(scene, {"orientation": orientation}).pngsave_buffer(keep="exif"))
    variant = rendered(data, path)
    turned = orientation >= 5 and path == "t:10"
    assert (variant.width, variant.height) == ((20, 40) if turned else (40, 20))


def test_what_must_be_held_in_memory_is_bounded() -> None:
    """A picture within the limits of what is read from top to bottom, but not of what is not."""
    data = lossless(plain(4100, 4000, RED))
    for path in ("t:10", "rot:90/c:10:10", "fl:0:1/c:10:10", "c:10:10:sm"):
        with pytest.raises(TooLargeError, match="16,000,000"):
            rendered(data, path)
    for path in ("t:10", "rot:90", "fl:0:1"):
        assert rendered(lossless(plain(400, 400, RED)), f"w:100/{path}").width == 100
    assert rendered(data, "rot:90/w:100/c:0.5:0.5:sm").width == 100


@pytest.mark.parametrize("size", [2, 8, 33, 100, 16_000])
def test_pixelated_pictures_have_large_squares(size: int) -> None:
    """Each of one colour, its mean; the picture keeps its size, and squares at the edge are cut."""
    data = lossless(draw(100, 70))
    variant = rendered(data, f"pix:{size}")
    assert (variant.width, variant.height) == (100, 70)
    found, side = load(variant.body), min(size, 70)
    square = found.crop(0, 0, side, side)
    assert [square[band].deviate() for band in range(3)] == [0, 0, 0]
    whole = load(data).crop(0, 0, min(size, 100), side)
    assert near(found.getpoint(0, 0), [whole[band].avg() for band in range(3)], 3)


@pytest.mark.parametrize("path", ["bl:4", "pix:16"])
def test_what_is_transparent_lends_no_colour(path: str) -> None:
    """Beside black that nobody sees, white stays white while it fades."""
    scene = plain(32, 32, CLEAR).insert(plain(12, 32, [255.0, 255.0, 255.0, 255.0]), 20, 0)
    found = load(rendered(lossless(scene), path).body)
    assert near(found.getpoint(31, 16)[:3], WHITE, 2)
    assert near(found.getpoint(18, 16)[:3], WHITE, 6)
    assert 0 < found.getpoint(18, 16)[3] < 255


@pytest.mark.parametrize("path", ["sh:0.0000001", "sh:100", "bl:0.0000001", "bl:100"])
def test_filters_take_every_strength(path: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Also those that libvips has no words for; it complains about none."""
    assert rendered(PHOTO, path).width == 40
    assert capfd.readouterr().err == ""


MARK = opened_mark(lossless(plain(10, 5, [*BLUE, 255.0])))


@pytest.mark.parametrize(
    ("path", "left", "top", "size"),
    [
        ("wm:1", 15, 8, (10, 5)),
        ("wm:1:nowe:3:2", 3, 2, (10, 5)),
        ("wm:1:soea", 30, 15, (10, 5)),
        ("wm:1:no:0:0:0.5", 10, 0, (20, 10)),
        ("wm:1:ce:0:0:1", 0, 0, (40, 20)),
        ("w:80/el:1/dpr:1/wm:1:nowe:-0.5", 0, 0, (10, 5)),
        ("el:1/rs:fit:40:20/dpr:2/wm:1:nowe:3:2", 6, 4, (20, 10)),
    ],
)
def test_the_watermark_lies_where_it_is_asked_for(path: str, left: int, top: int, size: tuple[int, int]) -> None:
    """In its own size times the ratio of the device, or as a part of the picture's; the rest stays as it is."""
    found = load(rendered(PHOTO, path, MARK).body)
    assert (found[2] > 128).find_trim(background=[0.0]) == [left, top, *size]


@pytest.mark.parametrize(("opacity", "colour"), [("0.5", [128, 0, 127]), ("0.1", [230, 0, 25]), ("1", BLUE)])
def test_a_watermark_has_an_opacity(opacity: str, colour: list[float]) -> None:
    """What is below shows through."""
    assert near(pixel(rendered(PHOTO, f"wm:{opacity}", MARK).body, 20, 10), colour, 2)


def test_a_watermark_is_repeated_all_over() -> None:
    """From the top left, cut at the edges."""
    half = opened_mark(lossless(plain(8, 5, CLEAR).insert(plain(4, 5, [*BLUE, 255.0]), 0, 0)))
    found = load(rendered(PHOTO, "wm:1:re", half).body)
    assert [found.getpoint(x, y) for x, y in ((0, 0), (4, 0), (8, 19), (39, 19))] == [BLUE, RED, BLUE, RED]


@pytest.mark.parametrize("size", [(1, 1), (2000, 1), (1, 2000), (300, 300)])
@pytest.mark.parametrize("path", ["wm:1", "wm:1:re", "wm:1:ce:0:0:0.00001", "wm:1:re:0:0:1"])
def test_a_watermark_fits_every_picture(size: tuple[int, int], path: str) -> None:
    """One larger than the picture is scaled to fit, but never to nothing; one without transparency is all there."""
    mark = opened_mark(jpeg(*size))
    for data in (png(1, 1), png(30, 1), png(40, 20)):
        assert rendered(data, path, mark).width == load(data).width


@pytest.mark.parametrize("colours", ["b-w", "rgb16", "grey16", "cmyk"])
@pytest.mark.parametrize("path", ["pd:5", "pd:5/bg:00f", "wm:1", "bg:fff", "bl:1/pix:3", "scp:0/pd:5/wm:0.5"])
@pytest.mark.parametrize("alpha", [False, True])
def test_every_colour_space_has_every_effect(colours: str, path: str, *, alpha: bool) -> None:
    """Grey, sixteen bits, print: they are sRGB of eight bits before anything is laid over or around them."""
    image = draw(60, 40, alpha=alpha and colours != "cmyk").colourspace(colours)
    data = bytes(image.jpegsave_buffer(Q=95)) if colours == "cmyk" else lossless(image)
    found = load(rendered(data, path, MARK).body)
    assert (found.interpretation, found.format) == ("srgb", "uchar")
    plainly = load(rendered(data, "w:0").body)
    place = (10 if "pd" in path else 0) // 2
    if "bl" not in path and not (alpha and "bg" in path):
        assert near(found.getpoint(55 + place, 5 + place)[:3], plainly.getpoint(55, 5)[:3], 2)
