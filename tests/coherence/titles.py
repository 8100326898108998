"""Which title a thing had when: an answer that shows one is too old for certain if it had been overwritten before."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from math import inf

from bson import ObjectId


@dataclass
class Title:
    """One title that was written: between which moments (monotonic seconds); without end while it is under way."""

    text: str
    began: float
    ended: float = inf
    landed: bool = False


@dataclass
class Titles:
    """All titles that the test has written, each of them once; what is older than the first counts as one too."""

    _written: defaultdict[ObjectId, list[Title]] = field(default_factory=lambda: defaultdict(list))
    _numbers: Iterator[int] = field(default_factory=count)

    @contextmanager
    def writing(self, id_: ObjectId) -> Iterator[Title]:
        """Give a title to write; who writes it says whether it has `landed`."""
        title = Title(f"Casa {next(self._numbers)}", time.monotonic())
        self._written[id_].append(title)
        try:
            yield title
        finally:
            title.ended = time.monotonic()
            if not title.landed:
                self._written[id_].remove(title)

    def outdated(self, id_: ObjectId, shown: str, asked: float) -> bool:
        """Whether what was shown to somebody had been overwritten for certain before they asked."""
        written = next((title for title in self._written[id_] if title.text == shown), None)
        ended = -inf if written is None else written.ended
        return any(title.began > ended and title.ended < asked for title in self._written[id_])
