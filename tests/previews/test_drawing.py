"""The plan as a whole: what is drawn where, above what, and what is left out."""

# Plans are drawn by chance that has to be repeatable, not secret.
# ruff: noqa: S311

from __future__ import annotations

import math
import re
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.demo.canvases import furnish, large
from app.demo.vocabulary import ROOMS, STYLES, Room
from tests.previews.plans import SVG, Row, element, parsed, paths, points, polygons, room, rows, view_box
from workers.previews import colours
from workers.previews.drawing import draw
from workers.previews.paths import number
from workers.previews.pieces import MOST_PIECES
from workers.previews.symbols import SYMBOLS

BLANK = draw([])
SOFA = element("FURNITURE", (100, 100, 200, 90), item="sofa", colour="#7d8069")

ELEMENTS = {"svg", "g", "path"}
VALUES = {
    "width": "1600",
    "height": "1200",
    "viewBox": r"-?[\d.]+( -?[\d.]+){3}",
    "d": r"[MmLlHhVvCcQAazZ \d.-]+",
    "fill": r"none|#[0-9a-f]{6}",
    "stroke": r"none|#[0-9a-f]{6}",
    "stroke-width": r"[\d.]+",
    "fill-opacity": r"0\.\d+",
    "stroke-opacity": r"0\.\d+",
    "stroke-linejoin": "round",
    "stroke-linecap": "round",
    "paint-order": "stroke",
    "transform": r"((translate|rotate|scale)\([-\d. ]+\))+",
}
"""What a plan may consist of: attributes, and what each may say."""

HOSTILE = [
    "<script>alert(1)</script>",
    '"/><image href="https://example.com/a.png"/>',
    "url(https://example.com)",
    "javascript:alert(1)",
    "&amp;&lt;]]>",
    "#12345g",
    "#fff",
    "#a1B2c3",
    "#a1b2c3\n",
    "\0\x1b\ud800",
    "Salón ñandú 漢字 🛋",
    "",
]
numbers = st.one_of(
    st.floats(),
    st.integers(),
    st.sampled_from([0, -1, 10**400, 1e300, -1e6, 1e6, 0.1, 45, math.nan, math.inf, True, None, "5"]),
    st.floats(-1000, 1000),
)
words = st.one_of(st.text(max_size=40), st.sampled_from([*HOSTILE, *SYMBOLS]))
props = st.one_of(
    st.fixed_dictionaries(
        {},
        optional={
            "item": words,
            "colour": words,
            "text": st.one_of(words, numbers),
            "size": numbers,
            "swing": words,
            "href": words,
            "style": words,
        },
    ),
    numbers,
    st.lists(words, max_size=2),
)
anything = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.one_of(st.sampled_from(["WALL", "DOOR", "WINDOW", "FURNITURE", "LABEL", "GHOST"]), numbers),
        "x": numbers,
        "y": numbers,
        "width": numbers,
        "height": numbers,
        "rotation": numbers,
        "order": words,
        "key": words,
        "props": props,
    },
)
plausible = st.builds(
    element,
    st.sampled_from(["WALL", "DOOR", "WINDOW", "FURNITURE", "LABEL"]),
    st.tuples(*[st.floats(-500, 500)] * 2, *[st.floats(0.1, 600)] * 2),
    rotation=st.floats(-360, 360),
    order=st.sampled_from("ABC"),
    item=words,
    colour=words,
    text=words,
    size=st.floats(1, 100),
    swing=words,
)


def test_an_empty_canvas_is_a_sheet_with_a_grid() -> None:
    """Nothing drawn yet is no error: paper and lines, in the proportion of every plan."""
    paper, grid = paths(BLANK)

    assert paper.get("fill") == colours.PAPER
    assert grid.get("stroke") == colours.GRID
    assert view_box(BLANK)[2] / view_box(BLANK)[3] == pytest.approx(4 / 3)


@given(st.lists(st.one_of(anything, plausible), max_size=12))
@settings(deadline=None)
def test_whatever_the_elements_a_plan_has_only_what_it_may_have(elements: list[Row]) -> None:
    """It is well-formed; it has no element, attribute, colour or address but our own; and it names finite numbers."""
    document = draw(elements)

    for node in parsed(document).iter():
        assert node.tag.removeprefix(SVG) in ELEMENTS
        assert not node.text
        assert not node.tail
        for name, value in node.attrib.items():
            assert re.fullmatch(VALUES[name], value), (name, value)
    assert document.replace("http://www.w3.org/2000/svg", "").count(":") == 0
    assert view_box(document)[2] / view_box(document)[3] == pytest.approx(4 / 3, rel=1e-3)


@given(st.randoms(use_true_random=False), st.sampled_from(ROOMS))
@settings(deadline=None, max_examples=30)
def test_the_order_of_the_rows_does_not_matter(random: Random, kind: Room) -> None:
    """A plan can be kept by what it shows: the same elements give the same bytes."""
    given_rows = rows(furnish(Random(3), kind, "JAPANDI"))
    shuffled = random.sample(given_rows, len(given_rows))

    assert draw(shuffled) == draw(given_rows)


@given(st.lists(plausible, max_size=8), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_elements_of_the_same_order_and_key_have_one_order_too(elements: list[Row], random: Random) -> None:
    """Even rows that nobody should have written give the same bytes in any order."""
    for row in elements:
        row["key"] = "same"

    assert draw(random.sample(elements, len(elements))) == draw(elements)


def test_whole_numbers_and_fractions_are_the_same() -> None:
    """MongoDB may give back 100 or 100.0, and -0.0 is 0."""
    whole = element("FURNITURE", (0, 0, 100, 50), item="table")
    fraction = {**whole, "x": -0.0, "width": 100.0, "height": 50.0, "rotation": 360.0}

    assert draw([whole]) == draw([fraction])


def test_a_wall_stands_at_its_place() -> None:
    """Its corners are those of its box."""
    document = draw([element("WALL", (10, 20, 300, 16), colour="#8d8377")])
    [wall] = paths(document, fill=colours.wall("#8d8377"))

    assert polygons(wall.attrib["d"]) == [[(10, 20), (310, 20), (310, 36), (10, 36)]]


def test_a_wall_turns_about_its_middle() -> None:
    """A quarter clockwise: what was its top left is then at the top right."""
    document = draw([element("WALL", (0, 0, 300, 20), rotation=90)])
    _, wall = paths(document, fill=colours.wall(""))  # its shadow, and itself

    assert polygons(wall.attrib["d"]) == [[(160, -140), (160, 160), (140, 160), (140, -140)]]


def test_walls_of_one_look_are_one_shape() -> None:
    """No seam shows where they meet."""
    _, walls = paths(draw(room(400, 300)), fill=colours.wall(""))

    assert len(polygons(walls.attrib["d"])) == 4


def test_furniture_is_moved_to_its_place_and_turned_about_its_middle() -> None:
    """The turn is the canvas's own: clockwise, about the box's centre."""
    document = draw([{**SOFA, "rotation": 30}])
    [group] = [node for node in parsed(document).iter(f"{SVG}g") if "transform" in node.attrib]

    assert group.get("transform") == "translate(100 100)rotate(30 100 45)"


def test_what_is_higher_on_the_canvas_is_painted_later() -> None:
    """The order key says which, not the order of the rows."""
    low = element("FURNITURE", (0, 0, 300, 200), item="rug", colour="#ddd3c1", order="U1")
    high = element("FURNITURE", (50, 50, 100, 60), item="table", colour="#3d7183", order="U2")
    for elements in ([low, high], [high, low]):
        fills = [path.get("fill") for path in paths(draw(elements))]
        assert fills.index(colours.tones("#ddd3c1").body) < fills.index(colours.tones("#3d7183").body)

    fills = [path.get("fill") for path in paths(draw([{**low, "order": "U3"}, high]))]
    assert fills.index(colours.tones("#ddd3c1").body) > fills.index(colours.tones("#3d7183").body)


def test_a_door_is_never_buried_in_its_wall() -> None:
    """Even if the wall was drawn after it."""
    door = element("DOOR", (100, 0, 90, 16), order="A")
    fills = [path.get("fill") for path in paths(draw([door, element("WALL", (0, 0, 300, 16), order="B")]))]

    assert fills.index(colours.FLOOR) > fills.index(colours.wall(""))


def test_labels_are_on_top() -> None:
    """What is written can be read, whatever was put over it since."""
    label = element("LABEL", (100, 100, 150, 20), text="Salón", colour="#aa3311", order="A")
    last = [*parsed(draw([label, {**SOFA, "order": "B"}])).iter(f"{SVG}g")][-1]

    assert last.get("fill") == "#aa3311"


def test_what_walls_enclose_is_floor() -> None:
    """A room's floor is painted before everything that stands on it; without walls there is none."""
    [floor] = paths(draw([*room(400, 300), SOFA]), fill=colours.FLOOR, stroke=colours.FLOOR)

    assert {(round(x), round(y)) for x, y in points(floor.attrib["d"])} == {(4, 4), (396, 4), (396, 296), (4, 296)}
    assert not paths(draw([*room(400, 300)[1:], SOFA]), fill=colours.FLOOR, stroke=colours.FLOOR)


@pytest.mark.parametrize(
    "change",
    [
        {"removed": True},
        {"kind": "HOLOGRAM"},
        {"kind": None},
        {"x": math.nan},
        {"y": -math.inf},
        {"x": 1e300},
        {"x": 10**400},
        {"y": "12"},
        {"x": None},
        {"width": -5},
        {"height": 0},
        {"width": 1e-9},
        {"height": 2e6},
        {"width": True, "height": []},
    ],
)
def test_what_cannot_be_drawn_is_left_out(change: dict[str, Any]) -> None:
    """It changes neither the view nor what else is there."""
    unfit = {**element("FURNITURE", (5000, 5000, 100, 50), item="table"), **change}

    assert draw([SOFA, unfit]) == draw([SOFA])
    assert draw([unfit]) == BLANK


@pytest.mark.parametrize(
    "change",
    [
        {"rotation": math.nan},
        {"rotation": None},
        {"rotation": 1e300},
        {"parent": 5},
        {"removed": None},
        {"props": {**SOFA["props"], "text": 7, "size": -math.inf, "swing": ["left"]}},
    ],
)
def test_what_is_unfit_but_not_needed_is_ignored(change: dict[str, Any]) -> None:
    """A sofa whose turn is not a number stands straight."""
    assert draw([{**SOFA, **change}]) == draw([SOFA])


def test_an_element_without_props_is_drawn() -> None:
    """As a plain box in a colour of our choice."""
    bare = {key: value for key, value in SOFA.items() if key not in {"props", "rotation", "order", "key"}}

    assert paths(draw([bare]), fill=colours.tones("").body)


@pytest.mark.parametrize("colour", HOSTILE)
def test_only_colours_are_colours(colour: str) -> None:
    """`#rrggbb` passes; anything else is as if it had not been given."""
    document = draw([{**SOFA, "props": {"item": "sofa", "colour": colour}}])
    taken = colour.lower() if colour == "#a1B2c3" else ""

    assert paths(document, fill=colours.tones(taken).body)
    assert document == draw([{**SOFA, "props": {"item": "sofa", "colour": taken}}])


@pytest.mark.parametrize("kind", ROOMS)
def test_a_plan_lies_within_its_sheet(kind: Room) -> None:
    """With a margin all round, and as large as that leaves room for."""
    for seed in range(10):
        elements = rows(furnish(Random(seed), kind, STYLES[seed % 8]))
        x, y, width, height = view_box(draw(elements))
        walls = [row for row in elements if row["kind"] == "WALL"]
        left, top = min(row["x"] for row in walls), min(row["y"] for row in walls)
        right = max(row["x"] + row["width"] for row in walls)
        bottom = max(row["y"] + row["height"] for row in walls)

        assert left - x == pytest.approx(x + width - right, abs=0.2)
        assert top - y == pytest.approx(y + height - bottom, abs=0.2)
        assert max((right - left) / width, (bottom - top) / height) == pytest.approx(0.86, abs=0.01)


def test_details_are_left_out_where_they_would_be_too_small_to_see() -> None:
    """A chair in a hall of a hundred metres is a dot."""
    chair = element("FURNITURE", (100, 100, 46, 48), item="chair")

    assert len(paths(draw([chair, *room(10_000, 8_000)]))) < len(paths(draw([chair, *room(400, 300)])))


def test_two_thousand_elements_are_drawn_and_kept_small() -> None:
    """A large office: every desk and chair is there."""
    document = draw(rows(large(Random(1), 2_000)))

    places = {node.get("transform") for node in parsed(document).iter()}
    assert len(places) > 1_980
    assert len(document) < 1_000_000


def crowd(random: Random, count: int) -> list[Row]:
    """Return elements of all kinds, large and small, turned and on top of each other, each unlike all others."""
    return [
        element(
            random.choice(["FURNITURE", "FURNITURE", "FURNITURE", "WALL", "DOOR", "WINDOW", "LABEL"]),
            [random.uniform(0, 3_000) for _ in range(2)] + [random.uniform(20, 500) for _ in range(2)],
            rotation=random.uniform(0, 360),
            order=f"{random.random():.9f}"[2:],
            item=random.choice([*SYMBOLS]),
            colour=f"#{random.randrange(1 << 24):06x}",
            text="⅜ Ľömm ǧïpṥum " * 10,
            size=random.uniform(5, 60),
        )
        for _ in range(count)
    ]


def test_the_fullest_canvas_stays_below_two_megabytes() -> None:
    """Of 20,000 elements the largest 5,000 are drawn, the largest of them with details."""
    elements = crowd(Random(5), 20_000)
    document = draw(elements)
    largest = sorted(elements, key=lambda row: -max(row["width"], row["height"]))[:MOST_PIECES]

    assert len(document) < 2_000_000
    assert document == draw(largest)


def test_pieces_of_one_size_are_drawn_alike() -> None:
    """Where there is no room for the details of all desks, none has them."""
    desks = [
        element(
            "FURNITURE", (x * 200, y * 120, 160, 80), item="plant", order=f"U{x:03}{y:03}", colour=f"#{x:02x}{y:02x}00"
        )
        for x in range(30)
        for y in range(40)
    ]
    few, many = draw(desks[:100]), draw(desks)

    assert len(paths(few, fill=colours.LEAF)) == 100
    assert not paths(many, fill=colours.LEAF)


@pytest.mark.parametrize("kind", ROOMS)
def test_demo_designs_show_all_they_have(kind: Room) -> None:
    """Every piece of furniture is at its place, the room has its floor, and the label its letters."""
    for seed in range(8):
        elements = rows(furnish(Random(seed), kind, STYLES[seed]))
        document = draw(elements)
        places = [node.attrib["transform"] for node in parsed(document).iter() if "transform" in node.attrib]

        for row in elements:
            if row["kind"] == "FURNITURE":
                place = f"translate({number(row['x'])} {number(row['y'])})"
                assert any(other.startswith(place) for other in places)
        assert paths(document, fill=colours.FLOOR, stroke=colours.FLOOR)
        assert [*parsed(document).iter(f"{SVG}g")][-1].get("paint-order") == "stroke"
