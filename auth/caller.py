"""Where a request comes from."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from typing import NamedTuple

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_LONGEST_AGENT = 256
_SUBSCRIBERS_BITS = 64


class Caller(NamedTuple):
    """The client's address as text (empty where there is none), and how its program calls itself."""

    address: str = ""
    agent: str = ""


NOWHERE = Caller()


def networks(texts: Collection[str]) -> tuple[Network, ...]:
    """Read networks such as `10.0.0.0/8` or single addresses; raises ValueError, which names the first that is none."""
    return tuple(ipaddress.ip_network(text, strict=False) for text in texts)


def caller(peer: str | None, forwarded: str, agent: str, trusted: Collection[Network]) -> Caller:
    """Return who calls, where `peer` is the other end of the connection and `forwarded` its `X-Forwarded-For`.

    Each proxy that we trust has appended whom it heard, so the list counts from its end, up to the first address that
    is no such proxy; what stands before that anybody may have made up.
    """
    address = peer or ""
    for said in reversed(forwarded.split(",")) if forwarded else ():
        if not within(address, trusted) or not _valid(said.strip()):
            break
        address = said.strip()
    return Caller(address, agent[:_LONGEST_AGENT])


def _valid(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def within(text: str, trusted: Collection[Network]) -> bool:
    """Whether an address lies in one of the networks; False for what is no address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return any(mapped in network for network in trusted)


def household(address: str) -> str:
    """Return what is counted as one: an IPv4 address, an IPv6 network of 64 bits, or what is no address as it is.

    One subscriber has so many of the latter's addresses, and is not to have as many budgets and attempts.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), _SUBSCRIBERS_BITS), strict=False))
