"""One attempt: a POST to a listener. Of its answer the status counts; little more is read."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from time import monotonic
from urllib.parse import urlsplit

from tmfserver.delivery.connecting import Connector
from tmfserver.delivery.exchange import Broken, Link, post
from tmfserver.delivery.schedule import read_retry_after

HEADERS = {
    "User-Agent": f"tmfserver/{version('tmfserver')}",
    "Content-Type": "application/json",
}
_HOST = re.compile(r"[A-Za-z0-9._:-]+")
OWN = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a listener said: `status`, or none and the `error` that kept it from saying.

    retry_after: seconds. seconds: how long it all took.
    """

    status: int | None
    error: str | None
    retry_after: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Target:
    """A callback, taken apart."""

    tls: bool
    host: str
    port: int
    authority: str
    path: str

    @property
    def place(self) -> tuple[str, int, bool]:
        return self.host, self.port, self.tls


@lru_cache(maxsize=1024)
def _target(callback: str) -> Target:
    parts = urlsplit(callback)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it is no http(s) URL")
    tls = parts.scheme == "https"
    host = parts.hostname if parts.hostname.isascii() else parts.hostname.encode("idna").decode()
    if not _HOST.fullmatch(host):
        raise ValueError("its host is no name and no address")
    shown = f"[{host}]" if ":" in host else host
    authority = shown if parts.port is None else f"{shown}:{parts.port}"
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return Target(tls, host, parts.port or (443 if tls else 80), authority, _escaped(path))


def _escaped(path: str) -> str:
    return re.sub(rb"[^!-~]", lambda found: b"%%%02X" % found[0][0], path.encode()).decode()


class Sender:
    """Keeps connections to listeners, for as long as they are used."""

    def __init__(self, connector: Connector, connect_seconds: float, seconds: float) -> None:
        self._connector = connector
        self._connect_seconds, self._seconds = connect_seconds, seconds
        self._idle: dict[tuple[str, int, bool], deque[Link]] = {}

    async def send(self, callback: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Never raises but for cancellation: what goes wrong is the answer."""
        start = monotonic()
        try:
            async with asyncio.timeout(self._seconds):
                status, asked = await self._post(callback, headers, body)
        except TimeoutError:
            return Answer(None, f"no answer in {self._seconds:g} s", None, monotonic() - start)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told to the operator
            return Answer(None, _told(error), None, monotonic() - start)
        problem = "it redirects, which is not followed" if 300 <= status < 400 else None
        retry_after = None if asked is None else read_retry_after(asked)
        return Answer(status, problem, retry_after, monotonic() - start)

    async def _post(
        self, callback: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str | None]:
        target = _target(callback)
        request = post(target.authority, target.path, {**HEADERS, **headers}, body)
        link = self._reused(target)
        if link is not None:
            try:
                return await self._ask(link, request, target)
            except Broken as broken:
                if not broken.untouched:
                    raise
                # It was closed while it was idle: that was no attempt yet.
        return await self._ask(await self._connect(target), request, target)

    async def _connect(self, target: Target) -> Link:
        try:
            async with asyncio.timeout(self._connect_seconds):
                return await self._connector.connect(target.host, target.port, tls=target.tls)
        except TimeoutError as error:
            raise Broken(f"no connection in {self._connect_seconds:g} s") from error

    def _reused(self, target: Target) -> Link | None:
        idle = self._idle.get(target.place)
        while idle:
            link = idle.pop()
            if link.is_usable:
                return link
            link.abort()
        return None

    async def _ask(self, link: Link, request: bytes, target: Target) -> tuple[int, str | None]:
        try:
            return await link.ask(request)
        finally:
            if link.is_usable:
                self._idle.setdefault(target.place, deque()).append(link)
            else:
                link.abort()

    def sweep(self) -> None:
        """Closes the connections that were idle for long."""
        for place, idle in list(self._idle.items()):
            for link in idle:
                if not link.is_usable:
                    link.abort()
            kept = deque(link for link in idle if link.is_usable)
            if kept:
                self._idle[place] = kept
            else:
                del self._idle[place]

    def close(self) -> None:
        for idle in self._idle.values():
            for link in idle:
                link.abort()
        self._idle.clear()


def _told(error: Exception) -> str:
    if isinstance(error, ValueError):
        return f"it cannot be asked: {error}"
    return (str(error) or type(error).__name__)[:300]
