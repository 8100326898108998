"""Access tokens: JWTs of type `at+jwt` (RFC 9068, 8725), signed with Ed25519 (RFC 8037) and good for five minutes.

Nothing that a token says decides how it is judged: the algorithm is ours, the key is one of ours by its id, and keys
or addresses of keys in its header are not looked at.
"""

from __future__ import annotations

import json
import re
import secrets
from binascii import a2b_base64
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from beanie import PydanticObjectId
from bson.errors import InvalidId
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from auth.signing_keys import ACCESS_TOKEN_SECONDS, Held
from models.user import Method

ALGORITHM = "EdDSA"
AUDIENCE = "disenopro"
MOST_CHARACTERS = 2048
"""How long a token may be; ours have some 600 characters."""

SIGNED_OUT = "This device is signed out; sign in again."
"""What is told to who comes with a token of a session that has ended."""

_TYPE = "at+jwt"
_TYPES = {_TYPE, f"application/{_TYPE}"}
_REQUIRED = ["exp", "iat", "iss", "aud", "sub", "jti", "sid"]
_SKEW_SECONDS = 5  # by which the clocks of our processes may differ
_SHAPE = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]{85}[AQgw]")  # 64 bytes, spelled in one way only
_KID = re.compile(r"[0-9a-f]{16}")
_REFERENCES = {
    Method.PASSWORD: "pwd",
    Method.TOTP: "otp",
    Method.RECOVERY_CODE: "otp",
    Method.MAIL: "otp",
    Method.PASSKEY: "pop",
}
"""What the methods are called in `amr` (RFC 8176)."""


class InvalidTokenError(Exception):
    """An access token is malformed, forged, expired, or of another kind. The message says which, for the client."""


class UnknownKeyError(InvalidTokenError):
    """A token names a key that is not among those we know; it may be new."""


@dataclass(frozen=True)
class Claims:
    """Whom an access token speaks for: a user at a signed-in device."""

    user: PydanticObjectId
    session: PydanticObjectId


@dataclass(frozen=True)
class Proof:
    """How the user of a device has proved who they are, and when that was last done."""

    methods: tuple[Method, ...] = ()
    at: datetime | None = None

    def claims(self) -> dict[str, Any]:
        """Return it as claims: `auth_time` (OpenID Connect) and `amr` (RFC 8176)."""
        references = sorted({_REFERENCES[method] for method in self.methods})
        if len(references) > 1:
            references.append("mfa")
        return {
            **({"auth_time": int(self.at.timestamp())} if self.at else {}),
            **({"amr": references} if references else {}),
        }


NO_PROOF = Proof()


def signed(key: Held, issuer: str, claims: Claims, proof: Proof, now: datetime) -> str:
    """Make a token."""
    payload = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": str(claims.user),
        "sid": str(claims.session),
        "jti": secrets.token_urlsafe(9),
        "iat": now,
        "exp": now + timedelta(seconds=ACCESS_TOKEN_SECONDS),
        **proof.claims(),
    }
    return jwt.encode(payload, key.private, ALGORITHM, headers={"typ": _TYPE, "kid": key.kid})


def key_of(token: str) -> str:
    """Return the id of the key that a token says it is signed with.

    Raises:
        InvalidTokenError: it is not of the kind that we make.

    """
    shape = _SHAPE.fullmatch(token) if len(token) <= MOST_CHARACTERS else None
    if shape is None:
        raise InvalidTokenError("The access token is not valid.")
    header = _object(shape[1])
    kind, kid = header.get("typ"), header.get("kid")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise InvalidTokenError("This is not an access token.")
    if header.get("alg") != ALGORITHM or "crit" in header or not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise InvalidTokenError("The access token is not valid.")
    return kid


def checked(token: str, key: Ed25519PublicKey, issuer: str) -> tuple[Claims, float]:
    """Return what a token says, if it is signed with a key, and until when (POSIX time).

    Raises:
        InvalidTokenError: says what is wrong with it.

    """
    try:
        payload = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            issuer=issuer,
            audience=AUDIENCE,
            options={"require": _REQUIRED, "strict_aud": True, "verify_iat": False},
        )
        _object(token.split(".")[1])
        issued = payload["iat"]
        if type(issued) is not int or issued > datetime.now(UTC).timestamp() + _SKEW_SECONDS:
            raise InvalidTokenError("The access token is not valid yet.")
        return Claims(PydanticObjectId(payload["sub"]), PydanticObjectId(payload["sid"])), float(payload["exp"])
    except jwt.ExpiredSignatureError as error:
        raise InvalidTokenError("The access token has expired; refresh it.") from error
    except (jwt.InvalidTokenError, InvalidId, ValueError, TypeError) as error:
        raise InvalidTokenError("The access token is not valid.") from error


def _object(segment: str) -> dict[str, Any]:
    """Read a JSON object whose names are all different (RFC 7515 §4, 7519 §4); raises InvalidTokenError."""
    try:
        text = a2b_base64(segment.replace("-", "+").replace("_", "/") + "=" * (-len(segment) % 4), strict_mode=True)
        found = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise InvalidTokenError("The access token is not valid.") from error
    if not isinstance(found, dict):
        raise InvalidTokenError("The access token is not valid.")
    return found


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    names = [*pairs]
    found = dict(names)
    if len(found) != len(names):
        raise ValueError("A name stands twice in an object.")
    return found
