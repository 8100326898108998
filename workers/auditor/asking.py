"""Asking edges what they hold, and the origin past every cache, over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import orjson

from edge.admin import body_digest
from edge.http import JSON, lifetimes
from edge.proxy import FETCH
from edge.stream import EntryId
from workers.auditor.verdicts import Held

SECONDS = 10
_OK, _NOT_FOUND = 200, 404


class UnansweredError(Exception):
    """There is no answer to judge by; `by` is `edge` or `origin`."""

    def __init__(self, by: str, reason: str) -> None:
        super().__init__(f"{by}: {reason}")
        self.by = by


class Edges:
    """The admin sites of edges, each named by its base URL."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def sample(self, edge: str, most: int) -> list[Held]:
        """Return some of the answers that an edge serves from memory now; raises UnansweredError."""
        page = await self._page(f"{edge}/answers?most={most}")
        with _unanswered("edge"):
            return [Held.decode(row) for row in page["answers"]]

    async def held(self, edge: str, key: str) -> Held | None:
        """Return the answer that an edge serves for a key now; raises UnansweredError."""
        page = await self._page(f"{edge}/answers/{key}")
        with _unanswered("edge"):
            return Held.decode(page) if page is not None else None

    async def _page(self, url: str) -> Any:
        """Return a page's JSON, None where there is nothing."""
        with _unanswered("edge"):
            async with self._session.get(url) as response:
                if response.status not in {_OK, _NOT_FOUND}:
                    raise UnansweredError("edge", f"{url} answered {response.status}")
                body = await response.read()
                return orjson.loads(body) if response.status == _OK else None


class Origin:
    """The API, by its base URL.

    `sign` makes a moment an `Edge-As-Of` that it believes, `mark` an `Edge-Fetch`, since nobody pays for this.
    """

    def __init__(
        self, session: aiohttp.ClientSession, url: str, sign: Callable[[EntryId], str], mark: Callable[[str], str] = str
    ) -> None:
        self._session = session
        self._url = url
        self._sign = sign
        self._mark = mark

    async def digest(self, held: Held) -> str:
        """Ask what an answer answers, as of its `as_of` or later, and return the digest of the body.

        Raises:
            UnansweredError: none came, or one that nobody may keep (an error, a release that knows other operations).

        """
        request = self._session.get(
            f"{self._url}/graphql/{held.id}",
            params={"variables": orjson.dumps(held.variables).decode()},
            headers={
                "Accept": JSON,
                "Accept-Encoding": "identity",
                "Edge-As-Of": self._sign(held.as_of),
                FETCH: self._mark(held.id),
            },
        )
        with _unanswered("origin"):
            async with request as response:
                body = await response.read()
        if response.status != _OK or lifetimes(response.headers).max_age <= 0:
            raise UnansweredError("origin", f"{held.operation} was answered with {response.status}, not to be kept")
        return body_digest(body)


@contextmanager
def _unanswered(by: str) -> Iterator[None]:
    """Have whatever goes wrong on the way, or in reading what came, end as an UnansweredError."""
    try:
        yield
    except (aiohttp.ClientError, OSError, ValueError, TypeError, KeyError) as error:  # a TimeoutError is an OSError
        raise UnansweredError(by, f"{type(error).__name__}: {error}") from error
