"""Reads a contract's file as TM Forum publishes them: JSON or YAML whatever the suffix says, with
tabs, a byte order mark or Windows characters. The file itself is never changed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from tmfserver.errors import BrokenContract

SUFFIXES = (".json", ".yaml", ".yml")
_Yaml = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


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


def read(path: Path) -> dict[str, Any]:
    """A file's contract, as it stands there. Raises BrokenContract, naming file and place."""
    text = _text(path.read_bytes())
    if not text.strip():
        raise BrokenContract(file=path, problem="the file is empty")
    document = _json(path, text) if text.lstrip().startswith("{") else _yaml(path, text)
    if not isinstance(document, dict) or not ("swagger" in document or "openapi" in document):
        raise BrokenContract(
            file=path, problem="it is no contract: 'swagger' or 'openapi' is missing at its top"
        )
    return document


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _json(path: Path, text: str) -> Any:
    try:
        return json.loads(text, strict=False)
    except ValueError as failure:
        raise BrokenContract(file=path, problem=f"it is not JSON: {failure}") from None


def _yaml(path: Path, text: str) -> Any:
    try:
        return yaml.load(text.replace("\t", "  "), Loader=_Yaml)  # noqa: S506 a safe loader
    except yaml.YAMLError as failure:
        problem = " ".join(str(failure).split())
        raise BrokenContract(file=path, problem=f"it is neither JSON nor YAML: {problem}") from None
