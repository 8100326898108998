"""What each kind of caller may ask for in a minute, and who is charged.

The unit is `schema.limits`' cost: the fields of an answer. A field costs the origin 2 to 10 µs of CPU, so a million of
them are up to ten seconds.
"""

from __future__ import annotations

from functools import lru_cache

from auth.caller import household
from auth.viewer import Viewer
from models.organization import Plan

A_MINUTE = {Plan.FREE: 60_000, Plan.PRO: 600_000, Plan.ENTERPRISE: 6_000_000}
"""For an API key, by its organization's plan."""

USER_A_MINUTE = 600_000
"""For a user who is signed in, over all their devices: 60 of the costliest pages, before anything is given back."""

ADDRESS_A_MINUTE = 600_000
"""For everybody at one address on whose behalf nobody has signed in; an office or a carrier can be behind it."""


Budget = tuple[str, int]
"""Whose it is, as `edge.leases` has subjects, and what it holds a minute."""


def payer(viewer: Viewer, address: str) -> Budget:
    """Return whose budget pays for what a viewer asks from an address."""
    if viewer.user is not None:
        return f"user:{viewer.user}", USER_A_MINUTE
    return address_payer(address)


@lru_cache(maxsize=4096)
def address_payer(address: str) -> Budget:
    """Return whose budget pays where nobody has signed in: an IPv4 address, or an IPv6 network of 64 bits."""
    return f"address:{household(address)}", ADDRESS_A_MINUTE
