"""Documents as rows of cells, and back: a column is a dotted path, such as `party[0].id`.

A cell of an attribute that the contract says is a text holds that text, one of a number the
number's own digits. Where the contract leaves the type open, the cell holds JSON, and a text that
is no JSON stands for itself. An empty cell is an absent attribute.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, TypeAlias

import orjson

from tmfserver.errors import BrokenFile
from tmfserver.records.record import Columns

Steps: TypeAlias = tuple[str | int, ...]

_COLUMN = re.compile(r"[^.\[\]]+(\[\d{1,4}\])*(\.[^.\[\]]+(\[\d{1,4}\])*)*")
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_INDEX = re.compile(r"\[\d+\]")
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")
_TEXTS = ("string", "date-time")


class Contradiction(Exception):
    """A row that is no document, and why; for people."""


class Number(str):
    """A number's digits as they stand in a document."""

    __slots__ = ()


class Column:
    """One column: where its cells go. Raises errors.BrokenFile for a name that is no path."""

    def __init__(self, name: str, known: Columns) -> None:
        if not _COLUMN.fullmatch(name):
            raise BrokenFile(
                problem=f"'{name[:80]}' is no column: expected a path as a.b or a[0].b"
            )
        self.steps = _through_arrays(_steps(name), known)
        self.type = known.types.get(_dotted(self.steps))

    def value(self, cell: str) -> Any:
        """What a cell says, to be printed by orjson."""
        if self.type in _TEXTS:
            return cell
        if _NUMBER.fullmatch(cell):
            return orjson.Fragment(cell)
        if cell[0] in '"[{' or cell in ("true", "false", "null"):
            try:
                orjson.loads(cell)
            except orjson.JSONDecodeError:
                return cell
            return orjson.Fragment(cell)
        return cell


def _steps(name: str) -> Steps:
    return tuple(int(found[1]) if found[1] else found[2] for found in _STEP.finditer(name))


def _through_arrays(steps: Steps, known: Columns) -> Steps:
    """`party.id` means the first element's where the contract says that `party` is an array."""
    made: list[str | int] = []
    for place, step in enumerate(steps):
        made.append(step)
        following = steps[place + 1] if place + 1 < len(steps) else None
        is_name = isinstance(step, str) and isinstance(following, str)
        if is_name and _dotted(tuple(made)) in known.arrays:
            made.append(0)
    return tuple(made)


def _dotted(steps: Steps) -> str:
    return ".".join(step for step in steps if isinstance(step, str))


def document(columns: Sequence[Column], cells: Sequence[Any]) -> dict[str, Any]:
    """The document of a row; None in a cell: absent. Raises Contradiction where columns
    contradict each other or an array lacks an element."""
    made: dict[str, Any] = {}
    for column, cell in zip(columns, cells, strict=True):
        if cell is not None:
            _put(made, column.steps, cell)
    return made


def _put(made: dict[str, Any], steps: Steps, value: Any) -> None:
    holder: Any = made
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        new: Any = value if following is None else [] if isinstance(following, int) else {}
        if isinstance(step, int):
            if not isinstance(holder, list) or step > len(holder):
                raise Contradiction(
                    f"{_shown(steps)} has a value, but an element before it has none"
                )
            if step == len(holder):
                holder.append(new)
        elif not isinstance(holder, dict):
            raise Contradiction(f"{_shown(steps)} is within what another column says is a value")
        else:
            holder.setdefault(step, new)
        holder = holder[step]


def _shown(steps: Steps) -> str:
    texts = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps]
    return "".join(texts).removeprefix(".")


def cells(text: str, known: Columns) -> dict[str, Any]:
    """The cells of a document's JSON text, by column; numbers as their own digits."""
    return {
        name: _cell(value, known.types.get(_INDEX.sub("", name)))
        for name, value in typed_cells(text)
    }


def typed_cells(text: str) -> Iterator[tuple[str, Any]]:
    """The same as values: text, Number, true, false, null, and what is an empty object or array."""
    return _flat(_parse(text), "")


_parse = partial(json.loads, parse_float=Number, parse_int=Number)


def _flat(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list) and value:
        for place, inner in enumerate(value):
            yield from _flat(inner, f"{name}[{place}]")
    elif name:
        yield name, value


def _cell(value: Any, type_: str | None) -> str:
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, str):
        is_plain = type_ in _TEXTS or not (_NUMBER.fullmatch(value) or _looks_like_json(value))
        return value if is_plain else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)


def _looks_like_json(text: str) -> bool:
    return text[:1] in ("", '"', "[", "{") or text in ("true", "false", "null")
