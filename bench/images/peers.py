"""What the Node programs of this folder run on."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from bench.node import Peers

_CARRIED = ("vips", "aom", "heif", "webp", "mozjpeg")


def versions(peers: Peers) -> str:
    """Return what the programs run on, with the libraries that each sharp carries."""
    told = subprocess.run(peers.command("versions"), check=True, capture_output=True, text=True).stdout
    found = json.loads(told)
    ipx = peers.package("ipx")
    return f"Node {found['node']}; {_sharp(found['sharp'])}; ipx {ipx} with {_sharp(found['ipx'])}"


def _sharp(found: dict[str, Any]) -> str:
    return f"sharp {found['sharp']} ({', '.join(f'{name} {found[name]}' for name in _CARRIED)})"
