"""The header `Edge-Plan`: by which plan an answer was made, so that an edge can look the next one up by it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from graphql import GraphQLSchema

from app.operations import plan_of
from edge.eviction import S3Fifo
from edge.plans import EVERYBODY, LONGEST_HEADER, Plan
from schema.prepared import Operation, Prepared

_CAPACITY: Final = 4 * 1024 * 1024
_ENTRY_BYTES: Final = 400


class PlanHeaders:
    """Plans as header values, each derived once. `own` are the plans of the release, which say whose they are."""

    def __init__(self, schema: GraphQLSchema, own: Mapping[str, Plan]) -> None:
        self._schema = schema
        self._own = own
        self._kept: S3Fifo[tuple[str, str], str] = S3Fifo(_CAPACITY)

    def header(self, prepared: Prepared, operation: Operation, audience: str = EVERYBODY) -> str:
        """Return the plan of a document's only operation as ASCII JSON, empty where no edge can go by it."""
        id_ = prepared.id
        held = self._kept.get((id_, audience))
        if held is None:
            held = self._derive(id_, prepared, operation, audience)
            self._kept.put((id_, audience), held, len(held) + _ENTRY_BYTES)
        return held

    def _derive(self, id_: str, prepared: Prepared, operation: Operation, audience: str) -> str:
        if len(prepared.operations) > 1:  # a plan is a document's, and this one means several things
            return ""
        client = self._own[id_].client if id_ in self._own else ""
        try:
            plan = plan_of(self._schema, client, prepared, operation, audience)
            spelled = json.dumps(plan.encode(), separators=(",", ":"), allow_nan=False)
        except (TypeError, ValueError):  # a default of a variable that JSON cannot carry exactly
            return ""
        return spelled if len(spelled) <= LONGEST_HEADER else ""
