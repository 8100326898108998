"""libvips with this platform's settings: import `pyvips` from here and from nowhere else.

`VIPS_CONCURRENCY` is read by libvips when it loads, hence before the import: one thread per picture, since several
pictures are worked on at once. The operation cache is off (no picture is made twice from the same object, so it would
only hold memory), and loaders that libvips marks as untrusted (SVG, PDF, Magick, …) are blocked. SVG can be read from a
`pyvips.Source` alone, which nothing but our own drawings is: files and buffers of others never are.
"""

from __future__ import annotations

import ctypes
import os

os.environ.setdefault("VIPS_CONCURRENCY", "1")

import pyvips

pyvips.cache_set_max(0)
pyvips.block_untrusted_set(True)
pyvips.operation_block_set("VipsForeignLoadSvgSource", False)

LIBVIPS_VERSION = f"{pyvips.version(0)}.{pyvips.version(1)}.{pyvips.version(2)}"


def trim_memory() -> None:
    """Give freed heap pages back to the system where the C library can (glibc); elsewhere nothing happens."""
    malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if malloc_trim is not None:
        malloc_trim(0)


__all__ = ["LIBVIPS_VERSION", "pyvips", "trim_memory"]
