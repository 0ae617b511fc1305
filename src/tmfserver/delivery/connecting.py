"""Connections to listeners: the address that was checked is the address that is connected to.

A name's addresses may change from one look to the next, so it is looked up once for each
connection, here; TLS and the Host header keep the name.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from socket import SOCK_STREAM, getaddrinfo

import certifi

from tmfserver.delivery.exchange import Broken, Link
from tmfserver.delivery.networks import Networks, literal, why_refused

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

MOST_ADDRESSES = 4  # of one name, that are tried
LOOKUPS_AT_ONCE = 32


class Resolver:
    """Looks names up by the system's resolver, each name once at a time: one that hangs holds up
    nobody else."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(LOOKUPS_AT_ONCE, "resolver")
        self._asked: dict[tuple[str, int], asyncio.Future[Sequence[str]]] = {}

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a name. Raises OSError."""
        key = host, port
        found = self._asked.get(key)
        if found is None:
            loop = asyncio.get_running_loop()
            found = loop.run_in_executor(self._threads, _addresses, host, port)
            self._asked[key] = found
            found.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(found)

    def _forget(self, key: tuple[str, int], done: asyncio.Future[Sequence[str]]) -> None:
        self._asked.pop(key, None)
        if not done.cancelled():
            done.exception()  # looked at, so that nobody complains when who asked has gone

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _addresses(host: str, port: int) -> Sequence[str]:
    rows = getaddrinfo(host, port, type=SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


class Connector:
    """Makes connections, to no address but those that are allowed."""

    def __init__(self, allowed: Networks, resolve: Resolve) -> None:
        self._allowed, self._resolve = allowed, resolve
        self._context: ssl.SSLContext | None = None

    async def connect(self, host: str, port: int, *, tls: bool) -> Link:
        """Raises exchange.Broken, which says for people why it did not work."""
        problem = f"{host} has no address"
        for address in (await self._addresses(host, port))[:MOST_ADDRESSES]:
            kind = why_refused(ip_address(address), self._allowed)
            if kind is not None:
                problem = f"{host} leads to {address}, which is {kind}"
                continue
            try:
                return await self._open(address, host, port, tls=tls)
            except OSError as error:
                problem = f"{address}: {error.strerror or error}"
        raise Broken(problem)

    async def _open(self, address: str, host: str, port: int, *, tls: bool) -> Link:
        loop = asyncio.get_running_loop()
        if not tls:
            return (await loop.create_connection(Link, address, port))[1]
        if self._context is None:
            self._context = ssl.create_default_context()
            self._context.load_verify_locations(certifi.where())
        context, name = self._context, host
        return (
            await loop.create_connection(Link, address, port, ssl=context, server_hostname=name)
        )[1]

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        address = literal(host)
        if address is not None:
            return [str(address)]
        try:
            return await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise Broken(f"{host} is not known: {error}") from error
