"""Access tokens, refresh tokens, and what else is signed.

Access tokens are JWTs of type `at+jwt` (RFC 9068, 8725), good for five minutes. Refresh tokens are opaque; only their
SHA-256 is stored.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Literal

import jwt
from beanie import PydanticObjectId
from bson.errors import InvalidId
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ACCESS_TOKEN_SECONDS = 300
_ALGORITHM = "HS256"
_TYPE = "at+jwt"
_ISSUER = _AUDIENCE = "disenopro"
_REQUIRED = ["exp", "iat", "iss", "aud", "sub", "jti", "sid"]


Purpose = Literal["api-key", "audit-entry", "checkpoint", "edge-fetch", "own-write", "preview", "upload"]
"""What a signature of ours is for: how far a device has pulled, a moment that a client has seen its own write at, …"""


Secret = Literal["recovery-code", "totp", "password-state"]
"""What else a key is derived for: what is stored so that the database alone does not tell it."""

_NONCE_BYTES = 12


class InvalidTokenError(Exception):
    """An access token is malformed, forged, expired, or of another kind. The message says which, for the client."""


@dataclass(frozen=True)
class Claims:
    """Whom an access token speaks for."""

    user: PydanticObjectId
    session: PydanticObjectId


class Keys:
    """The keys derived from the deployment's secret: one for each use, so that no signature serves for another."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._access = self._derive("access-token")
        self._kid = sha256(self._access).hexdigest()[:8]

    def access_token(self, claims: Claims, now: datetime | None = None) -> str:
        """Sign an access token."""
        now = now or datetime.now(UTC)
        payload = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": str(claims.user),
            "sid": str(claims.session),
            "jti": secrets.token_urlsafe(9),
            "iat": now,
            "exp": now + timedelta(seconds=ACCESS_TOKEN_SECONDS),
        }
        return jwt.encode(payload, self._access, _ALGORITHM, headers={"typ": _TYPE, "kid": self._kid})

    def claims(self, token: str) -> Claims:
        """Verify an access token.

        Raises:
            InvalidTokenError: says what is wrong with it.

        """
        try:
            if jwt.get_unverified_header(token).get("typ") != _TYPE:
                raise InvalidTokenError("This is not an access token.")
            payload = jwt.decode(
                token,
                self._access,
                algorithms=[_ALGORITHM],
                issuer=_ISSUER,
                audience=_AUDIENCE,
                options={"require": _REQUIRED},
            )
            return Claims(PydanticObjectId(payload["sub"]), PydanticObjectId(payload["sid"]))
        except jwt.ExpiredSignatureError as error:
            raise InvalidTokenError("The access token has expired; refresh it.") from error
        except (jwt.InvalidTokenError, InvalidId, ValueError, TypeError) as error:
            raise InvalidTokenError("The access token is not valid.") from error

    def sign(self, purpose: Purpose, text: str) -> str:
        """Return `<text>.<signature>`; `text` has no dot."""
        return f"{text}.{self._signature(purpose, text)}"

    def verified(self, purpose: Purpose, signed: str) -> str | None:
        """Return the text of what `sign` made for the same purpose, None for anything else."""
        text, _, signature = signed.partition(".")
        if not signed.isascii():  # a header's stray bytes cannot even be encoded
            return None
        genuine = hmac.compare_digest(signature.encode(), self._signature(purpose, text).encode())
        return text if genuine else None

    def seal(self, secret: Secret, plain: bytes, owner: str) -> bytes:
        """Encrypt what is stored for an owner (AES-256-GCM, a fresh nonce before it); it opens for no other one."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self._derive(secret)).encrypt(nonce, plain, owner.encode())

    def unseal(self, secret: Secret, sealed: bytes, owner: str) -> bytes:
        """Decrypt it; raises cryptography's InvalidTag where it was changed, or is another owner's."""
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        return AESGCM(self._derive(secret)).decrypt(nonce, rest, owner.encode())

    def digest(self, secret: Secret, text: str, owner: str) -> str:
        """Return what is stored of an owner's secret that only needs to be recognised, in hex (HMAC-SHA-256)."""
        return hmac.digest(self._derive(secret), f"{owner}:{text}".encode(), "sha256").hex()

    def _signature(self, purpose: Purpose, text: str) -> str:
        return hmac.digest(self._derive(purpose), text.encode(), "sha256").hex()[:32]

    def _derive(self, purpose: str) -> bytes:
        return hmac.digest(self._secret, purpose.encode(), "sha256")


def new_refresh_token() -> str:
    """Return 256 random bits, in URL-safe base64."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """Return what is stored of a refresh token."""
    return sha256(token.encode()).hexdigest()
