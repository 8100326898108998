"""Text as outlines."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.previews.plans import element, paths
from workers.previews.drawing import draw
from workers.previews.lettering import BODY, EM, HEADING, known, outline, shortened, width


def label(text: str, wide: float = 200, size: float | None = 14) -> list[str]:
    """Return the path data of a label's lines, on a plan of its own."""
    document = draw([element("LABEL", (0, 0, wide, 20), text=text, size=size)])
    return [path.attrib["d"] for path in paths(document)[2:]]


def test_letters_are_as_wide_as_the_font_says() -> None:
    """Source Sans Pro Semibold, in thousandths of its size."""
    assert width(HEADING, "A") == 558
    assert width(HEADING, "AA") == 1116
    assert width(HEADING, "") == 0


def test_an_outline_lies_about_the_middle() -> None:
    """Each letter begins where the one before ends; capitals reach up, which is minus."""
    starts = re.findall(r"M(-?\d+) 0m-?\d+ (-?\d+)", outline(HEADING, "AA"))

    assert [int(x) for x, _ in starts] == [-558, 0]
    assert outline(HEADING, " ") == ""


def test_an_outline_is_drawn_the_right_way_up() -> None:
    """The letter L stands on the base line and has its stroke at the bottom."""
    assert outline(BODY, "L").startswith("M-243 0m")
    ys, here = [], 0
    for command, x, y in re.findall(r"([ml])(-?\d+) (-?\d+)", outline(BODY, "L")):
        here += int(y)
        ys.append((command, int(x), here))
    assert min(y for _, _, y in ys) == -656
    assert max(y for _, _, y in ys) == 0


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Salón", "Salón"),
        ("Salo\u0301n", "Salón"),
        ("漢字 ok 🛋", "ok"),
        ("a\0b\ud800c", "abc"),
        ("a \t\r b", "a b"),
        ("", ""),
    ],
)
def test_what_the_font_cannot_write_is_left_out(text: str, left: str) -> None:
    """Without a box in its place; accents that come apart are put together."""
    assert known(BODY, text) == left


@given(st.text(), st.floats(0, 20_000))
def test_a_shortened_text_fits(text: str, most: float) -> None:
    """It is the text, its beginning with an ellipsis, or nothing."""
    given_text = known(HEADING, text)
    short = shortened(HEADING, given_text, most)

    assert width(HEADING, short) <= most
    assert short in {given_text, ""} or (short.endswith("…") and given_text.startswith(short[:-1]))


def test_no_more_is_cut_than_must_be() -> None:
    """One letter more would not fit."""
    short = shortened(HEADING, "Living room", 4_000)

    assert short == "Living…"
    assert width(HEADING, "Living r…") > 4_000
    assert shortened(HEADING, "Living room", 400) == ""


def test_a_long_label_is_shortened_to_its_box() -> None:
    """It looks like one that was shortened by hand."""
    by_hand = shortened(HEADING, "Open kitchen with a view", 100 / 14 * EM)

    assert by_hand.endswith("…")
    assert label("Open kitchen with a view", 100) == label(by_hand, 100) == [outline(HEADING, by_hand)]


def test_a_label_has_up_to_three_lines() -> None:
    """The first is a heading; a dot between spaces and a line break both end a line."""
    lines = [outline(HEADING, "Salón"), outline(BODY, "18.4 m²")]

    assert label("Salón · 18.4 m²") == label("Salón\n18.4 m²") == lines
    assert len(label("a b\nc d\ne f\ng h")) == 3
    assert label("Salón·18") == [outline(HEADING, "Salón·18")]


@pytest.mark.parametrize("text", ["", " \n ", "漢字", 5, None])
def test_a_label_without_letters_is_not_there(text: str) -> None:
    """Not even an empty group."""
    assert draw([element("LABEL", (0, 0, 200, 20), text=text)]).endswith('stroke-linecap="round"></g></svg>')


def test_letters_grow_where_they_would_be_too_small_to_read() -> None:
    """In a hall of forty metres they are three times as large; in one of a kilometre they are left out."""

    def scale(span: float) -> list[float]:
        walls = [element("WALL", (0, y, span, 16)) for y in (0, span * 0.7)]
        document = draw([*walls, element("LABEL", (span / 2, span / 3, 200, 20), text="Hall", size=20)])
        return [float(found) * EM for found in re.findall(r"scale\(([\d.]+)\)", document)]

    assert scale(600) == [20]
    assert scale(4_000) == [60]
    assert scale(90_000) == []


def test_a_label_takes_the_usual_size_where_it_says_none() -> None:
    """Or where it says nonsense."""
    assert label("Salón", size=None) == label("Salón", size=-3) == label("Salón", size=0) == label("Salón", size=14)
