"""Another server, which jobs fetch files from and put files to; the path says how it behaves."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RECORDS = b'{"usageType":"%s"}\n' * 3
PIECE = b"\n" * 1_000_000


class Partner(ThreadingHTTPServer):
    """files: what was put, by path, as (media type, content). asked: paths, in their order."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, tuple[str, bytes]] = {}
        self.asked: list[str] = []
        self.may_answer = threading.Event()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"

    def handle_error(self, *_: object) -> None:
        """Clients that go away are no fault here."""


class _Handler(BaseHTTPRequestHandler):
    server: Partner

    def log_message(self, *_: object) -> None:
        """In silence."""

    def do_GET(self) -> None:
        behaviour, _, mark = self.path.strip("/").partition("/")
        self.server.asked.append(self.path)
        content = RECORDS.replace(b"%s", mark.encode())
        if behaviour == "slow":
            self.server.may_answer.wait(60)
        if behaviour == "moved":
            self._head(302, {"Location": self.server.url(f"/file/{mark}"), "Content-Length": "0"})
        elif behaviour.isdigit():
            self._head(int(behaviour), {"Content-Length": "0"})
        elif behaviour == "kept":
            media_type, content = self.server.files[self.path]
            self._head(200, {"Content-Type": media_type, "Content-Length": str(len(content))})
            self.wfile.write(content)
        elif behaviour == "drip":
            self._head(200, {"Content-Length": "1000000"})
            self._drip()
        elif behaviour == "drip-head":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
            self._drip()
        elif behaviour == "drip-chunk":
            self._head(200, {"Transfer-Encoding": "chunked"})
            self._drip()
        elif behaviour == "endless":
            self._head(200, {})
            while True:
                self.wfile.write(PIECE)
        else:
            size = len(content) + (10 if behaviour == "cut" else 0)
            self._head(200, {"Content-Length": str(size)})
            self.wfile.write(content)

    def _drip(self) -> None:
        """A byte now and then, for ever."""
        while True:
            self.wfile.write(b"0")
            time.sleep(0.01)

    def do_PUT(self) -> None:
        self.server.asked.append(self.path)
        while self.path.startswith("/drip/"):
            self.rfile.read(10_000)
            time.sleep(0.01)
        content = self.rfile.read(int(self.headers["Content-Length"]))
        behaviour = self.path.strip("/").partition("/")[0]
        if behaviour.isdigit():
            self._head(int(behaviour), {"Content-Length": "0"})
            return
        self.server.files[self.path] = self.headers["Content-Type"], content
        self._head(201, {"Content-Length": "0"})

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


@contextmanager
def partner_server() -> Iterator[Partner]:
    with Partner() as made:
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield made
        made.may_answer.set()
        made.shutdown()
        thread.join()
