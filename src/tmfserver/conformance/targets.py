"""What is tested: a fresh server of its own, or APIs that run somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from tmfserver.conformance.asking import Answer, Client
from tmfserver.conformance.trial import CannotTest
from tmfserver.settings import PREFIX
from tmfserver.spec import Api
from tmfserver.spec.loader import read as read_file
from tmfserver.spec.verbs import classify

_SECONDS = 60.0  # how long a server of its own may take to start
_RUNS_AT = re.compile(r"tmfserver runs at (http://\S+)")
_ITS_OWN = ("HOST", "PORT", "PUBLIC_URL", "WORKERS", "GUNICORN", "DATABASE", "DELIVER",
            "CALLBACK_NETWORKS", "LOG_LEVEL", "SPECS", "HANDLERS")  # fmt: skip


@contextmanager
def own_server(database: str, contracts: Sequence[str], handlers: str) -> Iterator[str]:
    """The URL of `tmfserver serve` as a program of its own, which ends with the context.

    No database: a SQLite file that is thrown away. Raises CannotTest where it does not start.
    """
    kept = {f"{PREFIX}{name}" for name in _ITS_OWN}
    environment = {name: value for name, value in os.environ.items() if name not in kept}
    with TemporaryDirectory(prefix="tmfserver-conformance-") as folder:
        words = ["--host", "127.0.0.1", "--port", "0", "--log-level", "info"]
        words += ["--callback-networks", "127.0.0.0/8"]
        words += ["--database", database or f"sqlite:///{folder}/tmfserver.db"]
        words += ["--handlers", handlers] if handlers else []
        words += [part for contract in contracts for part in ("--specs", contract)]
        log = Path(folder, "log")
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 this very program
                [sys.executable, "-c", "from tmfserver.cli import main; main()", "serve", *words],
                env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip
        try:
            yield _started(process, log)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _started(process: subprocess.Popen[bytes], log: Path) -> str:
    """Where it answers."""
    client, deadline = Client(seconds=2), time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        printed = log.read_text(encoding="utf-8", errors="replace")
        found = _RUNS_AT.search(printed)
        if found and client.ask("GET", f"{found[1]}/health").status == 200:
            client.close()
            return found[1]
        if process.poll() is not None:
            last = printed.strip().splitlines()[-1:] or ["it says nothing"]
            why = last[0].removeprefix("tmfserver: ")
            raise CannotTest(f"the server to be tested does not start: {why}")
        time.sleep(0.02)
    raise CannotTest(f"the server to be tested does not answer within {_SECONDS:.0f} s")


def located(url: str, apis: Sequence[Api]) -> list[tuple[Api, str]]:
    """Where each API is: at the URL itself if that is its base path's, else below the URL."""
    whole = url.rstrip("/")
    path = urlsplit(whole).path
    here = [api for api in apis if path.endswith(api.base_path.rstrip("/"))]
    if here or (path and len(apis) == 1):
        return [(api, whole) for api in here or apis]
    return [(api, whole + api.base_path.rstrip("/")) for api in apis]


def present(
    places: Iterable[tuple[Api, str]], client: Client, *, all_must: bool
) -> list[tuple[Api, str]]:
    """Those that answer as a TM Forum API does. Raises CannotTest where none does, or not all of
    those that must, or nobody answers."""
    found, missing = [], []
    for api, base in places:
        path = next((each.path for each in api.operations if each.verb == "list"), None)
        if path is None:
            found.append((api, base))  # nothing that could be asked without doing something
            continue
        answer = client.ask("GET", base + path)
        if answer.status is None:
            raise CannotTest(f"{answer.exchange.url} does not answer: {answer.came}")
        if answer.status in (401, 403):
            raise CannotTest(
                f"{answer.exchange.url} wants authorization ({answer.status}): "
                "give it with --header 'Authorization: …'"
            )
        if _is_api(answer):
            found.append((api, base))
        else:
            missing.append(f"{answer.exchange.url} was answered with {answer.came}")
    if missing and (all_must or not found):
        raise CannotTest(f"this is no TM Forum API of that contract: {missing[0]}")
    return found


def _is_api(answer: Answer) -> bool:
    if answer.status == 404:
        return False
    return isinstance(answer.json, list) or {"code", "reason"} <= answer.document.keys()


def declared(api: Api, *, as_served: bool) -> frozenset[tuple[str, str]]:
    """(resource, media type) of patches and (method, path) of operations that the contract names:
    as this server serves it, or as it was published."""
    document: Mapping[str, Any] = api.document if as_served else read_file(api.file)
    found: set[tuple[str, str]] = set()
    for path, methods in document.get("paths", {}).items():
        for method, operation in methods.items():
            if not isinstance(operation, dict):
                continue
            found.add((method, re.sub(r"\{[^}]*\}", "{id}", path)))
            verb, resource = classify(method, path, operation)
            if verb == "patch" and resource:
                taken = operation.get("consumes") or document.get("consumes") or ()
                content = operation.get("requestBody", {}).get("content", ())
                found |= {(resource, each.split(";")[0]) for each in (*taken, *content)}
    return frozenset(found)
