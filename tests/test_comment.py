"""Comments on a design, through HTTP."""

from __future__ import annotations

import pytest

from schema import ids
from tests.platform import Json, Platform, User, added

THREADS = """query ($id: ID!) { design(id: $id) { comments { totalCount edges { node { id body resolvedAt
    resolver { id } replies { totalCount edges { node { id body parent { id } } } } } } } } }"""


@pytest.fixture(scope="module")
async def ana(platform: Platform) -> User:
    """Sign somebody up who comments."""
    return await platform.user("Ana")


@pytest.fixture
async def design(ana: User) -> str:
    """Begin a design of Ana's own."""
    return await ana.design(await ana.project(await ana.organization()))


async def say(by: User, design: str, body: str = "Bien.", **fields: object) -> Json:
    """Comment on a design."""
    return await by.do("addComment", "Comment", {"designId": design, "body": body, **fields}, "id body parent { id }")


async def test_the_life_of_a_comment(ana: User, design: str) -> None:
    """It is said, changed, settled, opened again and deleted."""
    input_ = {"designId": design, "body": "  ¿Y la luz?  ", "anchor": {"element": "sofa", "x": 1.5, "y": -2}}
    fields = "id body createdAt editedAt resolvedAt author { id } design { id } anchor { element x y } parent { id }"
    made = await ana.do("addComment", "Comment", input_, fields)
    assert made["body"] == "¿Y la luz?"
    assert made["anchor"] == {"element": "sofa", "x": 1.5, "y": -2.0}
    assert (made["author"], made["design"]) == ({"id": ana.id}, {"id": design})
    assert made["editedAt"] is made["resolvedAt"] is made["parent"] is None
    edited = await ana.do("editComment", "Comment", {"id": made["id"], "body": "Más luz."}, "body editedAt")
    assert edited["body"] == "Más luz."
    assert edited["editedAt"] >= made["createdAt"]
    settled = await ana.by_id("resolveComment", "Comment", made["id"], "resolvedAt resolver { id }")
    assert settled["resolver"] == {"id": ana.id}
    assert await ana.by_id("resolveComment", "Comment", made["id"], "resolvedAt resolver { id }") == settled
    opened = await ana.by_id("reopenComment", "Comment", made["id"], "resolvedAt resolver { id }")
    assert opened == {"__typename": "Comment", "resolvedAt": None, "resolver": None}
    assert await ana.by_id("deleteComment", "Deleted", made["id"]) == {"__typename": "Deleted", "id": made["id"]}
    for mutation, type_ in (("resolveComment", "Comment"), ("reopenComment", "Comment"), ("deleteComment", "Deleted")):
        assert (await ana.by_id(mutation, type_, made["id"]))["__typename"] == "NotFound"
    assert (await ana.do("editComment", "Comment", {"id": made["id"], "body": "x"}))["__typename"] == "NotFound"


async def test_replies_join_the_thread_and_go_with_it(ana: User, design: str) -> None:
    """Threads are one level deep; a reply is not settled by itself."""
    first = await say(ana, design, "Uno")
    reply = await say(ana, design, "Dos", parentId=first["id"])
    deeper = await say(ana, design, "Tres", parentId=reply["id"])
    assert reply["parent"] == deeper["parent"] == {"id": first["id"]}
    threads = (await ana.ask(THREADS, {"id": design}))["design"]["comments"]
    assert threads["totalCount"] == 1
    replies = threads["edges"][0]["node"]["replies"]
    assert replies["totalCount"] == 2
    assert [edge["node"]["body"] for edge in replies["edges"]] == ["Dos", "Tres"]
    refused = await ana.by_id("resolveComment", "Comment", reply["id"])
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["id"])
    await ana.by_id("deleteComment", "Deleted", first["id"])
    found = await ana.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": [reply["id"], deeper["id"]]})
    assert found == {"nodes": [None, None]}


async def test_what_is_refused(ana: User, design: str) -> None:
    """An empty or endless body, a far-off anchor, a parent about another design, an id of another type."""
    for body in ("", "  ", "x" * 10_001):
        refused = await say(ana, design, body)
        assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["input", "body"])
    far = await say(ana, design, anchor={"x": 1e7, "y": 0})
    assert (far["__typename"], far["path"]) == ("InvalidInput", ["input", "anchor", "x"])
    other = await ana.design(await ana.project(await ana.organization()))
    elsewhere = await say(ana, other)
    wrong = await say(ana, design, parentId=elsewhere["id"])
    assert (wrong["__typename"], wrong["path"]) == ("InvalidInput", ["input", "parentId"])
    swapped = await say(ana, elsewhere["id"])
    assert (swapped["__typename"], swapped["path"]) == ("InvalidInput", ["input", "designId"])


async def test_everybody_comments_and_only_authors_edit(platform: Platform) -> None:
    """A viewer may comment and settle; nobody edits for others; admins may delete for others, editors may not."""
    owner = await platform.user()
    organization = await owner.organization()
    viewer, editor, admin = [await owner.member(organization, role) for role in ("VIEWER", "EDITOR", "ADMIN")]
    design = await owner.design(await owner.project(organization))
    made = await say(viewer, design)
    assert made["__typename"] == "Comment"
    for other in (owner, editor, admin):
        assert (await other.do("editComment", "Comment", {"id": made["id"], "body": "x"}))["__typename"] == "NotAllowed"
    assert (await editor.by_id("deleteComment", "Deleted", made["id"]))["__typename"] == "NotAllowed"
    assert (await editor.by_id("resolveComment", "Comment", made["id"]))["__typename"] == "Comment"
    assert (await viewer.by_id("reopenComment", "Comment", made["id"]))["__typename"] == "Comment"
    assert (await admin.by_id("deleteComment", "Deleted", made["id"]))["__typename"] == "Deleted"
    own = await say(viewer, design)
    assert (await viewer.by_id("deleteComment", "Deleted", own["id"]))["__typename"] == "Deleted"


async def test_the_public_does_not_see_comments(platform: Platform, ana: User) -> None:
    """A published design shows none, whoever asks the public field."""
    design = await ana.design(await ana.public_project(await ana.organization()), published=True)
    await say(ana, design)
    query = "query ($id: ID!) { publicDesign(id: $id) { comments { totalCount edges { node { body } } } } }"
    for token in (None, ana.token):
        seen = await platform.ask(query, {"id": design}, token)
        assert seen["publicDesign"]["comments"] == {"totalCount": None, "edges": []}


MENTIONS = "{ viewer { mentions { totalCount edges { node { comment { id body author { name } } } } } } }"


async def mentions(who: User) -> list[str]:
    """Return what somebody is mentioned in, the newest first."""
    found = (await who.ask(MENTIONS))["viewer"]["mentions"]
    assert found["totalCount"] == len(found["edges"])
    return [edge["node"]["comment"]["body"] for edge in found["edges"]]


async def test_people_are_mentioned(platform: Platform) -> None:
    """They find it among their own mentions, as long as it is said; nobody else finds it there."""
    owner = await platform.user()
    organization = await owner.organization()
    bea, leo = await owner.member(organization, "VIEWER"), await owner.member(organization, "EDITOR")
    design = await owner.design(await owner.project(organization))
    fields = "id mentionIds"
    input_ = {"designId": design, "body": "Uno", "mentions": [bea.id, leo.id, bea.id]}
    made = await owner.do("addComment", "Comment", input_, fields)
    assert made["mentionIds"] == [bea.id, leo.id]
    reply = {"designId": design, "body": "Dos", "parentId": made["id"], "mentions": [bea.id]}
    await leo.do("addComment", "Comment", reply)
    assert (await mentions(bea), await mentions(leo), await mentions(owner)) == (["Dos", "Uno"], ["Uno"], [])
    edited = await owner.do("editComment", "Comment", {"id": made["id"], "body": "Tres"}, fields)
    assert edited["mentionIds"] == [bea.id, leo.id]
    await owner.do("editComment", "Comment", {"id": made["id"], "body": "Tres", "mentions": [leo.id, owner.id]})
    assert (await mentions(bea), await mentions(leo), await mentions(owner)) == (["Dos"], ["Tres"], ["Tres"])
    await owner.by_id("deleteComment", "Deleted", made["id"])
    assert (await mentions(bea), await mentions(leo), await mentions(owner)) == ([], [], [])
    await owner.do("addComment", "Comment", input_)
    await owner.by_id("deleteDesign", "Deleted", design)
    assert await mentions(bea) == []


async def test_only_members_are_mentioned(platform: Platform, ana: User, design: str) -> None:
    """An outsider, somebody who is not there, what is nobody, and too many: each is named by its place."""
    outsider = await platform.user()
    for wrong in (outsider.id, design, ids.encode("User", "0" * 24)):
        refused = await say(ana, design, mentions=[ana.id, wrong])
        assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["input", "mentions", "1"])
    crowd = [ids.encode("User", f"{number:024x}") for number in range(21)]
    assert (await say(ana, design, mentions=crowd))["path"] == ["input", "mentions"]


async def test_a_thread_outlives_the_element_that_it_is_about(ana: User, design: str) -> None:
    """It is marked as orphaned as long as the element is gone, whoever takes it with what it lies in."""
    await ana.edit(design, added("room"), added("sofa", parent="room"), added("lamp"))
    for element in ("sofa", "lamp", None):
        await say(ana, design, str(element), anchor={"element": element, "x": 1, "y": 1})

    async def orphaned() -> list[str]:
        query = "query ($id: ID!) { design(id: $id) { comments { edges { node { body orphaned } } } } }"
        found = (await ana.ask(query, {"id": design}))["design"]["comments"]["edges"]
        return [edge["node"]["body"] for edge in found if edge["node"]["orphaned"]]

    assert await orphaned() == []
    removed = await ana.edit(design, {"removeElement": {"key": "room"}})
    assert await orphaned() == ["sofa"]
    await ana.edit(design, {"setElement": {"key": "lamp", "x": 2}}, added("rug"))
    assert await orphaned() == ["sofa"]
    undone = await ana.undo(design, removed["inverse"])
    assert await orphaned() == []
    await ana.undo(design, undone["inverse"])
    assert await orphaned() == ["sofa"]
