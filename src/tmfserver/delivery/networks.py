"""Which addresses a callback may lead to: public ones, and what the operator lists.

A listener is named by a stranger. Without this the server would be made to ask its own neighbours:
the cloud's metadata, a database's console, itself. The blocks are those of IANA's special-purpose
address registries (RFC 6890 and its followers).
"""

from __future__ import annotations

import re
import socket
import unicodedata
from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TypeAlias
from urllib.parse import urlsplit

from tmfserver.errors import Invalid

Address: TypeAlias = IPv4Address | IPv6Address
Networks: TypeAlias = Sequence[IPv4Network | IPv6Network]

_REFUSED = {
    IPv4Network(block): kind
    for block, kind in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "private (shared by carriers)"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "a cloud's metadata"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "special"),
        ("192.0.2.0/24", "for documentation"),
        ("192.31.196.0/24", "special"),
        ("192.52.193.0/24", "special"),
        ("192.88.99.0/24", "special"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "special"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
}
_PUBLIC_6 = IPv6Network("2000::/3")
_REFUSED_6 = {
    IPv6Network(block): kind
    for block, kind in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "private"),
        ("ff00::/8", "multicast"),
        ("2001::/23", "special"),
        ("2001:db8::/32", "for documentation"),
        ("2620:4f:8000::/48", "special"),
        ("3fff::/20", "for documentation"),
    )
}
# Where an IPv4 address stands in an IPv6 address that leads to it, in bits from the right.
_CARRIERS = (
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64
    (IPv6Network("2002::/16"), 80),  # 6to4
)
_ISATAP = re.compile(r"(?:[0-9a-f]{4}:){4}0[02]00:5efe:", re.IGNORECASE)


def read_networks(text: str) -> Networks:
    """The setting callback_networks."""
    return tuple([ip_network(each.strip()) for each in text.split(",") if each.strip()])


def why_refused(address: Address, allowed: Networks = ()) -> str | None:
    """What is wrong with an address, in a word or two; None if it may be connected to."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return why_refused(address.ipv4_mapped, allowed)
    if any(address in network for network in allowed):
        return None
    if isinstance(address, IPv4Address):
        return next((kind for block, kind in _REFUSED.items() if address in block), None)
    for carrier, place in _CARRIERS:
        if address in carrier:
            inner = IPv4Address(int(address) >> place & 0xFFFFFFFF)
            return why_refused(inner, ())
    for block, kind in _REFUSED_6.items():
        if address in block:
            return kind
    if address not in _PUBLIC_6 or _ISATAP.match(address.exploded):
        return "special"
    return None


def literal(host: str) -> Address | None:
    """The address that a host is by itself, however it is written; None if it is a name.

    Resolvers also take 127.1, 2130706433, 0x7f000001 and full-width digits.
    """
    plain = unicodedata.normalize("NFKC", host).replace("\u3002", ".")
    plain = plain.strip("[]").rstrip(".").partition("%")[0]
    try:
        return ip_address(plain)
    except ValueError:
        pass
    if not re.fullmatch(r"[0-9a-fA-FxX.]+", plain):
        return None
    try:
        return IPv4Address(socket.inet_aton(plain))
    except (OSError, ValueError):
        return None


def refuse_literal(callback: str, allowed: Networks = ()) -> None:
    """Raises errors.Invalid for a callback whose host is an address that is not to be asked, or a
    name for this very machine. Nothing is resolved: names are looked at when connecting."""
    host = urlsplit(callback).hostname or ""
    address = literal(host)
    if address is None:
        name = unicodedata.normalize("NFKC", host).rstrip(".").lower()
        if name != "localhost" and not name.endswith(".localhost"):
            return
        address = IPv4Address("127.0.0.1")
    kind = why_refused(address, allowed)
    if kind is not None:
        problem = f"{host} is {kind}, and this server notifies public addresses only"
        raise Invalid(attribute="callback", problem=problem)
