"""The oracle: what an answer must show at least, by what was acknowledged before it was asked for; pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field

BEHIND = 2.0
"""Seconds that an edge may be behind the database when it is asked. It judges by its own clock, so a pause of the
machine makes an answer slow, never older; there is no slack.
"""


@dataclass
class Numbers:
    """One text that is only ever written to say a larger number than before."""

    newest: int = 0
    acknowledged: list[int] = field(default_factory=list)
    at: list[float] = field(default_factory=list)

    def next(self) -> int:
        """Return the number to be written next, whether or not the last one was."""
        self.newest += 1
        return self.newest

    def wrote(self, number: int, now: float) -> None:
        """Note that a write was acknowledged (monotonic seconds)."""
        self.acknowledged.append(number)
        self.at.append(now)

    def due(self, asked: float) -> int:
        """Return the least number that an answer may show that was asked for at this time."""
        older = bisect_right(self.at, asked - BEHIND)
        return self.acknowledged[older - 1] if older else 0


@dataclass
class Ledger:
    """What was compared. `judged` is how many answers were, by `memory`, `origin` and `own` (with a token).

    `telling` is how many would have been stale had they missed everything since a moment, `settled` how many of memory
    would have been had they missed one certain write.
    """

    judged: Counter[str] = field(default_factory=Counter)
    stale: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    excused: Counter[str] = field(default_factory=Counter)
    telling: int = 0
    settled: int = 0

    def judge(self, said: str, shown: int, due: int, numbers: Numbers, *, kind: str = "") -> None:
        """Hold one answer against what it must show; `said` is its `Cache-Status`."""
        self.judged[kind or ("memory" if said.startswith("edge; hit") else "origin")] += 1
        if not due <= shown <= numbers.newest:
            self.stale.append(f"{said}: {shown} instead of {due} at least, of {numbers.newest}")
