"""The last step: which metadata stays, how many bytes there may be, and which sizes a format has."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from storage.pictures import probe
from storage.vips import pyvips
from tests.images.samples import draw, load, near, png, with_fields
from workers.images import encode
from workers.images import render as rendering
from workers.images.errors import DeadlineError, TooLargeError
from workers.images.grammar import parse_options
from workers.images.negotiate import Accepted
from workers.images.render import Variant, render

FIELDS = {
    "exif-ifd0-Copyright": "Ana Ruiz",
    "exif-ifd0-Artist": "Ana the artist",
    "exif-ifd0-Make": "Maker of cameras",
    "exif-ifd3-GPSLatitude": "40/1 24/1 59/1",
    "xmp-data": b"<x:xmpmeta>a secret place</x:xmpmeta>",
}
NAMES = (b"Ana Ruiz", b"Ana the artist", b"Maker of cameras", b"a secret place")
FORMATS = ["avif", "webp", "jpeg", "png"]


def rendered(data: bytes, path: str, client: Accepted = "other", **more: Any) -> Variant:
    """Render by options as a URL writes them."""
    return render(data, parse_options(path.split("/")), client, **more)


def noise(width: int, height: int) -> bytes:
    """Make a PNG that hardly compresses."""
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return bytes(pyvips.Image.new_from_array(pixels).pngsave_buffer())


WIDE = bytes(draw(60, 40).icc_transform("p3", input_profile="srgb").jpegsave_buffer(Q=95, keep="icc"))
TOLD = bytes(with_fields(draw(400, 300), FIELDS).jpegsave_buffer())


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize(
    ("path", "kept"), [("w:50", ()), ("w:50/kcr:1", (0, 1)), ("w:50/sm:0", (0, 1, 2, 3)), ("w:50/sm:0/kcr:1", range(4))]
)
def test_metadata_goes_but_for_the_copyright(fmt: str, path: str, kept: tuple[int, ...]) -> None:
    """None of it by default; the author's name where it is asked for; all of it with `sm:0`."""
    fields = load(rendered(TOLD, f"{path}/f:{fmt}").body)
    found = b"".join(
        value if isinstance(value, bytes) else str(value).encode()
        for value in (fields.get(name) for name in fields.get_fields())
    )
    assert [name in found for name in NAMES] == [place in kept for place in range(4)]
    assert ("exif-ifd3-GPSLatitude" in fields.get_fields()) == (2 in kept)


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_colour_profile_stays_where_it_is_asked_for(fmt: str) -> None:
    """Display P3 with its numbers as they are; without the wish, sRGB and no profile."""
    kept, turned = load(rendered(WIDE, f"scp:0/f:{fmt}").body), load(rendered(WIDE, f"f:{fmt}").body)
    assert kept.get("icc-profile-data") == load(WIDE).get("icc-profile-data")
    assert not turned.get_typeof("icc-profile-data")
    assert near(kept.getpoint(50, 10), load(WIDE).getpoint(50, 10), 16)
    assert near(kept.icc_transform("srgb", embedded=True).getpoint(50, 10), turned.getpoint(50, 10), 16)


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("path", ["ar:0", "ar:0/kcr:1", "ar:0/w:200", "ar:0/t:10"])
def test_a_picture_that_is_left_lying_is_shown_lying(fmt: str, path: str) -> None:
    """With `ar:0` no viewer turns it: its orientation goes with the metadata, also where a format has its own."""
    data = bytes(with_fields(draw(400, 300), {**FIELDS, "orientation": 6}).jpegsave_buffer())
    picture = probe(rendered(data, f"{path}/f:{fmt}").body)
    assert picture.orientation == 1
    assert picture.width > picture.height


@pytest.mark.parametrize("fmt", ["avif", "webp", "jpeg"])
def test_a_variant_fits_into_so_many_bytes(fmt: str) -> None:
    """With as much less quality as it takes; never more than without the wish."""
    data = noise(300, 300)
    free = len(rendered(data, f"f:{fmt}").body)
    for part in (0.95, 0.8, 0.5):
        most = int(free * part)
        body = rendered(data, f"f:{fmt}/mb:{most}").body
        assert most // 4 < len(body) <= most
    assert rendered(data, f"f:{fmt}/mb:{free}").body == rendered(data, f"f:{fmt}").body


def test_who_asks_for_too_few_bytes_gets_more() -> None:
    """The least quality there is; PNG has none."""
    data = noise(200, 200)
    assert rendered(data, "f:jpeg/mb:1").body == rendered(data, "f:jpeg/q:10").body
    assert rendered(data, "f:png/mb:1").body == rendered(data, "f:png").body


def test_the_deadline_ends_the_search_for_fewer_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked at in every try, so that a process need not be killed: here it is over after the first."""
    clock, lessened = [0.0], encode._lessened  # noqa: SLF001 - what is called between two tries

    def over(part: float) -> float:
        clock[0] = 100.0
        return lessened(part)

    monkeypatch.setattr(encode, "_lessened", over)
    monkeypatch.setattr(rendering, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    data = noise(300, 300)
    rendered(data, "f:webp", deadline=50)
    with pytest.raises(DeadlineError):
        rendered(data, "f:webp/mb:1", deadline=50)


@pytest.mark.parametrize(("fmt", "most"), [("webp", 16_383), ("avif", 16_384)])
def test_a_format_has_its_largest_size(fmt: str, most: int) -> None:
    """Asked for by name, a longer side is refused; where it was not asked for, another format is sent."""
    assert rendered(png(10, 10), f"rs:force:{most}:1:1/f:{fmt}").width == most
    with pytest.raises(TooLargeError, match=f"at most {most} pixels"):
        rendered(png(10, 10), f"rs:force:{most}:1:1/pd:0:1/f:{fmt}")
    client: Accepted = "avif" if fmt == "avif" else "webp"
    assert rendered(png(10, 10), f"rs:force:{most}:1:1/pd:0:1", client).media_type == "image/png"
    assert rendered(png(10, 10, alpha=False), f"rs:force:{most}:1:1/pd:0:1/bg:fff", client).media_type == "image/jpeg"
