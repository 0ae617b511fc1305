"""Joins the files that have one base path: a contract, and those that only add operations to it.

What TM Forum's prose asks for and its contracts leave out (import and export, totals, histories)
is described in files of our own, beside the published contract, which stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tmfserver.errors import BrokenContract
from tmfserver.spec.openapi import METHODS
from tmfserver.spec.unfolding import take_server_path

EXTENSION = "x-extension"
_NAMED = ("definitions", "parameters", "responses")  # Swagger 2.0's; below components in OpenAPI 3


@dataclass(frozen=True)
class Joined:
    """One contract, as it stands in its file and in those that extend it."""

    file: Path
    document: Mapping[str, Any]
    extensions: tuple[Path, ...] = ()


def join(documents: Mapping[Path, Mapping[str, Any]]) -> list[Joined]:
    """The contracts by base path, in the order of the files.

    The one that is not marked as an extension (`info.x-extension`) gives title and version. Raises
    BrokenContract where two files claim the same operation, or mean different things by one name.
    """
    groups: dict[str, list[Path]] = {}
    for file, document in documents.items():
        groups.setdefault(base_path(document), []).append(file)
    return [_joined(files, documents) for files in groups.values()]


def base_path(document: Mapping[str, Any]) -> str:
    """Where a contract is served, without a slash at its end."""
    servers = deepcopy(document.get("servers")) or [{"url": document.get("basePath", "")}]
    place = {"servers": servers, "info": document.get("info", {})}
    if "openapi" in document:
        take_server_path(place)
    return str(place["servers"][0]["url"]).rstrip("/")


def _joined(files: list[Path], documents: Mapping[Path, Mapping[str, Any]]) -> Joined:
    first, *others = sorted(files, key=lambda file: is_extension(documents[file]))
    if not others:
        return Joined(first, documents[first])
    whole = dict(documents[first])
    for file in others:
        form = "swagger" if "swagger" in whole else "openapi"
        if form not in documents[file]:
            problem = f"it extends {first}, so it must be written as that is: `{form}:`"
            raise BrokenContract(file=file, problem=problem)
        _add(whole, first, documents[file], file)
    return Joined(first, whole, tuple(others))


def is_extension(document: Mapping[str, Any]) -> bool:
    """Whether it only adds to another contract."""
    return bool(document.get("info", {}).get(EXTENSION))


def _add(whole: dict[str, Any], first: Path, more: Mapping[str, Any], file: Path) -> None:
    whole["paths"] = paths = dict(whole.get("paths", {}))
    for path, item in more.get("paths", {}).items():
        known = paths.get(path, {})
        twice = next((method for method in METHODS if method in known and method in item), None)
        if twice:
            problem = (
                f"{twice.upper()} {path} under {base_path(more) or '/'} is claimed by {first} too;"
                " serve one of the two"
            )
            raise BrokenContract(file=file, problem=problem)
        paths[path] = {**known, **item}
    if "components" in more:
        whole["components"] = components = dict(whole.get("components", {}))
        for kind, named in more["components"].items():
            components[kind] = _together(components.get(kind, {}), named, first, file)
    for kind in _NAMED:
        if kind in more:
            whole[kind] = _together(whole.get(kind, {}), more[kind], first, file)
    tags = [*whole.get("tags", ()), *more.get("tags", ())]
    if tags:
        whole["tags"] = list({tag.get("name"): tag for tag in reversed(tags)}.values())[::-1]


def _together(
    known: Mapping[str, Any], more: Mapping[str, Any], first: Path, file: Path
) -> dict[str, Any]:
    for name, value in more.items():
        if name in known and known[name] != value:
            problem = f"its definition '{name}' is not the same as the one in {first}"
            raise BrokenContract(file=file, problem=problem)
    return {**known, **more}
