"""`depth` and `expand` (TMF630 Part 2): which references a client wants followed."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass

from tmfserver.errors import BadQuery
from tmfserver.query.ast import Path
from tmfserver.query.names import read_path
from tmfserver.query.spelling import decoded, shown

DEEPEST = 5
_DEPTH = re.compile(rf"0*[0-{DEEPEST}]")


@dataclass(frozen=True, slots=True)
class Expansion:
    """depth: levels of references that are all followed; paths: of references to follow besides.

    A path goes on within what a reference leads to: ("account", "specification").
    """

    depth: int = 0
    paths: tuple[Path, ...] = ()


def read_expansion(text: str, known: Container[str] = ()) -> Expansion | None:
    """What a query string asks for; None where it asks for nothing. Raises errors.BadQuery.

    known: the contract's attributes; one that is itself named depth or expand is filtered by.
    """
    depths: list[str] = []
    names: list[str] = []
    for part in filter(None, text.split("&")):
        name, equals, value = decoded(part).partition("=")
        parameter = name.strip() if equals else ""
        if parameter in known:
            continue
        if parameter == "depth":
            depths.append(value)
        elif parameter == "expand":
            names += (item for each in value.split(",") if (item := each.strip(" ")))
    depth = _depth(depths) if depths else 0
    paths = tuple(dict.fromkeys(read_path(name, "expand") for name in names))
    return Expansion(depth, paths) if depth or paths else None


def _depth(texts: list[str]) -> int:
    for text in texts:
        if not _DEPTH.fullmatch(text) or text[-1] != texts[0][-1]:
            came = shown(text) if text == texts[0] else f"{shown(texts[0])} and {shown(text)}"
            expected = f"one whole number from 0 to {DEEPEST}"
            raise BadQuery(parameter="depth", came=came, expected=expected)
    return int(texts[0][-1])
