"""What answers tell caches: each cache, read as its vendor documents it, keeps an answer with all its tags or not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.cdn.sharing import LONGEST_MAKING, shared, unshared
from edge.dependencies import Dependencies, touch
from edge.http import FOR_THE_EDGE, Lifetimes, lifetimes
from edge.stream import Change, EntryId
from edge.tags import short
from models.order_keys import FIRST, LAST

AS_OF = EntryId(7, 0)
LIFE = Lifetimes(300, 60, 86_400)
Kept = set[str] | None
"""The tags by which a cache will forget what it has kept; None: it has not kept it."""


def tags(count: int) -> set[str]:
    """Make so many tags."""
    return {f"Design:{number}" for number in range(count)}


def ranges(count: int) -> list[tuple[str, str, str]]:
    """Make so many parts of lists."""
    return [(f"designs?project={number}", FIRST, LAST) for number in range(count)]


def _max_age(directives: str, name: str = "max-age") -> int:
    found = re.search(rf"(?:^|[\s,]){name}=(\d+)", directives)
    return int(found[1]) if found else 0


def ours(headers: dict[str, str]) -> Kept:
    """Read as the embedded edge and our VCL do."""
    return set(headers["Surrogate-Key"].split()) if lifetimes(headers).max_age else None


def fastly(headers: dict[str, str]) -> Kept:
    """Read `Surrogate-Control`, then `private`, then an hour; of the keys those that end within the first 16 KB."""
    control, fallback = headers.get("Surrogate-Control"), headers["Cache-Control"]
    if "private" in fallback or (control is not None and _max_age(control) == 0):
        return None
    keys = headers.get("Surrogate-Key", "")
    return set((keys if len(keys) <= 16_384 else keys[:16_384].rpartition(" ")[0]).split())


def cloudflare(headers: dict[str, str]) -> Kept:
    """Read the header of its own before the general one; of the tags the first 1,000."""
    control = headers.get("Cloudflare-CDN-Cache-Control", headers.get("CDN-Cache-Control", headers["Cache-Control"]))
    if "no-store" in control or _max_age(control) == 0:
        return None
    return set(headers.get("Cache-Tag", "").split(",")[:1000]) - {""}


def cloudfront(headers: dict[str, str]) -> Kept:
    """Read `Cache-Control` alone, with a minimum lifetime of 0; of the tags the first 50."""
    control = headers["Cache-Control"]
    if re.search(r"no-store|no-cache|private", control) or _max_age(control, "s-maxage") == 0:
        return None
    return set(headers.get("Cache-Tag", "").split(",")[:50]) - {""}


@given(st.integers(0, 5500), st.integers(0, 900), st.integers(0, 8000), st.booleans(), st.sampled_from([0, 5, 300]))
def test_no_cache_keeps_an_answer_without_all_its_tags(
    count: int,
    parts: int,
    plan: int,
    before: bool,  # noqa: FBT001 - Hypothesis gives arguments by name
    max_age: int,
) -> None:
    """Given any number of tags, then a cache that keeps the answer has every one of them, and no header is too long."""
    life = Lifetimes(max_age, 60, 60)
    headers = shared(tags(count), ranges(parts), AS_OF, life, plan="p" * plan, cloudfront=before)
    every = {short(tag) for tag in tags(count)}
    for cache in (ours, fastly, cloudflare, cloudfront):
        assert cache(headers) in (every, None), cache.__name__
    assert sum(len(name) + len(value) + 4 for name, value in headers.items()) < 66_000
    assert max(map(len, headers.values())) <= 60_000


@pytest.mark.parametrize(
    ("count", "keeping"),
    [
        (50, {ours, fastly, cloudflare, cloudfront}),
        (51, {ours, fastly, cloudflare}),
        (1000, {ours, fastly, cloudflare}),
        (1001, {ours, fastly}),
        (1365, {ours, fastly}),
        (1366, {ours}),
        (5000, {ours}),
        (5001, set()),
    ],
)
def test_a_cache_keeps_what_it_can_hold(count: int, keeping: set[object]) -> None:
    """Given as many tags as a cache can hold, then it keeps the answer, and with one more it does not."""
    headers = shared(tags(count), [], AS_OF, LIFE, cloudfront=True)
    assert {cache for cache in (ours, fastly, cloudflare, cloudfront) if cache(headers) is not None} == keeping


def test_cloudfront_keeps_nothing_where_nobody_purges_it() -> None:
    """Given an API that knows of no CloudFront, then it is not told to keep anything, nor is any other shared cache."""
    assert cloudfront(shared(tags(3), [], AS_OF, LIFE)) is None
    assert "s-maxage" not in str(shared(tags(3), [], AS_OF, LIFE))


def test_browsers_ask_again_each_time() -> None:
    """Given any answer, then a private cache revalidates it: no purge reaches browsers."""
    for before in (False, True):
        control = shared(tags(3), [], AS_OF, LIFE, cloudfront=before)["Cache-Control"]
        assert control == "no-cache" or control.startswith("max-age=0, must-revalidate")


def test_an_answer_that_took_too_long_is_not_kept() -> None:
    """Given an answer that could arrive after the second purge of what it shows, then no cache keeps it."""
    assert shared(tags(3), [], AS_OF, LIFE, seconds=LONGEST_MAKING + 0.1) == unshared()
    assert shared(tags(3), [], AS_OF, LIFE, seconds=LONGEST_MAKING) != unshared()
    assert [cache(unshared()) for cache in (ours, fastly, cloudflare, cloudfront)] == [None] * 4


def test_parts_of_lists_that_do_not_fit_are_left_out() -> None:
    """Given more parts than fit, then the answer depends on its lists as a whole."""
    listed = "designs?project=1"
    precise = shared({listed}, [(listed, "b", "c")], AS_OF, LIFE)
    broad = shared({listed}, [(listed, "b", "c" * 70_000)], AS_OF, LIFE)
    assert "Edge-Ranges" not in broad
    elsewhere = touch(Change(listed, None, ("x",)))
    for headers, hit in ((precise, False), (broad, True)):
        dependencies = Dependencies.parse(headers["Surrogate-Key"], headers.get("Edge-Ranges", ""), {})
        assert dependencies.hit(elsewhere) is hit


def test_a_plan_is_told_before_parts_of_lists() -> None:
    """Given a plan, then it is told where there is room for it, and parts of lists where there still is."""
    listed = ("designs?project=1", "b", "c" * 60_000)
    assert shared(tags(3), [listed], AS_OF, LIFE, plan="p" * 900)["Edge-Plan"] == "p" * 900
    assert "Edge-Ranges" in shared(tags(3), [listed], AS_OF, LIFE, plan="p" * 900)
    assert "Edge-Ranges" not in shared(tags(3), [listed], AS_OF, LIFE, plan="p" * 4000)
    assert "Edge-Plan" not in shared(tags(5000), [], AS_OF, LIFE, plan="p" * 8000)
    assert "Edge-Plan" not in shared(tags(3), [], AS_OF, LIFE)


def test_what_is_for_caches_does_not_reach_clients() -> None:
    """Given everything that is said to caches, then an edge of ours strips all of it but what clients are told too."""
    said = {*shared(tags(2000), ranges(1), AS_OF, LIFE, plan="{}"), *shared(tags(2), [], AS_OF, LIFE)}
    assert {name.lower() for name in said} - FOR_THE_EDGE == {"cache-control"}
