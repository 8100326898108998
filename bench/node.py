"""Node programs that are measured beside ours, in a cache folder with their packages, once for each lock file.

On Linux they run on the Node that the lock file pins, elsewhere on the machine's own.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.stand import ROOT, BenchError

_CACHE = ROOT / ".data" / "node"
_LOCK = "package-lock.json"
_INSTALL_SECONDS = 300
_ARCHITECTURES = {"x86_64": "x64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Peers:
    """The programs, ready to run: `folder` holds them beside their `node_modules`."""

    node: str
    folder: Path

    def command(self, program: str) -> tuple[str, ...]:
        """Return the command that runs one of them."""
        return self.node, str(self.folder / f"{program}.mjs")

    def package(self, name: str) -> str:
        """Return the version of a package."""
        return str(json.loads((self.folder / _LOCK).read_bytes())["packages"][f"node_modules/{name}"]["version"])

    def versions(self, packages: Iterable[str]) -> str:
        """Return what they run on, with these packages."""
        node = subprocess.run([self.node, "--version"], check=True, capture_output=True, text=True).stdout.strip()
        return f"Node {node.removeprefix('v')}; {', '.join(f'{name} {self.package(name)}' for name in packages)}"


def install(programs: Path) -> Peers:
    """Install the packages of a folder unless they are, and take its programs as they are now.

    Raises BenchError without npm.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise BenchError("node and npm are not installed: some of what is measured are Node programs.")
    folder = _CACHE / hashlib.sha256((programs / _LOCK).read_bytes()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    for path in programs.iterdir():
        if path.is_file() and path.suffix != ".py":
            shutil.copy(path, folder)
    installed = folder / "installed"  # written last: an installation that was cut short is made again
    if not installed.exists():
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]
        subprocess.run(command, cwd=folder, check=True, timeout=_INSTALL_SECONDS)
        installed.touch()
    pinned = folder / "node_modules" / f"node-linux-{_ARCHITECTURES.get(platform.machine())}" / "bin" / "node"
    return Peers(str(pinned) if pinned.exists() else node, folder)
