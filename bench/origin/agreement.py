"""Before anything is measured: every server answers every operation alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aiohttp
import orjson

from bench.origin.operations import Operation, targets
from bench.origin.servers import Server
from bench.stand import BenchError

_SHOWN = 200  # characters of a value that is another


async def agree(
    session: aiohttp.ClientSession, servers: Sequence[Server], operations: Sequence[Operation], token: str
) -> dict[str, int]:
    """Return the bytes of each operation's first answer at the first server.

    Raises:
        BenchError: a server answers with errors, or other `data` than the first; says which, and where.

    """
    sizes: dict[str, int] = {}
    first, *others = servers
    for operation in operations:
        expected = [await ask(session, first, operation, target, token) for target in targets(first.address, operation)]
        sizes[operation.name] = len(expected[0])
        for server in others:
            for body, target in zip(expected, targets(server.address, operation), strict=True):
                found = await ask(session, server, operation, target, token)
                where = difference(orjson.loads(body)["data"], orjson.loads(found)["data"])
                if where:
                    raise BenchError(f"{operation.name}: {server.name} answers otherwise than {first.name}: {where}")
    return sizes


async def ask(session: aiohttp.ClientSession, server: Server, operation: Operation, target: str, token: str) -> bytes:
    """Return the body of an answer; raises BenchError where it has errors or no data."""
    headers = {"Accept": "application/json", **({"Authorization": f"Bearer {token}"} if operation.signed else {})}
    async with session.get(f"http://127.0.0.1:{server.port}{target}", headers=headers) as response:
        body = await response.read()
    answer = orjson.loads(body) if response.content_type.endswith("json") else {}
    if not response.ok or answer.get("errors") or not any((answer.get("data") or {}).values()):
        said = body[:_SHOWN].decode(errors="replace")
        raise BenchError(f"{operation.name}: {server.name} answers {response.status}: {said}")
    return body


def difference(one: Any, other: Any, path: str = "data") -> str | None:
    """Return where two JSON values differ, and how; None where they are equal. 1 and 1.0 are one number."""
    parts: list[tuple[str, Any, Any]]
    if isinstance(one, dict) and isinstance(other, dict):
        if one.keys() != other.keys():
            return f"{path} has {', '.join(sorted(one.keys() ^ other.keys()))} on one side only"
        parts = [(f"{path}.{name}", one[name], other[name]) for name in one]
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            return f"{path} has {len(one)} and {len(other)} members"
        parts = [(f"{path}[{number}]", *pair) for number, pair in enumerate(zip(one, other, strict=True))]
    else:
        same = one == other and isinstance(one, bool) == isinstance(other, bool)
        return None if same else f"{path} is {str(one)[:_SHOWN]!r} and {str(other)[:_SHOWN]!r}"
    return next(filter(None, (difference(left, right, place) for place, left, right in parts)), None)
