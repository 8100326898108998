"""Refresh tokens: opaque to clients, and recognisable to us whatever their age; pure.

A token is, in URL-safe base64, the session's id (12 bytes), its generation (4), a secret (32) and a MAC of these (16).
The MAC tells without a read what nobody was given; the generation tells every token of a family that was exchanged
from the one that was not, however long ago. Only the SHA-256 of the newest is stored.

The successor of a token follows from it, from the deployment's secret and from a random salt that the session keeps:
whoever exchanges one token twice at once gets the same successor twice, and no family ever has two lines.
"""

from __future__ import annotations

import base64
import hmac
import secrets
import struct
from binascii import Error
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from beanie import PydanticObjectId

from auth.signatures import Keys

_FIELDS: Final = struct.Struct(">12sI32s")
_MAC_BYTES: Final = 16
_CHARACTERS: Final = (_FIELDS.size + _MAC_BYTES) * 4 // 3 + 1  # 64 bytes, without padding
_SALT_BYTES: Final = 16


@dataclass(frozen=True)
class RefreshToken:
    """A token that is ours: whose it is, how many were exchanged before it in its family, and what only it knows."""

    session: PydanticObjectId
    generation: int
    secret: bytes

    @classmethod
    def first(cls, session: PydanticObjectId) -> RefreshToken:
        """Return the first token of a family."""
        return cls(session, 0, secrets.token_bytes(32))

    def successor(self, keys: Keys, salt: bytes) -> RefreshToken:
        """Return the token that this one is exchanged for."""
        secret = hmac.digest(keys.derive("refresh-token-successor"), salt + self._packed(), "sha256")
        return RefreshToken(self.session, self.generation + 1, secret)

    def text(self, keys: Keys) -> str:
        """Return what a client is given."""
        packed = self._packed()
        return _spelled(packed + _mac(keys, packed))

    def hash(self) -> str:
        """Return what is stored of it."""
        return sha256(self._packed()).hexdigest()

    def _packed(self) -> bytes:
        return _FIELDS.pack(self.session.binary, self.generation, self.secret)


def read(keys: Keys, text: str) -> RefreshToken | None:
    """Return the token that a client presents; None for what we never made. Nothing is read from the database."""
    if len(text) != _CHARACTERS or not text.isascii():
        return None
    try:
        raw = base64.b64decode(text + "==", altchars=b"-_", validate=True)
    except (Error, ValueError):
        return None
    if _spelled(raw) != text:  # it is lenient with other alphabets, and with the last character
        return None
    packed, mac = raw[: _FIELDS.size], raw[_FIELDS.size :]
    if not hmac.compare_digest(mac, _mac(keys, packed)):
        return None
    session, generation, secret = _FIELDS.unpack(packed)
    return RefreshToken(PydanticObjectId(session), generation, secret)


def _spelled(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def new_salt() -> bytes:
    """Return the salt of an exchange."""
    return secrets.token_bytes(_SALT_BYTES)


def _mac(keys: Keys, packed: bytes) -> bytes:
    return hmac.digest(keys.derive("refresh-token"), packed, "sha256")[:_MAC_BYTES]
