"""Scalars of our own."""

from __future__ import annotations

from typing import NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

Amount = NewType("Amount", int)

_LARGEST = 10**14


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value % 1:
        raise GraphQLError("an Amount is a whole number")
    if abs(value) > _LARGEST:
        raise GraphQLError("an Amount is at most 10^14")
    return int(value)


SCALARS: dict[object, ScalarDefinition] = {
    Amount: strawberry.scalar(
        name="Amount",
        description="A whole number of minor units of a currency, to 10^14: beyond Int, exact in a double.",
        serialize=int,
        parse_value=_whole,
    )
}
