"""`python -m app purge`: drop cached answers everywhere, by tag, by operation, or all of them."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

from redis.exceptions import RedisError

from app.services import connected, open_database, open_redis
from app.settings import Settings
from edge import plans, stream
from edge.stream import EntryId
from edge.tags import EVERYTHING, OPERATION
from models.database import cluster_time
from models.purge import INDEXES, PURGES, purge
from models.register import COLLECTIONS, DOCUMENTS

_SECONDS = 5.0


class PurgeError(Exception):
    """What is to be purged cannot be told; the message says how to say it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what to purge."""
    parser.add_argument("tags", nargs="*", metavar="TAG", help="Type:<id>, a Type, or a list as `app explain` names it")
    parser.add_argument("--operation", metavar="NAME", help="every answer of a registered operation")
    parser.add_argument("--all", action="store_true", help="everything")


def chosen(tags: Sequence[str], operation: str | None, *, everything: bool) -> list[str]:
    """Return the tags to purge.

    Raises:
        PurgeError: nothing is named, or something that no answer can depend on.

    """
    found = [EVERYTHING] if everything else [*tags]
    if operation is not None:
        known = {plan.name: plan.id for plan in plans.load().values()}
        if operation not in known:
            raise PurgeError(f"There is no operation {operation!r}; registered are {', '.join(sorted(known))}.")
        found.append(f"{OPERATION}:{known[operation]}")
    if not found:
        raise PurgeError("Say what to purge: a TAG, --operation NAME or --all.")
    types = {document.__name__ for document in DOCUMENTS}
    for tag in found:
        name = tag.partition("?")[0].partition(":")[0]
        if tag != EVERYTHING and name not in {OPERATION, "canvas", *types, *COLLECTIONS}:
            lists = ", ".join(sorted(COLLECTIONS))
            raise PurgeError(f"No answer depends on {tag!r}; types are {', '.join(sorted(types))}; lists are {lists}.")
    return found


async def _purge(settings: Settings, tags: Sequence[str]) -> int:
    database, redis = await open_database(settings), open_redis(settings)
    try:
        await database.handle[PURGES].create_indexes([*INDEXES])
        moment = EntryId(cluster_time(await purge(database, tags)), 0)
        try:
            async with asyncio.timeout(_SECONDS):
                while (newest := await stream.tail(redis)) is None or newest.id < moment:  # noqa: ASYNC110 - no event tells
                    await asyncio.sleep(0.02)
        except (TimeoutError, RedisError, OSError):
            sys.stderr.write("The purge is in the database, but the relay has not passed it on: is it running?\n")
            return 1
        sys.stdout.write(f"Purged {', '.join(tags)} as of {moment}.\n")
        return 0
    finally:
        await redis.aclose()
        await database.close()


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Purge and wait until every edge is told."""
    try:
        tags = chosen(arguments.tags, arguments.operation, everything=arguments.all)
    except PurgeError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return asyncio.run(_purge(connected(settings), tags))
