"""Recovery codes: what opens an account whose authenticator app is lost. Each works once."""

from __future__ import annotations

import base64
import secrets

CODES = 10
_BYTES = 10  # 80 bits: nobody guesses one, so they need no slow hash
_GROUP = 4


def new_codes() -> list[str]:
    """Return fresh codes as people write them down: `abcd-efgh-ijkl-mnop`."""
    return [_grouped(base64.b32encode(secrets.token_bytes(_BYTES)).decode().lower()) for _ in range(CODES)]


def normal(code: str) -> str:
    """Return a code as it is hashed: without its hyphens, spaces and capitals."""
    return "".join(code.replace("-", " ").split()).lower()


def _grouped(text: str) -> str:
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))
