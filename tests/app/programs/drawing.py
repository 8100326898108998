"""Draws demo photographs that take far too long: `drawing.py FOLDER`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from app.demo.portfolio import photograph_everything
from app.seed.pictures import draw_all
from storage.assets import FolderAssetStore

if __name__ == "__main__":
    store = FolderAssetStore(Path(sys.argv[1]))
    asyncio.run(draw_all(photograph_everything(), 8000, store, lambda: None))
