"""The context of resolvers: that of the schema, and the services that they act on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import strawberry
from pymongo.asynchronous.client_session import AsyncClientSession
from strawberry.extensions import FieldExtension

from auth.caller import NOWHERE, Caller
from auth.keyring import Keyring
from auth.passkeys import RelyingParty
from auth.passwords import Passwords
from auth.permissions import Permission
from auth.viewer import Viewer
from models.database import Database
from models.edit_log import EditLog
from models.entity import Entity
from models.errors import InvalidInputError, NotSignedInError
from models.user import User
from resolvers.afterwards import Afterwards
from resolvers.allowance import Allowance
from resolvers.following import Feeds
from resolvers.warming import Warming
from resolvers.watching import SessionWatch
from schema import ids
from schema.context import Context
from schema.prepared import Preparer
from storage.assets import AssetStore
from storage.attempts import Attempts
from storage.presence import Presence
from storage.progress import UploadProgress
from storage.signals import Signals

EntityT = TypeVar("EntityT", bound=Entity)


@dataclass(frozen=True)
class Services:
    """What a process of the API holds for all requests.

    `feeds` are the designs that are followed, `presence` knows who is at them, `progress` how far uploads are, and
    `warming` has pictures made before anyone asks for them. `allowance` is how much devices may ask, `attempts` counts
    guesses at secrets, `afterwards` does what no answer waits for, and `watch` ends connections with their session.
    `public_url` is the front door's base URL, `preparer` judges the documents that partners register, and
    `relying_party` is whom passkeys are for. `live_keys` says that API keys made here are for production.
    """

    database: Database
    edit_log: EditLog
    keys: Keyring
    assets: AssetStore
    signals: Signals
    feeds: Feeds
    presence: Presence
    progress: UploadProgress
    warming: Warming
    allowance: Allowance
    attempts: Attempts
    passwords: Passwords
    afterwards: Afterwards
    watch: SessionWatch
    public_url: str
    preparer: Preparer
    relying_party: RelyingParty
    live_keys: bool = False

    async def close(self) -> None:
        """Finish what was begun, and let threads go; before the database is closed."""
        await self.afterwards.finish()
        self.passwords.close()


@dataclass(frozen=True, kw_only=True)
class RequestContext(Context):
    """One operation's context."""

    services: Services
    caller: Caller = NOWHERE


Info = strawberry.Info[RequestContext, None]


async def permitted(
    info: Info,
    kind: type[EntityT],
    global_id: str,
    permission: Permission,
    session: AsyncClientSession | None = None,
    *,
    path: tuple[str, ...] = ("input", "id"),
) -> EntityT:
    """Load what a mutation acts on, if the viewer may do this to it.

    Raises:
        NotSignedInError, InvalidInputError, NotFoundError, NotAllowedError: in this order.

    """
    viewer = info.context.viewer
    viewer.require_user()
    document: Any = await kind.get(ids.key(global_id, kind.__name__, path=path), session=session)
    viewer.require(permission, None if document is None else document.tenant, kind.__name__, path=path)
    found: EntityT = document
    return found


async def account(viewer: Viewer, session: AsyncClientSession | None = None) -> User:
    """Load the viewer's own account; raises NotSignedInError for nobody, and where it was erased meanwhile."""
    user = await User.get(viewer.require_user(), session=session)
    if user is None or user.erased:
        raise NotSignedInError("This account no longer exists.")
    return user


def given(input_: Any, *names: str) -> dict[str, Any]:
    """Return the fields of an input that the client sent, of those named."""
    values = {name: getattr(input_, name) for name in names}
    return {name: value for name, value in values.items() if value is not strawberry.UNSET}


class Writes(FieldExtension):
    """What every mutation does: forget what was loaded, and have the answer carry the moment of its writes."""

    async def resolve_async(self, next_: Callable[..., Any], source: Any, info: Any, **kwargs: Any) -> Any:
        """Resolve, then forget. What a document refuses is found in the mutation's `input`, and the path says so."""
        info.context.effects.writes += 1
        try:
            return await next_(source, info, **kwargs)
        except InvalidInputError as error:
            if "input" in kwargs and error.path and error.path[0] != "input":
                raise InvalidInputError(error.message, path=("input", *error.path)) from error
            raise
        finally:
            info.context.loaders.clear()


def mutation(description: str) -> Any:
    """Declare a mutation."""
    return strawberry.mutation(description=description, extensions=[Writes()])
