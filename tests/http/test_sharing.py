"""What the API's answers say to caches, over HTTP, with and without CloudFront before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import orjson

from edge import plans
from tests.platform import Platform, another_api

GALLERY = next(plan for plan in plans.load().values() if plan.name == "Gallery")


async def gallery(platform: Platform, first: int) -> Mapping[str, str]:
    """Ask the API for the gallery; return the headers."""
    query = urlencode({"variables": orjson.dumps({"first": first}).decode()})
    async with platform.session.get(f"{platform.api}/graphql/{GALLERY.id}?{query}") as response:
        assert response.status == 200
        return dict(response.headers)


async def fill(platform: Platform, projects: int) -> None:
    """Show so many projects with a published design each."""
    ana = await platform.user()
    organization = await ana.organization()
    for _ in range(projects):
        await ana.design(await ana.public_project(organization), published=True)


def lifetime(headers: Mapping[str, str]) -> dict[str, Any]:
    """Return what says how long the answer may be kept."""
    return {name: value for name, value in headers.items() if name.endswith("-Control")}


async def test_every_answer_says_to_each_cache_whether_it_may_keep_it(platform: Platform) -> None:
    """Given public answers, small and large, then CloudFront is told to keep the small one, where it is before us."""
    await fill(platform, 20)
    aged = "max-age=300, stale-while-revalidate=60, stale-if-error=86400"
    elsewhere = {"CDN-Cache-Control": aged, "Surrogate-Control": aged}
    async with another_api(platform, cloudfront_distribution="E1") as behind:
        for first, control in ((1, "max-age=0, must-revalidate, s-maxage=300, stale-if-error=0"), (50, "no-store")):
            plain, told = await gallery(platform, first), await gallery(behind, first)
            assert lifetime(plain) == {"Cache-Control": "no-cache", **elsewhere}
            assert lifetime(told) == {"Cache-Control": control, **elsewhere}
            assert told["Cache-Tag"].split(",") == told["Surrogate-Key"].split()
            assert (len(told["Cache-Tag"].split(",")) > 50) is (control == "no-store")


async def test_what_is_not_for_all_is_private_to_every_cache(platform: Platform) -> None:
    """Given an answer for one viewer, then it is private: Fastly would ignore a mere `no-store`."""
    async with another_api(platform, cloudfront_distribution="E1") as behind:
        for seen in (platform, behind):
            async with seen.session.get(f"{seen.api}/graphql", params={"query": "{ viewer { id } }"}) as response:
                assert lifetime(response.headers) == {"Cache-Control": "private, no-store"}
