"""Rendering with libvips: sizes, cuts, formats, limits and the deadline, on pictures drawn from numbers."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.pictures import probe
from tests.images.samples import animation, avif, draw, jpeg, load, near, pixel, png, png_header, with_fields
from workers.images.errors import DeadlineError, TooLargeError, UnusableError
from workers.images.grammar import parse_options
from workers.images.negotiate import Accepted
from workers.images.render import Variant, render

PHOTO = jpeg(1200, 900)
MEDIA_TYPES = ["image/avif", "image/webp", "image/jpeg", "image/png"]


def rendered(data: bytes, path: str, client: Accepted = "other") -> Variant:
    """Render by options as a URL writes them."""
    return render(data, parse_options(path.split("/")), client)


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_every_format_is_what_it_says(media_type: str) -> None:
    """Each format comes out with the size asked for, the same picture, and no metadata."""
    variant = rendered(jpeg(1200, 900, orientation=3), f"rs:fill:400:300/f:{media_type.partition('/')[2]}")
    picture = probe(variant.body)
    assert (variant.media_type, variant.width, variant.height) == (media_type, 400, 300)
    assert (picture.media_type, picture.width, picture.height) == (media_type, 400, 300)
    assert near(pixel(variant.body, 40, 30), [255 - 25.5, 255 - 25.5, 60])
    assert b"Exif" not in variant.body
    assert "exif-data" not in load(rendered(PHOTO, "f:png").body).get_fields()


@pytest.mark.parametrize(
    ("client", "side", "data", "media_type"),
    [
        ("avif", 400, PHOTO, "image/avif"),
        ("avif", 90, PHOTO, "image/webp"),
        ("webp", 400, PHOTO, "image/webp"),
        ("other", 400, PHOTO, "image/jpeg"),
        ("other", 400, png(800, 600), "image/png"),
        ("other", 400, png(800, 600, alpha=False), "image/jpeg"),
        ("avif", 400, png(800, 600), "image/avif"),
    ],
)
def test_formats_are_negotiated(client: Accepted, side: int, data: bytes, media_type: str) -> None:
    """By what the client takes, the result's size, and transparency."""
    assert rendered(data, f"w:{side}", client).media_type == media_type


def test_modern_formats_are_smaller() -> None:
    """With our settings AVIF and WebP have fewer bytes than JPEG."""
    sizes = {fmt: len(rendered(PHOTO, f"w:800/f:{fmt}").body) for fmt in ("avif", "webp", "jpeg")}
    assert sizes["avif"] < sizes["jpeg"]
    assert sizes["webp"] < sizes["jpeg"]


def test_quality_counts() -> None:
    """A lower quality has fewer bytes, also by format."""
    assert len(rendered(PHOTO, "w:800/q:20/f:jpeg").body) < len(rendered(PHOTO, "w:800/q:90/f:jpeg").body)
    assert rendered(PHOTO, "w:800/fq:webp:20", "webp").body == rendered(PHOTO, "w:800/q:20", "webp").body


@pytest.mark.parametrize(
    ("gravity", "colour"),
    [("nowe", [12, 16, 60]), ("soea", [243, 239, 60]), ("ce", [128, 128, 60]), ("fp:1:0", [243, 16, 60])],
)
def test_gravity_chooses_the_part(gravity: str, colour: list[float]) -> None:
    """The middle of a cut has the colour of that part of the picture."""
    variant = rendered(PHOTO, f"c:0.1:0.125:{gravity}/f:png")
    assert near(pixel(variant.body, variant.width // 2, variant.height // 2), colour)


def test_smart_gravity_finds_what_draws_the_eye() -> None:
    """A bright ball on grey, far to the right, is kept."""
    scene = draw(800, 200) * 0 + 100
    scene = scene.cast("uchar").copy(interpretation="srgb").draw_circle([255, 40, 40], 700, 100, 40, fill=True)
    variant = rendered(bytes(scene.pngsave_buffer()), "rs:fill:200:200/g:sm/f:png")
    assert (variant.width, variant.height) == (200, 200)
    assert load(variant.body)[0].max() > 200


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_stands_upright(orientation: int) -> None:
    """The result looks as the original is displayed; with `ar:0` as it is stored."""
    data = jpeg(400, 300, orientation=orientation)
    upright, stored = rendered(data, "f:png"), rendered(data, "ar:0/f:png")
    assert (upright.width, upright.height) == ((300, 400) if orientation >= 5 else (400, 300))
    assert near(pixel(upright.body, 30, 30), load(data).autorot().getpoint(30, 30))
    assert (stored.width, stored.height) == (400, 300)
    assert near(pixel(stored.body, 30, 30), [19, 26, 60])


@pytest.mark.parametrize(
    ("path", "size", "corner"),
    [
        ("rot:90/w:150", (150, 200), [0, 255, 60]),
        ("rot:180/w:200", (200, 150), [255, 255, 60]),
        ("rot:270/rs:fill:100:100", (100, 100), [223, 3, 60]),
    ],
)
def test_rotation_is_clockwise_and_before_the_size(path: str, size: tuple[int, int], corner: list[float]) -> None:
    """Width and height are those of the turned picture."""
    variant = rendered(jpeg(400, 300), f"{path}/f:png")
    assert (variant.width, variant.height) == size
    assert near(pixel(variant.body, 1, 1), corner, 16)


def test_transparency_is_kept_or_filled() -> None:
    """PNG and WebP keep it, JPEG shows white, and a background fills it everywhere."""
    data = png(200, 100)
    assert pixel(rendered(data, "f:png").body, 10, 50)[3] == 0
    assert load(rendered(data, "f:webp").body).hasalpha()
    assert near(pixel(rendered(data, "f:jpeg").body, 10, 50), [255, 255, 255])
    filled = rendered(data, "bg:00ff00")
    assert filled.media_type == "image/jpeg"
    assert near(pixel(filled.body, 10, 50), [0, 255, 0])
    assert near(pixel(rendered(data, "bg:0:0:255/f:png").body, 10, 50), [0, 0, 255])


def test_blur_and_sharpen_change_the_picture() -> None:
    """A blurred edge is softer and a sharpened one harder than before."""
    edge = bytes(png(200, 100))
    spread = {path: load(rendered(edge, f"{path}/f:png").body)[3].deviate() for path in ("q:1", "bl:8")}
    assert spread["bl:8"] < spread["q:1"]
    ball = bytes(
        (draw(200, 200) * 0 + 100).cast("uchar").draw_circle([150] * 3, 100, 100, 40, fill=True).pngsave_buffer()
    )
    assert load(rendered(ball, "sh:2/f:png").body).max() > load(rendered(ball, "f:png").body).max()


def test_metadata_is_kept_only_when_asked_for() -> None:
    """`sm:0` keeps EXIF."""
    data = jpeg(400, 300, orientation=3)
    assert b"Exif" in rendered(data, "sm:0/f:jpeg").body
    assert b"Exif" not in rendered(data, "f:jpeg").body


def test_an_animation_is_shown_by_its_first_frame() -> None:
    """GIF and WebP with two frames become one still."""
    for kind in ("gif", "webp"):
        variant = rendered(animation(kind), "f:png")
        assert (variant.width, variant.height, probe(variant.body).frames) == (60, 40, 1)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (16_000, 1), (17, 19)])
@pytest.mark.parametrize("fmt", ["avif", "webp", "jpeg", "png"])
def test_odd_sizes_have_every_format(size: tuple[int, int], fmt: str) -> None:
    """One pixel, and lines of pixels."""
    assert rendered(png(*size), f"f:{fmt}").width == size[0]
    assert rendered(png(*size), f"rs:fill:1:1/g:sm/f:{fmt}").height == 1


def test_avif_and_cmyk_and_sixteen_bits_are_read() -> None:
    """All come out as sRGB of eight bits."""
    printed = bytes(draw(60, 40).colourspace("cmyk").jpegsave_buffer())
    deep = bytes(draw(60, 40).colourspace("rgb16").pngsave_buffer(bitdepth=16))
    for data in (printed, deep, avif(60, 40)):
        found = load(rendered(data, "f:png").body)
        assert (found.interpretation, found.format, found.bands) == ("srgb", "uchar", 3)


def test_what_is_too_large_is_refused() -> None:
    """A bomb's header, a variant over the limit, and a WebP longer than the format allows."""
    with pytest.raises(TooLargeError):
        rendered(png_header(65_535, 65_535), "w:100")
    with pytest.raises(TooLargeError):
        rendered(PHOTO, "rs:force:9000:9000:1")
    with pytest.raises(TooLargeError, match="16383"):
        rendered(png(10, 10), "rs:force:16384:10:1/f:webp")


@pytest.mark.parametrize("data", [b"", b"not a picture", b"<svg/>", PHOTO[: len(PHOTO) // 2], png(400, 300)[:-500]])
def test_what_is_unusable_is_refused(data: bytes) -> None:
    """Nothing, text, vectors, and files cut off, whatever the size asked for."""
    for path in ("w:100", "rs:fill:50:50/g:sm", "rot:90/f:png", "bl:2"):
        with pytest.raises(UnusableError):
            rendered(data, path)


@pytest.mark.parametrize("path", ["w:1000", "rot:90", "rs:fill:900:900/g:sm", "bl:50", "f:avif", "f:png/sh:9"])
def test_the_deadline_ends_the_work(path: str) -> None:
    """A picture whose time is over is given up, whatever it was doing."""
    with pytest.raises(DeadlineError, match="took longer than"):
        render(PHOTO, parse_options(path.split("/")), "other", deadline=0.001)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([jpeg(120, 80), png(120, 80), avif(120, 80), animation("webp"), jpeg(90, 60, orientation=6)]),
    st.integers(0, 4000),
    st.binary(max_size=6),
    st.sampled_from(["w:40", "rs:fill:30:30/g:sm", "c:0.5:0.5/rot:90", "f:avif"]),
)
def test_damage_is_answered_from_the_table(data: bytes, place: int, damage: bytes, path: str) -> None:
    """Damaged files give a picture or one of the worker's own errors."""
    place %= len(data)
    with suppress(TooLargeError, UnusableError):
        assert rendered(data[:place] + damage + data[place + len(damage) :], path).body


def test_profiles_are_applied() -> None:
    """Display P3 is turned to sRGB even though its profile is stripped."""
    wide = bytes(draw(60, 40).icc_transform("p3", input_profile="srgb").jpegsave_buffer(Q=95, keep="icc"))
    assert near(pixel(rendered(wide, "f:png").body, 50, 10), draw(60, 40).getpoint(50, 10))
    comment = bytes(with_fields(draw(60, 40), {"xmp-data": b"<x/>secret"}).pngsave_buffer())
    assert b"secret" not in rendered(comment, "f:png").body
