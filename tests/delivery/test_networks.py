"""Which addresses may be notified, however they are written or found."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from tests.delivery.listening import Ears
from tmfserver.delivery.connecting import Connector, Resolver
from tmfserver.delivery.exchange import Broken
from tmfserver.delivery.networks import read_networks, refuse_literal, why_refused
from tmfserver.delivery.sender import Sender
from tmfserver.errors import Invalid

REFUSED = {
    "0.0.0.0": "unspecified",
    "0.1.2.3": "unspecified",
    "10.0.0.1": "private",
    "10.255.255.255": "private",
    "100.64.0.1": "private (shared by carriers)",
    "100.100.100.200": "private (shared by carriers)",
    "127.0.0.1": "loopback",
    "127.255.0.9": "loopback",
    "168.63.129.16": "a cloud's metadata",
    "169.254.169.254": "link-local",
    "169.254.0.1": "link-local",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.0.0.192": "special",
    "192.0.2.7": "for documentation",
    "192.168.1.1": "private",
    "192.88.99.1": "special",
    "198.18.0.1": "for benchmarks",
    "198.51.100.1": "for documentation",
    "203.0.113.1": "for documentation",
    "224.0.0.1": "multicast",
    "239.255.255.255": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "reserved",
    "::": "unspecified",
    "::1": "loopback",
    "::127.0.0.1": "special",
    "::ffff:127.0.0.1": "loopback",
    "::ffff:10.0.0.1": "private",
    "::ffff:a9fe:a9fe": "link-local",
    "64:ff9b::7f00:1": "loopback",
    "64:ff9b::10.0.0.1": "private",
    "64:ff9b:1::1": "special",
    "100::1": "special",
    "2001::1": "special",
    "2001:db8::1": "for documentation",
    "2002:7f00:1::": "loopback",
    "2002:a9fe:a9fe::1": "link-local",
    "2a00:1450::200:5efe:a00:1": "special",
    "3fff::1": "for documentation",
    "4000::1": "special",
    "5f00::1": "special",
    "fc00::1": "private",
    "fd00:ec2::254": "private",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "fec0::1": "private",
    "ff02::1": "multicast",
}
PUBLIC = (
    "1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "126.255.255.255", "128.0.0.1",
    "172.15.0.1", "172.32.0.1", "192.169.0.1", "223.255.255.255", "2606:4700::1111",
    "2a00:1450:4001::1", "2002:808:808::1", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8",
)  # fmt: skip
OTHERWISE_WRITTEN = (
    "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "0x7F.0.0.0x1",
    "127.0.0.1.", "[::1]", "[::ffff:127.0.0.1]", "[0:0:0:0:0:0:0:1]", "①②⑦.⓪.⓪.①",
    "127。0。0。1", "１２７.0.0.1", "localhost", "LOCALHOST.", "a.localhost", "user@127.0.0.1",
    "user:secret@[::1]", "example.com@127.0.0.1", "[fe80::1%25eth0]", "0", "0.0",
)  # fmt: skip


@pytest.mark.parametrize("address", REFUSED)
def test_refused_addresses(address: str) -> None:
    """What is not public is refused, in words."""
    assert why_refused(ip_address(address)) == REFUSED[address]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    """Public addresses are not refused, and neither is what leads to them."""
    assert why_refused(ip_address(address)) is None


@pytest.mark.parametrize("host", OTHERWISE_WRITTEN)
def test_addresses_in_disguise(host: str) -> None:
    """A callback on this machine is refused when it is registered, however it is written, and the
    refusal names the callback."""
    with pytest.raises(Invalid, match="callback"):
        refuse_literal(f"http://{host}:8080/path")


@pytest.mark.parametrize("host", ["8.8.8.8", "[2606:4700::1111]", "example.com", "cafe.example"])
def test_names_are_not_looked_up(host: str) -> None:
    """Names and public addresses are taken; no name is resolved to register it."""
    refuse_literal(f"https://{host}/path")


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("127.0.0.1", True), ("10.1.2.3", True), ("10.2.0.1", False), ("::ffff:10.1.0.1", True),
        ("::1", False), ("fd00::5", True), ("2002:7f00:1::", False), ("64:ff9b::7f00:1", False),
    ],
)  # fmt: skip
def test_networks_that_the_operator_lists(address: str, allowed: bool) -> None:
    """A setting allows networks; it allows nothing that only leads to them."""
    networks = read_networks("127.0.0.0/8, 10.1.0.0/16,fd00::/8")
    assert (why_refused(ip_address(address), networks) is None) == allowed


def sent(url: str, networks: str = "", resolve: object = None) -> tuple[int | None, str | None]:
    """Status and error of an attempt."""

    async def run() -> tuple[int | None, str | None]:
        connector = Connector(read_networks(networks), resolve or Resolver())  # type: ignore[arg-type]
        sender = Sender(connector, 2, 3)
        answer = await sender.send(url, {}, b"{}")
        sender.close()
        return answer.status, answer.error

    return asyncio.run(run())


def test_every_address_is_checked_when_connecting(ears: Ears) -> None:
    """A name that leads to this machine is not connected to, unless a setting allows it."""
    url = f"http://localhost:{ears.port}/fast"
    status, error = sent(url)
    assert status is None
    assert error is not None
    assert "leads to 127.0.0.1, which is loopback" in error or "::1, which is loopback" in error
    assert not ears.heard
    assert sent(url, "127.0.0.0/8") == (204, None)
    assert ears.heard["/fast"][0].headers["host"] == f"localhost:{ears.port}"


def test_a_name_that_changes_its_address(ears: Ears) -> None:
    """DNS rebinding: each connection goes to the very address that was checked; a name that was
    public before and leads home now is refused."""
    looks = iter([["198.51.100.1"], ["127.0.0.1"], ["8.8.8.8"]])
    asked = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return next(looks)

    status, error = sent(f"http://rebound.example:{ears.port}/fast", "198.51.100.0/24", resolve)
    assert (status, error) == (None, "no connection in 2 s") or "198.51.100.1" in str(error)
    status, error = sent(f"http://rebound.example:{ears.port}/fast", "198.51.100.0/24", resolve)
    assert (status, error) == (
        None,
        "rebound.example leads to 127.0.0.1, which is loopback",
    )
    assert asked == ["rebound.example"] * 2
    assert not ears.heard


def test_only_public_ones_of_several_addresses(ears: Ears) -> None:
    """Of a name's addresses those that are refused are passed over."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["10.0.0.1", "::1", "127.0.0.1"]

    assert sent(f"http://many.example:{ears.port}/fast", "127.0.0.0/8", resolve) == (204, None)


def test_a_lookup_that_hangs_holds_up_nobody() -> None:
    """The same name is looked up once at a time, whoever asks for it."""

    async def run() -> None:
        resolver = Resolver()
        both = await asyncio.gather(resolver("localhost", 1), resolver("localhost", 1))
        assert both[0] is both[1]
        with pytest.raises(OSError):
            await resolver("no-such-name.invalid", 1)
        resolver.close()

    asyncio.run(run())


def test_connecting_to_none() -> None:
    """Where nobody listens, the error says so."""

    async def run() -> None:
        connector = Connector(read_networks("127.0.0.0/8"), Resolver())
        with pytest.raises(Broken, match=r"127\.0\.0\.1"):
            await connector.connect("127.0.0.1", 9, tls=False)

    asyncio.run(run())
