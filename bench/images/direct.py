"""The limit: libvips called directly, by nothing but a loop, with the settings that the image worker has.

    python -m bench.images.direct PHOTOGRAPH

A line on standard input, `webp` or `avif`, is answered by one of JSON: the CPU seconds that a variant took, and its
bytes in base64. Colours are left alone, since the photograph has no profile.
"""

from __future__ import annotations

import base64
import json
import sys
import time
from pathlib import Path

from bench.images.setting import EFFORTS, ENCODINGS, HEIGHT, MORE, SAVERS, WIDTH, Encoding
from storage.vips import pyvips
from workers.images.negotiate import DEFAULT_QUALITY


def variant(original: bytes, encoding: Encoding) -> bytes:
    """Make one variant."""
    whole = "fail_on=truncated"
    image = pyvips.Image.thumbnail_buffer(original, WIDTH, height=HEIGHT, size="force", option_string=whole)
    save = getattr(image, SAVERS[encoding])
    return bytes(save(Q=DEFAULT_QUALITY[encoding], effort=EFFORTS[encoding], keep="none", **MORE[encoding]))


def main(photograph: str) -> None:
    """Answer lines until there are no more."""
    original = Path(photograph).read_bytes()
    for line in sys.stdin:
        encoding = next(one for one in ENCODINGS if one == line.strip())
        began = time.process_time()
        body = variant(original, encoding)
        took = time.process_time() - began
        sys.stdout.write(json.dumps({"seconds": took, "body": base64.b64encode(body).decode()}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
