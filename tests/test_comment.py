"""Comments on a design, through HTTP."""

from __future__ import annotations

import pytest

from tests.platform import Json, Platform, User

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
