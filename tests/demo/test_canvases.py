"""Floor plans: closed walls, openings in them, furniture that fits and does not collide."""

# Plans are drawn by chance that has to be repeatable, not secret.
# ruff: noqa: S311

import math
from random import Random

import pytest

from app.demo.canvases import furnish, large
from app.demo.floor import Box, ElementSpec
from app.demo.vocabulary import ROOMS, STYLES, Room

SEEDS = range(60)
LYING_FLAT = {"rug", "runner", "bath mat", "outdoor rug"}


def covered(element: ElementSpec) -> Box:
    """Return what an element covers after its turn by quarters."""
    wide, high = element.width, element.height
    if element.rotation % 180:
        wide, high = high, wide
    x, y = element.x + element.width / 2, element.y + element.height / 2
    return Box(round(x - wide / 2, 1), round(y - high / 2, 1), wide, high)


def middle(box: Box) -> tuple[float, float]:
    """Return a box's middle."""
    return box.x + box.width / 2, box.y + box.height / 2


def kind(elements: list[ElementSpec], name: str) -> list[Box]:
    """Return what all elements of a kind cover."""
    return [covered(element) for element in elements if element.kind == name]


def standing(elements: list[ElementSpec]) -> list[ElementSpec]:
    """Return furniture that stands on the floor itself."""
    furniture = [element for element in elements if element.kind == "FURNITURE"]
    return [e for e in furniture if e.props["item"] not in LYING_FLAT and "on" not in e.props]


def inside(elements: list[ElementSpec], x: float, y: float) -> bool:
    """Whether walls stand in all four directions of a point: it is within the room."""
    walls = kind(elements, "WALL")
    across = [wall for wall in walls if wall.y <= y <= wall.y + wall.height]
    along = [wall for wall in walls if wall.x <= x <= wall.x + wall.width]
    return (
        any(wall.x + wall.width <= x for wall in across)
        and any(wall.x >= x for wall in across)
        and any(wall.y + wall.height <= y for wall in along)
        and any(wall.y >= y for wall in along)
    )


@pytest.mark.parametrize("room", ROOMS)
def test_a_plan_has_what_a_room_needs(room: Room) -> None:
    """Walls, a door, windows, a label, and 12 to 60 elements in all."""
    for seed in SEEDS:
        elements = furnish(Random(seed), room, STYLES[seed % 8])

        assert 12 <= len(elements) <= 60
        assert len(kind(elements, "WALL")) in {4, 6}
        assert kind(elements, "DOOR")
        assert kind(elements, "WINDOW")
        assert kind(elements, "LABEL")
        assert len(standing(elements)) >= 5


@pytest.mark.parametrize("room", ROOMS)
def test_furniture_stands_within_the_walls(room: Room) -> None:
    """All four corners of every piece, and of what lies on it or under it, are in the room."""
    for seed in SEEDS:
        elements = furnish(Random(seed), room, STYLES[seed % 8])
        walls = kind(elements, "WALL")
        for box in kind(elements, "FURNITURE") + kind(elements, "LABEL"):
            assert not any(box.overlaps(wall) for wall in walls)
            corners = [(x, y) for x in (box.x + 1, box.x + box.width - 1) for y in (box.y + 1, box.y + box.height - 1)]
            assert all(inside(elements, x, y) for x, y in corners)


@pytest.mark.parametrize("room", ROOMS)
def test_furniture_does_not_collide(room: Room) -> None:
    """No two pieces on the floor overlap, and the door can open."""
    for seed in SEEDS:
        elements = furnish(Random(seed), room, STYLES[seed % 8])
        boxes = [covered(element) for element in standing(elements)]
        for index, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[index + 1 :])
        door = kind(elements, "DOOR")[0]
        side = max(door.width, door.height)
        if door.width > door.height:
            swings = [Box(door.x, door.y - side, side, side), Box(door.x, door.y + door.height, side, side)]
        else:
            swings = [Box(door.x - side, door.y, side, side), Box(door.x + door.width, door.y, side, side)]
        swing = next(box for box in swings if inside(elements, box.x + side / 2, box.y + side / 2))
        assert not any(box.overlaps(swing) for box in boxes)


@pytest.mark.parametrize("room", ROOMS)
def test_openings_lie_in_walls(room: Room) -> None:
    """Every door and window is within one wall."""
    for seed in SEEDS:
        elements = furnish(Random(seed), room, STYLES[seed % 8])
        walls = kind(elements, "WALL")
        for opening in kind(elements, "DOOR") + kind(elements, "WINDOW"):
            assert any(opening.within(wall) for wall in walls)


@pytest.mark.parametrize(
    ("room", "items"),
    [
        ("LIVING_ROOM", {"sofa", "tv bench", "coffee table", "rug"}),
        ("BEDROOM", {"bed", "night table", "rug"}),
        ("KITCHEN", {"fridge", "base cabinet", "sink", "hob"}),
        ("BATHROOM", {"bath", "vanity", "basin", "lavatory"}),
        ("DINING_ROOM", {"dining table", "chair"}),
        ("STUDY", {"desk", "office chair", "bookcase"}),
        ("HALLWAY", {"console", "runner"}),
        ("TERRACE", {"outdoor sofa", "planter", "bistro table"}),
    ],
)
def test_a_room_has_what_makes_it_that_room(room: Room, items: set[str]) -> None:
    """A bedroom without a bed would be none, whatever the seed."""
    for seed in SEEDS:
        found = {element.props.get("item") for element in furnish(Random(seed), room, "JAPANDI")}

        assert items <= found


def test_the_sofa_faces_the_television() -> None:
    """It is turned by half a circle against the bench, on the other side of the low table."""
    for seed in SEEDS:
        pieces = {element.props.get("item"): element for element in furnish(Random(seed), "LIVING_ROOM", "BOHO")}
        sofa, bench, table = (covered(pieces[name]) for name in ("sofa", "tv bench", "coffee table"))

        assert (pieces["sofa"].rotation - pieces["tv bench"].rotation) % 360 == 180
        assert math.dist(middle(bench), middle(table)) < math.dist(middle(bench), middle(sofa))


def test_the_same_random_state_gives_the_same_plan() -> None:
    """Plans are functions of their arguments."""
    assert furnish(Random(4), "STUDY", "CLASSIC") == furnish(Random(4), "STUDY", "CLASSIC")
    assert furnish(Random(4), "STUDY", "CLASSIC") != furnish(Random(5), "STUDY", "CLASSIC")


@pytest.mark.parametrize("count", [8, 9, 100, 2000, 2001])
def test_a_large_office_has_exactly_as_many_elements_as_asked_for(count: int) -> None:
    """Load tests can ask for any size, and nothing collides there either."""
    elements = large(Random(1), count)
    boxes = [covered(element) for element in standing(elements)]

    assert len(elements) == count
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 : i + 4])


def test_an_office_of_seven_elements_is_refused() -> None:
    """Its walls alone take most of them."""
    with pytest.raises(ValueError, match="at least 8"):
        large(Random(1), 7)
