"""Where a photograph was taken: the GPS position that cameras write into EXIF."""

from __future__ import annotations

import re

from storage import pictures
from storage.vips import pyvips

_RATIONALS = re.compile(r"(\d{1,10})/(\d{1,10})")
_HEMISPHERES = {"Latitude": ("N", "S", 90), "Longitude": ("E", "W", 180)}
_PARTS = 3


def position(data: bytes) -> tuple[float, float] | None:
    """Read (longitude, latitude) in degrees (WGS 84), None where there is none or it makes no sense.

    Raises:
        PictureError: as `storage.pictures.probe`.

    """
    media_type = pictures.probe(data).media_type
    with pictures.broken():
        image = getattr(pyvips.Image, pictures.LOADERS[media_type])(data)
        fields = {name: str(image.get(name)) for name in image.get_fields() if name.startswith("exif-ifd3-GPS")}
    found = [_degrees(fields, axis) for axis in ("Longitude", "Latitude")]
    longitude, latitude = found
    if longitude is None or latitude is None or not (longitude or latitude):  # 0, 0 is what cameras without a fix write
        return None
    return longitude, latitude


def _degrees(fields: dict[str, str], axis: str) -> float | None:
    """Read one axis: degrees, minutes and seconds as rationals, and the hemisphere."""
    positive, negative, most = _HEMISPHERES[axis]
    parts = _RATIONALS.findall(fields.get(f"exif-ifd3-GPS{axis}", "").partition("(")[0])
    hemisphere = fields.get(f"exif-ifd3-GPS{axis}Ref", "")[:1]
    if len(parts) != _PARTS or hemisphere not in {positive, negative} or not all(int(below) for _, below in parts):
        return None
    degrees, minutes, seconds = (int(above) / int(below) for above, below in parts)
    value = degrees + minutes / 60 + seconds / 3600
    if value > most:
        return None
    return round(-value if hemisphere == negative else value, 7)
