"""Versions of a design: saved, listed, restored by edits, deleted."""

from __future__ import annotations

from uuid import uuid4

import pytest

from schema import ids
from tests.following import EVENTS, socket
from tests.platform import Json, Platform, User, added
from tests.test_element import canvas

VERSIONS = """query ($id: ID!, $after: String) { design(id: $id) { versions(first: 2, after: $after) {
    totalCount pageInfo { endCursor } edges { node { id name seq automatic author { id } design { id } } } } } }"""


@pytest.fixture(scope="module")
async def ana(platform: Platform) -> User:
    """Sign somebody up who draws."""
    return await platform.user()


@pytest.fixture
async def design(ana: User) -> str:
    """Begin a design in an organization of its own."""
    ana.made[:] = [await ana.organization()]
    return await ana.design(await ana.project(ana.made[0]))


async def save(by: User, design: str, name: str) -> Json:
    """Save a version."""
    return await by.do("saveVersion", "DesignVersion", {"designId": design, "name": name}, "id name seq")


async def restore(by: User, design: str, version: str, batch: str | None = None) -> Json:
    """Restore a version."""
    answer = await by.ask(
        """mutation ($design: ID!, $batch: ID!, $version: ID!) {
            restoreVersion(designId: $design, batchId: $batch, versionId: $version) { __typename
            ... on EditsApplied { seq inverse dropped { reason } } ... on UserError { message code path } } }""",
        {"design": design, "batch": batch or uuid4().hex, "version": version},
    )
    found: Json = answer["restoreVersion"]
    return found


async def test_a_version_is_restored_by_a_batch(platform: Platform, ana: User, design: str) -> None:
    """The canvas is as it was; followers hear of it as of any batch; what it was before is a version, too."""
    await ana.edit(design, added("room"), added("sofa", parent="room", props={"colour": "red"}), added("lamp"))
    first = await canvas(ana, design)
    saved = await save(ana, design, "  First idea ")
    assert (saved["name"], saved["seq"]) == ("First idea", 1)
    await ana.edit(
        design,
        {"setElement": {"key": "sofa", "x": 7, "props": {"colour": None, "fabric": "wool"}}},
        {"moveElement": {"key": "sofa", "parent": None}},
        {"removeElement": {"key": "room"}},
        added("rug"),
    )
    second = await canvas(ana, design)
    async with socket(platform.session, platform.api, ana.token) as events:
        await events.send(EVENTS, {"id": design, "after": 2})
        restored = await restore(ana, design, saved["id"], "back")
        assert (restored["seq"], restored["dropped"]) == (3, [])
        assert await restore(ana, design, saved["id"], "back") == restored
        event = await events.event()
        kinds = [edit["__typename"] for edit in event["edits"]]
        assert kinds == ["ElementSet", "ElementMoved", "ElementRemoved", "ElementAdded"]
    assert {**await canvas(ana, design), "seq": 1} == first
    listed = (await ana.ask(VERSIONS, {"id": design}))["design"]["versions"]
    assert listed["totalCount"] == 2
    before, again = (edge["node"] for edge in listed["edges"])
    assert (before["name"], before["seq"], before["automatic"]) == ("Before “First idea”", 2, True)
    assert (again["id"], again["automatic"], again["author"]) == (saved["id"], False, {"id": ana.id})
    assert (await restore(ana, design, before["id"]))["seq"] == 4
    assert {**await canvas(ana, design), "seq": 2} == second


async def test_a_large_canvas_is_saved_in_parts(platform: Platform, ana: User, design: str) -> None:
    """Given more elements than one part takes, then they are saved and restored all the same."""
    for part in range(3):
        await ana.edit(design, *(added(f"e{part}-{n}", props={"note": "x" * 10_000}) for n in range(10)))
        await ana.edit(design, *(added(f"f{part}-{n}") for n in range(400)))
    saved = await save(ana, design, "Large")
    key = ids.key(saved["id"], "DesignVersion")
    chunks = await platform.database.handle["version_chunks"].find({"version": key}).to_list(None)
    assert [len(chunk["elements"]) for chunk in chunks] == [250] * 4 + [230]
    await ana.edit(design, *({"removeElement": {"key": f"e{part}-{n}"}} for part in range(3) for n in range(10)))
    assert len(await canvas(ana, design)) == 1201
    assert (await restore(ana, design, saved["id"]))["dropped"] == []
    assert len(await canvas(ana, design)) == 1231


async def test_who_may_save_and_restore(platform: Platform, ana: User, design: str) -> None:
    """Editors; whoever looks on sees that there are versions; outsiders do not."""
    editor, viewer = await ana.member(ana.made[0], "EDITOR"), await ana.member(ana.made[0], "VIEWER")
    saved = await save(editor, design, "Mine")
    assert (await save(viewer, design, "Mine"))["__typename"] == "NotAllowed"
    assert (await restore(viewer, design, saved["id"]))["__typename"] == "NotAllowed"
    assert (await viewer.ask(VERSIONS, {"id": design}))["design"]["versions"]["totalCount"] == 1
    assert (await save(ana, design, " "))["path"] == ["input", "name"]
    assert (await restore(ana, design, ids.encode("DesignVersion", "0" * 24)))["path"] == ["versionId"]
    other = await ana.design(await ana.project(ana.made[0]))
    assert (await restore(ana, other, saved["id"]))["__typename"] == "NotFound"
    assert (await viewer.by_id("deleteVersion", "Deleted", saved["id"]))["__typename"] == "NotAllowed"
    assert (await ana.by_id("deleteVersion", "Deleted", saved["id"]))["__typename"] == "Deleted"
    assert (await restore(ana, design, saved["id"]))["__typename"] == "NotFound"
    key = ids.key(saved["id"], "DesignVersion")
    assert await platform.database.handle["version_chunks"].count_documents({"version": key}) == 0
    await save(ana, design, "Gone with its design")
    await ana.by_id("deleteDesign", "Deleted", design)
    found = {"design": ids.key(design, "Design")}
    for name in ("design_versions", "version_chunks"):
        assert await platform.database.handle[name].count_documents(found) == 0
