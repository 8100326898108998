"""Content as uploads send it, and what lies in a folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

LIMIT = 4 << 20
MEBIBYTE = b"x" * (1 << 20)


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    """Send parts one by one."""
    for part in parts:
        yield part


def files(folder: Path) -> list[str]:
    """List every file under a folder, hidden ones too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
