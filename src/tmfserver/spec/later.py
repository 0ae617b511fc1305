"""Parts of a contract that are parsed when they are first looked at: most of a contract is needed
by its first request only, and most of many contracts' memory would be theirs for nothing."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson


class Later(Mapping[str, Any]):
    """A mapping that `load` gives when something is first asked of it."""

    def __init__(self, load: Callable[[], Mapping[str, Any]]) -> None:
        self._load = load
        self._loaded: Mapping[str, Any] | None = None
        self._changes: list[Callable[[Any], object]] = []

    def change(self, change: Callable[[Any], object]) -> None:
        self._changes.append(change)
        if self._loaded is not None:
            change(self._loaded)

    def let_go(self) -> None:
        """Forgets what was loaded: who asks again has it loaded again."""
        self._loaded = None

    def whole(self) -> Mapping[str, Any]:
        if self._loaded is None:
            loaded = self._load()
            for change in self._changes:
                change(loaded)
            self._loaded = loaded
        return self._loaded

    def __getitem__(self, key: str) -> Any:
        return self.whole()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.whole())

    def __len__(self) -> int:
        return len(self.whole())


def changed(document: Mapping[str, Any], change: Callable[[Any], object]) -> None:
    """Changes a contract, or what will be loaded of it when it is."""
    if isinstance(document, Later):
        document.change(change)
    else:
        change(document)


def packed(document: Mapping[str, Any]) -> bytes:
    """A document as it is kept: a fifteenth of its JSON text's size."""
    try:
        text = orjson.dumps(document)
    except TypeError:  # whole numbers of more than 64 bits
        text = json.dumps(document, default=str).encode()
    return zlib.compress(text, 1)


def unpacked(content: bytes) -> Mapping[str, Any]:
    found: Mapping[str, Any] = orjson.loads(zlib.decompress(content))
    return found
