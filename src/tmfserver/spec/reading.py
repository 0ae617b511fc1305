"""Reads contracts' files: what was read before comes from what was kept of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

import orjson

from tmfserver.errors import BrokenContract
from tmfserver.spec import joining, loader, soundness
from tmfserver.spec.kept import Kept, dump, load
from tmfserver.spec.model import Api, build

_NOTHING_KEPT = Kept(None)
_MISUNDERSTOOD = (KeyError, TypeError, AttributeError, ValueError, IndexError, RecursionError)

Broken = Callable[[BrokenContract], object]


@dataclass(frozen=True)
class _File:
    """A sound contract's file, and under which base path its operations are."""

    path: Path
    content: bytes
    base_path: str
    is_extension: bool

    @cached_property
    def document(self) -> Mapping[str, Any]:
        return loader.parse(self.path, self.content)


def _refuse(failure: BrokenContract) -> NoReturn:
    raise failure


def read(*paths: Path, kept: Kept = _NOTHING_KEPT, broken: Broken = _refuse) -> tuple[Api, ...]:
    """The contracts in files, adapted; those under one base path are one contract.

    kept: where what was read before is found, and kept. broken: is told each file that is no
    contract; if it returns, the file is left out. By default it raises that BrokenContract.
    """
    groups: dict[str, list[_File]] = {}
    for path in paths:
        try:
            file = _look(path, kept)
        except BrokenContract as failure:
            broken(failure)
        else:
            groups.setdefault(file.base_path, []).append(file)
    read = (_together(files, kept, broken) for files in groups.values())
    return tuple(api for api in read if api is not None)


def _look(path: Path, kept: Kept) -> _File:
    content = loader.content(path)
    name = f"{kept.name(content)}.file"
    if (entry := kept.get(name)) is not None:
        return _File(path, content, **orjson.loads(entry))
    document = loader.parse(path, content)
    try:
        soundness.check(path, document)
        facts: dict[str, Any] = {
            "base_path": joining.base_path(document),
            "is_extension": joining.is_extension(document),
        }
    except _MISUNDERSTOOD as failure:
        raise _misunderstood(path, failure) from failure
    kept.put(name, orjson.dumps(facts))
    return _File(path, content, **facts)


def _together(files: Sequence[_File], kept: Kept, broken: Broken) -> Api | None:
    """One contract of all files under one base path; those that break it are left out."""
    while files:
        try:
            return _one(files, kept)
        except BrokenContract as failure:
            broken(failure)
            culprit = failure.facts["file"]
            files = [file for file in files if file.path != culprit]
    return None


def _one(files: Sequence[_File], kept: Kept) -> Api:
    first, *others = sorted(files, key=lambda file: file.is_extension)
    extensions = tuple(file.path for file in others)
    name = f"{kept.name(*(file.content for file in files))}.contract"
    entry = kept.get(name)
    api = load(entry, first.path, extensions) if entry is not None else None
    if api is not None:
        return api
    try:
        (joined,) = joining.join({file.path: file.document for file in files})
        entry = dump(build(joined.file, joined.document, joined.extensions))
    except _MISUNDERSTOOD as failure:
        raise _misunderstood(first.path, failure) from failure
    kept.put(name, entry)
    made = load(entry, first.path, extensions)
    if made is None:  # pragma: no cover - it was whole a moment ago
        raise AssertionError
    return made


def _misunderstood(path: Path, failure: Exception) -> BrokenContract:
    problem = f"it cannot be understood as a contract: {type(failure).__name__}: {failure}"
    return BrokenContract(file=path, problem=" ".join(problem.split())[:500])
