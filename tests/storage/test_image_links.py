"""Links to variants: what the `imgproxy` package makes of them is what the worker reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from imgproxy import ImgProxy

from storage.image_links import LADDER, Fit, Format, Gravity, ImageLinkError, ImageLinks, snap
from workers.images import geometry
from workers.images.options import Gravity as Kept
from workers.images.url import Target, read

KEY, SALT = "736563726574", "68656c6c6f"
PAIRS = [(bytes.fromhex(KEY), bytes.fromhex(SALT))]
BASE = "https://example.com/images"
LINKS = ImageLinks(BASE, KEY, SALT)
ASSET = "asset://6561c0ffee/" + "ab" * 32

SIDES = st.integers(1, 20_000)


def target(url: str) -> Target:
    """Read a URL as the worker does, behind the edge that strips its prefix."""
    assert url.startswith(f"{BASE}/")
    return read(url.removeprefix(BASE), PAIRS)


def test_a_cover_is_filled_and_a_containment_fitted() -> None:
    """Fit, snapped size, format, quality and expiry arrive as they were meant."""
    url = LINKS.url(
        ASSET, width=790, height=600, fit="cover", format="webp", quality=70, gravity="sm", expires=2_000_000_000
    )
    found = target(url)
    assert found.source == ASSET
    options = found.options
    assert (options.resizing_type, options.width, options.height, options.enlarge) == ("fill", 800, 600, False)
    assert (options.format, options.quality, options.gravity, options.expires) == (
        "webp",
        70,
        Kept("sm"),
        2_000_000_000,
    )
    assert url.endswith(".webp")
    assert target(LINKS.url(ASSET, width=10, fit="contain")).options.resizing_type == "fit"


@given(
    SIDES,
    st.integers(0, 20_000),
    st.sampled_from(["cover", "contain"]),
    st.sampled_from([None, "avif", "webp", "jpeg", "png"]),
    st.none() | st.integers(1, 100),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
    st.none() | st.integers(1, 2**33),
)
def test_a_link_is_the_one_that_the_package_makes(
    width: int,
    height: int,
    fit: Fit,
    format_: Format | None,
    quality: int | None,
    gravity: tuple[float, float],
    expires: int | None,
) -> None:
    """Given any options, then what we sign is what imgproxy's package writes and signs for them, byte for byte."""
    wide, high = snap(width, height)
    point = ":".join(f"{part:.4f}".rstrip("0").rstrip(".") for part in gravity)
    package = ImgProxy(
        ASSET,
        proxy_host=BASE,
        key=KEY,
        salt=SALT,
        resizing_type="fill" if fit == "cover" else "fit",
        width=wide,
        height=high,
        gravity=f"fp:{point}",
        extension=format_ or "",
        advanced=[
            *([] if quality is None else [f"q:{quality}"]),
            *([] if expires is None else [f"exp:{expires}"]),
        ],
    )
    made = LINKS.url(
        ASSET,
        width=width,
        height=height,
        fit=fit,
        format=format_,
        quality=quality,
        gravity=gravity,
        expires=expires,
    )
    assert made == str(package)


def test_without_a_format_it_is_negotiated() -> None:
    """No extension stands in the URL."""
    url = LINKS.url(ASSET, width=640)
    assert target(url).options.format is None
    assert "." not in url.rpartition("/")[2]


def test_a_preview_is_named_by_design_and_edit() -> None:
    """Its name is signed, since whoever draws it asks the API for the drawing by that name."""
    links = ImageLinks(BASE, KEY, SALT, sign_preview=lambda name: f"{name}.signed")
    found = target(links.preview("6561c0ffee", 7, width=300, format="webp", expires=2_000_000_000))
    assert found.source == "preview://6561c0ffee-7.signed"
    assert (found.options.resizing_type, found.options.width, found.options.height) == ("fit", 320, 0)
    assert (found.options.format, found.options.expires) == ("webp", 2_000_000_000)


def test_a_focus_point_arrives() -> None:
    """Its parts are written with at most four digits."""
    assert target(LINKS.url(ASSET, width=64, gravity=(0.25, 1 / 3))).options.gravity == Kept("fp", 0.25, 0.3333)
    assert "fp:0:1/" in LINKS.url(ASSET, width=64, gravity=(0.0, 1.0))


@pytest.mark.parametrize("base", ["https://example.com/images", "https://example.com/images/"])
def test_the_address_may_end_in_a_slash(base: str) -> None:
    """The package would double it."""
    assert ImageLinks(base, KEY, SALT).url(ASSET, width=64).startswith("https://example.com/images/")
    assert "images//" not in ImageLinks(base, KEY, SALT).url(ASSET, width=64)


@pytest.mark.parametrize(
    ("key", "salt", "name"), [("", SALT, "key"), (KEY, "", "salt"), ("xyz", SALT, "key"), (KEY, "0", "salt")]
)
def test_a_missing_key_or_salt_is_refused(key: str, salt: str, name: str) -> None:
    """The package would sign nothing, or answer with the secret in its message."""
    with pytest.raises(ImageLinkError, match=f"The {name} that signs") as caught:
        ImageLinks(BASE, key, salt)
    assert "xyz" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"width": 0},
        {"width": -1},
        {"width": 64, "height": -1},
        {"width": 64, "quality": 0},
        {"width": 64, "quality": 101},
        {"width": 64, "expires": 0},
        {"width": 64, "gravity": (1.1, 0.0)},
    ],
)
def test_values_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    """Each names the argument."""
    with pytest.raises(ImageLinkError):
        LINKS.url(ASSET, **wrong)  # type: ignore[arg-type]  # wrong on purpose


@given(SIDES, st.integers(0, 20_000))
def test_sizes_are_few(width: int, height: int) -> None:
    """Snapped sizes are steps of the ladder, wide enough where there is one, and snap to themselves."""
    snapped = snap(width, height)
    assert snapped[0] in LADDER
    assert snapped[0] >= min(width, LADDER[-1])
    assert (snapped[1] == 0) == (height == 0)
    assert snap(*snapped) == snapped
    assert snapped[0] * snapped[1] <= geometry.LARGEST_RESULT_PIXELS


@given(SIDES, SIDES)
def test_shapes_are_nearly_kept(width: int, height: int) -> None:
    """Between 1:48 and 2.5 times as high as wide, the shape is off by at most a 96th of the width, and a pixel."""
    across, down = snap(width, height)
    wanted = min(max(height / width, 1 / 48), 2.5)
    assert abs(down / across - wanted) <= 1 / 96 + 1 / across


@given(
    st.from_regex(r"\Aasset://[a-f0-9]{1,24}/[a-f0-9]{1,64}\Z"),
    SIDES,
    st.integers(0, 20_000),
    st.sampled_from(["cover", "contain"]),
    st.sampled_from(["avif", "webp", "jpeg", "png", None]),
    st.none() | st.integers(1, 100),
    st.sampled_from(["ce", "no", "so", "ea", "we", "noea", "nowe", "soea", "sowe", "sm"])
    | st.tuples(st.floats(0, 1), st.floats(0, 1)),
    st.none() | st.integers(1, 1 << 40),
)
def test_every_link_is_read_by_the_worker(
    address: str,
    width: int,
    height: int,
    fit: Fit,
    fmt: Format | None,
    quality: int | None,
    gravity: Gravity,
    expires: int | None,
) -> None:
    """Whatever is asked for, the worker accepts the signature and reads the same."""
    url = LINKS.url(
        address, width=width, height=height, fit=fit, format=fmt, quality=quality, gravity=gravity, expires=expires
    )
    found = target(url)
    assert found.source == address
    options = found.options
    assert (options.width, options.height) == snap(width, height)
    assert (options.format, options.quality, options.expires) == (fmt, quality or 0, expires or 0)
    assert options.gravity.type == (gravity if isinstance(gravity, str) else "fp")


def test_a_link_that_is_remembered_is_the_one_that_was_made() -> None:
    """Given the same pictures again, and others of them, then each has the link that fresh links would make."""
    for asset in (ASSET, f"{ASSET[:-1]}c", ASSET):
        for gravity in ((0.5, 0.5), (0.25, 1.0)):
            for expires in (None, 2_000_000_000):
                fresh = ImageLinks(BASE, KEY, SALT).url(asset, width=640, gravity=gravity, expires=expires)
                assert LINKS.url(asset, width=640, gravity=gravity, expires=expires) == fresh
