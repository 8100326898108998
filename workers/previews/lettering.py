"""Text as outlines, so that a plan looks the same on every machine, whatever fonts it has."""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final

from fontTools.pens.recordingPen import DecomposingRecordingPen  # type: ignore[import-untyped] # published without types
from fontTools.ttLib import TTFont  # type: ignore[import-untyped] # likewise

EM: Final = 1000
"""Units of the fonts to their size."""
CAPITAL: Final = 660
"""How high capitals are, in those units."""

HEADING: Final = "SourceSansPro-Semibold.otf"
BODY: Final = "SourceSansPro-Regular.otf"

_ELLIPSIS = "…"
_LEAST = 2
"""A text of which fewer letters fit is not written."""
_SPACES = re.compile(r"\s+")
_reading = threading.Lock()


@cache
def _font(name: str) -> tuple[Any, dict[int, str]]:
    """Return a font's glyphs, and their names by character."""
    font = TTFont(str(files("font_source_sans_pro") / "files" / name))
    return font.getGlyphSet(), font.getBestCmap()


@lru_cache(maxsize=4096)
def _glyph(font: str, character: str) -> tuple[float, str] | None:
    """Return a character's width and its outline from wherever the pen stands; None where the font lacks it."""
    with _reading:  # a font's tables are read when they are first asked for, which threads must not do at once
        glyphs, names = _font(font)
        name = names.get(ord(character))
        if name is None:
            return None
        pen = DecomposingRecordingPen(glyphs)
        glyphs[name].draw(pen)
        return float(glyphs[name].width), _relative(pen.value)


def _relative(commands: list[tuple[str, tuple[tuple[float, float], ...]]]) -> str:
    """Return an outline as path data of relative commands, turned to a y axis that runs down."""
    data, here, start = [], (0.0, 0.0), (0.0, 0.0)
    for command, points in commands:
        if command == "closePath":
            data.append("z")
            here = start
            continue
        steps = "".join(f" {round(x - here[0])} {round(here[1] - y)}" for x, y in points)
        data.append({"moveTo": "m", "lineTo": "l", "curveTo": "c"}[command] + steps.lstrip())
        here = points[-1]
        start = here if command == "moveTo" else start
    return "".join(data)


def known(font: str, text: str) -> str:
    """Return a text without what the font cannot write, composed, on one line."""
    composed = unicodedata.normalize("NFC", _SPACES.sub(" ", text))
    return " ".join("".join(character for character in composed if _glyph(font, character)).split())


def width(font: str, text: str) -> float:
    """Return how wide a text is, in units of the font."""
    return sum(found[0] for character in text if (found := _glyph(font, character)))


def shortened(font: str, text: str, most: float) -> str:
    """Return a text that is at most so wide, ended by an ellipsis where it is longer; nothing where hardly any fits."""
    if width(font, text) <= most:
        return text
    room = most - width(font, _ELLIPSIS)
    kept = 0
    for character in text:
        room -= width(font, character)
        if room < 0:
            break
        kept += 1
    return f"{text[:kept].rstrip()}{_ELLIPSIS}" if kept >= _LEAST else ""


def outline(font: str, text: str) -> str:
    """Return a text's path data in units of the font: centred at x = 0 on its base line at y = 0."""
    pen = -width(font, text) / 2
    data = []
    for character in text:
        if found := _glyph(font, character):
            if found[1]:
                data.append(f"M{round(pen)} 0{found[1]}")
            pen += found[0]
    return "".join(data)
