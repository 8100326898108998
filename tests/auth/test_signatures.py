"""What is signed with the deployment's secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.signatures import Keys

KEYS = Keys("a secret of at least thirty-two bytes, for tests")


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


def test_a_key_of_one_use_tells_nothing_of_another() -> None:
    """Given uses and secrets, then each pair of them has a key of its own, always the same one."""
    keys = {Keys(secret).derive(use) for secret in ("a", "b") for use in ("refresh-token", "signing-key:1")}
    assert len(keys) == 4
    assert KEYS.derive("x") == KEYS.derive("x")
