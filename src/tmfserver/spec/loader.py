"""Reads a contract's file as TM Forum publishes them: JSON or YAML whatever the suffix says, with
tabs, a byte order mark or Windows characters. The file itself is never changed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from tmfserver.errors import BrokenContract

SUFFIXES = (".json", ".yaml", ".yml")
LARGEST = 20 * 1024 * 1024  # bytes; TM Forum's largest has 3 million
DEEPEST = 200  # levels of a YAML file
MOST_NODES = 2_000_000  # of a YAML file, what its aliases stand for counted each time

_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# Other kinds of file that begin as text does.
_KINDS = {b"%PDF": "a PDF", b"PK": "an archive", b"<": "XML or HTML"}


def files(places: Iterable[Path]) -> list[Path]:
    """The contracts in folders, by name, and those named themselves.

    Raises BrokenContract for a place that does not exist or holds no contract.
    """
    found: list[Path] = []
    for place in places:
        if place.is_dir():
            here = sorted(path for path in place.iterdir() if path.suffix.lower() in SUFFIXES)
            if not here:
                raise BrokenContract(file=place, problem="the folder holds no .json or .yaml file")
            found += here
        elif place.is_file():
            found.append(place)
        else:
            raise BrokenContract(file=place, problem="there is no such file or folder")
    return found


def content(path: Path) -> bytes:
    """What a file holds. Raises BrokenContract for one that is too large or cannot be read."""
    try:
        size = path.stat().st_size
        if size > LARGEST:
            problem = f"it has {size:,} bytes, and a contract may have {LARGEST:,}"
            raise BrokenContract(file=path, problem=problem)
        return path.read_bytes()
    except OSError as failure:
        problem = f"it cannot be read: {failure.strerror}"
        raise BrokenContract(file=path, problem=problem) from None


def read(path: Path) -> dict[str, Any]:
    """A file's contract, as it stands there. Raises BrokenContract, naming file and place."""
    return parse(path, content(path))


def parse(path: Path, found: bytes) -> dict[str, Any]:
    """The contract in a file that holds this. Raises as `read` does."""
    document = parsed(path, found)
    if not isinstance(document, dict) or not ("swagger" in document or "openapi" in document):
        raise BrokenContract(
            file=path, problem="it is no contract: 'swagger' or 'openapi' is missing at its top"
        )
    return _with_versions(document)


def _with_versions(document: dict[str, Any]) -> dict[str, Any]:
    """What YAML takes for a number or a day, without quotes, is the text that was meant."""
    info = document.get("info")
    for place, name in (document, "swagger"), (document, "openapi"), (info, "version"):
        if isinstance(place, dict) and isinstance(place.get(name), (int, float, date)):
            # OpenAPI 3 has three parts.
            place[name] = f"{place[name]}.0" if name == "openapi" else str(place[name])
    return document


def parsed(path: Path, found: bytes) -> Any:
    """What stands in a JSON or YAML file that holds this. Raises as `read` does."""
    text = _text(path, found)
    if not text.strip():
        raise BrokenContract(file=path, problem="the file is empty")
    try:
        return _json(path, text) if text.lstrip().startswith("{") else _yaml(path, text)
    except RecursionError:
        raise BrokenContract(file=path, problem="it is nested too deeply") from None


def _text(path: Path, found: bytes) -> str:
    if found.startswith(_UTF_16):
        return found.decode("utf-16", errors="replace")
    for mark, kind in _KINDS.items():
        if found.lstrip().startswith(mark):
            raise BrokenContract(file=path, problem=f"it is {kind}, expected JSON or YAML")
    if control := _CONTROL.search(found):
        problem = f"it is no text: byte {control.start()} is {control[0][0]:#04x}"
        raise BrokenContract(file=path, problem=problem)
    try:
        return found.decode("utf-8-sig")
    except UnicodeDecodeError:
        return found.decode("cp1252", errors="replace")


def _json(path: Path, text: str) -> Any:
    try:
        return json.loads(text, strict=False)
    except ValueError as failure:
        raise BrokenContract(file=path, problem=f"it is not JSON: {failure}") from None


def _yaml(path: Path, text: str) -> Any:
    import yaml  # seldom needed twice: what is read is kept

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = text.replace("\t", "  ")
    try:
        _bound(path, yaml.parse(text, Loader=loader))
        return yaml.load(text, Loader=loader)  # noqa: S506 a safe loader
    except (yaml.YAMLError, ValueError) as failure:
        problem = " ".join(str(failure).replace('in "<unicode string>", ', "at ").split())
        raise BrokenContract(file=path, problem=f"it is neither JSON nor YAML: {problem}") from None


def _bound(path: Path, events: Iterable[Any]) -> None:
    """Raises BrokenContract for what would be too much, before anything is made of it.

    Aliases (`*name`) in ten lines can stand for a billion nodes, and one inside of what it stands
    for for endlessly many; nesting too deep ends the whole process in the YAML library.
    """
    from yaml import events as kinds

    sizes: dict[str, int] = {}
    opened: list[tuple[str | None, int]] = []
    nodes, problem = 0, ""
    for event in events:
        kind = type(event)
        if kind is kinds.ScalarEvent:
            nodes += 1
            if event.anchor:
                sizes[event.anchor] = 1
        elif kind in (kinds.MappingStartEvent, kinds.SequenceStartEvent):
            opened.append((event.anchor, nodes))
            nodes += 1
            if len(opened) > DEEPEST:
                problem = f"it is nested more than {DEEPEST} levels deep"
        elif kind in (kinds.MappingEndEvent, kinds.SequenceEndEvent):
            anchor, before = opened.pop()
            if anchor:
                sizes[anchor] = nodes - before
        elif kind is kinds.AliasEvent:
            if event.anchor in {anchor for anchor, _ in opened}:
                problem = f"'*{event.anchor}' stands for what it is in"
            nodes += sizes.get(event.anchor, 0)
            if nodes > MOST_NODES:
                problem = f"its aliases stand for more than {MOST_NODES:,} nodes"
        if problem:
            place = f"at line {event.start_mark.line + 1}"
            raise BrokenContract(file=path, problem=f"{place}: {problem}")
