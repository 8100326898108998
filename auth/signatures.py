"""What is signed or sealed with the deployment's secret, by HMAC-SHA256 and AES-GCM. Access tokens: `auth.tokens`."""

from __future__ import annotations

import hmac
import secrets
from typing import Literal

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Purpose = Literal["api-key", "audit-entry", "checkpoint", "edge-fetch", "own-write", "preview", "upload"]
"""What a signature of ours is for: how far a device has pulled, a moment that a client has seen its own write at, …"""

Secret = Literal["recovery-code", "totp", "password-state"]
"""What else a key is derived for: what is stored so that the database alone does not tell it."""

_NONCE_BYTES = 12


class Keys:
    """The keys derived from the deployment's secret: one for each use, so that no signature serves for another."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

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
        return nonce + AESGCM(self.derive(secret)).encrypt(nonce, plain, owner.encode())

    def unseal(self, secret: Secret, sealed: bytes, owner: str) -> bytes:
        """Decrypt it; raises cryptography's InvalidTag where it was changed, or is another owner's."""
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        return AESGCM(self.derive(secret)).decrypt(nonce, rest, owner.encode())

    def digest(self, secret: Secret, text: str, owner: str) -> str:
        """Return what is stored of an owner's secret that only needs to be recognised, in hex (HMAC-SHA-256)."""
        return hmac.digest(self.derive(secret), f"{owner}:{text}".encode(), "sha256").hex()

    def derive(self, use: str) -> bytes:
        """Return 32 bytes that are this use's alone, and tell nothing of the secret or of another use's."""
        return hmac.digest(self._secret, use.encode(), "sha256")

    def _signature(self, purpose: Purpose, text: str) -> str:
        return hmac.digest(self.derive(purpose), text.encode(), "sha256").hex()[:32]
