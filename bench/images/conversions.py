"""What a variant costs: everybody in turn, in every round, at equal similarity to the original."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean, median

from rich.progress import track

from bench.images.match import Match, fixed, matched
from bench.images.setting import ENCODINGS, Encoding
from bench.images.similarity import Luma
from bench.images.subjects import Command, Direct, Server, Subject
from bench.stand import BenchError
from workers.images.negotiate import DEFAULT_QUALITY

COLUMNS = (
    *("", "at once", "quality", "effort", "bytes", "SSIM", "bytes at our SSIM"),
    *("CPU ms", "least–most", "of the limit", "of ours"),
)
_TURNS, _TIMES = 2, 5
_SLOW_EFFORT = 4  # of AVIF: from here on a variant takes seconds, and is made once a round, alone
Case = tuple[Encoding, str, int]
"""A format, somebody's name, and how many are made at once."""


@dataclass(frozen=True)
class Conversions:
    """Who is measured: the limit, us, and the others; and what was found, in CPU seconds a variant."""

    limit: Direct
    ours: Server
    others: Sequence[Server | Command]
    reference: Luma
    matches: dict[tuple[Encoding, str], Match] = field(default_factory=dict)
    found: defaultdict[Case, list[float]] = field(default_factory=lambda: defaultdict(list))

    async def agree(self) -> None:
        """Find everybody's quality; raises BenchError where the worker's bytes are not those of libvips itself."""
        for encoding in ENCODINGS:
            quality = DEFAULT_QUALITY[encoding]
            if await self.ours.make(encoding, quality) != await self.limit.make(encoding, quality):
                raise BenchError(f"libvips called directly makes another {encoding} than the worker.")
            for subject in (self.limit, self.ours):
                self.matches[encoding, subject.name] = await fixed(subject, encoding, quality, self.reference)
            wanted = self.matches[encoding, self.ours.name].ssim
            for other in self.others:
                if encoding in other.efforts:
                    match = await matched(other, encoding, wanted, self.reference)
                    self.matches[encoding, other.name] = match

    async def measure(self, rounds: int) -> None:
        """Run the rounds; in each everybody has several turns, which are short, as what else the machine does changes.

        The first variant of a turn is not counted: who has waited for others may have given memory back meanwhile.
        """
        for _ in track(range(rounds), description="rounds", transient=True):
            costs: defaultdict[Case, list[float]] = defaultdict(list)
            for turn in range(_TURNS):
                for case in self._cases(slow=False):
                    _, *counted = [await self._turn(*case) for _ in range(_TIMES)]
                    costs[case] += counted
                for case in self._cases(slow=True) if turn == 0 else ():
                    costs[case].append(await self._turn(*case))
            for case, found in costs.items():
                self.found[case].append(mean(found))

    def _cases(self, *, slow: bool) -> Iterator[Case]:
        for encoding, name in self.matches:
            subject = self._subjects[name]
            if slow == (encoding == "avif" and subject.efforts[encoding] >= _SLOW_EFFORT):
                yield from ((encoding, name, at_once) for at_once in (subject.at_once[:1] if slow else subject.at_once))

    async def _turn(self, encoding: Encoding, name: str, at_once: int) -> float:
        subject, quality = self._subjects[name], self.matches[encoding, name].quality
        return await subject.measure(encoding, quality, at_once)

    def rows(self, encoding: Encoding) -> list[list[str]]:
        """Return the table of a format; ratios are those of the same rounds."""
        limit, ours = (self.found[encoding, subject.name, 1] for subject in (self.limit, self.ours))
        return [
            self._row(encoding, name, at_once, [costs, limit, ours])
            for (measured, name, at_once), costs in self.found.items()
            if measured == encoding
        ]

    @property
    def _subjects(self) -> Mapping[str, Subject]:
        everybody: Sequence[Subject] = (self.limit, self.ours, *self.others)
        return {subject.name: subject for subject in everybody}

    def _row(self, encoding: Encoding, name: str, at_once: int, costs: Sequence[Sequence[float]]) -> list[str]:
        match, (own, *others) = self.matches[encoding, name], costs
        return [
            name,
            str(at_once),
            str(match.quality),
            str(self._subjects[name].efforts[encoding]),
            f"{match.size:,}",
            f"{match.ssim:.4f}",
            f"{match.bytes_at_equal:,.0f}",
            f"{median(own) * 1000:.0f}",
            f"{min(own) * 1000:.0f}–{max(own) * 1000:.0f}",
            *(_ratio(own, other) for other in others),
        ]


def _ratio(costs: Sequence[float], others: Sequence[float]) -> str:
    ratios = [cost / other for cost, other in zip(costs, others, strict=True)]
    return f"{median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
