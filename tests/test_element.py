"""Editing a canvas, through HTTP."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from uuid import uuid4

import pytest

from schema import ids
from tests.images.samples import jpeg
from tests.platform import Json, Platform, User, added, another_api
from tests.test_asset import picture

CANVAS = "query ($id: ID!) { design(id: $id) { seq canvas { seq elements { id key x rotation parent order props } } } }"

_WHOSE = "query ($id: ID!) { design(id: $id) { project { organization { id } } } }"


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
    large = await ana.edit(design, *(added(f"l{n}", props={"note": "x" * 14_000}) for n in range(10)))
    assert (large["__typename"], large["path"]) == ("InvalidInput", ["edits"])
    assert "131072 bytes" in large["message"]
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


async def test_who_returns_is_told_what_they_overwrote(ana: User, design: str) -> None:
    """Given a batch made before others', then its answer names what of theirs it changed."""
    organization = (await ana.ask(_WHOSE, {"id": design}))["design"]["project"]["organization"]["id"]
    eva = await ana.member(organization, "EDITOR")
    base = (await ana.edit(design, added("sofa"), added("lamp"), added("rug")))["seq"]
    colours = {"props": {"colour": "#fff", "item": "sofa"}}
    await eva.edit(design, {"setElement": {"key": "sofa", "x": 5, "y": 5, **colours}}, base=base)
    await eva.edit(design, {"moveElement": {"key": "lamp", "parent": "sofa"}}, base=base + 1)
    await ana.edit(design, {"setElement": {"key": "rug", "x": 9}}, base=base)  # one's own is not told
    query = """mutation ($design: ID!, $batch: ID!, $base: Int!, $edits: [DesignEditInput!]!) {
        applyDesignEdits(designId: $design, batchId: $batch, baseSeq: $base, edits: $edits) {
        ... on EditsApplied { seq overwritten { key properties seq author { id } } } } }"""
    edits = [
        {"setElement": {"key": "sofa", "y": 7, "width": 3, "props": {"colour": "#000"}}},
        {"setElement": {"key": "rug", "x": 1}},
        {"removeElement": {"key": "lamp"}},
    ]
    variables = {"design": design, "batch": uuid4().hex, "base": base, "edits": edits}
    wanted = [
        {"key": "lamp", "properties": ["order", "parent"], "seq": base + 2, "author": {"id": eva.id}},
        {"key": "sofa", "properties": ["props.colour", "y"], "seq": base + 1, "author": {"id": eva.id}},
    ]
    for _ in range(2):  # the same batch again is answered as before
        answer = (await ana.ask(query, variables))["applyDesignEdits"]
        assert answer == {"seq": base + 4, "overwritten": wanted}
    late = {**variables, "batch": uuid4().hex, "base": answer["seq"]}
    assert (await ana.ask(query, late))["applyDesignEdits"]["overwritten"] == []


async def test_a_batch_is_undone_and_done_again(ana: User, design: str) -> None:
    """Given a batch, when its inverse is applied, then the canvas is as before; that is a batch like any other."""
    await ana.edit(design, added("room"), added("sofa", parent="room", x=1, props={"colour": "red"}))
    before = await canvas(ana, design)
    done = await ana.edit(
        design,
        {"setElement": {"key": "sofa", "x": 2, "props": {"colour": None, "fabric": "linen"}}},
        added("lamp"),
        {"removeElement": {"key": "room"}},
    )
    after = await canvas(ana, design)
    assert set(after) == {"seq", "lamp"}
    undone = await ana.undo(design, done["inverse"], batch="undo")
    assert (undone["seq"], undone["dropped"]) == (3, [])
    assert await ana.undo(design, done["inverse"], batch="undo") == undone
    assert {**await canvas(ana, design), "seq": 1} == before
    again = await ana.undo(design, undone["inverse"])
    assert again["seq"] == 4
    assert {**await canvas(ana, design), "seq": 2} == after


async def test_what_cannot_be_undone(platform: Platform, ana: User, project: str, design: str) -> None:
    """Another design's batch, one that there is not, the id of something else, and what somebody undid before."""
    other = await ana.design(project)
    elsewhere = await ana.edit(other, added("a"))
    for inverse in (elsewhere["inverse"], ids.encode("DesignEdit", "0" * 24)):
        refused = await ana.undo(design, inverse)
        assert (refused["__typename"], refused["path"]) == ("NotFound", ["inverse"])
    refused = await ana.undo(design, design)
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["inverse"])
    await ana.edit(design, added("a"), added("b", parent="a"))
    removed = await ana.edit(design, {"removeElement": {"key": "a"}})
    assert (await ana.undo(design, removed["inverse"]))["dropped"] == []
    assert (await ana.undo(design, removed["inverse"]))["dropped"] == [{"index": 0, "reason": "KEY_USED"}]
    outsider = await platform.user()
    assert (await outsider.undo(design, removed["inverse"]))["__typename"] == "NotFound"


async def test_pictures_are_the_organizations_own(ana: User, project: str, design: str) -> None:
    """Given elements that refer to pictures, then those of others, and what is no picture, are refused by place."""
    bea = await ana.platform.user()
    own = (await picture(ana, await ana.organization(), jpeg(64, 48)))["id"]
    foreign = (await picture(bea, await bea.organization(), jpeg(64, 48)))["id"]
    for wrong in (own, foreign, project, "x"):  # Ana's other organization is another, too
        edits = [added("a"), {"setElement": {"key": "a", "props": {"asset": wrong}}}]
        refused = await ana.edit(design, *edits)
        assert (refused["__typename"], refused["path"]) == (
            "InvalidInput",
            ["edits", "1", "setElement", "props", "asset"],
        )
    assert await canvas(ana, design) == {"seq": 0}
    found = await ana.ask("query ($id: ID!) { project(id: $id) { organization { id } } }", {"id": project})
    mine = (await picture(ana, found["project"]["organization"]["id"], jpeg(64, 48)))["id"]
    assert (await ana.edit(design, added("a", props={"asset": mine})))["dropped"] == []
    assert (await canvas(ana, design))["a"]["props"] == {"asset": mine}


async def test_innocent_batches_are_written_beside_others(platform: Platform, ana: User, design: str) -> None:
    """Given batches that come at once, some of them refused, sent twice, or by outsiders, then each has its answer."""
    outsider = await platform.user()
    answers = await asyncio.gather(
        ana.edit(design, added("a"), batch="a"),
        ana.edit(design, added("b"), batch="b", base=99),
        outsider.edit(design, added("c")),
        ana.edit(design, added("a"), batch="a"),
        ana.edit(design, added("d"), batch="d"),
    )
    kinds = [answer["__typename"] for answer in answers]
    assert kinds == ["EditsApplied", "InvalidInput", "NotFound", "EditsApplied", "EditsApplied"]
    assert answers[0] == answers[3]
    assert {answers[0]["seq"], answers[4]["seq"]} == {1, 2}
    assert set(await canvas(ana, design)) == {"seq", "a", "d"}


async def test_two_processes_write_to_one_design(platform: Platform, ana: User, design: str) -> None:
    """Given two processes that both remember the canvas, then neither's batches are lost, and both know all of it."""
    async with another_api(platform, database=platform.database) as other:
        bea = replace(ana, platform=other)
        for turn in range(6):
            await ana.edit(design, added(f"a{turn}"), {"setElement": {"key": f"b{turn - 1}", "x": turn}})
            answer = await bea.edit(design, added(f"b{turn}"), {"removeElement": {"key": f"a{turn}"}})
            assert answer["dropped"] == []
        people = [ana, bea] * 10
        answers = await asyncio.gather(*(who.edit(design, added(f"c{n}")) for n, who in enumerate(people)))
        assert sorted(answer["seq"] for answer in answers) == list(range(13, 33))
        seen = await canvas(ana, design)
        assert set(seen) == {"seq", *(f"b{turn}" for turn in range(6)), *(f"c{n}" for n in range(20))}
        assert [seen[f"b{turn}"]["x"] for turn in range(5)] == [1, 2, 3, 4, 5]
        dropped = await bea.edit(
            design, added("a0"), {"setElement": {"key": "a1", "x": 1}}, {"removeElement": {"key": "z"}}
        )
        assert [each["reason"] for each in dropped["dropped"]] == ["KEY_USED", "REMOVED", "MISSING"]


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
