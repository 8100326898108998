"""Expected failures as clients see them: members of a mutation's result union, all `UserError`s.

One translator turns a `DomainError` into its member; on a field without such a union it becomes a GraphQL error with
the same code and path.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import strawberry
from strawberry.schema import ExceptionHandler

from models.errors import (
    ConflictError,
    DomainError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    NotSignedInError,
)


@strawberry.enum(description="What went wrong, for programs.")
class ErrorCode(Enum):
    """The codes of `DomainError`s."""

    NOT_SIGNED_IN = "NOT_SIGNED_IN"
    NOT_FOUND = "NOT_FOUND"
    NOT_ALLOWED = "NOT_ALLOWED"
    INVALID_INPUT = "INVALID_INPUT"
    CONFLICT = "CONFLICT"


@strawberry.interface(description="An expected failure of a mutation.")
class UserError:
    """What all expected failures have."""

    message: str = strawberry.field(description="What went wrong, for people.")
    code: ErrorCode = strawberry.field(description="What went wrong, for programs.")
    path: list[str] | None = strawberry.field(description="The input's field, outermost first.")


@strawberry.type(description="Nobody is signed in.")
class NotSignedIn(UserError):
    """See `NotSignedInError`."""


@strawberry.type(description="There is no such thing, or none that the viewer may know of.")
class NotFound(UserError):
    """See `NotFoundError`."""


@strawberry.type(description="The viewer's role does not include this.")
class NotAllowed(UserError):
    """See `NotAllowedError`."""


@strawberry.type(description="A value breaks a rule; `path` leads to it.")
class InvalidInput(UserError):
    """See `InvalidInputError`."""


@strawberry.type(description="The thing changed meanwhile, or the name is taken.")
class Conflict(UserError):
    """See `ConflictError`."""


def _handler(exception: type[DomainError], member: type[UserError]) -> ExceptionHandler[Any, Any]:
    class Handler:
        """Translates one kind of failure."""

        exception_type = exception
        error_type = member

        def handle(self, exception: Exception, **_: Any) -> UserError:
            """Return the union's member."""
            if not isinstance(exception, DomainError):
                raise TypeError(f"{type(exception).__name__} is no DomainError")
            return member(message=exception.message, code=ErrorCode(exception.code), path=[*exception.path] or None)

    return Handler()


HANDLERS = (
    _handler(NotSignedInError, NotSignedIn),
    _handler(NotFoundError, NotFound),
    _handler(NotAllowedError, NotAllowed),
    _handler(InvalidInputError, InvalidInput),
    _handler(ConflictError, Conflict),
)
