"""Opaque tokens, as they are mailed and asked back in a moment: random, and stored as a hash alone."""

from __future__ import annotations

import secrets
from hashlib import sha256


def new_token() -> str:
    """Return 256 random bits, in URL-safe base64."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """Return what is stored of a token: its SHA-256, in hex."""
    return sha256(token.encode()).hexdigest()
