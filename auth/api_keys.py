"""API keys of partners: `dp_live_<30 random characters><checksum>`; pure.

The design is GitHub's (https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/):
a prefix that a scanner of secrets finds by `dp_(live|test)_[0-9A-Za-z]{36}`, 178 random bits in base62, and a CRC-32 of
all that in six more characters, by which a scanner, a client and the edge tell a typing error or an invention without
asking anybody. It is no signature: whoever knows the format can make keys that look right, and are unknown.
"""

from __future__ import annotations

import re
import secrets
import string
from hashlib import sha256
from typing import Final
from zlib import crc32

SHOWN: Final = len("dp_live_") + 4
"""How many of its first characters a key is recognised by; 24 bits of 178, which help nobody to guess the others."""

_ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM: Final = 30  # characters; 62^30 is over 2^178
_CHECKSUM: Final = 6  # characters; 62^6 is over 2^32
_KEY: Final = re.compile(r"dp_(?:live|test)_[0-9A-Za-z]{36}", re.ASCII)
_PRESENTED: Final = re.compile(r"bearer +(dp_.*)", re.ASCII | re.IGNORECASE | re.DOTALL)


def make(*, live: bool) -> str:
    """Return a new key; one that is not `live` is for development, and says so."""
    body = f"dp_{'live' if live else 'test'}_{''.join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))}"
    return body + checksum(body)


def checksum(body: str) -> str:
    """Return the CRC-32 of what stands before it, in six characters of base62."""
    number, digits = crc32(body.encode()), ""
    for _ in range(_CHECKSUM):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits


def well_formed(text: str) -> bool:
    """Whether a text is a key as we make them; whether there is such a key is another question."""
    return _KEY.fullmatch(text) is not None and checksum(text[:-_CHECKSUM]) == text[-_CHECKSUM:]


def hashed(key: str) -> str:
    """Return what is stored of a key, in hex. It is looked up by that, so that no time tells how much was guessed."""
    return sha256(key.encode()).hexdigest()


def presented(authorization: str) -> str | None:
    """Return the hash of the key in an `Authorization` value; "" for a malformed key, None where it is none."""
    found = _PRESENTED.fullmatch(authorization)
    if found is None:
        return None
    key = found[1].strip(" ")
    return hashed(key) if well_formed(key) else ""
