"""Making the context of one operation: who asks, and as of when it may read."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from auth.tokens import InvalidTokenError
from auth.viewer import ANONYMOUS, Viewer, load_viewer
from edge.follower import Follower
from edge.stream import EntryId
from models.database import timestamp
from resolvers.context import RequestContext, Services
from schema.context import PictureLinks
from schema.dependencies import Dependencies
from schema.loaders import Loaders
from schema.prepared import Operation
from schema.reader import Reader


@dataclass(frozen=True)
class Contexts:
    """Makes contexts for one process."""

    services: Services
    links: PictureLinks
    follower: Follower

    def as_of(self) -> EntryId | None:
        """Return the newest id of the invalidation stream that this process knows."""
        last = self.follower.last
        return last if last is not None and last.time else None

    async def viewer(self, authorization: str) -> Viewer:
        """Return who an `Authorization` value speaks for; nobody for an empty one.

        Raises:
            InvalidTokenError: it is no bearer token of ours, or has expired.

        """
        if not authorization:
            return ANONYMOUS
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise InvalidTokenError("Authorization: expected `Bearer <access token>`.")
        claims = self.services.keys.claims(token.strip())
        return await load_viewer(claims.user, claims.session)

    def make(
        self, operation: Operation | None, viewer: Viewer, as_of: EntryId | None = None, own: EntryId | None = None
    ) -> RequestContext:
        """Make a context. A public operation is executed as nobody, and reads as of `as_of` and its caller's writes."""
        public = operation is not None and operation.public
        moments = [moment.time for moment in (as_of, own) if moment is not None] if public else []
        dependencies = Dependencies()
        reader = Reader(self.services.database, timestamp(max(moments)) if moments else None)
        return RequestContext(
            viewer=ANONYMOUS if public else viewer,
            loaders=Loaders(reader, dependencies),
            dependencies=dependencies,
            links=self.links,
            request_id=secrets.token_hex(8),
            services=self.services,
        )
