"""The process that renders: `python -m workers.images.renderer [WATERMARK]`, jobs on stdin, answers on stdout.

libvips is written in C and reads files from strangers. What kills it, or makes it take too much memory, ends this
process and no other; see `workers.images.renderers`, which starts it.

A job is two lengths of four bytes, then so many bytes of the pickled `Job` and of the original. An answer is likewise a
line of JSON and the variant: what comes from here is only read, never unpickled.
"""

from __future__ import annotations

import ctypes
import json
import pickle
import resource
import select
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from storage.vips import trim_memory
from workers.images import effects
from workers.images.errors import ImageError
from workers.images.negotiate import Accepted
from workers.images.options import Options
from workers.images.render import render

MEMORY_BYTES = 512 << 20
_MUCH_BYTES = 128 << 20
_IDLE_SECONDS = 1.0
_STACK_BYTES = 2 << 20
_ATTRIBUTES_BYTES = 256  # room for a pthread_attr_t, which has 56 on x86-64
LENGTHS = struct.Struct(">II")


@dataclass(frozen=True)
class Job:
    """What to make of the original that follows; `deadline` in seconds from now; `drawing`: it is one of our SVGs."""

    options: Options
    client: Accepted
    deadline: float
    drawing: bool


def main(watermark: str = "") -> None:
    """Render until stdin ends."""
    _limit(resource.RLIMIT_DATA, MEMORY_BYTES)
    _limit(resource.RLIMIT_CORE, 0)
    _narrow_stacks()
    mark = effects.opened_mark(Path(watermark).read_bytes()) if watermark else None
    jobs, answers = sys.stdin.buffer, sys.stdout.buffer
    answers.write(b"\n")  # ready
    answers.flush()
    while lengths := _next(jobs):
        described, content = LENGTHS.unpack(lengths)
        job: Job = pickle.loads(jobs.read(described))  # noqa: S301 - from the process that started this one
        _answer(answers, *_rendered(job, jobs.read(content), mark))
        if _resident() > _MUCH_BYTES:
            trim_memory()


def _next(jobs: BinaryIO) -> bytes:
    """Wait for a job, and return its lengths; nothing where there will be none. Who waits for long gives memory back.

    To give it back after each picture costs as much as a fifth of the picture: all of it comes as new pages again.
    """
    if not select.select([jobs], [], [], _IDLE_SECONDS)[0]:
        trim_memory()
    return jobs.read(LENGTHS.size)


def _resident() -> int:
    """Return how many bytes of memory this process holds (RSS), 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def _limit(what: int, most: int) -> None:
    """Set a limit, which may be lower already."""
    _, hard = resource.getrlimit(what)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (most, most))


def _narrow_stacks() -> None:
    """Give threads 2 MiB of stack (libvips' own least) instead of 8 where the C library can: it counts as used."""
    library = ctypes.CDLL(None)
    if hasattr(library, "pthread_setattr_default_np"):
        attributes = ctypes.create_string_buffer(_ATTRIBUTES_BYTES)
        library.pthread_attr_init(attributes)
        library.pthread_attr_setstacksize(attributes, ctypes.c_size_t(_STACK_BYTES))
        library.pthread_setattr_default_np(attributes)
        library.pthread_attr_destroy(attributes)


def _rendered(job: Job, data: bytes, mark: Any) -> tuple[dict[str, object], bytes]:
    try:
        variant = render(data, job.options, job.client, deadline=job.deadline, mark=mark, drawing=job.drawing)
    except MemoryError as error:
        sys.exit(f"A rendering process gives up: {error}")  # another try, by a process that has all its memory left
    except ImageError as error:
        return {"error": type(error).__name__, "message": str(error)}, b""
    return {"type": variant.media_type, "width": variant.width, "height": variant.height}, variant.body


def _answer(answers: BinaryIO, told: dict[str, object], body: bytes) -> None:
    line = json.dumps(told).encode()
    answers.write(LENGTHS.pack(len(line), len(body)))
    answers.write(line)
    answers.write(body)
    answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
