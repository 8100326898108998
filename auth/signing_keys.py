"""Ed25519 keys of access tokens: which one signs, which verify, and what outsiders are told of them; pure.

A key is published when it is made, signs a while later, when everybody has it, and verifies until the last token that
it signed has expired. Nobody is signed out by that.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from auth.signatures import Keys
from models.signing_key import SigningKey

ACCESS_TOKEN_SECONDS = 300
"""How long an access token is good for."""

PUBLISHED_SECONDS = 300
"""How long others may remember the published keys."""

RELOAD_SECONDS = 30
"""How often a process looks for new keys, if nothing tells it of one."""

AHEAD = timedelta(seconds=2 * (PUBLISHED_SECONDS + RELOAD_SECONDS))
"""How long before it signs a key is published: whoever remembers the keys has met it by then."""

_AFTER = timedelta(seconds=ACCESS_TOKEN_SECONDS + 2 * RELOAD_SECONDS)  # processes stop signing with it a little late


def public_text(key: Ed25519PublicKey) -> str:
    """Return the public half as JWKs spell it: 32 bytes in URL-safe base64 without padding (RFC 8037 §2)."""
    return base64.urlsafe_b64encode(key.public_bytes_raw()).rstrip(b"=").decode()


def private_key(keys: Keys, kid: str) -> Ed25519PrivateKey:
    """Return the private half of a key, whose seed follows from the deployment's secret and the key's random id."""
    return Ed25519PrivateKey.from_private_bytes(keys.derive(f"signing-key:{kid}"))


def new_key(keys: Keys, number: int, now: datetime, signs_from: datetime) -> SigningKey:
    """Make a new key, the `number`th."""
    kid = secrets.token_hex(8)
    public = public_text(private_key(keys, kid).public_key())
    return SigningKey(number, kid, public, created_at=now, signs_from=signs_from)


@dataclass(frozen=True)
class Held:
    """A key in use. It signs in [`signs_from`, `retires_at`) and verifies until `ends_at` (None: no end in sight)."""

    kid: str
    private: Ed25519PrivateKey
    public: Ed25519PublicKey
    signs_from: datetime
    retires_at: datetime | None

    @property
    def ends_at(self) -> datetime | None:
        """Return when the last token that it signed has expired, for every process's clock."""
        return None if self.retires_at is None else self.retires_at + _AFTER


class Ring:
    """The keys of this deployment's secret, as stored at one moment.

    Those of another secret, whose public half does not follow from ours, are as good as none: whoever can write to the
    database can bring in no key, and a secret that was changed takes its keys with it.
    """

    def __init__(self, keys: Keys, stored: Iterable[SigningKey]) -> None:
        self._held: dict[str, Held] = {}
        succeeded_at: datetime | None = None
        for row in sorted(stored, key=lambda row: row.number, reverse=True):
            private = private_key(keys, row.kid)
            public = private.public_key()
            if row.revoked_at is not None or public_text(public) != row.public:
                continue
            self._held[row.kid] = Held(row.kid, private, public, row.signs_from, succeeded_at)
            succeeded_at = row.signs_from if succeeded_at is None else min(succeeded_at, row.signs_from)

    def __bool__(self) -> bool:
        """Whether there is any key."""
        return bool(self._held)

    def holds(self, kid: str) -> bool:
        """Whether a key is of our secret, and was not revoked."""
        return kid in self._held

    def signing(self, now: datetime) -> Held | None:
        """Return the key that signs: the newest whose time has come, the oldest where none's has."""
        come = (held for held in self._held.values() if held.signs_from <= now)
        return next(come, None) or next(reversed(self._held.values()), None)

    def verifying(self, kid: str, now: datetime) -> Held | None:
        """Return a key that may have signed a token which is still good."""
        held = self._held.get(kid)
        return None if held is None or (held.ends_at is not None and held.ends_at <= now) else held

    def published(self, now: datetime) -> dict[str, Any]:
        """Return the public keys as a JWK set (RFC 7517, 8037): those that verify, and those that will sign."""
        shown = [held for kid, held in self._held.items() if self.verifying(kid, now)]
        same = {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA"}
        return {"keys": [{**same, "kid": held.kid, "x": public_text(held.public)} for held in shown]}
