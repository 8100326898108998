"""Reading from MongoDB: one command for one read or for several, as of a moment where the answer may be cached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bson import Int64, Timestamp
from bson.codec_options import CodecOptions
from pymongo.errors import AutoReconnect
from pymongo.read_concern import ReadConcern

from models.database import Database, Row
from models.entity import Entity

MOST_ROWS = 100_000
"""The bound of one batch; given as `batch_size`, because 102 rows otherwise cost a second command."""

_NAIVE: CodecOptions[Row] = CodecOptions()
_READ = "~"
"""The attribute by which rows of several reads in one command are told apart; no document has it."""

Order = Sequence[tuple[str, int]]
Stages = list[dict[str, Any]]
Projection = dict[str, int]


class _SnapshotAfter(ReadConcern):
    """A snapshot that is not before a moment.

    The driver's own takes what the primary knows to be committed, and a new primary may know of less than `as_of`.
    """

    def __init__(self, moment: Timestamp) -> None:
        super().__init__("snapshot")
        self._moment = moment

    @property
    def document(self) -> dict[str, Any]:
        """Return the concern as the server reads it."""
        return {"level": "snapshot", "afterClusterTime": self._moment}


@dataclass(frozen=True)
class Find:
    """The documents that match; a `projection` takes or leaves out attributes of them; `counted`: how many, as `n`."""

    document: type[Entity]
    query: dict[str, Any]
    sort: Order = ()
    limit: int = 0
    projection: Projection | None = None
    counted: bool = False

    @property
    def source(self) -> str | None:
        """Return the collection that it begins with."""
        return self.document.stored_in()

    def stages(self) -> Stages:
        """Return it as an aggregation."""
        stages: Stages = [{"$match": self.query}]
        stages += [{"$sort": dict(self.sort)}] if self.sort else []
        stages += [{"$limit": self.limit}] if self.limit else []
        stages += [{"$count": "n"}] if self.counted else []
        return stages + ([{"$project": self.projection}] if self.projection is not None else [])


@dataclass(frozen=True)
class Lateral:
    """For each of `parents` the documents that match and whose attribute `by` it is, as `{_id: parent, rows: […]}`.

    MongoDB enters the index once for each parent and stops at `limit`.
    """

    rows: Find
    by: str
    parents: tuple[Any, ...]

    source = None

    def stages(self) -> Stages:
        """Return it as an aggregation."""
        lookup = {"localField": "_id", "foreignField": self.by, "pipeline": self.rows.stages(), "as": "rows"}
        parents = [{"_id": parent} for parent in self.parents]
        return [{"$documents": parents}, {"$lookup": {"from": self.rows.source, **lookup}}]


@dataclass(frozen=True)
class Aggregation:
    """What an aggregation over a collection answers."""

    document: type[Entity]
    pipeline: Stages

    @property
    def source(self) -> str | None:
        """Return the collection that it begins with."""
        return self.document.stored_in()

    def stages(self) -> Stages:
        """Return it as an aggregation."""
        return self.pipeline


Read = Find | Lateral | Aggregation


class Reader:
    """Reads for one request.

    With `as_of`, every read sees at least the writes up to that moment of MongoDB's clock, and none that may be rolled
    back (majority read concern). `naive` reads times without a zone, in UTC as MongoDB has them, which is cheaper.
    """

    def __init__(self, database: Database, as_of: Timestamp | None = None, *, naive: bool = False) -> None:
        self._database = database
        self.as_of = as_of
        self._codec = _NAIVE if naive else database.recorded.codec_options
        after = {} if as_of is None else {"afterClusterTime": as_of}
        self._concern = {"level": "majority", **after}

    def naive(self) -> Reader:
        """Return a reader of the same moment that reads times without a zone."""
        return Reader(self._database, self.as_of, naive=True)

    async def read(self, read: Read) -> list[Row]:
        """Return the rows of one read, in one command."""
        if not isinstance(read, Find) or read.counted:
            return await self._aggregate(read.source, read.stages())
        # One more than the limit: a cursor whose batch is full to the row is left open, and asked once more.
        batch = read.limit + 1 if read.limit else MOST_ROWS
        command: dict[str, Any] = {"find": read.source, "filter": read.query, "batchSize": batch}
        if read.sort:
            command["sort"] = dict(read.sort)
        if read.limit:
            command["limit"] = read.limit
        if read.projection is not None:
            command["projection"] = read.projection
        return await self._rows(command)

    async def read_together(self, reads: Sequence[Read]) -> list[list[Row]]:
        """Return the rows of each of several reads, in one command: what one costs the driver is paid once."""
        if len(reads) == 1:
            return [await self.read(reads[0])]
        first, *others = sorted(enumerate(reads), key=lambda numbered: numbered[1].source is not None)
        pipeline = _numbered(*first)
        for number, read in others:
            union: dict[str, Any] = {"pipeline": _numbered(number, read)}
            if read.source is not None:
                union["coll"] = read.source
            pipeline.append({"$unionWith": union})
        answers: list[list[Row]] = [[] for _ in reads]
        for row in await self._aggregate(first[1].source, pipeline):
            answers[row[_READ]].append(row)
        return answers

    async def _aggregate(self, source: str | None, pipeline: Stages) -> list[Row]:
        """Run an aggregation of a collection, or of the database (`$documents`)."""
        return await self._rows({"aggregate": source or 1, "pipeline": pipeline, "cursor": {"batchSize": MOST_ROWS}})

    async def _rows(self, command: dict[str, Any]) -> list[Row]:
        """Send a command that answers with a cursor, and return all its rows.

        The driver's own cursors cost half as much again as the command. What they do is done here: a read that met a
        connection's or a primary's end is sent once more, and what is too large for one reply (16 MiB) is fetched.
        """
        command["readConcern"] = self._concern
        async with self._database.client.start_session(causal_consistency=False) as session:
            send = partial(self._database.recorded.command, codec_options=self._codec, session=session)
            try:
                reply = await send(command)
            except AutoReconnect:
                reply = await send(command)
            cursor = reply["cursor"]
            rows: list[Row] = cursor["firstBatch"]
            while cursor["id"]:
                collection = cursor["ns"].partition(".")[2]
                cursor = (await send({"getMore": Int64(cursor["id"]), "collection": collection}))["cursor"]
                rows += cursor["nextBatch"]
            return rows

    async def snapshot(self, *reads: Find) -> list[list[Row]]:
        """Run several finds that all see one moment; the first decides which."""
        results: list[list[Row]] = []
        concern = None if self.as_of is None else _SnapshotAfter(self.as_of)
        async with self._database.client.start_session(snapshot=True) as session:
            for read in reads:
                collection = self._database.recorded.get_collection(
                    read.document.stored_in(), self._codec, read_concern=concern
                )
                cursor = collection.find(
                    read.query, read.projection, sort=[*read.sort] or None, batch_size=MOST_ROWS, session=session
                )
                results.append(await cursor.to_list(None))
                concern = None
        return results


def _numbered(number: int, read: Read) -> Stages:
    """Return a read as an aggregation whose rows say which read they answer."""
    return [*read.stages(), {"$set": {_READ: number}}]
