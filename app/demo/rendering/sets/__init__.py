"""The sets: how each room is furnished before it is photographed, in one of several ways."""

from collections.abc import Callable

from app.demo.rendering.sets.open import hallway, terrace
from app.demo.rendering.sets.soft import bedroom, living_room
from app.demo.rendering.sets.tables import dining_room, study
from app.demo.rendering.sets.wet import bathroom, kitchen
from app.demo.rendering.stage import Stage
from app.demo.vocabulary import Room

SETS: dict[Room, Callable[[Stage], None]] = {
    "LIVING_ROOM": living_room,
    "BEDROOM": bedroom,
    "DINING_ROOM": dining_room,
    "STUDY": study,
    "KITCHEN": kitchen,
    "BATHROOM": bathroom,
    "HALLWAY": hallway,
    "TERRACE": terrace,
}
