"""A room's floor to put furniture on: walls, door and windows around it, and what still is free.

Lengths are centimetres. While a plan is laid out, (0, 0) is the inner corner at the top left, x runs right and y down,
and the main wall is at the top; `elements` then turns and shifts the whole plan.
"""

from dataclasses import dataclass, field
from random import Random

from app.demo.vocabulary import ElementKind

Props = dict[str, str | int | float]

THICK = 16
"""How thick walls are."""
MARGIN = 60
"""Where the plan begins on the canvas."""


@dataclass(frozen=True, slots=True)
class ElementSpec:
    """One object of a canvas.

    `x`, `y` are the top-left corner of the box before it is turned, in centimetres; `rotation` turns the box about its
    centre, in degrees clockwise. Later elements of a list lie above earlier ones.
    """

    kind: ElementKind
    x: float
    y: float
    width: float
    height: float
    rotation: float
    props: Props


@dataclass(frozen=True, slots=True)
class Box:
    """What something covers on the floor, sides parallel to the axes."""

    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: "Box") -> bool:
        """Whether two boxes share more than an edge."""
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )

    def within(self, other: "Box") -> bool:
        """Whether this box lies inside another."""
        return (
            self.x >= other.x
            and self.y >= other.y
            and self.x + self.width <= other.x + other.width
            and self.y + self.height <= other.y + other.height
        )


@dataclass(frozen=True, slots=True)
class _Piece:
    kind: ElementKind
    box: Box
    facing: int  # quarter turns clockwise; 0 has its back to the top
    props: Props


@dataclass(slots=True)
class Floor:
    """A rectangle, or an L where `notch` is cut out of a corner; `taken` is what no furniture may stand on."""

    width: float
    depth: float
    notch: Box | None
    pieces: list[_Piece] = field(default_factory=list)
    taken: list[Box] = field(default_factory=list)

    @classmethod
    def build(cls, random: Random, size: tuple[float, float], *, corner: bool, wall: Props) -> "Floor":
        """Raise the walls around a room; with a `corner`, an L whose missing corner is at the bottom right."""
        width, depth = size
        notch: Box | None = None
        if corner:
            cut = (round(width * random.uniform(0.2, 0.28), -1), round(depth * random.uniform(0.2, 0.26), -1))
            notch = Box(width - cut[0], depth - cut[1], *cut)
        floor = cls(width, depth, notch)
        if notch is not None:
            floor.taken.append(notch)
        for box in floor.outline():
            floor.pieces.append(_Piece("WALL", box, 0, dict(wall)))
        return floor

    def outline(self) -> list[Box]:
        """Return the walls' boxes: closed, each reaching over the corners."""
        w, d, t = self.width, self.depth, THICK
        top, left = Box(-t, -t, w + 2 * t, t), Box(-t, -t, t, d + 2 * t)
        if self.notch is None:
            return [top, left, Box(w, -t, t, d + 2 * t), Box(-t, d, w + 2 * t, t)]
        n = self.notch
        return [
            top,
            left,
            Box(w, -t, t, n.y + 2 * t),
            Box(n.x, n.y, n.width + t, t),
            Box(n.x, n.y, t, n.height + t),
            Box(-t, d, n.x + 2 * t, t),
        ]

    def door(self, x: float, width: float, props: Props) -> None:
        """Put a door into the bottom wall and keep the floor before it free."""
        self.pieces.append(_Piece("DOOR", Box(x, self.depth, width, THICK), 2, props))
        self.taken.append(Box(x, self.depth - width, width, width))

    def window(self, side: str, start: float, length: float, props: Props) -> None:
        """Put a window into the `top`, `left`, `right` or `bottom` wall."""
        boxes = {
            "top": (Box(start, -THICK, length, THICK), 0),
            "right": (Box(self.width, start, THICK, length), 1),
            "bottom": (Box(start, self.depth, length, THICK), 2),
            "left": (Box(-THICK, start, THICK, length), 3),
        }
        box, facing = boxes[side]
        self.pieces.append(_Piece("WINDOW", box, facing, props))

    def fits(self, box: Box) -> bool:
        """Whether a box is on the floor and free."""
        inside = box.within(Box(0, 0, self.width, self.depth))
        return inside and not any(box.overlaps(other) for other in self.taken)

    def put(self, box: Box, facing: int, props: Props) -> bool:
        """Put furniture where there is room for it; return whether there was."""
        if not self.fits(box):
            return False
        self.taken.append(box)
        self.pieces.append(_Piece("FURNITURE", box, facing, props))
        return True

    def lay(self, box: Box, props: Props) -> None:
        """Lay a rug, on which furniture may stand, clipped to what floor there is."""
        right = min(box.x + box.width, self.width - 5, self.notch.x - 5 if self.notch else self.width)
        bottom = min(box.y + box.height, self.depth - 5)
        x, y = max(box.x, 5), max(box.y, 5)
        self.pieces.append(_Piece("FURNITURE", Box(x, y, right - x, bottom - y), 0, props))

    def top(self, box: Box, props: Props) -> None:
        """Set something small onto furniture that is there already (a lamp on a table, a sink in a worktop)."""
        self.pieces.append(_Piece("FURNITURE", box, 0, {**props, "on": "furniture"}))

    def label(self, box: Box, props: Props) -> None:
        """Write on the plan."""
        self.pieces.append(_Piece("LABEL", box, 0, props))

    def elements(self, quarters: int, *, mirrored: bool) -> list[ElementSpec]:
        """Return the plan turned by quarters, mirrored or not, its outer corner at `MARGIN`."""
        return [self._element(piece, quarters, mirrored=mirrored) for piece in self.pieces]

    def _element(self, piece: _Piece, quarters: int, *, mirrored: bool) -> ElementSpec:
        box, facing, width, depth = piece.box, piece.facing, self.width, self.depth
        if mirrored:
            box = Box(width - box.x - box.width, box.y, box.width, box.height)
            facing = -facing % 4
        for _ in range(quarters):
            box = Box(depth - box.y - box.height, box.x, box.height, box.width)
            width, depth = depth, width
        turn = (facing + quarters) % 4 if piece.kind == "FURNITURE" else 0
        upright = piece.kind == "LABEL" and quarters % 2  # text stays level
        wide, high = (box.height, box.width) if turn % 2 or upright else (box.width, box.height)
        x = box.x + (box.width - wide) / 2 + MARGIN + THICK
        y = box.y + (box.height - high) / 2 + MARGIN + THICK
        return ElementSpec(
            piece.kind, round(x, 1), round(y, 1), round(wide, 1), round(high, 1), turn * 90.0, piece.props
        )
