"""Where photographs were taken: what cameras write, and what they should not."""

from __future__ import annotations

import pytest

from storage.pictures import NotAPictureError
from storage.position import position
from tests.images.samples import draw, jpeg, with_fields

MADRID = {
    "exif-ifd3-GPSLatitude": "40/1 24/1 5999/100",
    "exif-ifd3-GPSLatitudeRef": "N",
    "exif-ifd3-GPSLongitude": "3/1 42/1 9/1",
    "exif-ifd3-GPSLongitudeRef": "W",
}


def taken(changes: dict[str, str | None], saver: str = "jpegsave_buffer") -> bytes:
    """Make a picture taken in Madrid, but for these changes of what its EXIF says."""
    fields = {**MADRID, **{f"exif-ifd3-GPS{name}": value for name, value in changes.items()}}
    image = with_fields(draw(60, 40), {name: value for name, value in fields.items() if value is not None})
    return bytes(getattr(image, saver)())


@pytest.mark.parametrize("saver", ["jpegsave_buffer", "pngsave_buffer", "webpsave_buffer"])
def test_a_position_is_read(saver: str) -> None:
    """Longitude first, west and south negative, to the second and its hundredths."""
    assert position(taken({}, saver)) == (-3.7025, 40.4166639)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"LatitudeRef": "S"}, (-3.7025, -40.4166639)),
        ({"LongitudeRef": "E"}, (3.7025, 40.4166639)),
        ({"Latitude": "4041666/100000 0/1 0/1"}, (-3.7025, 40.41666)),
        ({"Longitude": "180/1 0/1 0/1"}, (-180.0, 40.4166639)),
    ],
)
def test_positions_all_over_the_world(changes: dict[str, str | None], found: tuple[float, float]) -> None:
    """In all hemispheres, as parts of degrees too."""
    assert position(taken(changes)) == found


@pytest.mark.parametrize(
    "changes",
    [
        {"Latitude": None},
        {"LongitudeRef": None},
        {"LatitudeRef": "X"},
        {"Latitude": "91/1 0/1 0/1"},
        {"Longitude": "181/1 0/1 0/1"},
        {"Latitude": "40/0 24/1 0/1"},
        {"Latitude": "0/1 0/1 0/1", "Longitude": "0/1 0/1 0/1"},
    ],
)
def test_what_makes_no_sense_is_no_position(changes: dict[str, str | None]) -> None:
    """Halves, other letters, places off the globe, divisions by nothing, and what cameras write that know nothing."""
    assert position(taken(changes)) is None


def test_a_picture_without_gps_has_no_position() -> None:
    """With EXIF or without."""
    assert position(jpeg()) is None
    assert position(jpeg(orientation=6)) is None


def test_what_is_no_picture_is_refused() -> None:
    """As everywhere."""
    with pytest.raises(NotAPictureError):
        position(b"<svg/>")
