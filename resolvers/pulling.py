"""What a device lacks: pages of the logs of its viewer's organizations; see `models.replication`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from beanie import PydanticObjectId
from pymongo.read_concern import ReadConcern

from auth.permissions import GRANTS, Permission
from auth.signatures import Keys
from auth.viewer import Viewer
from models.errors import InvalidInputError
from models.replication import MOST_ROWS, Change, Mark, Marks, read, written
from schema.replication import Checkpoint, CheckpointInput, PullBulk, Replica

_MAJORITY: Final = ReadConcern("majority")  # what only some have may never have been


class Page(NamedTuple):
    """Copies of documents, or that they are gone, and how far the device has read with them."""

    documents: list[Any]
    marks: Marks


def organizations(viewer: Viewer) -> set[PydanticObjectId]:
    """Return the organizations whose documents a viewer may read."""
    return {organization for organization, role in viewer.roles.items() if Permission.READ in GRANTS[role]}


async def pull(replica: Replica[Any], readable: Collection[PydanticObjectId], marks: Marks, limit: int) -> Page:
    """Return what a device lacks that has read up to some marks, at most so many documents.

    First that it may no longer know what belongs to organizations that are not readable any more, then the changes of
    each that is; all of them, of one that it has not read before.
    """
    further, documents = {**marks}, list[Any]()
    for organization in sorted(marks.keys() - readable):
        mark, room = marks[organization], limit - len(documents)
        if not room:
            break
        rows = await _rows(known(replica.kind, organization, mark), "_id", room)
        documents += [replica.gone(row["document"]) for row in rows]
        further.pop(organization)
        if len(rows) == room:
            further[organization] = replace(mark, told=rows[-1]["_id"])
    for organization in sorted(readable):
        mark, room = marks.get(organization, Mark()), limit - len(documents)
        if not room:
            break
        behind = "" if mark.told else mark.position  # who comes back amid being told that it is gone begins anew
        rows = await _rows(changed(replica.kind, organization, behind), "position", room)
        documents += await _shown(replica, organization, rows)
        further[organization] = Mark(rows[-1]["position"] if rows else behind)
    return Page(documents, further)


def known(kind: str, organization: PydanticObjectId, mark: Mark) -> dict[str, Any]:
    """Return what finds the rows of documents that a device may have, which has read up to a mark; in `_id` order."""
    return {"organization": organization, "kind": kind, "first": {"$lte": mark.position}, "_id": {"$gt": mark.told}}


def changed(kind: str, organization: PydanticObjectId, behind: str) -> dict[str, Any]:
    """Return what finds the rows that were written behind a position; in the order of positions."""
    return {"organization": organization, "kind": kind, "position": {"$gt": behind}}


async def _rows(query: Mapping[str, Any], order: str, limit: int) -> list[Mapping[str, Any]]:
    changes = Change.get_pymongo_collection().with_options(read_concern=_MAJORITY)
    found: list[Mapping[str, Any]] = await changes.find(query).sort(order).limit(limit).to_list()
    return found


async def _shown(replica: Replica[Any], organization: PydanticObjectId, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return copies of the documents of rows, as they are now, which may be newer than their rows."""
    ids = [row["document"] for row in rows if not row["deleted"]]
    stored = replica.document.get_pymongo_collection().with_options(read_concern=_MAJORITY)
    found = await stored.find({"_id": {"$in": ids}, "organization": organization}).to_list() if ids else []
    documents = {row["_id"]: replica.document.model_validate(row) for row in found}
    return [
        replica.of(documents[id_]) if id_ in documents else replica.gone(id_)
        for id_ in (row["document"] for row in rows)
    ]


def bulk(replica: Replica[Any], page: Page, viewer: Viewer, keys: Keys) -> PullBulk[Any]:
    """Return a page as the device is told of it, with a checkpoint that is good for this viewer alone."""
    position = keys.sign("checkpoint", f"{replica.kind}:{viewer.user}:{written(page.marks)}")
    return PullBulk(documents=page.documents, checkpoint=Checkpoint(position=position))


def marks_of(replica: Replica[Any], checkpoint: CheckpointInput | None, viewer: Viewer, keys: Keys) -> Marks:
    """Return how far a device has read; raises InvalidInputError for what is no checkpoint of this viewer's."""
    if checkpoint is None:
        return {}
    path = ("checkpoint", "position")
    kind, _, rest = (keys.verified("checkpoint", checkpoint.position) or "").partition(":")
    user, _, marks = rest.partition(":")
    if not marks:
        raise InvalidInputError("checkpoint: this is none of ours; leave it out to begin anew.", path=path)
    if (kind, user) != (replica.kind, str(viewer.user)):
        words = "it is one of another list" if user == str(viewer.user) else "it is somebody else's"
        raise InvalidInputError(f"checkpoint: {words}; leave it out to begin anew.", path=path)
    return read(marks)


def check_limit(limit: int) -> int:
    """Return how many documents a device wants; raises InvalidInputError for too many or none."""
    if not 1 <= limit <= MOST_ROWS:
        raise InvalidInputError(f"limit: from 1 to {MOST_ROWS}, not {limit}.", path=("limit",))
    return limit
