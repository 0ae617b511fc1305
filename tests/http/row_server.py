"""A server of one small contract, which says of `row` what tests/query/documents.json says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from tests.query.query_tables import DOCUMENTS, TYPES
from tests.serving import Server, launch

from tmfserver import sql
from tmfserver.changes import Insert
from tmfserver.planning import make_plan
from tmfserver.settings import read

ROWS = "/tmf-api/rowManagement/v1/row"
RESOURCE = "row"
# No index where documents.json has values that the contract forbids: an index knows only others.
HANDLER = '''
"""Rows, with indexes for some of what is asked of them."""

from tmfserver.rules import Rules

rules = Rules(indexed=("name", "status", "active", "validFor.start"))
'''
_SCHEMAS: dict[str, Any] = {
    "string": {"type": "string"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date-time": {"type": "string", "format": "date-time"},
}
_ARRAYS = {
    name for document in DOCUMENTS for name, value in document.items() if isinstance(value, list)
}


def contract() -> dict[str, Any]:
    """Swagger 2.0 whose resource has attributes of just the types of documents.json."""
    row: dict[str, Any] = {"type": "object", "properties": {}}
    for path, kind in TYPES.items():
        *above, last = path.split(".")
        place = row
        for name in above:
            inner = {"type": "object", "properties": {}}
            whole = {"type": "array", "items": inner} if name in _ARRAYS else inner
            found = place["properties"].setdefault(name, whole)
            place = found.get("items", found)
        place["properties"][last] = _SCHEMAS[kind]
    rows = {"type": "array", "items": {"$ref": "#/definitions/Row"}}
    number = {"in": "query", "required": False, "type": "integer"}
    return {
        "swagger": "2.0",
        "info": {"title": "Rows", "version": "1.0.0"},
        "basePath": "/tmf-api/rowManagement/v1/",
        "paths": {
            "/row": {
                "get": {
                    "operationId": "listRow",
                    "parameters": [{**number, "name": "offset"}, {**number, "name": "limit"}],
                    "responses": {"200": {"description": "", "schema": rows}},
                }
            }
        },
        "definitions": {"Row": row},
    }


def launch_rows(folder: Path, database: str, documents: Iterable[dict[str, Any]]) -> Server:
    """Serves documents, in their order, that are put straight into the database: the contract
    forbids some of them, which may have come before it did."""
    specs, handlers = folder / "specs", folder / "handlers"
    specs.mkdir()
    handlers.mkdir()
    (specs / "rows.swagger.json").write_text(json.dumps(contract()), encoding="utf-8")
    (handlers / "row.py").write_text(HANDLER, encoding="utf-8")
    given = {"database": database, "specs": [str(specs)], "handlers": str(handlers)}
    asyncio.run(_fill(given, documents))
    return launch(folder, database, specs=[specs], handlers=handlers)


async def _fill(given: dict[str, Any], documents: Iterable[dict[str, Any]]) -> None:
    plan = make_plan(read(given, {}))
    assert dict(plan.apis[0].resources[RESOURCE].types) == TYPES
    (collection,) = plan.collections.values()
    store = await sql.open_store(plan.settings.database, [collection])
    for number, document in enumerate(documents, 1):
        text = json.dumps({"id": document["id"], **document}, ensure_ascii=False)
        await store.commit([Insert(collection, document["id"], text, number)])
    await store.close()


class Answer(NamedTuple):
    """What came of a query string."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def ids(self) -> list[str]:
        assert self.status == 200, self.body
        assert self.headers["x-result-count"] == str(len(self.body))
        assert int(self.headers["x-total-count"]) >= len(self.body)
        return [row["id"] for row in self.body]


class Asker:
    """Sends query strings as they stand; only what no URL can hold is percent-encoded."""

    def __init__(self, server: Server) -> None:
        self._connection = HTTPConnection("127.0.0.1", server.port, timeout=60)

    def __call__(self, query: str) -> Answer:
        printable = "".join(map(chr, range(0x21, 0x7F)))
        self._connection.request("GET", f"{ROWS}?{quote(query, safe=printable)}")
        response = self._connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        assert headers["content-type"] == "application/json"
        return Answer(response.status, headers, json.loads(response.read()))

    def close(self) -> None:
        self._connection.close()
