"""The keys that wait: none is lost, each is taken a second time when it is due, and their number is bounded."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge.cdn.waiting import EVERY, Waiting

MOST, TRANSIT = 12, 32.0
KEYS = st.lists(st.sampled_from([*map(str, range(20)), EVERY]), max_size=4)


class Purging(RuleBasedStateMachine):
    """A cache that is purged, by requests of which some fail, while keys come and time goes by."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.waiting = Waiting(MOST, TRANSIT)
        self.came: dict[str, float] = {}
        self.unpurged: set[str] = set()  # since they came last
        self.purged: dict[str, float] = {}
        self.under_way: list[str] = []

    @rule(keys=KEYS)
    def come(self, keys: list[str]) -> None:
        """Have keys come."""
        self.waiting.add(keys, self.now)
        self.came |= dict.fromkeys(keys, self.now)
        self.unpurged |= set(keys)

    @rule(seconds=st.floats(0, 50))
    def pass_time(self, seconds: float) -> None:
        """Let time go by."""
        self.now += seconds

    @rule(most=st.integers(1, 5))
    def send(self, most: int) -> None:
        """Begin a request. The cache may carry it out at once: what comes from now on is not purged by it."""
        if not self.under_way:
            self.under_way = self.waiting.take(most, self.now)
            self._forget(self.under_way)

    @rule()
    def succeed(self) -> None:
        """Have the cache acknowledge the request."""
        self.under_way = []

    @rule()
    def fail(self) -> None:
        """Have the cache refuse the request: it has forgotten nothing."""
        self.waiting.put_back(self.under_way)
        self.unpurged |= set(self.came) if EVERY in self.under_way else set(self.under_way)
        self.under_way = []

    def _forget(self, keys: list[str]) -> None:
        gone = {*self.came, EVERY} if EVERY in keys else set(keys)
        self.unpurged -= gone
        self.purged |= dict.fromkeys(gone, self.now)

    @invariant()
    def few_wait(self) -> None:
        """Not more wait than may, and what waits is not left alone."""
        assert len(self.waiting) <= MOST
        assert not len(self.waiting) or self.waiting.pause(self.now) == 0.0

    def teardown(self) -> None:
        """Send what waits, now and when second purges are due: then every key was purged both times."""
        while keys := self.waiting.take(5, self.now):
            self._forget(keys)
        assert not self.unpurged
        while (pause := self.waiting.pause(self.now)) is not None:
            assert pause <= TRANSIT * 1.1
            self.now += pause
            while keys := self.waiting.take(5, self.now):
                self._forget(keys)
        late = {key for key, came in self.came.items() if self.purged[key] < came + TRANSIT}
        assert not late, f"not purged a second time: {late}"


TestPurging = Purging.TestCase


@pytest.mark.parametrize("keys", [["a"], [str(number) for number in range(MOST + 1)]])
def test_a_second_purge_is_not_put_off_by_news(keys: list[str]) -> None:
    """Given a key that changes all the time, or more than may wait, then second purges come in time all the same."""
    waiting = Waiting(MOST, TRANSIT)
    for second in range(33):
        waiting.add(keys, second)
        assert waiting.take(MOST, second) == (keys if len(keys) <= MOST else [EVERY])
    assert waiting.take(MOST, 33)
