"""A process's keys: those of the deployment's secret, and those that sign access tokens, which change with time."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from auth import tokens
from auth.signatures import Keys
from auth.signing_keys import Ring, new_key
from auth.tokens import NO_PROOF, Claims, InvalidTokenError, Proof, UnknownKeyError
from models.database import Database
from models.entity import now as present
from models.signing_key import SigningKey, add, revoke, stored

MOST_REMEMBERED: Final = 8192
LEAST_SECONDS: Final = 1.0  # between two looks for a key that somebody names


class Keyring(Keys):
    """Signs and verifies access tokens of one issuer, its address, with keys that are kept in MongoDB.

    What was verified is remembered, under a digest, so that the next request of a device costs no signature's check;
    its end is looked at each time, and everything is forgotten when the keys change.
    """

    def __init__(self, secret: str, issuer: str, database: Database) -> None:
        super().__init__(secret)
        self._issuer, self._database = issuer, database
        self._ring = Ring(self, ())
        self._rows: list[SigningKey] = []
        self._remembered: OrderedDict[bytes, tuple[Claims, float]] = OrderedDict()
        self._next: asyncio.Task[None] | None = None
        self._looks: set[asyncio.Task[None]] = set()
        self._looked_at = float("-inf")

    async def load(self) -> None:
        """Read the keys; make the first one where there is none of this secret's."""
        rows = await stored(self._database)
        if not (ring := Ring(self, rows)):
            moment = present()
            await self._add(rows, moment, moment)
            rows = await stored(self._database)
            ring = Ring(self, rows)
        if rows != self._rows:
            self._ring, self._rows = ring, rows
            self._remembered.clear()

    async def ready(self) -> None:
        """Return when there is a key to sign with; raises PyMongoError where the database does not answer."""
        if not self._ring:
            await self._look()

    def access_token(self, claims: Claims, proof: Proof = NO_PROOF, now: datetime | None = None) -> str:
        """Sign an access token; wait until this is `ready` first."""
        now = now or present()
        key = self._ring.signing(now)
        if key is None:
            raise RuntimeError("There is no key yet to sign an access token with.")
        return tokens.signed(key, self._issuer, claims, proof, now)

    def claims(self, token: str) -> Claims:
        """Return what an access token says.

        Raises:
            UnknownKeyError: it may be signed with a key that this process has not met.
            InvalidTokenError: says what is wrong with it.

        """
        if len(token) > tokens.MOST_CHARACTERS or not token.isascii():
            raise InvalidTokenError("The access token is not valid.")
        digest = sha256(token.encode()).digest()
        known = self._remembered.get(digest)
        if known is not None:
            if known[1] <= time.time():
                raise InvalidTokenError("The access token has expired; refresh it.")
            self._remembered.move_to_end(digest)
            return known[0]
        key = self._ring.verifying(tokens.key_of(token), present())
        if key is None:
            raise UnknownKeyError("The access token is not valid.")
        self._remembered[digest] = found = tokens.checked(token, key.public, self._issuer)
        if len(self._remembered) > MOST_REMEMBERED:
            self._remembered.popitem(last=False)
        return found[0]

    async def authenticate(self, token: str) -> Claims:
        """Return what an access token says; one of a key that is new to us has us look for it.

        Raises:
            InvalidTokenError: says what is wrong with it.
            PyMongoError: its key is unknown, and the database does not answer.

        """
        try:
            return self.claims(token)
        except UnknownKeyError:
            await self._look()
            return self.claims(token)

    async def published(self) -> dict[str, Any]:
        """Return the public keys as a JWK set."""
        await self.ready()
        return self._ring.published(present())

    async def rotate(self, at: datetime, revoked: str | None = None) -> SigningKey:
        """Make a new key that signs from a moment on, and revoke another, whose tokens are worthless at once.

        Raises:
            LookupError: there is no such key to revoke.

        """
        if revoked is not None and not await revoke(self._database, revoked, present()):
            raise LookupError(revoked)
        while (made := await self._add(await stored(self._database), present(), at)) is None:
            pass  # another process has made one meanwhile
        await self.load()
        return made

    async def _add(self, rows: list[SigningKey], now: datetime, signs_from: datetime) -> SigningKey | None:
        """Store the next key; None where another process was quicker."""
        key = new_key(self, rows[-1].number + 1 if rows else 1, now, signs_from)
        return key if await add(self._database, key) else None

    async def _look(self) -> None:
        """Look for new keys, at most once a second, together with whoever wants to: what a token names may be made up.

        The look begins after this was called, so it finds a key that was there by then.
        """
        if self._next is None:
            self._next = asyncio.ensure_future(self._load_soon())
            self._looks.add(self._next)
            self._next.add_done_callback(self._looks.discard)
        await asyncio.shield(self._next)

    async def _load_soon(self) -> None:
        await asyncio.sleep(max(0.0, self._looked_at + LEAST_SECONDS - time.monotonic()))
        self._next, self._looked_at = None, time.monotonic()
        await self.load()
