"""No socket is opened towards what is not public: by any spelling, any answer of a resolver, any redirect."""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from tests.images.servers import HOME, PHOTO, Names, answer, door, serving, sources
from workers.images.errors import ImageError, SourceError
from workers.images.guard import RefusedAddressError, check_peer, guarded_sockets

PRIVATE = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
)
SPELLINGS = (
    "127.0.0.1",
    "127.0.0.1.",
    "127.0.0.2",
    "127.1",
    "127.0.1",
    "127.0.0.01",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0x7F.0x0.0x0.0x1",
    "0177.0.0.1",
    "0177.0x0.1",
    "017700000001",
    "0",
    "0.0.0.0",  # noqa: S104 - connected to, not listened on
    "0x0",
    "localhost",
    "LOCALHOST",
    "ⓛocalhost",
    "①②⑦.0.0.1",
    "１２７.0.0.1",
    "127。0。0。1",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::1%25lo]",
    "[fe80::1%25lo]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:127.0.0.1%25lo]",
    "[::ffff:0.0.0.0]",
    "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b:1::127.0.0.1]",
    "[2002:7f00:1::1]",
    "[2002:a9fe:a9fe::]",
    "[2001:0:7f00:1::]",
    "[2001:0:808:808:0:0:80ff:fffe]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fec0::1]",
    "[ff02::1]",
    "[ff0e::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[5f00::1]",
    "[100::1]",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "100.64.0.1",
    "100.100.100.200",
    "192.0.0.9",
    "192.0.0.192",
    "192.88.99.1",
    "168.63.129.16",
    "198.18.0.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
)

Form = Callable[[IPv4Address], object]
FORMS: dict[str, Form] = {
    "itself": lambda address: address,
    "mapped": lambda address: IPv6Address((0xFFFF << 32) | int(address)),
    "NAT64": lambda address: IPv6Address((0x64FF9B << 96) | int(address)),
    "compatible": lambda address: IPv6Address(int(address)),
    "translated": lambda address: IPv6Address((0xFFFF << 48) | int(address)),
    "6to4": lambda address: IPv6Address((0x2002 << 112) | (int(address) << 80) | 1),
    "Teredo": lambda address: IPv6Address((0x20010000 << 96) | (int(~int(address)) & 0xFFFFFFFF)),
}
private_addresses = st.sampled_from(PRIVATE).flatmap(lambda network: st.ip_addresses(v=4, network=network))


def _passes(address: object) -> bool:
    try:
        check_peer(str(address))
    except RefusedAddressError:
        return False
    return True


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_no_spelling_of_a_private_address_is_connected_to(spelling: str) -> None:
    """Not even if its origin is listed; a listener on every address of this machine sees nobody."""
    async with door("::") as listener:
        origin = f"http://{spelling}:{listener.port}"
        async with sources(origins=[origin]) as reader:
            with pytest.raises(SourceError):
                await reader.read(f"{origin}/photo")
        assert await listener.came() == 0


@pytest.mark.parametrize("spelling", ["127.0.0.1", "localhost", "0x7f.1", "①②⑦.0.0.1", "[::ffff:127.0.0.1]"])
async def test_it_is_the_guard_that_refuses(spelling: str) -> None:
    """With the network allowed, the same listener is reached by the same spellings."""
    async with door("::") as listener:
        origin = f"http://{spelling}:{listener.port}"
        async with sources(origins=[origin], allowed_networks=[ip_network("127.0.0.0/8")]) as reader:
            with pytest.raises(ImageError, match="broke off"):
                await reader.read(f"{origin}/photo")
        assert await listener.came() > 0


async def test_a_refusal_says_why() -> None:
    """It is a 404 that names the problem and not the address."""
    async with sources(origins=["http://10.1.2.3"]) as reader:
        with pytest.raises(SourceError, match="outside the public Internet") as caught:
            await reader.read("http://10.1.2.3/")
    assert (caught.value.status, caught.value.code) == (404, "bad_source")
    assert "10.1.2.3" not in str(caught.value)


async def test_a_name_that_changes_its_mind_is_refused() -> None:
    """The first look-up finds the pictures, the second this machine; what was fine before is not trusted."""
    async with serving(web.get("/photo", answer()), host="127.0.0.2") as server, door(port=_port(server)) as listener:
        origin = f"http://pictures.test:{listener.port}"
        rebinding = sources(origins=[origin], allowed_networks=HOME, resolver=Names(["127.0.0.2"], ["127.0.0.1"]))
        async with rebinding as reader:
            assert await reader.read(f"{origin}/photo") == PHOTO
        async with rebinding as reader:
            for _ in range(2):
                with pytest.raises(SourceError, match="outside the public Internet"):
                    await reader.read(f"{origin}/photo")
        assert await listener.came() == 0


async def test_a_name_that_changes_its_mind_at_a_redirect_is_refused() -> None:
    """The second look-up of one request is judged as the first was."""
    async with door() as listener:
        target = f"http://pictures.test:{listener.port}"
        redirect = answer(302, Location=f"{target}/photo")
        async with serving(web.get("/photo", redirect), host="127.0.0.2") as server:
            origin = f"http://pictures.test:{_port(server)}"
            names = Names(["127.0.0.2"], ["127.0.0.1"])
            async with sources(origins=[origin, target], allowed_networks=HOME, resolver=names) as reader:
                with pytest.raises(SourceError, match="outside the public Internet"):
                    await reader.read(f"{origin}/photo")
        assert await listener.came() == 0


@pytest.mark.parametrize(
    "spelling", ["127.0.0.1", "[::ffff:127.0.0.1]", "localhost", "0x0", "127.1", "①②⑦.0.0.1", "2130706433"]
)
async def test_a_redirect_to_a_private_address_is_refused(spelling: str) -> None:
    """Listed or not."""
    async with door("::") as listener:
        target = f"http://{spelling}:{listener.port}"
        redirect = answer(302, Location=f"{target}/photo")
        async with serving(web.get("/photo", redirect), host="127.0.0.2") as origin:
            for listed in ([origin], [origin, target]):
                async with sources(origins=listed, allowed_networks=HOME) as reader:
                    with pytest.raises(SourceError):
                        await reader.read(f"{origin}/photo")
        assert await listener.came() == 0


@pytest.mark.parametrize("addresses", [["127.0.0.1", "127.0.0.2"], ["::1", "127.0.0.1", "127.0.0.2"]])
async def test_of_several_addresses_only_the_public_are_tried(addresses: list[str]) -> None:
    """A private address among a name's addresses is passed over, not connected to."""
    async with serving(web.get("/photo", answer()), host="127.0.0.2") as server, door(port=_port(server)) as listener:
        origin = f"http://pictures.test:{listener.port}"
        async with sources(origins=[origin], allowed_networks=HOME, resolver=Names(addresses)) as reader:
            assert await reader.read(f"{origin}/photo") == PHOTO
        assert await listener.came() == 0


@pytest.mark.parametrize("first", ["127.0.0.2", "127.0.0.3"])
async def test_no_private_address_helps_out_for_one_that_fails(first: str) -> None:
    """Whether the other is allowed and closed, or private as well."""
    async with door() as listener:
        origin = f"http://pictures.test:{listener.port}"
        names = Names([first, "127.0.0.1", "::1"])
        async with sources(origins=[origin], allowed_networks=HOME, resolver=names) as reader:
            with pytest.raises(SourceError, match="outside the public Internet"):
                await reader.read(f"{origin}/photo")
        assert await listener.came() == 0


@pytest.mark.parametrize("answer", ["localhost", "127.1", "2130706433"])
async def test_what_a_resolver_answers_must_be_an_address(answer: str) -> None:
    """The system would look up the rest once more, when nobody looks."""
    async with door() as listener:
        origin = f"http://pictures.test:{listener.port}"
        async with sources(origins=[origin], resolver=Names([answer])) as reader:
            with pytest.raises(SourceError, match="outside the public Internet"):
                await reader.read(f"{origin}/photo")
        assert await listener.came() == 0


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "93.184.216.34",
        "100.63.255.255",
        "100.128.0.0",
        "172.32.0.1",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2a00:1450:4001:82a::200e",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
    ],
)
def test_public_addresses_pass(address: str) -> None:
    """Also those of IPv4 that come as IPv6, as they do where a network has no IPv4."""
    assert _passes(address)


@given(private_addresses, st.sampled_from(sorted(FORMS)))
def test_private_addresses_are_refused_in_every_form(address: IPv4Address, form: str) -> None:
    """Each address of each private range, as itself and carried in IPv6."""
    assert not _passes(FORMS[form](address))


@given(st.ip_addresses(v=4))
def test_a_carried_address_is_judged_as_what_it_carries(address: IPv4Address) -> None:
    """Mapped and NAT64 addresses lead to the IPv4 address, so they pass exactly where it does."""
    assert _passes(FORMS["mapped"](address)) == _passes(FORMS["NAT64"](address)) == _passes(address)


@given(st.ip_addresses(v=6))
def test_only_global_unicast_passes(address: IPv6Address) -> None:
    """No other part of IPv6 does, but for what leads to IPv4."""
    carries = any(address in IPv6Network(network) for network in ("::ffff:0:0/96", "64:ff9b::/96"))
    assert not _passes(address) or carries or address in IPv6Network("2000::/3")


@given(st.ip_addresses(v=4, network="10.20.0.0/16"), st.sampled_from(["itself", "mapped", "NAT64"]))
def test_an_allowed_network_is_allowed_whole_and_alone(address: IPv4Address, form: str) -> None:
    """Its addresses pass in every form that leads to them; its neighbours do not."""
    allowed = [ip_network("10.20.0.0/16")]
    check_peer(str(FORMS[form](address)), allowed)
    with pytest.raises(RefusedAddressError):
        check_peer(str(FORMS[form](address + (1 << 16))), allowed)


@pytest.mark.parametrize(
    "text", ["", "localhost", "127.1", "0177.0.0.1", "8.8.8.8:80", "8.8.8", "８.8.8.8", "/run/socket"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """Even if it could be read as a public one."""
    assert not _passes(text)


def test_sockets_are_what_aiohttp_asks_for() -> None:
    """Of the family, kind and protocol of the address."""
    info = (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("2606:4700:4700::1111", 443, 0, 0))
    with guarded_sockets()(info) as opened:
        assert (opened.family, opened.type, opened.proto) == info[:3]


def _port(address: str) -> int:
    return URL(address).port or 0
