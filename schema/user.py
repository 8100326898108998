"""Users, and what signing in answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

import models.user
from auth.viewer import Viewer
from schema.connection import Connection
from schema.context import Info
from schema.errors import InvalidInput, NotAllowed, NotFound, NotSignedIn, RateLimited, SecondFactorRequired
from schema.node import Node
from schema.relations import computed, reference, related

if TYPE_CHECKING:
    from schema.asset import Asset
    from schema.comment import Mention
    from schema.organization import Membership
    from schema.passkey import Passkey
    from schema.session import Session


def _self(root: Node, viewer: Viewer) -> bool:
    just_signed_in = isinstance(root, User) and root.just_signed_in
    return just_signed_in or (viewer.user is not None and viewer.user == root.document.id)


@strawberry.type(description="A person.")
class User(Node, stores=models.user.User):
    """A person. `just_signed_in` says that this very answer signs them in: what is theirs is shown to them."""

    judged_by = ("id",)
    just_signed_in: strawberry.Private[bool] = False
    name: str = strawberry.field(description="How they are called.")
    avatar: Annotated[Asset, strawberry.lazy("schema.asset")] | None = reference(
        "Asset", key="avatar", description="Their picture."
    )
    memberships: Connection[Annotated[Membership, strawberry.lazy("schema.organization")]] = related(
        "memberships_by_user", by="user", visible=_self, description="Where they belong; only shown to themselves."
    )

    mentions: Connection[Annotated[Mention, strawberry.lazy("schema.comment")]] = related(
        "mentions_by_user", by="user", visible=_self, description="Comments meant for them; only shown to themselves."
    )

    passkeys: Connection[Annotated[Passkey, strawberry.lazy("schema.passkey")]] = related(
        "passkeys_by_user", by="user", visible=_self, description="Their passkeys; only shown to themselves."
    )
    sessions: Connection[Annotated[Session, strawberry.lazy("schema.session")]] = related(
        "sessions_by_user",
        by="user",
        visible=_self,
        description="Their signed-in devices, the newest first; only shown to themselves.",
    )

    @computed("id", "email", description="Their address; only shown to themselves.")
    def email(self, info: Info) -> str | None:
        """Return the address to its owner."""
        return self.document.email if _self(self, info.context.viewer) else None

    @computed("id", "email_verified_at", description="Whether they follow mail to it; only shown to themselves.")
    def email_verified(self, info: Info) -> bool | None:
        """Return whether a link to the address was followed."""
        return self.document.email_verified_at is not None if _self(self, info.context.viewer) else None

    @computed("id", "locale", description="Their language (BCP 47); only shown to themselves.")
    def locale(self, info: Info) -> str | None:
        """Return the language to its owner."""
        return self.document.locale if _self(self, info.context.viewer) else None

    def visible(self, viewer: Viewer) -> bool:
        """Whether the viewer is this user; others meet users through what they share."""
        return _self(self, viewer)


@strawberry.type(description="A signed-in device's tokens.")
class SignedIn:
    """What verifying an address, signing in and refreshing answer."""

    viewer: User = strawberry.field(description="Who is signed in.")
    access_token: str = strawberry.field(description="Send it as `Authorization: Bearer …`.")
    expires_in: int = strawberry.field(description="The access token's life in seconds.")
    refresh_token: str = strawberry.field(description="Exchange it with `refresh`; it works once.")


@strawberry.type(description="The device is signed out.")
class SignedOut:
    """What signing out answers."""

    ok: bool = True


@strawberry.input
class SignInInput:
    """An account's credentials."""

    email: str
    password: str


@strawberry.input
class UpdateViewerInput:
    """Fields that are left out stay as they are."""

    name: str | None = strawberry.UNSET
    locale: str | None = strawberry.UNSET
    avatar_id: strawberry.ID | None = strawberry.UNSET


SignInResult = Annotated[SignedIn | SecondFactorRequired | NotSignedIn | RateLimited, strawberry.union("SignInResult")]
RefreshResult = Annotated[SignedIn | NotSignedIn, strawberry.union("RefreshResult")]
UpdateViewerResult = Annotated[
    User | NotSignedIn | NotFound | NotAllowed | InvalidInput, strawberry.union("UpdateViewerResult")
]
