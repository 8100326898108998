"""Opening an account, and what keeps it one's own: address and password."""

from __future__ import annotations

from typing import Annotated

import strawberry

from schema.errors import InvalidInput, NotSignedIn, RateLimited, StepUpRequired
from schema.user import SignedIn


@strawberry.type(
    description="A mail tells how to go on, if there is anything to go on with. This says nothing of that."
)
class CheckYourMail:
    """What everything answers that sends a mail, whether or not the address has an account."""

    expires_in: int = strawberry.field(description="How long a link in the mail is good for, in seconds.")


@strawberry.type(description="The account has another address from now on.")
class EmailChanged:
    """What following a link to a new address answers."""

    ok: bool = True


@strawberry.type(description="The account has another password from now on.")
class PasswordChanged:
    """What changing or resetting a password answers."""

    sessions_ended: int = strawberry.field(description="How many devices were signed out by that.")


@strawberry.input
class SignUpInput:
    """A new account."""

    email: str
    password: str = strawberry.field(description="10 to 256 characters.")
    name: str
    locale: str = "en"


@strawberry.input
class AskPasswordResetInput:
    """Whose password is forgotten."""

    email: str


@strawberry.input
class ResetPasswordInput:
    """A token that was mailed, and what it is to do."""

    token: str
    password: str = strawberry.field(description="The new one: 10 to 256 characters.")


@strawberry.input
class ChangePasswordInput:
    """The present password and a new one."""

    current: str
    password: str = strawberry.field(description="The new one: 10 to 256 characters.")


@strawberry.input
class ChangeEmailInput:
    """The address that an account is to have."""

    email: str


SignUpResult = Annotated[CheckYourMail | InvalidInput | RateLimited, strawberry.union("SignUpResult")]
VerifyEmailResult = Annotated[SignedIn | InvalidInput, strawberry.union("VerifyEmailResult")]
ConfirmEmailChangeResult = Annotated[EmailChanged | InvalidInput, strawberry.union("ConfirmEmailChangeResult")]
AskPasswordResetResult = Annotated[
    CheckYourMail | InvalidInput | RateLimited, strawberry.union("AskPasswordResetResult")
]
ResetPasswordResult = Annotated[PasswordChanged | InvalidInput | RateLimited, strawberry.union("ResetPasswordResult")]
ChangePasswordResult = Annotated[
    PasswordChanged | NotSignedIn | StepUpRequired | InvalidInput | RateLimited,
    strawberry.union("ChangePasswordResult"),
]
ChangeEmailResult = Annotated[
    CheckYourMail | NotSignedIn | StepUpRequired | InvalidInput | RateLimited, strawberry.union("ChangeEmailResult")
]
