"""Drawing the demo photographs, on all cores, into the asset store."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from multiprocessing import get_context, parent_process
from threading import Thread

from app.demo.entities import Picture
from app.demo.photographs import Photograph, draw
from app.seed.documents import Documents, Drawn
from storage.assets import AssetStore
from storage.pictures import dominant_colour, placeholder, probe

_SHAPE = 3 / 2  # as photographs are


def _end_with_parent() -> None:
    """See to it that this process ends when the one that started it does, however that ends."""

    def wait() -> None:
        if parent := parent_process():
            parent.join()
            os._exit(1)

    Thread(target=wait, daemon=True).start()


def _draw(key: str, photograph: Photograph, width: int) -> tuple[bytes, Drawn]:
    """Draw one photograph and examine it; runs in a process of its own."""
    data = draw(photograph, width, round(width / _SHAPE))
    picture = probe(data)
    return data, Drawn(
        key,
        sha256(data).hexdigest(),
        len(data),
        picture.width,
        picture.height,
        placeholder(data),
        dominant_colour(data),
    )


async def draw_all(
    pictures: Sequence[Picture], width: int, store: AssetStore, advance: Callable[[], None]
) -> dict[str, Drawn]:
    """Draw every picture, `width` pixels wide, into the store's `demo/` folder; return what is known of each.

    A drawing costs over a second of CPU, so they are made side by side; `advance` is called after each.
    """
    loop = asyncio.get_running_loop()
    drawn: dict[str, Drawn] = {}
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), _end_with_parent) as pool:

        async def one(picture: Picture) -> None:
            key = f"demo/{picture.key}"
            data, drawn[picture.key] = await loop.run_in_executor(pool, _draw, key, picture.photograph, width)
            await store.write(key, _once(data), limit=len(data))
            advance()

        await asyncio.gather(*(one(picture) for picture in pictures))
    return drawn


async def keep_originals(documents: Documents, store: AssetStore) -> None:
    """Put a copy of each drawn picture where every organization that uses it looks for it."""
    for drawn, asset in documents.originals():
        await store.copy(drawn.key, asset.key)


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
