"""Access tokens, signatures, and passwords."""

from __future__ import annotations

import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from beanie import PydanticObjectId
from hypothesis import given
from hypothesis import strategies as st

from auth.tokens import ACCESS_TOKEN_SECONDS, Claims, InvalidTokenError, Keys, new_refresh_token, token_hash

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
