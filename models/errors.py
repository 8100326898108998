"""What the domain refuses, as one tree.

    DomainError
    ├── NotSignedInError      nobody is signed in, or the token is no longer good
    ├── StepUpRequiredError   the caller must prove again who they are, since it was too long ago
    ├── NotFoundError         there is no such thing, or it belongs to others: one answer for both
    ├── NotAllowedError       the caller may see the thing, but their role may not do this to it
    ├── InvalidInputError     a value breaks an invariant; `path` leads to it
    ├── ConflictError         the thing changed meanwhile, or the name is taken
    ├── RateLimitedError      a client sends more than it may; it is told when to come again
    └── CrowdedError          as many people are there as may be

Each becomes a member of a mutation's result union; elsewhere it is a GraphQL error with the same code.
"""

from __future__ import annotations

_STEP_UP = "Prove again who you are, with `stepUp` or a passkey (`beginPasskeyStepUp`), and send the same once more."


class DomainError(Exception):
    """An expected failure. `message` is for people; `path` names the input's field, outermost first."""

    code = "INTERNAL"

    def __init__(self, message: str, *, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


class NotSignedInError(DomainError):
    """Nobody is signed in."""

    code = "NOT_SIGNED_IN"

    def __init__(self, message: str = "Sign in first: send `Authorization: Bearer <access token>`.") -> None:
        super().__init__(message)


class StepUpRequiredError(DomainError):
    """The caller is signed in, and must prove again who they are: what they ask for is sensitive."""

    code = "STEP_UP_REQUIRED"

    def __init__(self, message: str = _STEP_UP) -> None:
        super().__init__(message)


class NotFoundError(DomainError):
    """Missing and forbidden are the same answer, so that an id tells nothing to outsiders."""

    code = "NOT_FOUND"

    def __init__(self, kind: str, *, path: tuple[str, ...] = ()) -> None:
        super().__init__(f"There is no such {kind}.", path=path)


class NotAllowedError(DomainError):
    """A member's role is too low for what they asked."""

    code = "NOT_ALLOWED"


class InvalidInputError(DomainError):
    """A value breaks an invariant."""

    code = "INVALID_INPUT"


class ConflictError(DomainError):
    """The thing changed meanwhile, or something of that name exists."""

    code = "CONFLICT"


class RateLimitedError(DomainError):
    """A client sends more than it may. Nothing of it took effect; it may come again after `retry_after` seconds."""

    code = "RATE_LIMITED"

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CrowdedError(DomainError):
    """As many people are there as may be; whoever comes again when somebody has left is let in."""

    code = "CROWDED"
