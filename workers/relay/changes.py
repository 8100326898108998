"""What an event of the change stream invalidates; pure.

What cannot be read is answered broadly, never skipped: a missing image invalidates the type, a drop or a rename too, an
event of an unknown kind everything.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any

from edge.stream import Change, Entry, EntryId
from edge.tags import API_KEY, EVERYTHING, OPERATION
from edge.tags import PULSES as PULSE_TAG
from models.api_key import ApiKey
from models.collection import NARROWED
from models.database import PULSES, cluster_time
from models.design import Design
from models.element import DesignEdit, Element
from models.entity import Entity
from models.operation import RegisteredOperation
from models.purge import PURGES
from models.register import DOCUMENTS
from workers.relay.watching import Event

_WATCHED: dict[str, type[Entity]] = {d.stored_in(): d for d in DOCUMENTS if d.images}
_EDITS = DesignEdit.stored_in()
_OPERATIONS = RegisteredOperation.stored_in()
_API_KEYS = ApiKey.stored_in()


def pipeline() -> list[dict[str, Any]]:
    """Return the aggregation that follows `$changeStream`: only what can invalidate, only the fields that decide it."""
    names = [*_WATCHED, PULSES, PURGES]
    fields = {"_id", "design", "document_id", "hash", "tags", "until"}
    fields.update(f for d in _WATCHED.values() for c in d.collections for f in c.fields)
    images = [f"{image}.{name}" for image in ("fullDocument", "fullDocumentBeforeChange") for name in sorted(fields)]
    kept = (
        "operationType",
        "clusterTime",
        "ns",
        "to",
        "documentKey",
        "updateDescription.updatedFields",
        "updateDescription.removedFields",
        "updateDescription.truncatedArrays",
        *images,
    )
    return [
        {
            "$match": {
                "$or": [
                    {"ns.coll": {"$in": names}},
                    {"to.coll": {"$in": names}},
                    {"operationType": {"$in": ["dropDatabase", "invalidate"]}},
                ]
            }
        },
        {"$project": dict.fromkeys(kept, 1)},
    ]


def pulse_until(event: Event) -> int | None:
    """Return until when a relay's pulse counts, in microseconds of Redis's clock; None for every other event."""
    if event.get("ns", {}).get("coll") != PULSES or event["operationType"] not in {"insert", "update"}:
        return None
    fields = event.get("updateDescription", {}).get("updatedFields") or event.get("fullDocument") or {}
    until = fields.get("until")
    return int(until) if isinstance(until, int) else None


def changes(event: Event) -> tuple[Change, ...]:
    """Return what one event invalidates; nothing that anything depends on, for a pulse."""
    operation = event["operationType"]
    collection = event.get("ns", {}).get("coll", "")
    if operation in {"insert", "update", "replace", "delete"}:
        return tuple(_row(collection, event))
    names = {collection, event.get("to", {}).get("coll", "")}
    types = [document.__name__ for name, document in _WATCHED.items() if name in names]
    if not types or not names.isdisjoint((_OPERATIONS, _EDITS)):
        return (Change(EVERYTHING),)
    return tuple(map(Change, types))


def _row(collection: str, event: Event) -> Iterator[Change]:
    """Say what one row's event invalidates."""
    if collection == PULSES:
        yield Change(PULSE_TAG)
    elif collection == PURGES:
        yield from _purge(event)
    elif collection == _EDITS:
        yield from _edit(event)
    else:
        yield from _document(_WATCHED[collection], event)
    if collection == _OPERATIONS:
        yield from _operation(event)
    if collection == _API_KEYS:
        yield from _api_key(event)


def _purge(event: Event) -> Iterator[Change]:
    """Say what somebody wants dropped; an old purge that goes says nothing."""
    row = event.get("fullDocument") if event["operationType"] == "insert" else None
    tags = row.get("tags") if row else None
    if not isinstance(tags, list) or not tags:
        yield Change(PURGES)
        return
    for tag in map(str, tags):
        yield Change(tag)
        if "?" in tag and not tag.endswith(NARROWED):
            yield Change(f"{tag}{NARROWED}")


def _edit(event: Event) -> Iterator[Change]:
    """Say which canvas a batch of edits changes, also one that is altered or removed; any, where that is not known.

    And which lists, as of every document: the activity of projects.
    """
    before, after = event.get("fullDocumentBeforeChange"), event.get("fullDocument")
    rows = [row for row in (before, after) if row is not None]
    if not rows or (event["operationType"] in {"update", "replace"} and len(rows) == 1):
        yield Change(Element.__name__)
    else:
        for design in dict.fromkeys(row.get("design") for row in rows):
            yield Change(canvas_tag(design))
    yield from _document(DesignEdit, event)


def canvas_tag(design: Any) -> str:
    """Return the tag of a design's elements."""
    return f"canvas?design={design}"


def _operation(event: Event) -> Iterator[Change]:
    """Say which document can be asked for from now on, or no longer: its answers, and whoever remembers it, go."""
    before, after = event.get("fullDocumentBeforeChange"), event.get("fullDocument")
    if (before is None and event["operationType"] != "insert") or (
        after is None and event["operationType"] != "delete"
    ):
        yield Change(EVERYTHING)
        return
    for id_ in dict.fromkeys(row.get("document_id") for row in (before, after) if row is not None):
        yield Change(f"{OPERATION}:{id_}")


def _api_key(event: Event) -> Iterator[Change]:
    """Say of which key, by its hash, something has changed but the day of its use; the type is told of without images.

    Edges know keys by their hashes, those that there are not too.
    """
    before, after = event.get("fullDocumentBeforeChange"), event.get("fullDocument")
    if _changed_fields(event) == ("last_used",):
        return
    for hash_ in dict.fromkeys(row.get("hash") for row in (before, after) if row is not None):
        yield Change(f"{API_KEY}:{hash_}")


def _document(document: type[Entity], event: Event) -> Iterator[Change]:
    operation = event["operationType"]
    before, after = event.get("fullDocumentBeforeChange"), event.get("fullDocument")
    if (before is None and operation != "insert") or (after is None and operation != "delete"):
        yield Change(document.__name__)
        return
    rows = [row for row in (before, after) if row is not None]
    if not all(collection.readable(row) for collection in document.collections for row in rows):
        yield Change(document.__name__)
        return
    yield Change(f"{document.__name__}:{event['documentKey']['_id']}", _changed_fields(event))
    for collection in document.collections:
        for tag, places in collection.moved(before, after).items():
            yield Change(tag, keys=places)


def _changed_fields(event: Event) -> tuple[str, ...] | None:
    """Return the top-level fields that an update changed; None for what changes all of them."""
    if event["operationType"] != "update":
        return None
    description = event.get("updateDescription", {})
    paths = [
        *description.get("updatedFields", {}),
        *description.get("removedFields", ()),
        *(item["field"] for item in description.get("truncatedArrays", ())),
    ]
    return tuple(sorted({path.partition(".")[0] for path in paths}))


def entries(events: list[Event], tail: EntryId, spread: Container[Any] = ()) -> list[Entry]:
    """Make the entries for a batch of events that follows `tail`, the id of the event before.

    With a change of one of the projects in `spread` designs have changed whose events are still to come. The ordinal
    counts events of one cluster time, a transaction's, so that every relay gives an event the same id.
    """
    numbered: list[Entry] = []
    for event in events:
        time = cluster_time(event["clusterTime"])
        id_ = EntryId(time, tail.ordinal + 1 if time == tail.time else 0)
        changed = changes(event)
        if event.get("documentKey", {}).get("_id") in spread:
            changed = (*changed, Change(Design.__name__))
        numbered.append(Entry(id_, tail, event["_id"]["_data"], changed, pulse_until(event)))
        tail = id_
    return numbered
