"""Codes of authenticator apps: TOTP (RFC 6238) with its usual six digits, SHA-1 and steps of 30 seconds."""

from __future__ import annotations

import hmac
from datetime import datetime

import pyotp

STEP_SECONDS = 30
WINDOW = 1
"""How many steps a device's clock may be off, to either side."""

_ISSUER = "DiseñoPro"
_DIGITS = 6


def new_secret() -> str:
    """Return 160 random bits in base32, as apps take them."""
    return pyotp.random_base32()


def address(secret: str, account: str) -> str:
    """Return the `otpauth://` address that apps read from a QR code; `account` is what they show beside the issuer."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=_ISSUER)


def step_of(secret: str, code: str, moment: datetime) -> int | None:
    """Return the time step that a code belongs to, of those that are near enough to a moment; None for a wrong one."""
    given = "".join(code.split())
    if len(given) != _DIGITS or not given.isascii():
        return None
    totp, present = pyotp.TOTP(secret), int(moment.timestamp()) // STEP_SECONDS
    near = range(present - WINDOW, present + WINDOW + 1)
    fitting = [step for step in near if hmac.compare_digest(totp.generate_otp(step), given)]  # each is compared
    return max(fitting, default=None)
