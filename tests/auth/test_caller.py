"""Where a request comes from: what proxies that we trust say, and nothing that anybody may have made up."""

from __future__ import annotations

import pytest

from auth.caller import caller, networks

TRUSTED = networks(["127.0.0.0/8", "::1", "10.0.0.0/8"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("198.51.100.7", "", "198.51.100.7"),
        ("198.51.100.7", "203.0.113.9", "198.51.100.7"),  # a stranger's word
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "203.0.113.1, 203.0.113.9", "203.0.113.9"),  # the first was made up by the client
        ("127.0.0.1", "203.0.113.9, 10.1.2.3", "203.0.113.9"),  # a CDN's edge, then ours
        ("127.0.0.1", "10.9.9.9", "10.9.9.9"),
        ("127.0.0.1", "unknown", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.9, <script>", "127.0.0.1"),
        ("::ffff:127.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("::1", " 203.0.113.9 ", "203.0.113.9"),
        (None, "203.0.113.9", ""),
    ],
)
def test_a_made_up_x_forwarded_for_gives_no_other_address(peer: str | None, forwarded: str, address: str) -> None:
    """Count from the end of the list, up to the first address that is no proxy of ours."""
    assert caller(peer, forwarded, "", TRUSTED).address == address


def test_the_programs_name_is_cut() -> None:
    """Keep no more of it than is worth showing."""
    assert len(caller("::1", "", "x" * 10_000, ()).agent) == 256
