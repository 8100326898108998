"""What goes first when room is short."""

from __future__ import annotations

from collections import OrderedDict

from hypothesis import given
from hypothesis import strategies as st

from edge.eviction import S3Fifo


def test_what_is_asked_for_survives_a_scan() -> None:
    """A hot set stays while ten times the capacity is read once past it; a plain LRU would lose all of it."""
    cache: S3Fifo[int, int] = S3Fifo(1000)
    lru: OrderedDict[int, int] = OrderedDict()
    for key in range(50):
        cache.put(key, key, 10)
        lru[key] = key
    for _ in range(2):
        for key in range(50):
            cache.get(key)

    for key in range(1000, 2000):
        cache.put(key, key, 10)
        lru[key] = key
        if len(lru) > 100:
            lru.popitem(last=False)

    assert all(cache.get(key) == key for key in range(50))
    assert not any(key in lru for key in range(50))


def test_what_comes_back_soon_enters_the_main_queue() -> None:
    """A key that went unasked and is put again is kept past a scan that follows."""
    cache: S3Fifo[str, int] = S3Fifo(1000)
    cache.put("comes-back", 1, 10)
    for key in range(100):
        cache.put(str(key), key, 10)
    assert cache.peek("comes-back") is None

    cache.put("comes-back", 2, 10)
    for key in range(100, 180):
        cache.put(str(key), key, 10)

    assert cache.get("comes-back") == 2


def test_too_large_a_value_is_refused_and_replaces_nothing_silently() -> None:
    """A value over a tenth of the capacity is not kept, nor is the old one it was to replace."""
    cache: S3Fifo[str, str] = S3Fifo(1000)
    cache.put("a", "old", 10)

    assert not cache.put("a", "new", 101)

    assert cache.get("a") is None
    assert cache.used == 0


def test_evictions_are_told_and_removals_are_not() -> None:
    """The hook hears of each value that had to go."""
    gone: list[int] = []
    cache: S3Fifo[int, int] = S3Fifo(100, on_evict=lambda key, _: gone.append(key))
    for key in range(11):
        cache.put(key, key, 10)
    cache.remove(5)

    assert gone == [0]
    assert len(cache) == 9


_OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["put", "get", "remove"]), st.integers(0, 30), st.integers(1, 60)), max_size=300
)


@given(_OPERATIONS)
def test_it_never_holds_more_than_its_capacity_nor_a_value_that_was_replaced(
    operations: list[tuple[str, int, int]],
) -> None:
    """Whatever is done: the bytes add up, stay in bounds, and a key has its last value or none."""
    cache: S3Fifo[int, int] = S3Fifo(500)
    last: dict[int, tuple[int, int]] = {}
    for number, (what, key, cost) in enumerate(operations):
        if what == "put":
            cache.put(key, number, cost)
            last[key] = (number, cost)
        elif what == "remove":
            cache.remove(key)
            last.pop(key, None)
        elif (found := cache.get(key)) is not None:
            assert found == last[key][0]
        assert cache.used == sum(last[kept][1] for kept, _ in cache.items()) <= 500
    cache.clear()
    assert (cache.used, len(cache)) == (0, 0)
