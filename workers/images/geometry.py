"""What is scaled and cut, in whole pixels, from the original's size and the options: plain arithmetic.

A cut before scaling (`crop`) is done after it, in the scaled picture's pixels: the result is the same, and decoders can
still shrink while they load.
"""

from __future__ import annotations

from dataclasses import dataclass

from workers.images.errors import TooLargeError
from workers.images.options import Gravity, Options

LARGEST_RESULT_PIXELS = 1 << 24
LARGEST_SCALED_PIXELS = 50_000_000
LARGEST_SCALED_SIDE = 32_767


@dataclass(frozen=True)
class Cut:
    """A piece to keep: its size in pixels, and what it keeps; `ratio` scales the gravity's offsets in pixels."""

    width: int
    height: int
    gravity: Gravity
    ratio: float = 1.0


@dataclass(frozen=True)
class Plan:
    """The size to scale the whole original to, the cuts that follow, and the empty space around what they leave.

    Each cut is out of what the one before left. `extended` is the least size that the result is filled up to;
    `padding` is what is added on top, on the right, at the bottom and on the left.
    """

    width: int
    height: int
    cuts: tuple[Cut, ...] = ()
    extended: tuple[int, int] = (0, 0)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def kept(self) -> tuple[int, int]:
        """The size of what the cuts leave, in pixels."""
        return (self.cuts[-1].width, self.cuts[-1].height) if self.cuts else (self.width, self.height)

    @property
    def filled(self) -> tuple[int, int]:
        """That size, extended, without padding."""
        return max(self.kept[0], self.extended[0]), max(self.kept[1], self.extended[1])

    @property
    def result(self) -> tuple[int, int]:
        """The size of what comes out, in pixels."""
        (width, height), (top, right, bottom, left) = self.filled, self.padding
        return width + left + right, height + top + bottom


def plan(width: int, height: int, options: Options) -> Plan:
    """Plan a variant of an original of `width` × `height` pixels, as displayed.

    Raises:
        TooLargeError: the variant, or the scaled original it is cut from, has too many pixels.

    """
    crop = options.crop
    part = _cropped(crop.width, width), _cropped(crop.height, height)
    across, down = _scale(part, options)
    scaled = _side(width * across), _side(height * down)
    cropped = min(scaled[0], _side(part[0] * across)), min(scaled[1], _side(part[1] * down))
    kept = _result(cropped, options)
    cuts = []
    if cropped != scaled:
        cuts.append(Cut(*cropped, crop.gravity or options.gravity, across))
    if kept != cropped:
        cuts.append(Cut(*kept, options.gravity, options.dpr))
    asked = _asked(options)
    padding = options.padding
    around = (round(side * options.dpr) for side in (padding.top, padding.right, padding.bottom, padding.left))
    top, right, bottom, left = around
    found = Plan(*scaled, tuple(cuts), asked if options.extend else (0, 0), (top, right, bottom, left))
    if max(scaled) > LARGEST_SCALED_SIDE or scaled[0] * scaled[1] > LARGEST_SCALED_PIXELS:
        raise TooLargeError("The original would have to be scaled up too far; ask for a smaller size.")
    if max(found.result) > LARGEST_SCALED_SIDE or found.result[0] * found.result[1] > LARGEST_RESULT_PIXELS:
        raise TooLargeError(f"The variant would have over {LARGEST_RESULT_PIXELS:,} pixels; ask for a smaller size.")
    return found


def place(width: int, height: int, cut: Cut) -> tuple[int, int]:
    """Place a cut in a picture of `width` × `height`: its left and top edge. `sm` is taken for the centre.

    A smaller picture is placed in a larger one in the same way.
    """
    gravity, free_x, free_y = cut.gravity, width - cut.width, height - cut.height
    if gravity.type == "fp":
        left, top = gravity.x * width - cut.width / 2, gravity.y * height - cut.height / 2
    else:
        x, y = _offset(gravity.x, width, cut.ratio), _offset(gravity.y, height, cut.ratio)
        left = x if "we" in gravity.type else free_x - x if "ea" in gravity.type else free_x / 2 + x
        top = y if "no" in gravity.type else free_y - y if "so" in gravity.type else free_y / 2 + y
    return min(max(round(left), 0), free_x), min(max(round(top), 0), free_y)


def _cropped(asked: float, side: int) -> float:
    if asked == 0:
        return side
    return min(asked if asked >= 1 else max(asked * side, 1.0), side)


def _scale(part: tuple[float, float], options: Options) -> tuple[float, float]:
    """Find how much to scale across and down."""
    wanted = options.width * options.dpr * options.zoom_x, options.height * options.dpr * options.zoom_y
    across, down = (target / side if target else 0.0 for target, side in zip(wanted, part, strict=True))
    if options.resizing_type == "force":
        across, down = across or 1.0, down or 1.0
    else:
        ratios = [ratio for ratio in (across, down) if ratio] or [1.0]
        across = down = max(ratios) if _fills(part, options) else min(ratios)
    if not options.enlarge and max(across, down) > 1:
        across, down = across / max(across, down), down / max(across, down)
    least = options.min_width * options.dpr, options.min_height * options.dpr
    raised = max(1.0, least[0] / (part[0] * across), least[1] / (part[1] * down))
    return across * raised, down * raised


def _fills(part: tuple[float, float], options: Options) -> bool:
    if options.resizing_type == "auto":
        return (part[0] >= part[1]) == (options.width >= options.height)
    return options.resizing_type in {"fill", "fill-down"}


def _result(cropped: tuple[int, int], options: Options) -> tuple[int, int]:
    """Find the size of what comes out of a scaled picture of size `cropped`."""
    asked = _asked(options)
    if options.resizing_type == "fill-down" and all(asked) and not options.enlarge:
        fitting = min(1.0, cropped[0] / asked[0], cropped[1] / asked[1])
        asked = _side(asked[0] * fitting), _side(asked[1] * fitting)
    width, height = (min(side, most) if side else most for side, most in zip(asked, cropped, strict=True))
    return width, height


def _asked(options: Options) -> tuple[int, int]:
    """Return the size that is asked for, in pixels; 0 where it is open."""
    width, height = options.width * options.zoom_x, options.height * options.zoom_y
    return (_side(width * options.dpr) if width else 0), (_side(height * options.dpr) if height else 0)


def _offset(offset: float, side: int, ratio: float) -> float:
    return offset * ratio if abs(offset) >= 1 else offset * side


def _side(length: float) -> int:
    return max(1, round(length))
