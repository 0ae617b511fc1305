import pytest
from query_tables import DOCUMENTS, TYPES, rows

from tmfserver.errors import BadQuery, NotServed
from tmfserver.query.match import matches
from tmfserver.query.order import order
from tmfserver.query.parse import parse

FOUND = list(rows("found.txt"))
REFUSED = list(rows("refused.txt"))


@pytest.mark.parametrize(("query", "ids"), FOUND)
def test_found(query, ids):
    """A query string finds the documents that found.txt names for it, in that order."""
    asked = parse(query, TYPES)
    found = [document for document in DOCUMENTS if matches(asked.filter, document)]
    page = order(found, asked.sort)[asked.offset : asked.offset + asked.limit]
    assert [document["id"] for document in page] == ids.split()


@pytest.mark.parametrize(("query", "message"), REFUSED)
def test_refused(query, message):
    """A query string that means nothing is refused in the words of refused.txt."""
    with pytest.raises((BadQuery, NotServed)) as raised:
        parse(query, TYPES)
    assert str(raised.value) == message


def test_tables_are_long():
    """The tables name each query once, and enough of them."""
    assert len(dict(FOUND)) == len(FOUND) >= 230
    assert len(dict(REFUSED)) == len(REFUSED) >= 100
    assert sum("filter=" in query or "$" in query for query, _ in FOUND) >= 60
    assert sum("filter=" in query or "$" in query for query, _ in REFUSED) >= 25
