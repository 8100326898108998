"""The gate before what memory holds: who may have it, by their API key."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from edge.api_keys import MALFORMED, NEEDED, UNKNOWN, Record, Refusal, judge
from edge.known_keys import KnownKeys
from edge.plans import ORGANIZATION, PARTNERS, Plan
from edge.proxy import OriginError, failure
from edge.tolls import Payer
from edge.usage import Usage

ELSEWHERE: Final = "ELSEWHERE"
"""The API must decide."""

_KEYS_BEGIN: Final = "dp_"

Credential = Callable[[str], str | None]
"""Reads an `Authorization` value: the hash of the API key in it, "" for a malformed one, None where it is none."""


def no_keys(authorization: str) -> None:
    """Know no API keys; for edges that are told of none."""
    del authorization


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request with a key that may be answered, and whose budget pays."""

    hash: str
    record: Record
    payer: Payer


def payer_of(admitted: Admitted | None) -> Payer | None:
    """Return whose budget pays, None where that goes by the address."""
    return None if admitted is None else admitted.payer


class Gate:
    """Checks keys and origins, and counts what is answered. `wall_clock` is Unix seconds."""

    def __init__(
        self, credential: Credential, keys: KnownKeys, usage: Usage, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self.keys, self.usage = keys, usage
        self.wall_clock = wall_clock
        self._credential = credential

    async def admit(self, headers: Mapping[str, str], plan: Plan) -> Admitted | Refusal | str | None:
        """Decide on a request for an operation that is looked up; None: everybody may have it.

        `ELSEWHERE` where the API must decide: members of an organization come without a key, and what was not heard
        from the API, or moved while it was asked, nobody here knows.
        """
        hash_ = self._credential(headers.get("Authorization", ""))
        if not hash_:
            return _without_key(plan.audience) if hash_ is None else MALFORMED
        record = self.keys.get(hash_) or await self._learnt(hash_)
        if record is None:
            return UNKNOWN if self.keys.is_unknown(hash_) else ELSEWHERE
        refusal = judge(record, headers.get("Origin", ""), plan, self.wall_clock())
        return Admitted(hash_, record, Payer(record.subject, record.a_minute)) if refusal is None else refusal

    def still(self, admitted: Admitted) -> bool:
        """Whether a request like an admitted one may be answered too: else that must be decided anew."""
        record = admitted.record
        return self.keys.get(admitted.hash) is record and self.wall_clock() < record.expires_at

    def answered(self, admitted: Admitted, cost: int, size: int) -> None:
        """Count an answer: its cost, and the bytes of its body as it was sent."""
        self.usage.count(admitted.record.id, cost, size)

    async def _learnt(self, hash_: str) -> Record | None:
        """Return a key's record, asking for it where it is not known whether there is one."""
        if not self.keys.is_unknown(hash_):
            try:
                await self.keys.learn(hash_)
            except OriginError:
                return None
        return self.keys.get(hash_)


def _without_key(audience: str) -> Refusal | str | None:
    """Decide on a request without a key: members of an organization come with other credentials, for the API."""
    if audience == PARTNERS:
        return NEEDED
    return ELSEWHERE if audience == ORGANIZATION else None


def credentials(headers: Mapping[str, str]) -> tuple[str, str]:
    """Return those headers by which a request with a key is judged; empty for requests without one."""
    authorization = headers.get("Authorization", "")
    return (authorization, headers.get("Origin", "")) if _KEYS_BEGIN in authorization else ("", "")


def refused(why: Refusal) -> web.Response:
    """Make the response of a refusal."""
    response = failure(why.status, why.message, why.code)
    response.headers.update(why.headers)
    response.headers["Cache-Status"] = f"edge; detail={why.code.lower()}"
    return response
