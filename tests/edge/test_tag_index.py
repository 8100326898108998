"""The index by tag: finds all that depends on a tag, however it grows."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from edge.tag_index import TagIndex
from edge.tags import number, short

_TAGS = [number(short(f"tag {name}")) for name in range(12)]
_USES = st.lists(st.tuples(st.integers(0, 40), st.sets(st.sampled_from(_TAGS), max_size=12)), max_size=200)


@given(_USES)
def test_it_finds_exactly_who_depends_on_a_tag(uses: list[tuple[int, set[int]]]) -> None:
    """Given entries that come and go, then each tag finds those that are there and depend on it."""
    index = TagIndex()
    held: dict[int, set[int]] = {}
    for entry, tags in uses:
        if entry in held:
            index.remove(held.pop(entry), entry)
        else:
            index.add(tags, entry)
            held[entry] = tags
    for tag in _TAGS:
        assert sorted(index.find(tag)) == sorted(entry for entry, tags in held.items() if tag in tags)
    assert len(index) == sum(map(len, held.values()))


def test_a_dependency_takes_few_bytes() -> None:
    """Given 100,000 dependencies, then the index takes under 40 bytes for each: a dictionary of sets took 160."""
    index = TagIndex()
    for entry in range(400):
        index.add((number(short(f"{entry}/{tag}")) for tag in range(250)), entry)
    buckets = index._buckets  # noqa: SLF001 - its memory is what is measured
    assert (sys.getsizeof(buckets) + sum(map(sys.getsizeof, buckets))) / len(index) < 40
