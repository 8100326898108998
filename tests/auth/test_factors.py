"""Codes, recovery codes and sealed secrets."""

from __future__ import annotations

from datetime import UTC, datetime

import pyotp
import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from auth import recovery, totp
from auth.signatures import Keys

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
SECRET = pyotp.random_base32()


@given(st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1)), st.integers(-4, 4))  # noqa: DTZ001 - made aware below
def test_a_code_is_good_for_its_step_and_one_to_either_side(moment: datetime, off: int) -> None:
    """Given any moment, then codes of the neighbouring steps are known by their step, and others are wrong."""
    moment = moment.replace(tzinfo=UTC)
    step = int(moment.timestamp()) // totp.STEP_SECONDS + off
    code = pyotp.TOTP(SECRET).generate_otp(step)
    found = totp.step_of(SECRET, code, moment)
    others = {pyotp.TOTP(SECRET).generate_otp(step - off + near) for near in range(-1, 2)}
    assert found == step if abs(off) <= 1 else (found is None or code in others)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "-12345", "1" * 10_000])
def test_what_is_no_code_is_wrong(code: str) -> None:
    """Given anything else, then it is wrong, and no error."""
    assert totp.step_of(SECRET, code, NOON) is None


def test_what_is_sealed_opens_for_its_owner_and_purpose_alone() -> None:
    """Given a sealed secret, then another owner, purpose or deployment does not open it, nor one that was changed."""
    keys, other = Keys("k" * 32), Keys("l" * 32)
    sealed = keys.seal("totp", b"secret", "ana")
    assert keys.unseal("totp", sealed, "ana") == b"secret"
    assert keys.seal("totp", b"secret", "ana") != sealed
    attempts = ((keys, "totp", sealed, "eva"), (keys, "recovery-code", sealed, "ana"), (other, "totp", sealed, "ana"))
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for key_, purpose, text, owner in (*attempts, (keys, "totp", changed, "ana")):
        with pytest.raises(InvalidTag):
            key_.unseal(purpose, text, owner)  # type: ignore[arg-type]  # a tuple's member is no literal


def test_recovery_codes_are_long_and_differ() -> None:
    """Given ten codes, then each has 80 bits, and is known in whatever case it is typed."""
    codes = recovery.new_codes()
    assert len({*codes, *recovery.new_codes()}) == 20
    assert all(len(recovery.normal(code)) == 16 for code in codes)
    assert recovery.normal(codes[0].upper().replace("-", " ")) == recovery.normal(codes[0])
