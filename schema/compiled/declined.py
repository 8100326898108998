"""What a plan leaves to graphql-core, and why."""

from __future__ import annotations


class UncompilableError(Exception):
    """A query that gets no plan; the message says why, by the names of the schema."""


class DeclinedError(Exception):
    """A request whose answer is not without errors, or whose rows are not as declared: graphql-core answers it.

    `expected` says that the request itself is the reason, and no fault of ours.
    """

    def __init__(self, reason: str, *, expected: bool = True) -> None:
        super().__init__(reason)
        self.expected = expected
