"""The symbols of furniture."""

# Plans are drawn by chance that has to be repeatable, not secret.
# ruff: noqa: S311

from __future__ import annotations

import re
from random import Random

import pytest

from app.demo.canvases import furnish, large
from app.demo.vocabulary import ROOMS
from workers.previews.symbols import SYMBOLS, Tone, surfaces, symbol

SIZES = [(200.0, 90.0), (46.0, 48.0), (30.0, 400.0), (0.1, 0.1), (1e6, 0.1), (0.1, 1e6), (1e6, 1e6)]
ARGUMENTS = {"m": 2, "l": 2, "h": 1, "v": 1, "c": 6, "q": 4, "a": 7, "z": 0}


@pytest.mark.parametrize("name", [*SYMBOLS, "contraption"])
@pytest.mark.parametrize("size", SIZES)
def test_every_symbol_can_be_drawn_at_any_size(name: str, size: tuple[float, float]) -> None:
    """Its outline is there, its path data is whole, and it does not grow with the piece."""
    parts = symbol(name)(*size)

    assert parts[0].data
    assert parts[0].tone in {Tone.BODY, Tone.LIGHT}
    assert sum(len(part.data) for part in parts) < 3_000
    for part in parts:
        for command, arguments in re.findall(r"([a-zA-Z])([^a-zA-Z]*)", part.data):
            values = [float(value) for value in arguments.split()]
            assert len(values) == ARGUMENTS[command.lower()]
            assert all(abs(value) <= 1.1e6 for value in values)


def ends(data: str) -> list[tuple[float, float]]:
    """Return where the commands of an outline end: M is absolute, h, v and a are relative."""
    x = y = 0.0
    found = []
    for command, arguments in re.findall(r"([Mhva])([^a-zA-Z]*)", data):
        values = [float(value) for value in arguments.split()]
        if command == "M":
            x, y = values
        else:
            x += 0 if command == "v" else values[0 if command == "h" else -2]
            y += 0 if command == "h" else values[-1]
        found.append((x, y))
    return found


@pytest.mark.parametrize("name", SYMBOLS)
def test_an_outline_keeps_to_its_box(name: str) -> None:
    """It does not stand in the wall, and it takes most of its place."""
    outline = ends(symbol(name)(100, 80)[0].data)

    assert all(-0.1 <= x <= 100.1 and -0.1 <= y <= 80.1 for x, y in outline)
    assert max(x for x, _ in outline) - min(x for x, _ in outline) >= 60


def test_all_that_demo_designs_have_is_known() -> None:
    """No piece of theirs is a plain box."""
    rooms = [furnish(Random(seed), room, "BOHO") for room in ROOMS for seed in range(20)]
    elements = [element for plan in [*rooms, large(Random(1), 20)] for element in plan if element.kind == "FURNITURE"]
    unknown = {element.props["item"] for element in elements if symbol(str(element.props["item"])) is surfaces.block}

    assert unknown == set()


@pytest.mark.parametrize(
    ("item", "same"),
    [
        ("walnut dining table", "table"),
        ("large office chair", "office chair"),
        ("outdoor sofa", "sofa"),
        ("umbrella stand", "stand"),
        ("olive tree", "plant"),
    ],
)
def test_a_name_is_understood_by_its_last_words(item: str, same: str) -> None:
    """What goes before says what it is made of, or where it belongs."""
    assert symbol(item) is symbol(same)


@pytest.mark.parametrize("item", ["", " ", "table of contents", "sofas", "🛋"])
def test_what_is_not_known_is_a_box(item: str) -> None:
    """Rather a plain box than the wrong thing."""
    assert symbol(item) is surfaces.block
