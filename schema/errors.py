"""Expected failures as clients see them: members of a mutation's result union, all `UserError`s.

One translator turns a `DomainError` into its member; on a field without such a union it becomes a GraphQL error with
the same code and path.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Any

import strawberry
from graphql import GraphQLError
from pymongo.errors import ConnectionFailure
from strawberry.schema import ExceptionHandler

from models.errors import (
    ConflictError,
    DomainError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    NotSignedInError,
    RateLimitedError,
    StepUpRequiredError,
)
from models.user import Method

strawberry.enum(Method, name="AuthenticationMethod", description="How somebody has proved who they are.")


@strawberry.enum(description="What went wrong, for programs.")
class ErrorCode(Enum):
    """The codes of `DomainError`s."""

    NOT_SIGNED_IN = "NOT_SIGNED_IN"
    SECOND_FACTOR_REQUIRED = "SECOND_FACTOR_REQUIRED"
    STEP_UP_REQUIRED = "STEP_UP_REQUIRED"
    NOT_FOUND = "NOT_FOUND"
    NOT_ALLOWED = "NOT_ALLOWED"
    INVALID_INPUT = "INVALID_INPUT"
    CONFLICT = "CONFLICT"
    RATE_LIMITED = "RATE_LIMITED"
    CROWDED = "CROWDED"


@strawberry.interface(description="An expected failure of a mutation.")
class UserError:
    """What all expected failures have."""

    message: str = strawberry.field(description="What went wrong, for people.")
    code: ErrorCode = strawberry.field(description="What went wrong, for programs.")
    path: list[str] | None = strawberry.field(description="The input's field, outermost first.")


@strawberry.type(description="Nobody is signed in.")
class NotSignedIn(UserError):
    """See `NotSignedInError`."""


@strawberry.type(description="The first step of signing in is done; the ticket is for the second one.")
class SecondFactorRequired(UserError):
    """No error of anybody's, but nobody is signed in yet."""

    ticket: str = strawberry.field(description="Good for five minutes, and for five codes at most.")
    methods: list[Method] = strawberry.field(description="What the second step can be.")


@strawberry.type(description="The viewer must prove again who they are; do so, and send the same again.")
class StepUpRequired(UserError):
    """See `StepUpRequiredError`."""


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


@strawberry.type(description="Too much was sent. It had no effect; send the same again later.")
class RateLimited(UserError):
    """See `RateLimitedError`."""

    retry_after: float = strawberry.field(description="In how many seconds.")


def _handler(exception: type[DomainError], member: type[UserError], *details: str) -> ExceptionHandler[Any, Any]:
    """Return what makes a union's member of a failure, with those of its attributes that it tells besides."""

    class Handler:
        """Translates one kind of failure."""

        exception_type = exception
        error_type = member

        def handle(self, exception: Exception, **_: Any) -> UserError:
            """Return the union's member."""
            if not isinstance(exception, DomainError):
                raise TypeError(f"{type(exception).__name__} is no DomainError")
            more = {name: getattr(exception, name) for name in details}
            return member(
                message=exception.message, code=ErrorCode(exception.code), path=[*exception.path] or None, **more
            )

    return Handler()


HANDLERS = (
    _handler(NotSignedInError, NotSignedIn),
    _handler(StepUpRequiredError, StepUpRequired),
    _handler(NotFoundError, NotFound),
    _handler(NotAllowedError, NotAllowed),
    _handler(InvalidInputError, InvalidInput),
    _handler(ConflictError, Conflict),
    _handler(RateLimitedError, RateLimited, "retry_after"),
)


_SUGGESTION = re.compile(r" Did you mean .*\?$")


def expected(error: GraphQLError) -> bool:
    """Whether an error is the client's to know in full: graphql-core's own, or a `DomainError`."""
    return error.original_error is None or isinstance(error.original_error, (DomainError, GraphQLError))


def unavailable(error: GraphQLError) -> bool:
    """Whether the database did not answer."""
    return isinstance(error.original_error, ConnectionFailure)


def masked(error: GraphQLError, *, suggestions: bool) -> GraphQLError:
    """Return an error as clients may see it: unexpected ones say nothing of what went wrong inside."""
    original = error.original_error
    if isinstance(original, DomainError):
        extensions: dict[str, Any] = {"code": original.code, **({"path": [*original.path]} if original.path else {})}
        return GraphQLError(original.message, error.nodes, path=error.path, extensions=extensions)
    if unavailable(error):
        message = "The database does not answer; try again."
        return GraphQLError(message, error.nodes, path=error.path, extensions={"code": "UNAVAILABLE"})
    if not expected(error):
        message = "Something went wrong here; it was logged."
        return GraphQLError(message, error.nodes, path=error.path, extensions={"code": "INTERNAL"})
    if suggestions:
        return error
    message = _SUGGESTION.sub("", error.message)
    return GraphQLError(message, error.nodes, error.source, error.positions, error.path, extensions=error.extensions)
