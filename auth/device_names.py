"""What a device is called for people, by how its program calls itself (RFC 9110 §10.1.5); simple, and never a proof."""

from __future__ import annotations

import re
from typing import Final

UNKNOWN: Final = "Unknown device"

_LONGEST = 40
_PROGRAMS: Final = (  # the first that is found: most call themselves by others' names too
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)
_PRODUCT = re.compile(r"[\w.+ -]+")


def device_name(agent: str) -> str:
    """Return a name such as "Firefox on Linux"; that of the program where it is no browser we know."""
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    program = next((name for mark, name in _PROGRAMS if mark in agent), "") or _product(agent)
    if program and system:
        return f"{program} on {system}"
    return program or system or UNKNOWN


def _product(agent: str) -> str:
    """Return the name of the product that is named first."""
    product = _PRODUCT.match(agent.partition("/")[0].partition("(")[0])
    name = product[0].strip()[:_LONGEST] if product else ""
    return "" if name == "Mozilla" else name
