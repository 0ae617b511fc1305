"""What was read of a contract, kept for the next start: read again it takes a tenth of the time.

An entry is named after all that it follows from: the files' content and the server's own source.
It is a line of JSON with what a start needs (operations, resources, events), then the effective
contract, packed, which is parsed when somebody asks for it. A folder that cannot be written, or an
entry that is not whole, costs nothing but time.
"""

from __future__ import annotations

import dataclasses
import os
import sys
import types
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, partial
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import orjson

from tmfserver.spec.later import Later, packed, unpacked
from tmfserver.spec.model import Api

_MOST = 500  # entries; what is older goes
# What is not kept by value: where the contract came from, and what is in the effective contract.
_APART = {"file", "extensions", "document", "definition"}

Restore = Callable[[Any], Any]


class Kept:
    """The folder of entries; None: nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def name(self, *contents: bytes) -> str:
        """What follows from these files' contents is kept under this name."""
        parts = [_source(), *(sha256(content).digest() for content in contents)]
        return sha256(b"".join(parts)).hexdigest()

    def get(self, name: str) -> bytes | None:
        if self._folder is None:
            return None
        try:
            return (self._folder / name).read_bytes()
        except OSError:
            return None

    def put(self, name: str, content: bytes) -> None:
        if self._folder is None:
            return
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            part = self._folder / f"{name}.{os.getpid()}"
            part.write_bytes(content)
            part.replace(self._folder / name)
            self._forget_old()

    def _forget_old(self) -> None:
        if self._folder is not None:
            entries = [(entry.stat().st_mtime, entry) for entry in self._folder.iterdir()]
            for _, entry in sorted(entries)[:-_MOST]:
                entry.unlink()


def usual_folder(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The user's own folder for such things (XDG); None for a user without a home."""
    if base := environment.get("XDG_CACHE_HOME"):
        return Path(base) / "tmfserver"
    with suppress(RuntimeError):
        return Path.home() / ".cache" / "tmfserver"
    return None


@cache
def _source() -> bytes:
    """Tells one state of the server's source from another, development included."""
    told = [version("tmfserver")]
    for folder in ("spec", "query", "document"):
        for file in sorted((Path(__file__).parents[1] / folder).glob("*.py")):
            state = file.stat()
            told.append(f"{file.name} {state.st_size} {state.st_mtime_ns}")
    return "\n".join(told).encode()


def dump(api: Api) -> bytes:
    """An entry. Raises TypeError for a contract with values that are not JSON's."""
    content = packed(api.document)
    facts = {**_plain(api), "size": len(content), "sum": zlib.crc32(content)}
    return orjson.dumps(facts, default=list) + b"\n" + content


def load(entry: bytes, file: Path, extensions: tuple[Path, ...] = ()) -> Api | None:
    """The contract of an entry, which those files hold; None if it is not whole."""
    line, _, content = entry.partition(b"\n")
    try:
        facts = orjson.loads(line)
        if (facts.pop("size"), facts.pop("sum")) != (len(content), zlib.crc32(content)):
            return None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    document = Later(partial(unpacked, content))
    whole = _restore(Api)
    facts["operations"] = [
        {**operation, "definition": _definition(document, operation)}
        for operation in facts["operations"]
    ]
    api: Api = whole({**facts, "file": file, "extensions": extensions, "document": document})
    return api


def _definition(document: Later, operation: Mapping[str, Any]) -> Later:
    path, method = operation["path"], operation["method"]
    return Later(lambda: document["paths"][path][method])


def _plain(value: Any) -> dict[str, Any]:
    """A contract's or an operation's own facts; orjson knows what to make of the others'."""
    kept = [entry.name for entry in dataclasses.fields(value) if entry.name not in _APART]
    found = {name: getattr(value, name) for name in kept}
    if "operations" in found:
        found["operations"] = [_plain(each) for each in found["operations"]]
    return found


@cache
def _restore(kind: Any) -> Restore:
    """Makes a dataclass of what JSON kept of it."""
    hints = get_type_hints(kind)
    inner = {
        entry.name: restore
        for entry in dataclasses.fields(kind)
        if entry.name not in _APART and (restore := _restorer(hints[entry.name]))
    }

    def restored(value: Mapping[str, Any]) -> Any:
        made = {name: inner[name](part) for name, part in value.items() if name in inner}
        return kind(**{**value, **made})

    return restored


def _restorer(hint: Any) -> Restore | None:
    """Makes what the hint says of its JSON; None if that is the same.

    Contracts have much in common: equal texts are one.
    """
    if hint is str or get_origin(hint) is Literal:
        return sys.intern
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        made: Restore = _restore(hint)
        return made
    origin, parts = get_origin(hint), [part for part in get_args(hint) if part is not Ellipsis]
    if not parts or not isinstance(origin, type):
        return None
    if origin is types.UnionType:
        given = _restorer(parts[0])
        return (lambda value: None if value is None else given(value)) if given else None
    inner = _restorer(parts[-1]) or (lambda value: value)
    if issubclass(origin, Mapping):
        return lambda value: {sys.intern(key): inner(part) for key, part in value.items()}
    make: Restore = origin if origin in (tuple, frozenset) else list
    return lambda value: make(map(inner, value))
