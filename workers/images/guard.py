"""Which addresses the worker connects to: asked for the very address a socket is about to connect to.

What a name resolves to can change between a check and the connection, and one address has many spellings
(`[::ffff:127.0.0.1]`, `127.1`, `①②⑦.0.0.1`), so neither names nor URLs are judged. aiohttp asks for a socket for each
address it tries, whether it comes from a resolver, from the URL itself or from a redirect; a refused address gets
none.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

from aiohttp import AddrInfoType, SocketFactoryType

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_UNICAST = ipaddress.IPv6Network("2000::/3")  # all of IPv6 that is given out for global unicast
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052
_NEVER = tuple(  # what `is_global` lets pass
    ipaddress.ip_network(network)
    for network in (
        "168.63.129.16/32",  # Azure's platform, seen from each of its machines
        "192.0.0.0/24",  # protocol assignments (RFC 6890)
        "192.88.99.0/24",  # relays of 6to4 (RFC 7526)
        "2001::/23",  # protocol assignments, among them Teredo (RFC 4380), which carries IPv4 addresses
        "2002::/16",  # 6to4 (RFC 3056), which carries IPv4 addresses
        "3fff::/20",  # documentation (RFC 9637)
    )
)


class RefusedAddressError(OSError):
    """The worker does not connect to this address. An OSError, since aiohttp then tries the name's other addresses."""

    def __init__(self) -> None:
        super().__init__("The source's host has an address outside the public Internet.")


def check_peer(host: str, allowed: Sequence[Network] = ()) -> None:
    """Check the host of a socket address.

    Args:
        host: an IP address as a socket takes it; anything else, which the system might look up, is refused.
        allowed: networks that are permitted although they are not public.

    Raises:
        RefusedAddressError: the address is neither allowed nor globally routable unicast.

    """
    try:
        address = _carried(ipaddress.ip_address(host))
    except ValueError as error:
        raise RefusedAddressError from error
    if not _public(address) and not any(address in network for network in allowed):
        raise RefusedAddressError


def guarded_sockets(allowed: Sequence[Network] = ()) -> SocketFactoryType:
    """Return what `TCPConnector(socket_factory=…)` takes: sockets for addresses that `check_peer` passes, only."""

    def open_socket(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        check_peer(str(address[0]), allowed)
        return socket.socket(family, kind, protocol)

    return open_socket


def _carried(address: Address) -> Address:
    """Return the IPv4 address that a mapped or NAT64 address leads to; any other address leads to itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address


def _public(address: Address) -> bool:
    """Tell whether an address is globally routable unicast."""
    if isinstance(address, ipaddress.IPv6Address) and address not in _UNICAST:
        return False
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    return not any(address in network for network in _NEVER)
