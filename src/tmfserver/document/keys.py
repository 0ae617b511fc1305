"""What names a document together: the values of some of its attributes, as one key."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Context, Decimal
from hashlib import blake2b
from typing import Any, NamedTuple

from tmfserver import exact

LONGEST_SHOWN = 200  # characters of a key as people see it
_DIGITS = Context(prec=1000)
EXACT = 2**53  # below this whole numbers and floats are the same


class Key(NamedTuple):
    """mark: 32 characters that tell the key from all others. says: the same for people."""

    mark: str
    says: str


def key_of(document: Mapping[str, Any], paths: Sequence[str]) -> Key | None:
    """The key that the values at these dotted paths make; None where one of them is missing.

    Through an array a path has all values of its elements, in their order.
    """
    values = [list(_at(document, path.split("."))) for path in paths]
    if not all(values):
        return None
    return make_key([(path, found) for path, found in zip(paths, values, strict=True)])


def make_key(parts: Sequence[tuple[str, Sequence[Any]]]) -> Key:
    """The key of named values. 1 and 1.0 are the same value, 1 and "1" are two."""
    whole = as_text([(name, _plain(values)) for name, values in parts]).encode()
    says = " and ".join([f"{name} {', '.join(map(as_text, values))}" for name, values in parts])
    if len(says) > LONGEST_SHOWN:
        says = says[: LONGEST_SHOWN - 3] + "..."
    return Key(blake2b(whole, digest_size=16).hexdigest(), says)


def as_text(value: Any) -> str:
    """As JSON, whatever the size of its numbers."""
    try:
        return exact.dumps(value).decode()
    except TypeError:
        return json.dumps(value, default=str, ensure_ascii=False)


def _at(value: Any, path: Sequence[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for element in value:
            yield from _at(element, path)
    elif not path:
        if value is not None:
            yield value
    elif isinstance(value, Mapping):
        yield from _at(value.get(path[0]), path[1:])


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        rounded = float(value)
        if Decimal(repr(rounded)) != value:
            return {"exact": str(value.normalize(_DIGITS))}
        value = rounded
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return int(value)
    if isinstance(value, Mapping):
        return {name: _plain(value[name]) for name in sorted(value)}
    return [_plain(each) for each in value] if isinstance(value, list) else value
