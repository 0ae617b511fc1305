"""For comparison at the start: Connexion as it comes, with the same contracts and no database."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import uvicorn
from connexion import AsyncApp
from connexion.resolver import Resolution, Resolver
from starlette.responses import PlainTextResponse


async def _nothing(**_: Any) -> dict[str, Any]:
    return {}


class _Nowhere(Resolver):
    def resolve(self, operation: Any) -> Resolution:
        return Resolution(_nothing, f"{operation.method} {operation.path}")


async def _health(_: Any) -> PlainTextResponse:
    return PlainTextResponse("ok")


def _application(contracts: list[Path]) -> AsyncApp:
    app = AsyncApp(__name__)
    for number, contract in enumerate(contracts):
        app.add_api(contract, resolver=_Nowhere(), name=str(number))
    app.add_url_rule("/health", "health", _health)
    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("contracts", type=Path, nargs="+")
    given = parser.parse_args()
    uvicorn.run(
        _application(given.contracts), port=given.port, access_log=False, log_level="warning"
    )
