"""JSON Pointers (RFC 6901) and a document that is being changed by them."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

Pointer: TypeAlias = tuple[str, ...]

# The pointers that `read_pointer` reads; the effective contract declares it.
POINTER_PATTERN = r"^(/([^~/]|~[01])*)*$"
_BAD_ESCAPE = re.compile(r"~(?![01])")
_INDEX = re.compile(r"0|[1-9][0-9]{0,17}")
_END = "-"  # RFC 6901: the element after an array's last
_LONGEST_SHOWN = 60


class NoSuchPlaceError(LookupError):
    """A pointer names a place that the document does not have."""


def read_pointer(text: str) -> Pointer:
    """The names that a pointer's text spells; raises ValueError, which says what is wrong."""
    if text and not text.startswith("/"):
        message = f"{shown(text)} is no JSON Pointer, for it does not begin with '/'"
        raise ValueError(message)
    if _BAD_ESCAPE.search(text):
        message = f"{shown(text)} is no JSON Pointer, for its '~' is not followed by 0 or 1"
        raise ValueError(message)
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:])


def is_index(token: str) -> bool:
    """Whether a name in a pointer can be an array's index."""
    return _INDEX.fullmatch(token) is not None


def step(holder: Any, token: str) -> str | int:
    """The key or index that a name means in this object or array, where that is something."""
    if isinstance(holder, dict):
        if token in holder:
            return token
        raise NoSuchPlaceError(f"there is no {shown(token)}")
    if isinstance(holder, list):
        return _index(token, len(holder))
    raise NoSuchPlaceError(f"what should hold {shown(token)} is neither an object nor an array")


def find(document: Any, pointer: Pointer) -> Any:
    """The value that the pointer names."""
    for token in pointer:
        document = document[step(document, token)]
    return document


def shown(text: str) -> str:
    """A text for a message: in quotes, cut when long."""
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")


def _index(token: str, end: int) -> int:
    if not is_index(token):
        raise NoSuchPlaceError(f"{shown(token)} is not the index of an element")
    if int(token) >= end:
        raise NoSuchPlaceError(f"index {token} is out of range, the array has {end} elements")
    return int(token)


class Draft:
    """A document that is being changed, while who gave it keeps it as it was.

    An object or array is copied before its first change, and once only.
    """

    def __init__(self, document: Any) -> None:
        self.document = document
        self._own: dict[int, Any] = {}

    def share(self) -> None:
        """Says that values now stand in two places, so that changing one must not change both."""
        self._own.clear()

    def add(self, pointer: Pointer, value: Any) -> None:
        """Sets an attribute, or puts an element before the index; `-` is the end of an array."""
        if not pointer:
            self.document = value
            return
        holder, token = self._holder(pointer), pointer[-1]
        if isinstance(holder, dict):
            holder[token] = value
        elif isinstance(holder, list):
            end = len(holder)
            holder.insert(end if token == _END else _index(token, end + 1), value)
        else:
            step(holder, token)

    def replace(self, pointer: Pointer, value: Any) -> None:
        """Puts a value in the place of one that is there."""
        if not pointer:
            self.document = value
            return
        holder = self._holder(pointer)
        holder[step(holder, pointer[-1])] = value

    def remove(self, pointer: Pointer) -> Any:
        """Takes a value out and returns it."""
        if not pointer:
            raise NoSuchPlaceError("the whole document cannot be taken away")
        holder = self._holder(pointer)
        key = step(holder, pointer[-1])
        return holder.pop(key)

    def _holder(self, pointer: Pointer) -> Any:
        """The object or array that holds what the pointer names, ready to be changed."""
        self.document = holder = self._owned(self.document)
        for token in pointer[:-1]:
            key = step(holder, token)
            holder[key] = self._owned(holder[key])
            holder = holder[key]
        return holder

    def _owned(self, value: Any) -> Any:
        if id(value) in self._own or not isinstance(value, (dict, list)):
            return value
        mine = value.copy()
        self._own[id(mine)] = mine
        return mine
