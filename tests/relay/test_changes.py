"""What an event invalidates; pure."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId, Timestamp
from hypothesis import given
from hypothesis import strategies as st

from edge.stream import START, Change, Entry, EntryId
from models.database import PULSES
from models.purge import PURGES
from models.register import COLLECTIONS, DOCUMENTS
from workers.relay.changes import canvas_tag, changes, entries, pipeline
from workers.relay.watching import Event

Row = dict[str, Any]

ID, PROJECT, ORGANIZATION = ObjectId(), ObjectId(), ObjectId()
DESIGN: Row = {
    "_id": ID,
    "project": PROJECT,
    "created_at": 1,
    "project_public": True,
    "published_at": None,
}


def event(operation: str, collection: str, before: Row | None, after: Row | None, **more: Any) -> Row:
    """Make an event of the change stream as the relay asks for it."""
    made: Row = {
        "_id": {"_data": "8265"},
        "operationType": operation,
        "clusterTime": Timestamp(7, 1),
        "ns": {"db": "test", "coll": collection},
        "documentKey": {"_id": (before or after or {}).get("_id", ID)},
        **more,
    }
    images = {"fullDocumentBeforeChange": before, "fullDocument": after}
    return made | {name: image for name, image in images.items() if image is not None}


def update(before: Row, after: Row, **description: Any) -> Row:
    """Make the event of an update of a design."""
    return event("update", "designs", before, after, updateDescription=description)


def tags(found: tuple[Change, ...]) -> set[str]:
    """Return the tags of changes."""
    return {change.tag for change in found}


def test_a_new_row_invalidates_the_lists_it_enters() -> None:
    """Given a new design, then it and its project's list changed, and no list of published ones."""
    found = changes(event("insert", "designs", None, DESIGN))
    assert tags(found) == {f"Design:{ID}", f"designs_by_project?project={PROJECT}"}
    assert found[0].fields is None
    assert found[1].keys == (place("designs_by_project", 1),)


def place(collection: str, key: Any) -> str:
    """Return where the design stands in a list with this first order key."""
    return COLLECTIONS[collection][1].place((key, ID)) or ""


def test_a_deleted_row_invalidates_the_lists_it_leaves() -> None:
    """Given a deleted design, then it and its project's list changed."""
    found = changes(event("delete", "designs", DESIGN, None))
    assert tags(found) == {f"Design:{ID}", f"designs_by_project?project={PROJECT}"}


def test_a_field_that_no_list_looks_at_moves_no_list() -> None:
    """Given a new title, then the design alone changed, and the entry says in which fields, the top-level ones."""
    changed = update(
        DESIGN,
        DESIGN,
        updatedFields={"title": "x", "cover.id": 1},
        removedFields=["room"],
        truncatedArrays=[{"field": "tags.0", "newSize": 1}],
    )
    assert changes(changed) == (Change(f"Design:{ID}", ("cover", "room", "tags", "title")),)


def test_publication_moves_the_list_it_is_seen_in() -> None:
    """Given a design that becomes published, then it enters its project's public list, at its key there."""
    found = changes(update(DESIGN, {**DESIGN, "published_at": 9}, updatedFields={"published_at": 9}))
    assert found[1:] == (
        Change(f"published_designs_by_project?project={PROJECT}", keys=(place("published_designs_by_project", 9),)),
    )


def test_a_row_that_changes_lists_moves_both() -> None:
    """Given a design moved to another project, then both projects' lists changed, each at its place there."""
    other = ObjectId()
    found = changes(update(DESIGN, {**DESIGN, "project": other}, updatedFields={"project": other}))
    assert tags(found[1:]) == {f"designs_by_project?project={PROJECT}", f"designs_by_project?project={other}"}
    assert all(change.keys == (place("designs_by_project", 1),) for change in found[1:])


def test_a_replaced_document_may_have_changed_in_every_field() -> None:
    """Given a replacement, then no fields are named: any may have changed."""
    (found,) = changes(event("replace", "designs", DESIGN, DESIGN))
    assert (found.tag, found.fields) == (f"Design:{ID}", None)


OPERATION: Row = {"_id": ID, "organization": ORGANIZATION, "created_at": 1, "document_id": "ab" * 32}


@pytest.mark.parametrize(
    ("operation", "before", "after"),
    [
        ("insert", None, OPERATION),
        ("update", OPERATION, OPERATION),
        ("replace", OPERATION, OPERATION),
        ("delete", OPERATION, None),
    ],
)
def test_a_registered_operation_names_its_document(operation: str, before: Row | None, after: Row | None) -> None:
    """Given an operation that is registered, changed or removed, then all answers of its document are named."""
    found = changes(event(operation, "operations", before, after, updateDescription={"updatedFields": {"body": ""}}))
    assert found[0].tag == f"RegisteredOperation:{ID}"
    assert found[-1] == Change(f"Operation:{'ab' * 32}")


def test_an_operation_whose_document_changes_names_both() -> None:
    """Given a script that gives a row another document, then the answers of both are named."""
    found = changes(event("replace", "operations", OPERATION, {**OPERATION, "document_id": "cd" * 32}))
    assert {f"Operation:{'ab' * 32}", f"Operation:{'cd' * 32}"} <= tags(found)


@pytest.mark.parametrize("operation", ["update", "replace", "delete", "drop", "rename"])
def test_operations_that_cannot_be_told_are_all_of_them(operation: str) -> None:
    """Given no image that names the document, or a drop, then everything changed: any operation may be gone."""
    assert "*" in tags(changes(event(operation, "operations", None, None)))


@pytest.mark.parametrize(
    ("operation", "before", "after"),
    [
        ("update", None, DESIGN),
        ("update", DESIGN, None),
        ("update", None, None),
        ("replace", None, DESIGN),
        ("delete", None, None),
        ("insert", None, None),
    ],
)
def test_a_missing_image_invalidates_the_type(operation: str, before: Row | None, after: Row | None) -> None:
    """Given an event without a state that it should have, then everything of its type changed."""
    assert changes(event(operation, "designs", before, after)) == (Change("Design"),)


def test_edits_invalidate_the_canvas_and_the_activity() -> None:
    """Given a batch in the log, or one that is altered or removed, then its design's canvas changed.

    And the batch, and its project's activity. Where the state before is missing, it may be any canvas, and any batch.
    """
    row = {"_id": ObjectId(), "design": ID, "project": PROJECT, "created_at": 1}
    batch, activity = Change(f"DesignEdit:{row['_id']}"), f"edits_by_project?project={PROJECT}"
    where = COLLECTIONS["edits_by_project"][1].place((1, row["_id"])) or ""
    whole = (Change(canvas_tag(ID)), batch, Change(activity, keys=(where,)))
    assert changes(event("insert", "design_edits", None, row)) == whole
    assert changes(event("delete", "design_edits", row, None)) == whole
    counted = event("update", "design_edits", row, row, updateDescription={"updatedFields": {"added": 3}})
    assert changes(counted) == (Change(canvas_tag(ID)), Change(batch.tag, ("added",)))
    moved = changes(event("replace", "design_edits", row, {**row, "design": PROJECT, "created_at": 2}))
    assert moved[:3] == (Change(canvas_tag(ID)), Change(canvas_tag(PROJECT)), batch)
    assert (moved[3].tag, len(moved[3].keys or ())) == (activity, 2)
    unknown = (Change("Element"), Change("DesignEdit"))
    assert changes(event("delete", "design_edits", None, None)) == unknown
    assert changes(event("update", "design_edits", None, row)) == unknown


def test_a_purge_by_hand_reaches_narrowed_lists() -> None:
    """Given a list that somebody wants dropped, then it goes with what is narrowed of it."""
    row = {"_id": ObjectId(), "tags": ["listings?city_key=madrid", "Project"]}
    found = changes(event("insert", PURGES, None, row))
    assert [change.tag for change in found] == [
        "listings?city_key=madrid",
        "listings?city_key=madrid#narrowed",
        "Project",
    ]


def test_a_pulse_invalidates_nothing() -> None:
    """Given a pulse, then nothing depends on what it changes, and its entry says until when it counts, if at all."""
    sent = event("update", PULSES, None, None, updateDescription={"updatedFields": {"until": 7}})
    first = event("insert", PULSES, None, {"_id": "relay", "until": 7})
    others = event("update", PULSES, None, None, updateDescription={"updatedFields": {"until": None}})
    for pulse, until in ((sent, 7), (first, 7), (others, None)):
        moment = {**pulse, "_id": {"_data": "00"}, "clusterTime": Timestamp(5, 1)}
        (entry,) = entries([moment], START)
        assert (entry.changes, entry.until) == ((Change(PULSES),), until)


@pytest.mark.parametrize(
    ("operation", "collection", "to", "wanted"),
    [
        ("drop", "designs", None, {"Design"}),
        ("rename", "designs", "old_designs", {"Design"}),
        ("rename", "new_designs", "designs", {"Design"}),
        ("rename", "designs", "projects", {"Design", "Project"}),
        ("drop", PULSES, None, {"*"}),
        ("drop", "design_edits", None, {"*"}),
        ("rename", "old_edits", "design_edits", {"*"}),
        ("dropDatabase", None, None, {"*"}),
        ("invalidate", None, None, {"*"}),
        ("unheardOf", "designs", None, {"Design"}),
    ],
)
def test_what_cannot_be_read_row_by_row_is_answered_broadly(
    operation: str, collection: str | None, to: str | None, wanted: set[str]
) -> None:
    """Given a drop, a rename from or to, or an event of another kind, then whole types or everything changed."""
    made: Row = {"operationType": operation}
    if collection is not None:
        made["ns"] = {"db": "test", "coll": collection}
    if to is not None:
        made["to"] = {"db": "test", "coll": to}
    assert tags(changes(made)) == wanted


@given(st.lists(st.integers(1, 3), max_size=20).map(sorted), st.integers(0, 20))
def test_ids_follow_from_the_events_alone(times: list[int], cut: int) -> None:
    """Given events, some of one moment, when they are read in one batch or in two, then their ids and chain agree."""
    events: list[Event] = [
        {**event("update", PULSES, None, None), "clusterTime": Timestamp(0, time), "_id": {"_data": str(number)}}
        for number, time in enumerate(times)
    ]
    whole = entries(events, START)
    first = entries(events[:cut], START)
    rest = entries(events[cut:], first[-1].id if first else START)
    assert [*first, *rest] == whole
    assert [entry.before for entry in whole] == [START, *(entry.id for entry in whole)][:-1] if whole else True
    assert all(entry.id > entry.before for entry in whole)
    assert [entry.token for entry in whole] == [str(number) for number in range(len(times))]
    assert [entry.id.time for entry in whole] == times


def test_a_transactions_events_are_numbered() -> None:
    """Given two events of one cluster time behind another one, then their ordinals count from 0, or go on."""
    events: list[Event] = [event("update", PULSES, None, None)] * 2
    time = Timestamp(7, 1).time << 32 | 1
    assert [entry.id for entry in entries(events, START)] == [EntryId(time, 0), EntryId(time, 1)]
    assert [entry.id.ordinal for entry in entries(events, EntryId(time, 4))] == [5, 6]
    assert entries(events[:1], START) == [Entry(EntryId(time, 0), START, "8265", (Change(PULSES),))]


def test_the_stream_carries_every_field_that_decides() -> None:
    """Given what is watched, then both images carry the fields that any collection looks at, and little else."""
    match, project = pipeline()
    kept = project["$project"]
    for document in (document for document in DOCUMENTS if document.images):
        for collection in document.collections:
            for name in collection.fields:
                assert kept[f"fullDocument.{name}"] == kept[f"fullDocumentBeforeChange.{name}"] == 1
    assert "fullDocument" not in kept
    assert not any("body" in name or "_hash" in name or "props" in name or "edits" in name for name in kept)
    watched = match["$match"]["$or"][0]["ns.coll"]["$in"]
    assert {"projects", "designs", "comments", "design_edits", PULSES} <= set(watched)
    assert {"sessions", "credentials", "elements", "likes"}.isdisjoint(watched)
