"""Finds the handler modules and what they state: rules, and functions that replace operations."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import tmfserver.handlers
from tmfserver.errors import BrokenHandler
from tmfserver.rules import NO_RULES, Rules
from tmfserver.spec import Api, snake_case

_PACKAGE = "tmfserver.handlers"


@dataclass(frozen=True)
class Handler:
    """One module's rules, and its functions by name."""

    module: str
    rules: Rules
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)


def load(
    apis: Sequence[Api], folder: str, *, bundled: bool, own: bool = True
) -> dict[str, Handler]:
    """The handlers by resource. Those in `folder` go before the bundled ones.

    Raises BrokenHandler for a module that cannot be imported, that no resource is named as, or
    with a public function that no operationId names. Of the bundled modules some may be unused
    when other contracts than the bundled ones are served (`bundled` False), and of those in
    `folder` when contracts were left out (`own` False).
    """
    operations: dict[str, set[str]] = {}
    resources: dict[str, str] = {}
    for api in apis:
        for operation in api.operations:
            if operation.resource is not None:
                name = snake_case(operation.resource)
                resources[name] = operation.resource
                operations.setdefault(name, set()).add(operation.function_name)
    overlay = Path(folder).resolve() if folder else None
    if overlay is not None and not overlay.is_dir():
        raise BrokenHandler(file=folder, problem="there is no such folder")
    places = [str(overlay)] if overlay else []
    tmfserver.handlers.__path__ = [*places, *_bundled_path()]
    found: dict[str, Handler] = {}
    for path in _modules(tmfserver.handlers.__path__):
        name, is_own = path.stem, overlay is not None and path.parent == overlay
        if name not in resources:
            if own if is_own else bundled:
                raise BrokenHandler(file=path, problem=_unnamed("a resource", name, resources))
            continue
        if resources[name] not in found:
            found[resources[name]] = _handler(path, operations[name])
    return found


def _bundled_path() -> list[str]:
    return [str(Path(tmfserver.handlers.__file__ or "").parent)]


def _modules(places: Iterable[str]) -> list[Path]:
    return [
        path
        for place in places
        for path in sorted(Path(place).glob("*.py"))
        if not path.stem.startswith("_")
    ]


def _handler(path: Path, operations: set[str]) -> Handler:
    module = _import(path)
    rules = getattr(module, "rules", NO_RULES)
    if not isinstance(rules, Rules):
        raise BrokenHandler(file=path, problem="`rules` is not a tmfserver.rules.Rules")
    checks = set(rules.checks)
    functions = {
        name: value
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and value.__module__ == module.__name__
        and not name.startswith("_")
        and value not in checks
    }
    for name, function in functions.items():
        if name not in operations:
            raise BrokenHandler(file=path, problem=_unnamed("an operationId", name, operations))
        if not inspect.iscoroutinefunction(function):
            problem = f"'{name}' replaces an operation, so it must be an `async def`"
            raise BrokenHandler(file=path, problem=problem)
    return Handler(path.stem, rules, functions)


def _import(path: Path) -> ModuleType:
    name = f"{_PACKAGE}.{path.stem}"
    known = sys.modules.get(name)
    if known is not None and known.__file__ == str(path):
        return known
    sys.modules.pop(name, None)
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except Exception as failure:
        problem = f"it cannot be imported: {type(failure).__name__}: {failure}"
        raise BrokenHandler(file=path, problem=problem) from failure


def _unnamed(kind: str, name: str, known: Iterable[str]) -> str:
    nearest = difflib.get_close_matches(name, list(known), 1)
    hint = f"; did you mean '{nearest[0]}'" if nearest else ""
    return f"no contract that is served has {kind} for '{name}'{hint}"
