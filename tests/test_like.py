"""Likes, through HTTP."""

from __future__ import annotations

import asyncio

from tests.platform import Platform, User

LIKED = "query ($id: ID!) { design(id: $id) { likeCount viewerHasLiked } }"


async def _count(user: User, design: str, wanted: int) -> None:
    """Wait until the snapshot of a design's likes shows a number."""
    async with asyncio.timeout(10):
        while (await user.ask(LIKED, {"id": design}))["design"]["likeCount"] != wanted:  # noqa: ASYNC110 - over HTTP
            await asyncio.sleep(0.05)


async def test_liking_twice_is_liking_once(platform: Platform) -> None:
    """The viewer's own like is seen at once, the count within seconds; both go with the like."""
    ana, eva = await platform.user(), await platform.user()
    design = await ana.design(await ana.public_project(await ana.organization()), published=True)
    for _ in range(2):
        liked = await ana.by_id("likeDesign", "Design", design, "id viewerHasLiked")
        assert liked == {"__typename": "Design", "id": design, "viewerHasLiked": True}
    assert (await eva.by_id("likeDesign", "Design", design, "viewerHasLiked"))["viewerHasLiked"] is True
    await _count(ana, design, 2)
    public = "query ($id: ID!) { publicDesign(id: $id) { likeCount viewerHasLiked } }"
    seen = await platform.ask(public, {"id": design}, ana.token)
    assert seen == {"publicDesign": {"likeCount": 2, "viewerHasLiked": None}}
    for _ in range(2):
        assert (await ana.by_id("unlikeDesign", "Design", design, "viewerHasLiked"))["viewerHasLiked"] is False
    await _count(ana, design, 1)


async def test_only_what_one_may_see_can_be_liked(platform: Platform) -> None:
    """A private design is liked by members only; nobody likes without signing in."""
    ana, eva = await platform.user(), await platform.user()
    organization = await ana.organization()
    design = await ana.design(await ana.project(organization))
    viewer = await ana.member(organization, "VIEWER")
    assert (await viewer.by_id("likeDesign", "Design", design))["__typename"] == "Design"
    for mutation in ("likeDesign", "unlikeDesign"):
        hidden = await eva.by_id(mutation, "Design", design)
        assert (hidden["__typename"], hidden["path"]) == ("NotFound", ["id"])
        wrong = await eva.by_id(mutation, "Design", organization)
        assert (wrong["__typename"], wrong["path"]) == ("InvalidInput", ["id"])
        query = f"mutation ($id: ID!) {{ {mutation}(id: $id) {{ __typename }} }}"
        assert await platform.ask(query, {"id": design}) == {mutation: {"__typename": "NotSignedIn"}}


async def test_likes_at_once_are_all_counted(platform: Platform) -> None:
    """The same like sent ten times at once is one."""
    ana = await platform.user()
    design = await ana.design(await ana.project(await ana.organization()))
    answers = await asyncio.gather(*(ana.by_id("likeDesign", "Design", design) for _ in range(10)))
    assert {answer["__typename"] for answer in answers} == {"Design"}
    await _count(ana, design, 1)
