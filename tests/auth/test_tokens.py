"""Access tokens, signatures, and passwords."""

from __future__ import annotations

import asyncio
import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from argon2 import PasswordHasher, extract_parameters
from beanie import PydanticObjectId
from hypothesis import given
from hypothesis import strategies as st

from auth import passwords
from auth.passwords import LEAST_LENGTH, MOST_LENGTH, check_strength, hash_password, verify_password
from auth.tokens import ACCESS_TOKEN_SECONDS, Claims, InvalidTokenError, Keys, new_refresh_token, token_hash
from models.errors import InvalidInputError

SECRET = "a secret of at least thirty-two bytes, for tests"
KEYS = Keys(SECRET)
CLAIMS = Claims(PydanticObjectId(), PydanticObjectId())
DERIVED = hmac.digest(SECRET.encode(), b"access-token", "sha256")


def forged(headers: Any = None, key: Any = DERIVED, algorithm: Any = "HS256", **claims: Any) -> str:
    """Make a token that differs from a good one in what is given; None leaves a claim out."""
    now = datetime.now(UTC)
    good = {
        "iss": "disenopro",
        "aud": "disenopro",
        "sub": str(CLAIMS.user),
        "sid": str(CLAIMS.session),
        "jti": "x",
        "iat": now,
        "exp": now + timedelta(minutes=5),
    }
    payload = {name: value for name, value in {**good, **claims}.items() if value is not None}
    return jwt.encode(payload, key, algorithm, headers={"typ": "at+jwt", **(headers or {})})


def test_an_access_token_tells_whom_it_speaks_for() -> None:
    """Given a token of ours, then it tells user and session; each is different, though made at one moment."""
    now = datetime.now(UTC)
    tokens = {KEYS.access_token(CLAIMS, now) for _ in range(5)}
    assert len(tokens) == 5
    assert all(KEYS.claims(token) == CLAIMS for token in tokens)
    assert KEYS.claims(forged()) == CLAIMS


def test_an_access_token_ends() -> None:
    """Given a token of five minutes ago, when it is used, then the client is told to refresh it."""
    made = datetime.now(UTC) - timedelta(seconds=ACCESS_TOKEN_SECONDS + 1)
    with pytest.raises(InvalidTokenError, match="has expired; refresh it"):
        KEYS.claims(KEYS.access_token(CLAIMS, made))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        "ñ.ñ.ñ",
        "\udce9.x.y",
        forged({"typ": "JWT"}),
        forged({"typ": None}),
        forged(key=b"another key of thirty-two bytes or more"),
        forged(key=DERIVED * 2, algorithm="HS512"),
        forged(iss="somebody"),
        forged(aud="others"),
        forged(iat=datetime.now(UTC) + timedelta(hours=1)),
        *(forged(**{name: None}) for name in ("exp", "iat", "iss", "aud", "sub", "jti", "sid")),
        forged(sub="nobody"),
        forged(sid="nothing"),
        forged(sid=5),
        Keys("another secret").access_token(CLAIMS),
        KEYS.sign("own-write", "1-0"),
    ],
)
def test_any_other_token_is_refused(token: str) -> None:
    """Given a token that is forged, of another kind or lacks a claim, then it is refused as a token."""
    with pytest.raises(InvalidTokenError):
        KEYS.claims(token)


def test_a_token_without_a_signature_is_refused() -> None:
    """Given a token that says that it needs no signature (`alg: none`), when it is used, then it is refused."""
    with pytest.raises(InvalidTokenError, match="not valid"):
        KEYS.claims(forged(key=None, algorithm="none"))


@given(st.text(alphabet=st.characters(max_codepoint=0x7F, exclude_characters="."), max_size=30))
def test_a_signature_serves_its_purpose_only(text: str) -> None:
    """Given a signed text, then it is verified for its purpose and secret, and for no other."""
    signed = KEYS.sign("own-write", text)
    assert KEYS.verified("own-write", signed) == text
    assert KEYS.verified("upload", signed) is None
    assert Keys("other").verified("own-write", signed) is None


@given(st.text(max_size=60))
def test_text_that_nobody_signed_is_not_verified(text: str) -> None:
    """Given any text at all, then it passes for signed by no accident, and nothing is raised."""
    assert KEYS.verified("own-write", text) is None


@pytest.mark.parametrize("text", ["", ".", "1-0", "1-0.", "1-0.é", "\udce9.\udce9", KEYS.sign("upload", "1") + "0"])
def test_a_broken_signature_is_not_verified(text: str) -> None:
    """Given text with a signature that is missing, odd or longer, then it is not verified."""
    assert KEYS.verified("own-write", text) is None
    assert KEYS.verified("upload", text) is None


def test_refresh_tokens_are_random_and_stored_as_hashes() -> None:
    """Given refresh tokens, then they differ, are safe in a header, and their hash does not tell them."""
    tokens = {new_refresh_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch(r"[\w-]{43,}", token) for token in tokens)
    assert all(re.fullmatch(r"[0-9a-f]{64}", token_hash(token)) for token in tokens)


@pytest.mark.parametrize("length", [0, LEAST_LENGTH - 1, MOST_LENGTH + 1])
async def test_a_weak_password_is_refused(length: int) -> None:
    """Given a password that is too short or too long, when it is hashed, then it is refused with its path."""
    with pytest.raises(InvalidInputError, match=f"{LEAST_LENGTH} to {MOST_LENGTH} characters") as caught:
        await hash_password("x" * length)
    assert caught.value.path == ("input", "password")
    check_strength("x" * LEAST_LENGTH)
    check_strength("x" * MOST_LENGTH)


async def test_a_password_fits_its_own_hash_only() -> None:
    """Given a hash, then its password fits, another does not, and one beyond the bound does not, whatever its start."""
    longest = "ñ" * MOST_LENGTH
    one, other = await asyncio.gather(hash_password("correct horse"), hash_password(longest))
    assert one.startswith("$argon2id$")
    assert await verify_password(one, "correct horse")
    assert not await verify_password(one, "correct horsf")
    assert not await verify_password(other, longest + "x")
    assert not await verify_password("not a hash", "correct horse")


async def test_an_unknown_account_costs_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given no account, when its password is checked, then one hash as costly is computed, and it fails."""
    checked: list[str] = []
    verify = PasswordHasher.verify

    def counting(self: PasswordHasher, stored: str, password: str) -> bool:
        checked.append(stored)
        return bool(verify(self, stored, password))

    stored = await hash_password("correct horse")
    monkeypatch.setattr(PasswordHasher, "verify", counting)
    for password in ("nobody has this password", "x" * (MOST_LENGTH + 1)):
        assert not await verify_password(None, password)
        assert not await verify_password(stored, password)
    assert len(checked) == 4
    assert all(extract_parameters(hash_) == extract_parameters(stored) for hash_ in checked)
    assert passwords.LEAST_LENGTH >= 8
