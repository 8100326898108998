"""What MongoDB does for a command, by its own `explain`: the indexes it uses, how much it reads, what it does badly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

Command = dict[str, Any]

_READS = {"find", "aggregate", "count", "distinct"}
_OURS = {"find", "filter", "sort", "limit", "projection", "aggregate", "pipeline"}


class Heard(CommandListener):
    """The reads that a client sends, in their order."""

    def __init__(self) -> None:
        self.commands: list[Command] = []

    def started(self, event: CommandStartedEvent) -> None:
        """Note a read."""
        if event.command_name in _READS and event.database_name != "admin":
            self.commands.append({name: event.command[name] for name in event.command if name in _OURS})

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Note nothing more."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Note nothing more."""


@dataclass
class Explained:
    """One read: the collection, the indexes it uses, keys and documents examined, rows returned.

    `faults` are a scan of the whole collection and a sort in memory.
    """

    collection: str
    indexes: set[str] = field(default_factory=set)
    keys: int = 0
    documents: int = 0
    returned: int = 0
    faults: set[str] = field(default_factory=set)


def parts(command: Command) -> Iterator[Command]:
    """Yield the reads that a command consists of, each as a command of its own; pure."""
    if "find" in command:
        yield command
        return
    source, stages = command["aggregate"], command["pipeline"]
    yield from _part(source, [stage for stage in stages if "$unionWith" not in stage])
    for union in (stage["$unionWith"] for stage in stages if "$unionWith" in stage):
        yield from _part(union.get("coll", 1), union["pipeline"])


def _part(source: Any, stages: list[Any]) -> Iterator[Command]:
    documents = stages[0].get("$documents") if stages else None
    lookup = next((stage["$lookup"] for stage in stages if "$lookup" in stage), None)
    if documents is None or lookup is None:
        yield {"aggregate": source, "pipeline": stages}
        return
    for parent in documents:  # what it does for each of them; `explain` tells of a `$lookup` sums alone
        matched = {"$match": {lookup["foreignField"]: parent[lookup["localField"]]}}
        yield {"aggregate": lookup["from"], "pipeline": [matched, *lookup["pipeline"]]}


async def explain(database: AsyncDatabase[Any], command: Command) -> list[Explained]:
    """Return what MongoDB does for each read of a command, the same ones added up."""
    found: dict[str, Explained] = {}
    for part in parts(command):
        if part.get("aggregate") == 1:  # the database itself: values that the command brings along
            continue
        request = part if "find" in part else {**part, "cursor": {}}
        told = await database.command("explain", request, verbosity="executionStats")
        collection = str(part.get("find") or part["aggregate"])
        _tell(told, found.setdefault(f"{collection} {_shape(part)}", Explained(collection)))
    return [*found.values()]


def _shape(part: Command) -> str:
    """Return what tells reads of one kind: their fields, without the values."""
    stages = part.get("pipeline", ())
    query: Mapping[str, Any] = part.get("filter") or next((s["$match"] for s in stages if "$match" in s), {})
    return ",".join(sorted(map(str, query)))


def _tell(told: Mapping[str, Any], explained: Explained) -> None:
    stats = _statistics(told)
    explained.keys += int(stats.get("totalKeysExamined", 0))
    explained.documents += int(stats.get("totalDocsExamined", 0))
    stages = told.get("stages")
    explained.returned += int(stages[-1].get("nReturned", 0) if stages else stats.get("nReturned", 0))
    for stage in _stages(told):
        name = stage.get("stage", "")
        if "indexName" in stage:
            explained.indexes.add(str(stage["indexName"]))
        elif name in {"IDHACK", "EXPRESS_IXSCAN"}:
            explained.indexes.add("_id_")
        if name == "COLLSCAN":
            explained.faults.add("scans the collection")
        if name == "SORT" or "$sort" in stage:
            explained.faults.add("sorts in memory")


def _statistics(told: Mapping[str, Any]) -> Mapping[str, Any]:
    stages = told.get("stages")
    whole = stages[0].get("$cursor") or stages[0].get("$geoNearCursor") or {} if stages else told
    found: Mapping[str, Any] = whole.get("executionStats", {})
    return found


def _stages(told: Any) -> Iterator[Mapping[str, Any]]:
    """Yield everything that may be a stage of the winning plan."""
    if isinstance(told, Mapping):
        yield told
        for name, part in told.items():
            if name not in {"rejectedPlans", "command", "slotBasedPlan", "executionStats"}:
                yield from _stages(part)
    elif isinstance(told, list):
        for part in told:
            yield from _stages(part)
