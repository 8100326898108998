"""Charging operations to the budgets of who asks.

Before it runs, an operation is charged its cost, as if each of its lists were as long as may be; afterwards what it did
not answer is given back. What an answer costs is how many fields it has, which is how often `":` stands in its JSON:
counted at 2 µs/KB, and too high only where texts hold those two characters. Nothing is given back of a mutation, whose
answer says nothing of its work, of a subscription, which pays for its events with its beginning, and of an answer with
errors, which may be small though much was read for it. A request that is refused before it runs pays nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil

import orjson
from graphql import OperationType
from prometheus_client import Counter

from auth.budgets import payer
from edge.leases import Leases, Verdict, rate_headers
from edge.proxy import FETCH
from edge.tolls import Payer, SpentError, Toll, answer_price, charge, spent
from models.errors import RateLimitedError
from resolvers.context import RequestContext
from schema.prepared import Operation, Prepared

LIMITED = Counter("origin_limited_total", "Operations refused by the API because a budget was spent.")


class BudgetSpentError(RateLimitedError):
    """A budget has too little left for an operation. `headers` say so."""

    def __init__(self, verdict: Verdict) -> None:
        self.headers = rate_headers(verdict)
        super().__init__(spent(verdict), float(self.headers["Retry-After"]))


def settle(toll: Toll | None, body: bytes, kind: OperationType) -> None:
    """Settle for an answer without errors, if anybody paid."""
    if toll is not None and kind is OperationType.QUERY:
        toll.settle(answer_price(body))


def extended(body: bytes, toll: Toll) -> bytes:
    """Return an answer's body with `extensions.cost`."""
    verdict = toll.verdict
    told = {
        "requested": toll.requested,
        "actual": toll.actual,
        "remaining": verdict.remaining,
        "limit": verdict.limit,
        "resetsIn": max(1, ceil(verdict.reset)),
    }
    return body[:-1] + b',"extensions":{"cost":' + orjson.dumps(told) + b"}}"


@dataclass(frozen=True)
class Charging:
    """Charges to budgets. Without `leases` nothing is limited. `paid` knows an edge's mark for a document."""

    leases: Leases | None
    paid: Callable[[str, str], bool]

    async def charge(
        self,
        prepared: Prepared,
        operation: Operation,
        context: RequestContext,
        headers: Mapping[str, str],
        key: Payer | None = None,
    ) -> Toll | None:
        """Have who asks pay for an operation before it runs; None: nobody has to. Raises BudgetSpentError.

        What an edge fetches for its cache is public, and its clients have paid there. An API key, if there is one,
        pays for all that it asks.
        """
        leases = self.leases
        if leases is None or (operation.public and self.paid(headers.get(FETCH, ""), prepared.id)):
            return None
        try:
            return await charge(leases, key or Payer(*payer(context.viewer, context.caller.address)), operation.cost)
        except SpentError as error:
            LIMITED.inc()
            raise BudgetSpentError(error.verdict) from error
