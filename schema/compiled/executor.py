"""Answering queries by plans, as far as that goes."""

from __future__ import annotations

import logging
import time
from typing import Any

from prometheus_client import Counter

from schema.combined import Combined
from schema.compiled.declined import DeclinedError
from schema.compiled.plans import Plans, refused
from schema.compiled.run import execute
from schema.compiled.shapes import Plan
from schema.compiled.variables import Variables
from schema.context import Context
from schema.prepared import Operation, Prepared

log = logging.getLogger(__name__)
_QUIET_SECONDS = 60.0
_MOST_REASONS = 100

ANSWERS = Counter("origin_answers_total", "Operations executed over HTTP, by who executed them.", ["executor"])
_BY_PLAN, _BY_CORE = ANSWERS.labels("plan"), ANSWERS.labels("graphql-core")


class Executor:
    """Answers what has a plan; all else is graphql-core's, errors included.

    With `combined`, requests at the same time read together.
    """

    def __init__(self, plans: Plans, combined: Combined | None = None) -> None:
        self.plans, self._combined = plans, combined
        self._said: dict[str, float] = {}

    async def answer(
        self, prepared: Prepared, operation: Operation, variables: dict[str, Any], context: Context, *, registered: bool
    ) -> bytes | None:
        """Return the answer's body, `{"data": …}`, and record what it depends on; None where graphql-core must answer.

        Raises:
            ConnectionFailure: the database does not answer.

        """
        try:
            body = await self.attempt(prepared, operation, variables, context, registered=registered)
        except DeclinedError as declined:
            if not declined.expected:
                self._say(str(declined), context.request_id)
            _BY_CORE.inc()
            return None
        _BY_PLAN.inc()
        return body

    def _say(self, reason: str, request_id: str) -> None:
        """Log why a request was declined; the same reason once a minute, since a broken row is asked for again."""
        now = time.monotonic()
        if now - self._said.get(reason, -_QUIET_SECONDS) < _QUIET_SECONDS:
            return
        if len(self._said) >= _MOST_REASONS:
            self._said.clear()
        self._said[reason] = now
        log.warning("Request %s is left to graphql-core: %s", request_id, reason)

    async def attempt(
        self, prepared: Prepared, operation: Operation, variables: dict[str, Any], context: Context, *, registered: bool
    ) -> bytes:
        """Return the answer's body; raises DeclinedError with the reason where there is none."""
        if (kind := refused(operation)) is not None:  # before its variables are coerced, which may be large
            raise DeclinedError(kind)
        values = Variables(self.plans.compiler.schema, operation, variables)
        plan = self.plans.get(prepared, operation, values.coerced, registered=registered)
        if not isinstance(plan, Plan):
            raise DeclinedError(plan)
        return await execute(self.plans.compiler, plan, values, context, self._combined)
