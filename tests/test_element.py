"""Editing a canvas, through HTTP."""

from __future__ import annotations

import asyncio
import json
from uuid import uuid4

import pytest

from tests.platform import Json, Platform, User, added

CANVAS = "query ($id: ID!) { design(id: $id) { seq canvas { seq elements { id key x rotation parent order props } } } }"


@pytest.fixture(scope="module")
async def ana(platform: Platform) -> User:
    """Sign somebody up who draws."""
    return await platform.user()


@pytest.fixture(scope="module")
async def project(ana: User) -> str:
    """Begin a project of Ana's own."""
    return await ana.project(await ana.organization())


@pytest.fixture
async def design(ana: User, project: str) -> str:
    """Begin a design with an empty canvas."""
    return await ana.design(project)


async def canvas(user: User, design: str) -> Json:
    """Read a canvas: `seq`, and the elements by key."""
    found = (await user.ask(CANVAS, {"id": design}))["design"]
    assert found["seq"] == found["canvas"]["seq"]
    return {"seq": found["seq"], **{element["key"]: element for element in found["canvas"]["elements"]}}


async def test_a_batch_is_acknowledged_and_read_back(ana: User, design: str) -> None:
    """The answer carries the batch's number, and the canvas shows what it did, in order."""
    first = await ana.edit(design, added("floor", props={"colour": "oak"}), added("sofa", x=10, parent="floor"))
    assert first["__typename"] == "EditsApplied"
    assert (first["seq"], first["dropped"]) == (1, [])
    assert first["inverse"]
    second = await ana.edit(
        design,
        {"setElement": {"key": "sofa", "x": 12.5, "rotation": 90, "props": {"fabric": "linen"}}},
        {"setElement": {"key": "floor", "props": {"colour": None, "laid": True}}},
        {"moveElement": {"key": "sofa", "order": "a"}},
        base=1,
    )
    assert (second["seq"], second["dropped"]) == (2, [])
    seen = await canvas(ana, design)
    assert seen["seq"] == 2
    sofa = seen["sofa"]
    assert (sofa["x"], sofa["rotation"], sofa["parent"], sofa["order"]) == (12.5, 90, None, "a")
    assert sofa["props"] == {"fabric": "linen"}
    assert seen["floor"]["props"] == {"laid": True}
    assert list(seen) == ["seq", "floor", "sofa"]


async def test_the_same_batch_again_changes_nothing(ana: User, design: str) -> None:
    """It gets the same answer, also when it is sent ten times at once, and even if it says something else."""
    batch = uuid4().hex
    answers = await asyncio.gather(*(ana.edit(design, added("a"), batch=batch) for _ in range(10)))
    assert answers == [answers[0]] * 10
    assert answers[0]["seq"] == 1
    assert await ana.edit(design, added("b"), batch=batch) == answers[0]
    seen = await canvas(ana, design)
    assert (seen["seq"], "b" in seen) == (1, False)


async def test_what_cannot_apply_is_dropped_and_reported(ana: User, design: str) -> None:
    """Each reason, with the edit's place in the batch; the rest of the batch applies."""
    await ana.edit(design, added("room"), added("chair", parent="room"), added("old"))
    removed = await ana.edit(design, {"removeElement": {"key": "old"}}, base=1)
    assert removed["dropped"] == []
    answer = await ana.edit(
        design,
        added("room"),
        {"setElement": {"key": "nothing", "x": 1}},
        {"setElement": {"key": "old", "x": 1}},
        added("lamp", parent="nowhere"),
        {"moveElement": {"key": "room", "parent": "chair"}},
        added("old"),
        {"setElement": {"key": "chair", "x": 5}},
        base=2,
    )
    assert (answer["seq"], answer["dropped"]) == (
        3,
        [
            {"index": 0, "reason": "KEY_USED"},
            {"index": 1, "reason": "MISSING"},
            {"index": 2, "reason": "REMOVED"},
            {"index": 3, "reason": "PARENT_MISSING"},
            {"index": 4, "reason": "CYCLE"},
            {"index": 5, "reason": "KEY_USED"},
        ],
    )
    seen = await canvas(ana, design)
    assert seen["chair"]["x"] == 5
    assert set(seen) == {"seq", "room", "chair"}


async def test_removing_takes_what_is_inside(ana: User, design: str) -> None:
    """And nobody finds a removed element by its id."""
    await ana.edit(design, added("room"), added("table", parent="room"), added("cup", parent="table"), added("tree"))
    ids = {key: element["id"] for key, element in (await canvas(ana, design)).items() if key != "seq"}
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Element { key } } }"
    found = await ana.ask(query, {"ids": [ids["cup"], ids["tree"]]})
    assert found == {"nodes": [{"key": "cup"}, {"key": "tree"}]}
    await ana.edit(design, {"removeElement": {"key": "room"}})
    assert set(await canvas(ana, design)) == {"seq", "tree"}
    assert await ana.ask(query, {"ids": [ids["cup"], ids["tree"]]}) == {"nodes": [None, {"key": "tree"}]}


@pytest.mark.parametrize(
    ("edit", "path"),
    [
        (added("no spaces"), ["addElement", "key"]),
        (added("a", x=1e7), ["addElement", "x"]),
        (added("a", width=-1), ["addElement", "width"]),
        (added("a", rotation=361), ["addElement", "rotation"]),
        (added("a", props={"a.b": 1}), ["addElement", "props"]),
        (added("a", props=[1]), ["addElement", "props"]),
        (added("a", props={"a": {"nul\0": 1}}), ["addElement", "props"]),
        (added("a", props={"a": 2**63}), ["addElement", "props"]),
        (added("a", props={"a": json.loads("[" * 40 + "]" * 40)}), ["addElement", "props"]),
        (added("a", props={"long": "x" * 20_000}), ["addElement", "props"]),
        ({"setElement": {"key": "a", "y": -1e7}}, ["setElement", "y"]),
        ({"moveElement": {"key": "a", "order": "ñ"}}, ["moveElement", "order"]),
        ({"removeElement": {"key": ""}}, ["removeElement", "key"]),
    ],
)
async def test_an_invalid_edit_is_named(ana: User, design: str, edit: Json, path: list[str]) -> None:
    """The whole batch is refused, and the path leads to the edit and its field, in the input's own words."""
    refused = await ana.edit(design, added("good"), edit)
    assert refused["__typename"] == "InvalidInput"
    assert refused["path"] == ["edits", "1", *path]
    assert refused["message"].startswith(".".join(refused["path"]))
    assert await canvas(ana, design) == {"seq": 0}


async def test_what_is_no_batch_is_refused(ana: User, design: str) -> None:
    """None or too many edits, a base ahead of the design, a batch without a name or with an endless one."""
    for edits in ([], [added(f"e{n}") for n in range(501)]):
        refused = await ana.edit(design, *edits)
        assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["edits"])
        assert "500" in refused["message"]
    ahead = await ana.edit(design, added("a"), base=1)
    assert (ahead["__typename"], ahead["path"]) == ("InvalidInput", ["baseSeq"])
    nameless = await ana.edit(design, added("a"), batch="x" * 65)
    assert (nameless["__typename"], nameless["path"]) == ("InvalidInput", ["batchId"])
    assert (await ana.edit(design, *(added(f"e{n}") for n in range(500))))["seq"] == 1
    assert len(await canvas(ana, design)) == 501


@pytest.mark.parametrize("edit", [{}, {"removeElement": {"key": "a"}, "moveElement": {"key": "a"}}])
async def test_an_edit_is_exactly_one_of_four(ana: User, design: str, edit: Json) -> None:
    """The input is `@oneOf`: none and two are refused before anything runs."""
    query = """mutation ($id: ID!, $edits: [DesignEditInput!]!) {
        applyDesignEdits(designId: $id, batchId: "b", baseSeq: 0, edits: $edits) { __typename } }"""
    status, body = await ana.platform.post(query, {"id": design, "edits": [edit]}, ana.token)
    assert status == 200
    assert "data" not in body
    assert "DesignEditInput" in body["errors"][0]["message"]
    null = query.replace("$edits: [DesignEditInput!]!", "$x: Int").replace("$edits", "[{removeElement: null}]")
    _, body = await ana.platform.post(null, {"id": design}, ana.token)
    assert "data" not in body


async def test_nothing_is_lost_when_many_edit_at_once(platform: Platform, ana: User, design: str) -> None:
    """Concurrent batches all get numbers of their own, without holes, and the canvas shows them all."""
    answers = await asyncio.gather(*(ana.edit(design, added(f"e{n}")) for n in range(40)))
    assert {answer["__typename"] for answer in answers} == {"EditsApplied"}
    assert sorted(answer["seq"] for answer in answers) == list(range(1, 41))
    seen = await canvas(ana, design)
    assert set(seen) == {"seq", *(f"e{n}" for n in range(40))}
    orders = [seen[f"e{n}"]["order"] for n in range(40)]
    assert len(set(orders)) == 40
    assert seen["seq"] == 40


async def test_who_may_edit(platform: Platform) -> None:
    """Editors may, viewers and outsiders may not, nobody may not."""
    owner, outsider = await platform.user(), await platform.user()
    organization = await owner.organization()
    design = await owner.design(await owner.public_project(organization), published=True)
    viewer, editor = await owner.member(organization, "VIEWER"), await owner.member(organization, "EDITOR")
    assert (await viewer.edit(design, added("a")))["__typename"] == "NotAllowed"
    assert (await outsider.edit(design, added("a")))["__typename"] == "NotFound"
    assert (await editor.edit(design, added("a")))["__typename"] == "EditsApplied"
    nobody = User(platform, "", "", "", "")
    assert (await nobody.edit(design, added("b")))["__typename"] == "NotSignedIn"
