"""Proving again who one is."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from models.user import Method
from schema.errors import InvalidInput, NotSignedIn, RateLimited
from schema.passkey import PasskeyOptions


@strawberry.type(description="This device has proved again who uses it; for ten minutes it may do what is sensitive.")
class SteppedUp:
    """A renewed proof."""

    authenticated_at: datetime = strawberry.field(description="When.")
    methods: list[Method] = strawberry.field(description="By what.")


@strawberry.input
class StepUpInput:
    """What the viewer knows and has."""

    password: str
    code: str | None = strawberry.field(
        default=None, description="A code of their authenticator app; needed where they have one."
    )


StepUpResult = Annotated[SteppedUp | NotSignedIn | InvalidInput | RateLimited, strawberry.union("StepUpResult")]
BeginPasskeyStepUpResult = Annotated[PasskeyOptions | NotSignedIn, strawberry.union("BeginPasskeyStepUpResult")]
FinishPasskeyStepUpResult = Annotated[SteppedUp | NotSignedIn, strawberry.union("FinishPasskeyStepUpResult")]
