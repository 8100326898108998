"""How each kind of room is furnished, on a floor whose main wall is at the top. Centimetres."""

# Lengths and shares are what this module is made of.
# ruff: noqa: PLR2004

from collections.abc import Callable
from random import Random

from app.demo.fabrics import Fabric
from app.demo.floor import Box, Floor
from app.demo.vocabulary import Room

Layout = Callable[[Floor, Fabric, Random], None]

UP, RIGHT, DOWN, LEFT = 0, 1, 2, 3
"""Which wall a piece has its back to."""


def _plants(floor: Floor, fabric: Fabric, random: Random) -> None:
    """Stand plants into free corners."""
    size = random.choice([40, 45, 50])
    corners = [
        (8.0, 8.0),
        (floor.width - size - 8, 8.0),
        (8.0, floor.depth - size - 8),
        (floor.width - size - 8, floor.depth - size - 8),
    ]
    random.shuffle(corners)
    names = ["ficus lyrata", "olive tree", "kentia palm", "monstera", "rubber plant"]
    for x, y in corners[: random.choice([2, 3])]:
        floor.put(Box(x, y, size, size), UP, fabric.accented("plant", "terracotta", text=random.choice(names)))


def _against_left(floor: Floor, y: float, length: float, depth: float, props: dict[str, str | int | float]) -> bool:
    return floor.put(Box(0, y, depth, length), LEFT, props)


def _against_right(floor: Floor, y: float, length: float, depth: float, props: dict[str, str | int | float]) -> bool:
    return floor.put(Box(floor.width - depth, y, depth, length), RIGHT, props)


def living_room(floor: Floor, fabric: Fabric, random: Random) -> None:
    """Let the sofa face the TV bench across a low table, on a rug."""
    middle, sofa = floor.width / 2 + random.randint(-15, 15), random.choice([200, 220, 240])
    floor.lay(Box(middle - 150, 55, 300, 200), {"item": "rug", "colour": fabric.rug, "material": "wool"})
    floor.put(Box(middle - 95, 0, 190, 42), UP, fabric.wooden("tv bench"))
    floor.top(Box(middle - 62, 10, 124, 8), {"item": "television", "colour": "#1f1f20", "material": "glass"})
    away = 205 + random.randint(0, 25)
    floor.put(Box(middle - sofa / 2, away, sofa, 92), DOWN, fabric.upholstered("sofa", seats=round(sofa / 75)))
    floor.put(Box(middle - 55, 125, 110, 55), UP, fabric.wooden("coffee table"))
    floor.put(Box(middle - sofa / 2 - 52, away + 25, 45, 45), UP, fabric.wooden("side table"))
    floor.put(Box(middle + sofa / 2 + 10, away + 35, 38, 38), UP, fabric.accented("floor lamp", "linen"))
    floor.put(Box(middle + 135, 105, 76, 78), RIGHT, fabric.accented("armchair", fabric.cloth))
    floor.put(Box(middle - 211, 105, 76, 78), LEFT, fabric.accented("armchair", fabric.cloth))
    _against_left(floor, floor.depth - 175, 120, 34, fabric.wooden("bookcase"))
    floor.put(Box(middle - 70, away + 98, 140, 35), DOWN, fabric.wooden("console"))


def bedroom(floor: Floor, fabric: Fabric, random: Random) -> None:
    """Stand the bed with its head to the main wall between two night tables."""
    middle, bed = floor.width / 2 + random.randint(-10, 10), random.choice([160, 180])
    floor.lay(Box(middle - bed / 2 - 55, 90, bed + 110, 170), {"item": "rug", "colour": fabric.rug, "material": "wool"})
    floor.put(Box(middle - bed / 2, 0, bed, 208), UP, fabric.upholstered("bed", size=f"{bed} × 200"))
    for side in (-1, 1):
        table = Box(middle + side * (bed / 2 + 29) - 24, 0, 48, 40)
        if floor.put(table, UP, fabric.wooden("night table")):
            floor.top(Box(table.x + 13, 10, 22, 22), fabric.accented("lamp", "linen"))
        pillow = Box(middle + side * bed / 4 - 32, 12, 64, 42)
        floor.top(pillow, {"item": "pillow", "colour": "#f3f0ea", "material": "cotton"})
    floor.top(Box(middle - bed / 2, 135, bed, 50), fabric.accented("throw", "wool"))
    floor.put(Box(middle - 60, 214, 120, 40), DOWN, fabric.upholstered("bench"))
    if not _against_right(floor, 80, 180, 60, fabric.wooden("wardrobe", doors=4)):
        _against_left(floor, 80, 150, 60, fabric.wooden("wardrobe", doors=3))
    _against_left(floor, floor.depth - 160, 110, 45, fabric.wooden("chest of drawers"))
    floor.put(Box(floor.width - 90, floor.depth - 95, 72, 74), RIGHT, fabric.accented("armchair", fabric.cloth))


def kitchen(floor: Floor, fabric: Fabric, random: Random) -> None:
    """Line up fridge, sink, hob along the main wall; an island with stools when there is room, a table otherwise."""
    stone: dict[str, str | int | float] = {"colour": "#d8d4cc", "material": "stone"}
    steel: dict[str, str | int | float] = {"colour": "#a9adb0", "material": "steel"}
    floor.put(Box(0, 0, 65, 65), UP, {"item": "fridge", **steel})
    x, number = 65.0, 0
    while x + 60 <= floor.width - 5:
        floor.put(Box(x, 0, 60, 62), UP, fabric.wooden("base cabinet", front=fabric.accent))
        if number == 1:
            floor.top(Box(x + 5, 10, 50, 42), {"item": "sink", **steel})
        if number == 3:
            floor.top(Box(x + 1, 6, 58, 50), {"item": "hob", "colour": "#1f1f20", "material": "glass"})
        x, number = x + 60, number + 1
    _against_left(floor, 65, 60, 62, {"item": "oven tower", **steel})
    middle = floor.width / 2 + random.randint(0, 20)
    island = Box(middle - 100, 175, 200, 90)
    if floor.put(island, UP, {"item": "island", **stone}):
        for place in range(3):
            floor.put(Box(island.x + 18 + place * 62, 268, 40, 40), DOWN, fabric.wooden("stool"))
        floor.top(Box(middle - 20, 200, 36, 36), fabric.accented("fruit bowl", "ceramic"))
    _against_right(floor, 80, 110, 38, fabric.wooden("dresser"))
    _against_left(floor, floor.depth - 130, 90, 40, fabric.wooden("pantry"))


def bathroom(floor: Floor, fabric: Fabric, random: Random) -> None:
    """Put the bath under the main wall or along a side, double basin, shower, lavatory."""
    white: dict[str, str | int | float] = {"colour": "#f6f5f1", "material": "ceramic"}
    if random.random() < 0.5:
        floor.put(Box(0, 0, 170, 75), UP, {"item": "bath", **white})
        _against_right(floor, 10, 120, 48, fabric.wooden("vanity", basins=2))
        basins = [Box(floor.width - 44, y, 36, 44) for y in (20, 76)]
    else:
        _against_left(floor, 0, 175, 80, {"item": "bath", **white})
        floor.put(Box(95, 0, 120, 48), UP, fabric.wooden("vanity", basins=2))
        basins = [Box(x, 6, 44, 36) for x in (105, 161)]
    for basin in basins:
        floor.top(basin, {"item": "basin", **white})
    _against_right(floor, 140, 38, 56, {"item": "lavatory", **white})
    _against_left(floor, floor.depth - 92, 90, 90, {"item": "shower", "colour": "#cfd9dc", "material": "glass"})
    floor.lay(Box(floor.width / 2 - 35, 90, 80, 50), {"item": "bath mat", "colour": fabric.rug, "material": "cotton"})
    floor.put(Box(floor.width / 2 + 5, 150, 34, 34), UP, fabric.wooden("stool"))
    _against_right(floor, 184, 42, 36, fabric.wooden("towel shelf"))


def dining_room(floor: Floor, fabric: Fabric, random: Random) -> None:
    """Put a table with chairs on every side, a sideboard on the main wall."""
    length, wide = random.choice([(180, 90), (200, 95), (220, 100)])
    x, y = floor.width / 2 - length / 2, 130 + random.randint(0, 10)
    floor.lay(Box(x - 45, y - 65, length + 90, wide + 130), {"item": "rug", "colour": fabric.rug, "material": "jute"})
    floor.put(Box(x, y, length, wide), UP, fabric.wooden("dining table", seats=8))
    for place in range(3):
        left = x + length * (place + 0.5) / 3 - 23
        floor.put(Box(left, y - 52, 46, 48), UP, fabric.upholstered("chair"))
        floor.put(Box(left, y + wide + 4, 46, 48), DOWN, fabric.upholstered("chair"))
    floor.put(Box(x - 54, y + wide / 2 - 23, 48, 46), LEFT, fabric.upholstered("chair"))
    floor.put(Box(x + length + 6, y + wide / 2 - 23, 48, 46), RIGHT, fabric.upholstered("chair"))
    floor.top(Box(x + length / 2 - 18, y + wide / 2 - 18, 36, 36), fabric.accented("vase", "ceramic"))
    floor.put(Box(floor.width / 2 - 90, 0, 180, 45), UP, fabric.wooden("sideboard"))
    _against_left(floor, 60, 90, 38, fabric.wooden("glass cabinet"))
    _against_right(floor, 70, 100, 36, fabric.wooden("bar cabinet"))


def study(floor: Floor, fabric: Fabric, random: Random) -> None:
    """Put a desk with its chair, shelves, a chair to read in."""
    x = random.randint(60, 80)
    floor.lay(Box(x - 20, 50, 210, 140), {"item": "rug", "colour": fabric.rug, "material": "wool"})
    floor.put(Box(x, 0, 160, 75), UP, fabric.wooden("desk"))
    floor.top(Box(x + 50, 10, 62, 10), {"item": "screen", "colour": "#1f1f20", "material": "glass"})
    floor.top(Box(x + 58, 40, 44, 14), {"item": "keyboard", "colour": "#e9e7e2", "material": "aluminium"})
    floor.top(Box(x + 8, 8, 22, 22), fabric.accented("task lamp", "steel"))
    floor.put(Box(x + 52, 80, 58, 58), DOWN, fabric.accented("office chair", fabric.cloth))
    for place in range(2):
        _against_right(floor, 60 + place * 82, 80, 32, fabric.wooden("bookcase"))
    _against_left(floor, 110, 90, 40, fabric.wooden("drawers"))
    floor.put(Box(floor.width - 150, floor.depth - 95, 74, 76), DOWN, fabric.upholstered("armchair"))
    floor.put(Box(x + 20, floor.depth - 150, 60, 60), UP, fabric.wooden("side table"))
    floor.put(Box(x + 180, 4, 42, 40), UP, fabric.wooden("filing cabinet"))


def hallway(floor: Floor, fabric: Fabric, random: Random) -> None:
    """Put a console with a mirror, a bench, coats, a runner that leads through."""
    floor.lay(
        Box(floor.width / 2 - 40, 60, 80, floor.depth - 160),
        {"item": "runner", "colour": fabric.rug, "material": "wool"},
    )
    start = random.randint(40, 60)
    _against_left(floor, start, 120, 34, fabric.wooden("console"))
    floor.top(Box(0, start + 30, 5, 60), {"item": "mirror", "colour": "#c9d3d6", "material": "glass"})
    floor.top(Box(8, start + 12, 18, 18), fabric.accented("vase", "ceramic"))
    _against_left(floor, start + 145, 100, 40, fabric.upholstered("bench"))
    _against_right(floor, 20, 150, 45, fabric.wooden("wardrobe", doors=3))
    _against_right(floor, 180, 80, 24, fabric.wooden("coat rack", hooks=6))
    _against_right(floor, 270, 70, 32, fabric.wooden("shoe cabinet"))
    floor.put(Box(6, floor.depth - 50, 30, 30), UP, fabric.accented("umbrella stand", "steel"))


def terrace(floor: Floor, fabric: Fabric, random: Random) -> None:
    """Put seats about a low table, planters along the parapet, a table to eat at."""
    x = random.randint(50, 70)
    floor.lay(Box(x - 15, 40, 260, 190), {"item": "outdoor rug", "colour": fabric.rug, "material": "polypropylene"})
    floor.put(Box(x, 45, 210, 85), UP, fabric.upholstered("outdoor sofa", seats=3))
    floor.put(Box(x + 55, 145, 100, 60), UP, {"item": "low table", "colour": "#d8d4cc", "material": "stone"})
    floor.put(Box(x + 170, 150, 70, 72), RIGHT, fabric.upholstered("lounge chair"))
    for place in range(int((floor.width - 20) // 110)):
        floor.put(Box(10 + place * 110, 4, 100, 32), UP, fabric.accented("planter", "fibre cement", text="lavender"))
    table = Box(floor.width - 170, 90, 90, 90)
    floor.put(table, UP, fabric.wooden("bistro table"))
    seats = [(Box(table.x + 22, 40, 46, 48), UP), (Box(table.x + 22, 182, 46, 48), DOWN)]
    seats += [(Box(table.x - 50, 112, 48, 46), LEFT), (Box(table.x + 92, 112, 48, 46), RIGHT)]
    for box, facing in seats:
        floor.put(box, facing, fabric.wooden("folding chair"))
    floor.top(Box(table.x + 35, 125, 20, 20), fabric.accented("lantern", "steel"))


LAYOUTS: dict[Room, Layout] = {
    "LIVING_ROOM": living_room,
    "BEDROOM": bedroom,
    "KITCHEN": kitchen,
    "BATHROOM": bathroom,
    "DINING_ROOM": dining_room,
    "STUDY": study,
    "HALLWAY": hallway,
    "TERRACE": terrace,
}

finish = _plants
