"""The only floor that knows Connexion: its middleware list, its API class, its resolver."""

from __future__ import annotations

import sys
import warnings
from types import ModuleType
from typing import Any

# What Connexion imports and this server does not use: its Flask side, HTTP clients (for checking
# tokens, following references out of a contract, and tests), and what WSGI is tried out with. A
# third of a second together.
_UNUSED = (
    "connexion.apps.flask",
    "connexion.frameworks.flask",
    "httpx",
    "requests",
    "starlette.testclient",
    "werkzeug.serving",
    "werkzeug.test",
)


class _StandIn(ModuleType):
    """A module of which nothing is used: whatever is taken from it is an empty class."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def _import_connexion() -> None:
    """Imports it without what is not used; other importers get the real modules afterwards.

    Its imports warn (Starlette's test client, jsonschema's resolver).
    """
    absent = [name for name in _UNUSED if name not in sys.modules]
    sys.modules.update({name: _StandIn(name) for name in absent})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import connexion.apps.abstract  # noqa: F401
    finally:
        for name in absent:
            del sys.modules[name]


_import_connexion()
