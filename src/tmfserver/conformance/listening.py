"""A listener of the checks' own, which keeps what is sent to it."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_MOST = 10 * 2**20  # bytes that are read of a notification


class Ear:
    """Listens at an address until it is closed.

    url: where others reach it; patience: how many seconds an event may take.
    """

    def __init__(
        self, host: str = "127.0.0.1", port: int = 0, url: str = "", patience: float = 10.0
    ) -> None:
        self.patience = patience
        self._heard: dict[str, list[Any]] = {}
        self._news = threading.Condition()
        self._server = ThreadingHTTPServer((host, port), self._handler())
        self._server.daemon_threads = True
        self.url = url.rstrip("/") or f"http://{host}:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def callback(self) -> str:
        """A callback that nobody has used."""
        return f"{self.url}/{uuid.uuid4()}"

    def heard(self, callback: str) -> list[Any]:
        """What came to a callback so far."""
        with self._news:
            return [*self._heard.get(_place(callback), ())]

    def wait(self, callback: str, wanted: Callable[[Any], bool]) -> Any:
        """What came and is wanted; None where nothing does in time."""
        deadline = time.monotonic() + self.patience
        with self._news:
            while True:
                for each in self._heard.get(_place(callback), ()):
                    if wanted(each):
                        return each
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self._news.wait(left)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _hear(self, path: str, body: bytes) -> None:
        try:
            came: Any = json.loads(body)
        except ValueError:
            came = body.decode("utf-8", errors="replace")
        with self._news:
            self._heard.setdefault(path.rsplit("/", 1)[-1], []).append(came)
            self._news.notify_all()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hear = self._hear

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = min(int(self.headers.get("Content-Length") or 0), _MOST)
                hear(self.path, self.rfile.read(length))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


def _place(callback: str) -> str:
    return callback.rsplit("/", 1)[-1]
