"""What is scaled and cut: imgproxy's rules, in whole pixels."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from workers.images.errors import TooLargeError
from workers.images.geometry import LARGEST_SCALED_PIXELS, Cut, Plan, place, plan
from workers.images.grammar import parse_options
from workers.images.options import Gravity, GravityType, Options, ResizingType


def planned(width: int, height: int, path: str) -> Plan:
    """Plan for options as a URL writes them."""
    return plan(width, height, parse_options(path.split("/")))


@pytest.mark.parametrize(
    ("path", "scaled", "result"),
    [
        ("q:1", (400, 300), (400, 300)),
        ("rs:fit:200:200", (200, 150), (200, 150)),
        ("rs:fit:200:0", (200, 150), (200, 150)),
        ("rs:fit:0:150", (200, 150), (200, 150)),
        ("rs:fill:200:200", (267, 200), (200, 200)),
        ("rs:fill:200:0", (200, 150), (200, 150)),
        ("rs:force:200:200", (200, 200), (200, 200)),
        ("rs:force:200:0", (200, 300), (200, 300)),
        ("rs:auto:200:100", (200, 150), (200, 100)),
        ("rs:auto:100:200", (100, 75), (100, 75)),
        ("rs:fit:800:800", (400, 300), (400, 300)),
        ("rs:fit:800:800:1", (800, 600), (800, 600)),
        ("rs:fill:800:400", (400, 300), (400, 300)),
        ("rs:fill:800:800", (400, 300), (400, 300)),
        ("rs:fill:800:400:1", (800, 600), (800, 400)),
        ("rs:fill-down:800:400", (400, 300), (400, 200)),
        ("rs:fill-down:200:200", (267, 200), (200, 200)),
        ("rs:force:800:300", (400, 150), (400, 150)),
        ("rs:fit:100:100/dpr:2", (200, 150), (200, 150)),
        ("rs:fill:100:100/dpr:2", (267, 200), (200, 200)),
        ("rs:fit:100:100/mh:100", (133, 100), (100, 100)),
        ("mw:800", (800, 600), (800, 600)),
        ("c:200:100", (400, 300), (200, 100)),
        ("c:0.5:0.5", (400, 300), (200, 150)),
        ("c:200:0/w:100", (200, 150), (100, 150)),
        ("c:9999:9999", (400, 300), (400, 300)),
        ("c:200:200/rs:fill:50:100", (200, 150), (50, 100)),
    ],
)
def test_the_rules(path: str, scaled: tuple[int, int], result: tuple[int, int]) -> None:
    """An original of 400 × 300: what it is scaled to, and what comes out."""
    found = planned(400, 300, path)
    assert (found.width, found.height) == scaled
    assert found.result == result


@pytest.mark.parametrize(
    ("gravity", "left", "top"),
    [
        ("ce", 150, 100),
        ("no", 150, 0),
        ("so", 150, 200),
        ("we", 0, 100),
        ("ea", 300, 100),
        ("nowe", 0, 0),
        ("noea", 300, 0),
        ("sowe", 0, 200),
        ("soea", 300, 200),
        ("nowe:10:20", 10, 20),
        ("soea:10:20", 290, 180),
        ("ce:10:-20", 160, 80),
        ("nowe:0.1:0.5", 40, 150),
        ("nowe:9999:-9999", 300, 0),
        ("fp:0.5:0.5", 150, 100),
        ("fp:0:1", 0, 200),
        ("fp:0.25:0.5", 50, 100),
    ],
)
def test_places(gravity: str, left: int, top: int) -> None:
    """Where 100 × 100 pixels are cut out of 400 × 300."""
    found = parse_options([f"g:{gravity}"]).gravity
    assert place(400, 300, Cut(100, 100, found)) == (left, top)


def test_a_crop_has_its_own_gravity_in_the_originals_pixels() -> None:
    """Its offsets are scaled with the picture; the last cut's are device pixels."""
    found = planned(400, 300, "c:200:200:nowe:40:0/rs:fill:50:100/g:we:5")
    crop, last = found.cuts
    assert place(found.width, found.height, crop) == (20, 0)
    assert last.gravity == Gravity("we", 5)


@pytest.mark.parametrize(
    ("width", "height", "path"),
    [
        (1, 16_384, "rs:fill:100:100:1"),
        (400, 300, "rs:force:8000:8000:1"),
        (7000, 7000, "q:1"),
        (400, 300, "w:9000/dpr:8/el:1"),
    ],
)
def test_too_much_is_refused(width: int, height: int, path: str) -> None:
    """Neither the variant nor what it is cut from may have too many pixels."""
    with pytest.raises(TooLargeError, match="smaller size"):
        planned(width, height, path)


SIDES = st.integers(1, 7000)
GRAVITIES = st.builds(
    Gravity,
    st.sampled_from(["ce", "no", "so", "ea", "we", "noea", "nowe", "soea", "sowe", "fp"]),
    st.floats(0, 1),
    st.floats(0, 1),
)


@given(
    SIDES,
    SIDES,
    st.builds(
        Options,
        resizing_type=st.sampled_from(["fit", "fill", "fill-down", "force", "auto"]),
        width=st.integers(0, 4000),
        height=st.integers(0, 4000),
        enlarge=st.booleans(),
        dpr=st.sampled_from([0.5, 1.0, 2.0]),
        gravity=GRAVITIES,
    ),
)
def test_every_cut_lies_inside(width: int, height: int, options: Options) -> None:
    """Cuts are placed within the picture, no side is 0, nothing grows that may not, and no result exceeds its size."""
    try:
        found = plan(width, height, options)
    except TooLargeError:
        return
    assert found.width * found.height <= LARGEST_SCALED_PIXELS
    across, down = found.width, found.height
    assert options.enlarge or (across <= width and down <= height)
    for cut in found.cuts:
        left, top = place(across, down, cut)
        assert 0 <= left <= left + cut.width <= across
        assert 0 <= top <= top + cut.height <= down
        across, down = cut.width, cut.height
    assert min(across, down) >= 1
    for side, most in ((across, options.width), (down, options.height)):
        assert not most or side <= max(1, round(most * options.dpr))


@given(st.integers(10, 7000), st.integers(10, 7000), st.integers(1, 2000), st.integers(1, 2000))
def test_a_fill_of_a_larger_picture_has_exactly_its_size(width: int, height: int, across: int, down: int) -> None:
    """A page's layout counts on it."""
    assume(across <= width and down <= height)
    kind: ResizingType = "fill"
    assert plan(width, height, Options(resizing_type=kind, width=across, height=down)).result == (across, down)


def test_smart_is_placed_in_the_centre_by_arithmetic() -> None:
    """The renderer asks libvips instead."""
    kind: GravityType = "sm"
    assert place(400, 300, Cut(100, 100, Gravity(kind))) == (150, 100)
