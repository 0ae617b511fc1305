"""Files from and to other servers, for imports and exports: the guard of callbacks holds here too.

Whoever carries out a job has a process for it, so this waits.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import IO
from urllib.parse import SplitResult, unquote, urlsplit

import certifi

from tmfserver.delivery.networks import (
    Networks,
    literal,
    read_networks,
    refuse_literal,
    why_refused,
)
from tmfserver.errors import Invalid, NoRoom, Unreachable
from tmfserver.settings import Settings

PIECE = 256 * 1024
MOST_ADDRESSES = 4  # of one name, that are tried

Beat = Callable[[], object]


class Places:
    """Where files of jobs may come from and go to.

    networks: that are not public and may be asked all the same. folder: what file: URLs may lead
    into, none if empty. connect, wait: seconds.
    """

    def __init__(self, networks: Networks, folder: str, connect: float, wait: float) -> None:
        self._networks, self._connect, self._wait = networks, connect, wait
        self._folder = Path(folder).resolve() if folder else None

    def refuse(self, url: str) -> None:
        """Raises errors.Invalid for a URL that no file may come from or go to. Names are not looked
        up: that is done when connecting."""
        parts = _split(url)
        if parts.scheme == "file":
            self.file(url)
            return
        if parts.scheme not in ("http", "https") or not parts.hostname:
            problem = f"got '{url[:200]}', expected an http, https or file URL"
            raise Invalid(attribute="url", problem=problem)
        try:
            refuse_literal(url, self._networks)
        except Invalid as failure:
            problem = failure.facts["problem"].replace("notifies", "asks")
            raise Invalid(attribute="url", problem=problem) from None

    def file(self, url: str) -> Path:
        """The file that a file: URL names, links followed. Raises errors.Invalid for one outside
        of the folder."""
        parts = _split(url)
        if self._folder is None:
            problem = "file URLs are not taken here: the setting files_folder names no folder"
            raise Invalid(attribute="url", problem=problem)
        name = unquote(parts.path)
        path = Path("/", name).resolve() if "\0" not in name else Path("/")
        if parts.netloc not in ("", "localhost") or self._folder not in path.parents:
            problem = "the file is not in the folder that the setting files_folder names"
            raise Invalid(attribute="url", problem=problem)
        return path

    def fetch(self, url: str, file: IO[bytes], limit: int, beat: Beat) -> None:
        """Writes what is at a URL into a file. Raises errors.Unreachable."""
        with self._asked("GET", url, {}, None) as answer:
            size = 0
            while piece := answer.read(PIECE):
                size += len(piece)
                if size > limit:
                    raise Unreachable(url=shown(url), problem=f"it is larger than {limit} bytes")
                _write(file, piece)
                beat()
            if answer.length:  # the library says nothing of it
                problem = f"it ends after {size} bytes, {answer.length} too soon"
                raise Unreachable(url=shown(url), problem=problem)

    def send(self, url: str, path: Path, media_type: str, beat: Beat) -> None:
        """Puts a file to a URL. Raises errors.Unreachable."""

        def pieces(file: IO[bytes]) -> Iterator[bytes]:
            while piece := file.read(PIECE):
                beat()
                yield piece

        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            headers = {"Content-Type": media_type, "Content-Length": str(size)}
            with self._asked("PUT", url, headers, pieces(file)):
                pass

    @contextmanager
    def _asked(
        self, method: str, url: str, headers: dict[str, str], body: Iterator[bytes] | None
    ) -> Iterator[http.client.HTTPResponse]:
        parts = _split(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            with closing(self._connected(parts)) as connection:
                own = {"User-Agent": "tmfserver", "Accept-Encoding": "identity"}
                connection.request(method, target, body, {**own, **headers})
                with connection.getresponse() as answer:
                    if not 200 <= answer.status < 300:
                        raise Unreachable(url=shown(url), problem=_refusal(answer))
                    yield answer
        except (OSError, ValueError, http.client.HTTPException) as error:
            problem = str(error) or type(error).__name__
            raise Unreachable(url=shown(url), problem=problem) from error

    def _connected(self, parts: SplitResult) -> http.client.HTTPConnection:
        host, tls = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if tls else 80)
        raw = self._socket(host, port)
        connection = http.client.HTTPConnection(host, port, timeout=self._wait)
        if tls:
            context = ssl.create_default_context(cafile=certifi.where())
            raw = context.wrap_socket(raw, server_hostname=host)
        raw.settimeout(self._wait)
        connection.sock = raw
        return connection

    def _socket(self, host: str, port: int) -> socket.socket:
        """A connection to an address that was looked at. Raises OSError."""
        problem: OSError = OSError(f"{host} has no address")
        for address in self._addresses(host, port)[:MOST_ADDRESSES]:
            kind = why_refused(ip_address(address), self._networks)
            if kind is not None:
                problem = OSError(f"{host} leads to {address}, which is {kind}")
                continue
            try:
                return socket.create_connection((address, port), self._connect)
            except OSError as error:
                problem = error
        raise problem

    def _addresses(self, host: str, port: int) -> list[str]:
        address = literal(host)
        if address is not None:
            return [str(address)]
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(row[4][0]) for row in rows))


def _write(file: IO[bytes], piece: bytes) -> None:
    try:
        file.write(piece)
    except OSError as error:  # of the disk, not of the other server
        raise NoRoom(problem=error.strerror or str(error)) from error


def _refusal(answer: http.client.HTTPResponse) -> str:
    leads = answer.status < 400 and answer.getheader("location")
    return f"it answers {answer.status}" + (", and redirects are not followed" if leads else "")


def shown(url: str) -> str:
    """A URL for people: without user, password and query, which may be secret."""
    parts = _split(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:200]


def places_of(settings: Settings) -> Places:
    """Those that the settings allow."""
    return Places(
        read_networks(settings.callback_networks),
        settings.files_folder,
        settings.delivery_connect_timeout,
        settings.delivery_timeout,
    )


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        problem = f"got '{url[:200]}', expected a URL"
        raise Invalid(attribute="url", problem=problem) from None
    return parts
