"""Making the context of one operation: who asks, and as of when it may read."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from auth.caller import NOWHERE, Caller, Network, caller
from auth.tokens import SIGNED_OUT, Claims, InvalidTokenError
from auth.viewer import ANONYMOUS, Viewer
from edge.fields import combined
from edge.follower import Follower
from edge.stream import EntryId
from models.database import timestamp
from resolvers.context import RequestContext, Services
from schema.combined import Combined
from schema.context import PictureLinks
from schema.dependencies import Dependencies
from schema.loaders import Loaders
from schema.prepared import Operation
from schema.questions import SignedIn
from schema.reader import Reader


def new_request_id() -> str:
    """Return 16 hexadecimal digits by which one request is found in logs. It is no secret, so no system call is due."""
    return f"{random.getrandbits(64):016x}"


@dataclass(frozen=True)
class Contexts:
    """Makes contexts for one process. `trusted` are the proxies whose word on where a request comes from is taken."""

    services: Services
    links: PictureLinks
    follower: Follower
    combined: Combined
    trusted: tuple[Network, ...] = ()

    def as_of(self, own: EntryId | None = None) -> EntryId | None:
        """Return the newest id of the invalidation stream that this process, or with `own` who asks, knows."""
        known = [id_ for id_ in (self.follower.last, own) if id_ is not None and id_.time]
        return max(known, default=None)

    async def viewer(self, authorization: str) -> Viewer:
        """Return who an `Authorization` value speaks for; nobody for an empty one; raises InvalidTokenError."""
        claims = await self.claims(authorization)
        return ANONYMOUS if claims is None else await self.signed_in(claims)

    async def claims(self, authorization: str) -> Claims | None:
        """Return what an `Authorization` value says; None for an empty one.

        Raises:
            InvalidTokenError: it is no bearer token of ours, or has expired.

        """
        if not authorization:
            return None
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise InvalidTokenError("Authorization: expected `Bearer <access token>`.")
        return await self.services.keys.authenticate(token.strip())

    async def signed_in(self, claims: Claims) -> Viewer:
        """Return who a token was made for, with their present roles.

        Raises:
            InvalidTokenError: their device is signed out.

        """
        (viewer,) = await self.combined.ask([SignedIn(claims.user, claims.session)], None)
        if viewer is None:
            raise InvalidTokenError(SIGNED_OUT)
        found: Viewer = viewer
        return found

    def caller(self, peer: str | None, headers: Mapping[str, str]) -> Caller:
        """Return where a request comes from, whose connection's other end is `peer`."""
        return caller(peer, combined(headers, "X-Forwarded-For"), headers.get("User-Agent", ""), self.trusted)

    def make(
        self, operation: Operation | None, viewer: Viewer, as_of: EntryId | None = None, caller: Caller = NOWHERE
    ) -> RequestContext:
        """Make a context. A public operation is executed as nobody, and reads as of `as_of`."""
        public = operation is not None and operation.public
        dependencies = Dependencies()
        reader = Reader(self.services.database, timestamp(as_of.time) if public and as_of is not None else None)
        return RequestContext(
            viewer=ANONYMOUS if public else viewer,
            loaders=Loaders(reader, dependencies),
            dependencies=dependencies,
            links=self.links,
            request_id=new_request_id(),
            services=self.services,
            caller=caller,
        )
