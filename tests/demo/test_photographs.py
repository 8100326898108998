"""Drawn photographs: the same for the same description, different otherwise, and with the tones of a photograph."""

from functools import cache
from typing import Any

import numpy as np
import pytest
import pyvips

from app.demo.photographs import Photograph, draw, pixels
from app.demo.vocabulary import ROOMS, STYLES, TIMES_OF_DAY, Room, TimeOfDay

SMALL = (192, 128)


@cache
def small(photograph: Photograph) -> Any:
    """Draw a small picture once per run; numpy arrays are untyped here as their shape is the point."""
    return pixels(photograph, *SMALL)


def entropy(picture: Any) -> float:
    """Return the bits per pixel of the brightness histogram."""
    counts = np.bincount(picture.mean(axis=2).astype(int).ravel(), minlength=256)
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log2(shares)).sum())


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_the_tones_of_a_photograph(room: Room) -> None:
    """Neither black nor burnt out: light and dark parts, many tones between, detail everywhere."""
    number = ROOMS.index(room)
    picture = small(Photograph(number, room, STYLES[number], TIMES_OF_DAY[number % 4]))
    brightness = picture.mean(axis=2)

    assert picture.shape == (128, 192, 3)
    assert np.percentile(brightness, 98) - np.percentile(brightness, 2) > 110
    assert 50 < brightness.mean() < 215
    assert entropy(picture) > 6
    assert (brightness > 253).mean() < 0.15


def test_the_same_description_gives_the_same_bytes() -> None:
    """Content hashes of demo assets stay the same from run to run."""
    photograph = Photograph(3, "LIVING_ROOM", "MIDCENTURY", "GOLDEN_HOUR")

    assert draw(photograph, 320, 213) == draw(photograph, 320, 213)


def test_seed_style_and_hour_each_change_the_picture() -> None:
    """No two covers look alike."""
    first = small(Photograph(1, "BEDROOM", "JAPANDI", "MORNING"))
    others = [
        Photograph(2, "BEDROOM", "JAPANDI", "MORNING"),
        Photograph(1, "BEDROOM", "CLASSIC", "MORNING"),
        Photograph(1, "BEDROOM", "JAPANDI", "EVENING"),
    ]

    for other in others:
        assert np.abs(first.astype(int) - small(other).astype(int)).mean() > 5


@pytest.mark.parametrize("time_of_day", TIMES_OF_DAY)
def test_the_light_has_the_colour_of_the_hour(time_of_day: TimeOfDay) -> None:
    """Late light is warm, morning light is not."""
    red, _, blue = small(Photograph(5, "LIVING_ROOM", "MINIMAL", time_of_day)).reshape(-1, 3).mean(axis=0)

    assert (red - blue > 4) == (time_of_day in {"GOLDEN_HOUR", "EVENING"})


def test_a_file_is_a_jpeg_of_the_size_asked_for() -> None:
    """The file can be read back by the library that will serve it."""
    data = draw(Photograph(9, "TERRACE", "BOHO", "NOON"), 320, 213)
    image: Any = pyvips.Image.new_from_buffer(data, "")

    assert (image.width, image.height, image.bands) == (320, 213, 3)
    assert data[:3] == b"\xff\xd8\xff"
    assert len(data) > 8_000
