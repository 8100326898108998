"""The Node programs of this folder, in a cache folder with their packages, installed once for each lock file.

On Linux they run on the Node that the lock file pins, elsewhere on the machine's own.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.stand import ROOT, BenchError

_HERE = Path(__file__).parent
_CACHE = ROOT / ".data" / "node"
_LOCK = "package-lock.json"
_INSTALL_SECONDS = 300
_ARCHITECTURES = {"x86_64": "x64", "aarch64": "arm64"}
_SHOWN = (
    "mercurius",
    "graphql-jit",
    "fastify",
    "graphql-yoga",
    "dataloader",
    "graphql",
    "mongodb",
    "fast-jwt",
)


@dataclass(frozen=True)
class Peers:
    """The programs, ready to run: `folder` holds them beside their `node_modules`."""

    node: str
    folder: Path

    def command(self, program: str) -> tuple[str, ...]:
        """Return the command that runs one of them."""
        return self.node, str(self.folder / f"{program}.mjs")

    def versions(self) -> str:
        """Return what they run on."""
        packages = json.loads((self.folder / _LOCK).read_bytes())["packages"]
        node = subprocess.run([self.node, "--version"], check=True, capture_output=True, text=True).stdout.strip()
        shown = (f"{name} {packages[f'node_modules/{name}']['version']}" for name in _SHOWN)
        return f"Node {node.removeprefix('v')}; {', '.join(shown)}"


def install() -> Peers:
    """Install the packages unless they are, and take the programs as they are now; raises BenchError without npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise BenchError("node and npm are not installed: two of the servers are Node programs.")
    folder = _CACHE / hashlib.sha256((_HERE / _LOCK).read_bytes()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    for path in _HERE.iterdir():
        if path.is_file() and path.suffix != ".py":
            shutil.copy(path, folder)
    installed = folder / "installed"  # written last: an installation that was cut short is made again
    if not installed.exists():
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]
        subprocess.run(command, cwd=folder, check=True, timeout=_INSTALL_SECONDS)
        installed.touch()
    architecture = _ARCHITECTURES.get(platform.machine())
    pinned = folder / "node_modules" / f"node-linux-{architecture}" / "bin" / "node"
    return Peers(str(pinned) if pinned.exists() else node, folder)
