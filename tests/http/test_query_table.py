"""The query tables of tests/query, asked of real servers: what parse, match and order say of a
query string, both databases say over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.http.row_server import Asker, launch_rows
from tests.query.query_tables import DOCUMENTS, TYPES, rows
from tests.serving import DATABASES, MakeDatabase, stop_cleanly

from tmfserver.query.match import matches
from tmfserver.query.order import order
from tmfserver.query.parse import parse

STATUSES = {"BadQuery": 400, "NotServed": 501}

# Values that the contract forbids, by document. A database sorts an attribute of one value by what
# the contract lets it be; the table, which knows no contract, gives these a place in the order.
FORBIDDEN = {"4": "lastUpdate", "5": "age"}


@pytest.fixture(scope="module", params=DATABASES)
def ask(
    request: pytest.FixtureRequest,
    make_database: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Asker]:
    """Asks a server that has the documents of documents.json, and no others."""
    folder = tmp_path_factory.mktemp(request.param)
    server = launch_rows(folder, make_database(request.param), DOCUMENTS)
    asker = Asker(server)
    yield asker
    asker.close()
    stop_cleanly(server)


def found(query: str, ids: str) -> list[str]:
    """The ids of found.txt; sorted anew if the query sorts by an attribute with such a value."""
    asked = parse(query, TYPES)
    if not {".".join(key.path) for key in asked.sort} & set(FORBIDDEN.values()):
        return ids.split()
    matching = [
        {name: document[name] for name in document if name != FORBIDDEN.get(document["id"])}
        for document in DOCUMENTS
        if matches(asked.filter, document)
    ]
    page = order(matching, asked.sort)[asked.offset : asked.offset + asked.limit]
    return [document["id"] for document in page]


@pytest.mark.parametrize(("query", "ids"), list(rows("found.txt")))
def test_what_a_query_string_finds(ask: Asker, query: str, ids: str) -> None:
    """A query string finds the documents that found.txt names for it, in that order."""
    assert ask(query).ids == found(query, ids)


@pytest.mark.parametrize(("query", "message"), list(rows("refused.txt")))
def test_what_a_query_string_is_refused_with(ask: Asker, query: str, message: str) -> None:
    """What means nothing is a TM Forum Error, 400 or 501, in the words of refused.txt."""
    answer = ask(query)
    assert answer.body["message"] == message
    assert answer.status == STATUSES[answer.body["code"]]
    assert answer.body["status"] == str(answer.status)
    assert answer.body["reason"].strip()
