"""What each kind of caller may ask for in a minute, in units of cost (`schema.limits` says what a field costs)."""

from __future__ import annotations

from models.organization import Plan

A_MINUTE = {Plan.FREE: 60_000, Plan.PRO: 600_000, Plan.ENTERPRISE: 6_000_000}
"""For an API key, by its organization's plan."""

USER_A_MINUTE = 120_000
"""For a user who is signed in, over all their devices."""

ADDRESS_A_MINUTE = 60_000
"""For everybody at one address on whose behalf nobody has signed in."""
