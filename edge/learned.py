"""The plans by which an edge looks requests up: those of its own release, and those it learns from the API's answers.

An answer that may be shared says in `Edge-Plan` by which plan it was made. So an edge comes to know operations that
partners have registered, and documents that clients have sent; and where the API is of another release, its plan takes
the place of the edge's own.
"""

from __future__ import annotations

from collections.abc import Mapping

from edge.coherence import Coherence
from edge.dependencies import Dependencies
from edge.eviction import S3Fifo
from edge.plans import Plan, announced
from edge.stream import EntryId
from edge.tags import OPERATION, number, short

_CAPACITY = 4 * 1024 * 1024


class Plans:
    """Plans by document id. What is learned is bounded by bytes, and forgotten when the stream tells of its id."""

    def __init__(self, own: Mapping[str, Plan], coherence: Coherence, capacity: int = _CAPACITY) -> None:
        self.learned: S3Fifo[str, Plan] = S3Fifo(capacity)
        self._own = own
        self._coherence = coherence

    def get(self, id_: str) -> Plan | None:
        """Return the plan to look a document up by, None for an unknown one."""
        return self.learned.get(id_) or self._own.get(id_)

    def learn(self, id_: str, headers: Mapping[str, str]) -> Plan | None:
        """Return the plan by which an answer was made, and know it from now on; None where its headers tell of none.

        An answer that was made before the newest registration or removal of its document teaches nothing.
        """
        plan = announced(headers.get("Edge-Plan", ""), id_)
        held = self.get(id_)
        if plan is None or (held is not None and held.digest == plan.digest):
            return plan and held
        try:
            as_of = EntryId.parse(headers.get("Edge-As-Of-Read", ""))
        except ValueError:
            return None
        operation = Dependencies.of([number(short(f"{OPERATION}:{id_}"))], "", {})
        if not self._coherence.unmoved(operation, as_of):
            return None
        own = self._own.get(id_)
        if own is not None and own.digest == plan.digest:
            self.learned.remove(id_)
            return own
        self.learned.put(id_, plan, plan.weight)
        return plan

    def made_by(self, plan: Plan, headers: Mapping[str, str]) -> bool:
        """Whether an answer was made by the plan that it was asked for under; if not, that plan is learned or dropped.

        An API that says nothing is trusted with the release's own plans alone.
        """
        if "Edge-Plan" not in headers and self._own.get(plan.id) is plan:
            return True
        found = self.learn(plan.id, headers)
        if found is None:
            self.learned.remove(plan.id)
        return found is not None and found.digest == plan.digest

    def heard(self, tag: str) -> None:
        """Forget what was learned of an operation that a change is about."""
        kind, _, id_ = tag.partition(":")
        if kind == OPERATION:
            self.learned.remove(id_)
