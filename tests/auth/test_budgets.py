"""Who pays for what is asked."""

from __future__ import annotations

import pytest
from beanie import PydanticObjectId

from auth.budgets import A_MINUTE, ADDRESS_A_MINUTE, USER_A_MINUTE, address_payer, payer
from auth.viewer import ANONYMOUS, Viewer
from edge import plans
from models.organization import Plan

ADDRESS = "203.0.113.9"


def test_who_is_signed_in_pays_wherever_they_are() -> None:
    """A user has one budget over all devices and addresses; nobody's is that of their address."""
    ana = Viewer(user=PydanticObjectId("64b7f0a1c2d3e4f5a6b7c8d9"))
    assert payer(ana, ADDRESS) == payer(ana, "198.51.100.1") == ("user:64b7f0a1c2d3e4f5a6b7c8d9", USER_A_MINUTE)
    assert payer(ANONYMOUS, ADDRESS) == address_payer(ADDRESS) == (f"address:{ADDRESS}", ADDRESS_A_MINUTE)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:DB8:1:2:0:0:0:1", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("::ffff:203.0.113.9", ADDRESS, True),
        (ADDRESS, "203.0.113.10", False),
    ],
)
def test_moving_within_a_household_of_ipv6_addresses_gives_no_new_budget(one: str, other: str, same: bool) -> None:  # noqa: FBT001 - a case
    """2^64 addresses are one household's; an IPv4 address in IPv6's spelling is itself."""
    assert (address_payer(one) == address_payer(other)) is same


def test_budgets_hold_several_of_the_costliest_operations_at_once() -> None:
    """An operation is charged as if all its lists were full; a page that opens several at once stays within."""
    costliest = max(plan.cost for plan in plans.load().values())
    assert min(A_MINUTE.values()) >= 4 * costliest
    assert min(USER_A_MINUTE, ADDRESS_A_MINUTE) >= 40 * costliest
    assert A_MINUTE[Plan.FREE] < A_MINUTE[Plan.PRO] < A_MINUTE[Plan.ENTERPRISE]
