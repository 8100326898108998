"""Floor plans for designs: a room's walls, door, windows, furniture and labels, in centimetres."""

# Lengths and shares are what this module is made of.
# ruff: noqa: PLR2004

from random import Random

from app.demo.fabrics import FABRICS
from app.demo.floor import Box, ElementSpec, Floor, Props
from app.demo.layouts import LAYOUTS, finish
from app.demo.vocabulary import Room, Style

__all__ = ["ElementSpec", "furnish", "large"]

_SIZES: dict[Room, tuple[tuple[int, int], tuple[int, int]]] = {
    "LIVING_ROOM": ((460, 560), (420, 500)),
    "BEDROOM": ((400, 470), (380, 450)),
    "KITCHEN": ((400, 480), (400, 460)),
    "BATHROOM": ((280, 330), (290, 340)),
    "DINING_ROOM": ((430, 500), (390, 450)),
    "STUDY": ((360, 430), (340, 400)),
    "HALLWAY": ((220, 260), (440, 560)),
    "TERRACE": ((520, 640), (340, 420)),
}
_TITLES: dict[Room, str] = {
    "LIVING_ROOM": "Living room",
    "BEDROOM": "Bedroom",
    "KITCHEN": "Kitchen",
    "BATHROOM": "Bathroom",
    "DINING_ROOM": "Dining room",
    "STUDY": "Study",
    "HALLWAY": "Hallway",
    "TERRACE": "Terrace",
}


def furnish(random: Random, room: Room, style: Style) -> list[ElementSpec]:
    """Return a furnished plan of one room, from the walls up; the same for the same state of `random`."""
    fabric = FABRICS[style]
    (least, most), (shallow, deep) = _SIZES[room]
    size = (float(random.randrange(least, most + 1, 5)), float(random.randrange(shallow, deep + 1, 5)))
    corner = room not in {"HALLWAY", "BATHROOM"} and random.random() < 0.4
    wall: Props = {"item": "parapet" if room == "TERRACE" else "wall", "colour": fabric.wall, "material": "brick"}
    floor = Floor.build(random, size, corner=corner, wall=wall)
    _open(floor, random, room)
    LAYOUTS[room](floor, fabric, random)
    finish(floor, fabric, random)
    _write(floor, room)
    return floor.elements(random.randrange(4), mirrored=random.random() < 0.5)


def _open(floor: Floor, random: Random, room: Room) -> None:
    """Cut a door into the bottom wall and windows into the others."""
    width = 90.0
    end = floor.notch.x if floor.notch else floor.width
    place = random.choice([0.25, 0.5, 0.7])
    floor.door(
        round(max(10.0, (end - width) * place), -1),
        width,
        {"item": "door", "swing": random.choice(["left", "right"]), "material": "oak"},
    )
    if room == "TERRACE":  # the bottom wall is the house's
        floor.pieces[5 if floor.notch else 3].props["item"] = "wall"
        door = floor.pieces[-1].box
        start, length = max((20.0, door.x - 40), (door.x + 110, end - door.x - 130), key=lambda free: free[1])
        floor.window(
            "bottom", start, min(length, 160.0), {"item": "window", "material": "double glazing", "colour": "#b9d3dd"}
        )
        return
    glass: Props = {"item": "window", "material": "double glazing", "colour": "#b9d3dd"}
    long = 80.0 if room in {"BATHROOM", "HALLWAY"} else float(random.choice([120, 150, 180]))
    floor.window("top", (floor.width - long) / 2, long, glass)
    side = random.choice(["left", "right"])
    low = floor.notch.y if floor.notch and side == "right" else floor.depth
    length = min(float(random.choice([90, 120, 140])), low - 80)
    floor.window(side, round((low - length) / 2), length, dict(glass))


def _write(floor: Floor, room: Room) -> None:
    area = floor.width * floor.depth - (floor.notch.width * floor.notch.height if floor.notch else 0)
    middle = floor.width / 2
    text = f"{_TITLES[room]} · {area / 10_000:.1f} m²"
    floor.label(Box(middle - 70, floor.depth - 90, 140, 20), {"text": text, "colour": "#3a3632", "size": 14})


def large(random: Random, count: int) -> list[ElementSpec]:
    """Return an open-plan office of exactly `count` elements, at least 8: walls, a label, a grid of desks."""
    if count < 8:
        raise ValueError(f"an office takes at least 8 elements, not {count}")
    fabric = FABRICS[random.choice(list(FABRICS))]
    desks = (count - 7 + 1) // 2
    across = max(1, round((desks * 1.3) ** 0.5))
    rows = -(-desks // across)
    floor = Floor.build(
        random, (across * 190.0 + 60, rows * 200.0 + 120), corner=False,
        wall={"item": "wall", "colour": fabric.wall, "material": "plasterboard"},
    )  # fmt: skip
    floor.door(20, 90, {"item": "door", "swing": "left", "material": "glass"})
    floor.window("top", 60, floor.width - 120, {"item": "window", "material": "double glazing", "colour": "#b9d3dd"})
    floor.label(
        Box(floor.width / 2 - 80, floor.depth - 40, 160, 24), {"text": "Open office", "colour": "#3a3632", "size": 18}
    )
    for number in range(desks):
        row, place = divmod(number, across)
        x, y = 60.0 + place * 190, 20.0 + row * 200
        floor.put(Box(x, y, 160, 80), 0, fabric.wooden("desk", seat=number + 1))
        if len(floor.pieces) < count:
            jitter = random.randint(-30, 30)
            floor.put(Box(x + 52 + jitter, y + 86, 56, 56), 2, fabric.accented("office chair", fabric.cloth))
    return floor.elements(0, mirrored=False)
