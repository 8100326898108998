"""Passkeys, and what browsers are given and give to make and use them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.scalars import JSON

import models.passkey
from auth.viewer import Viewer
from schema.deleted import Deleted
from schema.errors import Conflict, InvalidInput, NotFound, NotSignedIn, RateLimited, StepUpRequired
from schema.node import Node
from schema.user import SignedIn


@strawberry.type(description="A passkey of the viewer's.")
class Passkey(Node, stores=models.passkey.Passkey):
    """A passkey; nobody else knows of it."""

    judged_by = ("user",)
    name: str = strawberry.field(description="What its owner calls it.")
    created_at: datetime = strawberry.field(description="When it was added.")
    last_used_at: datetime | None = strawberry.field(description="When it last proved who its owner is.")
    syncs: bool = strawberry.field(description="It may be on several devices; otherwise it is bound to one.")
    backed_up: bool = strawberry.field(description="It would survive the loss of its device.")

    def visible(self, viewer: Viewer) -> bool:
        """Whether it is the viewer's."""
        return viewer.user is not None and viewer.user == self.document.user


@strawberry.type(description="What a browser asks an authenticator.")
class PasskeyOptions:
    """A ceremony that has begun."""

    ticket: str = strawberry.field(description="Send it with the answer, once and within two minutes.")
    options: JSON = strawberry.field(
        description="For `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`."
    )


@strawberry.input
class FinishPasskeyRegistrationInput:
    """A new passkey."""

    ticket: str
    credential: JSON = strawberry.field(description="The `toJSON()` of what `navigator.credentials.create` gave.")
    name: str = strawberry.field(description="What to call it; 1 to 60 characters.")


@strawberry.input
class RenamePasskeyInput:
    """A passkey's new name."""

    id: strawberry.ID
    name: str


BeginPasskeyRegistrationResult = Annotated[
    PasskeyOptions | NotSignedIn | StepUpRequired | Conflict, strawberry.union("BeginPasskeyRegistrationResult")
]
FinishPasskeyRegistrationResult = Annotated[
    Passkey | NotSignedIn | StepUpRequired | InvalidInput | Conflict,
    strawberry.union("FinishPasskeyRegistrationResult"),
]
BeginPasskeySignInResult = Annotated[PasskeyOptions | RateLimited, strawberry.union("BeginPasskeySignInResult")]
FinishPasskeySignInResult = Annotated[SignedIn | NotSignedIn, strawberry.union("FinishPasskeySignInResult")]
RenamePasskeyResult = Annotated[
    Passkey | NotSignedIn | NotFound | InvalidInput, strawberry.union("RenamePasskeyResult")
]
RemovePasskeyResult = Annotated[
    Deleted | NotSignedIn | StepUpRequired | NotFound | InvalidInput | Conflict, strawberry.union("RemovePasskeyResult")
]
