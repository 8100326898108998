"""The rooms of a plan: what walls, doors and windows enclose, found exactly, at any angle.

The sheet is cut into slabs at every corner and crossing of the walls' outlines, so that within a slab no outline
begins, ends or crosses another: between the walls of a slab lie trapezoids. Those that the outside can flow into, from
one slab to the next, are no floor.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from heapq import nlargest
from itertools import combinations, pairwise
from typing import NamedTuple

from workers.previews.pieces import Piece

CLOSED = 4.0
"""The floor ends so far before a wall, in centimetres: gaps between walls up to twice as wide are closed."""

_MOST_BARRIERS = 120
_MOST_CROSSINGS = 30_000
_FAR = 1e9
_ENCLOSING = frozenset({"WALL", "DOOR", "WINDOW"})


class Trapezoid(NamedTuple):
    """A piece of floor between two heights; `left` and `right` give its sides' x at the top and at the bottom."""

    top: float
    bottom: float
    left: tuple[float, float]
    right: tuple[float, float]

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies in it."""
        if not self.top <= y <= self.bottom:
            return False
        share = (y - self.top) / (self.bottom - self.top)
        left, right = (side[0] + (side[1] - side[0]) * share for side in (self.left, self.right))
        return left <= x <= right

    def corners(self) -> list[tuple[float, float]]:
        """Return its corners, clockwise."""
        (left, low_left), (right, low_right) = self.left, self.right
        return [(left, self.top), (right, self.top), (low_right, self.bottom), (low_left, self.bottom)]


class _Edge(NamedTuple):
    """A side of an outline that is not level, from its top to its bottom; `winding` is 1 or -1."""

    top: float
    bottom: float
    x: float
    slope: float
    winding: int

    def at(self, y: float) -> float:
        return self.x + (y - self.top) * self.slope


def enclosed(pieces: Iterable[Piece]) -> list[Trapezoid]:
    """Return the floor between walls; none where nothing is enclosed, or where too many slanted walls cross to tell.

    Of very many walls the longest count: those left out are inside, as a rule, with floor on either side.
    """
    walls = (piece for piece in pieces if piece.kind in _ENCLOSING)
    barriers = nlargest(_MOST_BARRIERS, walls, key=lambda piece: max(piece.width, piece.height))
    edges = sorted(edge for piece in barriers for edge in _edges(piece))
    slanted = sum(edge.slope != 0 for edge in edges)
    if slanted * len(edges) > _MOST_CROSSINGS:
        return []
    heights = {y for edge in edges for y in (edge.top, edge.bottom)} | _crossings(edges)
    return _dry([*_slabs(edges, sorted(heights))])


def _edges(piece: Piece) -> list[_Edge]:
    corners = [(round(x, 2), round(y, 2)) for x, y in piece.corners(CLOSED)]
    edges = []
    for (x, y), (next_x, next_y) in zip(corners, corners[1:] + corners[:1], strict=True):
        if y != next_y:
            slope = (next_x - x) / (next_y - y)
            edges.append(_Edge(y, next_y, x, slope, 1) if y < next_y else _Edge(next_y, y, next_x, slope, -1))
    return edges


def _crossings(edges: Sequence[_Edge]) -> set[float]:
    """Return the heights where outlines cross; two that are upright never do."""
    found = set()
    slanted = [edge for edge in edges if edge.slope]
    upright = [edge for edge in edges if not edge.slope]
    pairs = [*combinations(slanted, 2), *((one, two) for one in slanted for two in upright)]
    for one, two in pairs:
        top, bottom = max(one.top, two.top), min(one.bottom, two.bottom)
        if top < bottom and (one.at(top) - two.at(top)) * (one.at(bottom) - two.at(bottom)) < 0:
            found.add(round(top + (two.at(top) - one.at(top)) / (one.slope - two.slope), 2))
    return found


def _slabs(edges: Sequence[_Edge], heights: Sequence[float]) -> Iterator[list[Trapezoid]]:
    """Yield what lies between the walls of each slab, from left to right; `edges` are sorted by their tops."""
    coming = deque(edges)
    present: list[_Edge] = []
    for top, bottom in pairwise(heights):
        present = [edge for edge in present if edge.bottom > top]
        while coming and coming[0].top <= top:
            present.append(coming.popleft())
        yield _free(present, top, bottom)


def _free(present: Iterable[_Edge], top: float, bottom: float) -> list[Trapezoid]:
    """Return what lies between the walls of a slab, and left and right of them all."""
    middle = (top + bottom) / 2
    free = []
    winding, left = 0, (-_FAR, -_FAR)
    for _, edge in sorted((edge.at(middle), edge) for edge in present):
        side = (edge.at(top), edge.at(bottom))
        if winding == 0 and left != side:
            free.append(Trapezoid(top, bottom, left, side))
        winding += edge.winding
        left = side
    return [*free, Trapezoid(top, bottom, left, (_FAR, _FAR))]


def _dry(slabs: Sequence[Sequence[Trapezoid]]) -> list[Trapezoid]:
    """Return what the outside cannot flow into: it comes from above the first slab, below the last, and both sides."""
    if not slabs:
        return []
    neighbours: defaultdict[Trapezoid, list[Trapezoid]] = defaultdict(list)
    for upper, lower in pairwise(slabs):
        for one, other in _touching(upper, lower):
            neighbours[one].append(other)
            neighbours[other].append(one)
    wet = {*slabs[0], *slabs[-1], *(slab[0] for slab in slabs), *(slab[-1] for slab in slabs)}
    flowing = [*wet]
    while flowing:
        fresh = [place for place in neighbours[flowing.pop()] if place not in wet]
        wet.update(fresh)
        flowing.extend(fresh)
    return [place for slab in slabs for place in slab if place not in wet]


def _touching(upper: Sequence[Trapezoid], lower: Sequence[Trapezoid]) -> Iterator[tuple[Trapezoid, Trapezoid]]:
    """Yield the pairs of a slab and the next that share more than a point; both are sorted from left to right."""
    one = other = 0
    while one < len(upper) and other < len(lower):
        above, below = upper[one], lower[other]
        if min(above.right[1], below.right[0]) > max(above.left[1], below.left[0]):
            yield above, below
        if above.right[1] < below.right[0]:
            one += 1
        else:
            other += 1
