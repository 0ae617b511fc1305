"""Whatever text a query string is made of, it is text: in names, values, sort, fields, JSONPath."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from tests.http.row_server import Asker, launch_rows
from tests.query.query_tables import TYPES
from tests.serving import DATABASES, MakeDatabase, stop_cleanly

from tmfserver.errors import BadQuery, NotServed
from tmfserver.query.match import matches
from tmfserver.query.parse import parse

NASTY = [
    "'",
    "''; DROP TABLE listener; --",
    "x' OR '1'='1",
    "1) OR 1=1 --",
    '"',
    '") OR 1=1 --',
    "\\",
    "\\'",
    '\\"',
    "%",
    "%%",
    "_",
    "%s",
    "%(v0)s",
    ":v0",
    "$1",
    "$",
    "$$",
    "@",
    "{}",
    "{0}",
    "{id}",
    "}",
    "?",
    "$.name",
    "$[*]",
    "$..*",
    "name[0]",
    "['name']",
    "/*",
    "*/",
    "--",
    "#",
    "pg_sleep(10)",
    "json_extract(document,'$.id')",
    "\n\t\r\x01\x7f",
    "\u2028 \ufeff é 🙂",
    "x" * 60_000,
    "()" * 400,
    "[" * 400,
    "!" * 400,
]
# No document holds these; a query string may.
WORSE = ["\0", "a\0b", "'\0'"]
FORMS = [
    "name={0}",
    "name!={0}",
    "name.gt={0}",
    "name.contains={0}",
    "name.startswith={0}",
    "name.regex={0}",
    "age={0}",
    "lastUpdate={0}",
    "free={0}",
    "free.inner.gte={0}",
    "relatedParty.role={0}",
    "{0}={0}",
    "{0}.ne={0}",
    "free.{0}=x",
    "{0}.exists=true",
    "{0}",
    "filter={0}",
    "filter=$[?(@.name=='{0}')]",
    'filter=$[?(@["{0}"]=="{0}")]',
    "filter=$[?(@.name=~'{0}')]",
    "filter=free[?(@.{0})]",
]
SORTS = ["sort={0}", "sort=-{0}", "sort=name,{0}", "sort=free.{0}", "sort=$.{0}", "sort=$['{0}']"]
FIELDS = ["fields={0}", "fields=name,{0}", "fields=free.{0}", "fields=$.{0}", "fields=$['{0}']"]
OTHERS = ["limit={0}", "offset={0}", "cursor={0}", "depth={0}", "expand={0}", "{0}=1;limit={0}"]
REFUSED = (400, 501)


def document(number: int, text: str) -> dict[str, Any]:
    """One that holds a text wherever a query may look for it."""
    free = {text: "x", "inner": text}
    parties = [{"id": str(number), "role": text}, {"id": "0", "role": "other"}]
    return {"id": f"{number:03}", "name": text, text: text, "free": free, "relatedParty": parties}


DOCUMENTS = [document(number, text) for number, text in enumerate([*NASTY, "plain"])]


@pytest.fixture(scope="module", params=DATABASES)
def ask(
    request: pytest.FixtureRequest,
    make_database: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Asker]:
    """Asks a server of such documents, which in the end has them all as they were."""
    folder = tmp_path_factory.mktemp(request.param)
    server = launch_rows(folder, make_database(request.param), DOCUMENTS)
    asker = Asker(server)
    yield asker
    kept = [{name: row[name] for name in row if name != "href"} for row in asker("").body]
    assert kept == DOCUMENTS
    asker.close()
    stop_cleanly(server)


def allowed(query: str) -> list[str] | None:
    """The ids of the documents that a query string matches; None: it is to be refused."""
    try:
        asked = parse(query, TYPES)
    except (BadQuery, NotServed):
        return None
    return [each["id"] for each in DOCUMENTS if matches(asked.filter, each)]


@pytest.mark.parametrize("text", [*NASTY, *WORSE], ids=lambda text: ascii(text[:20]))
def test_any_text_is_only_a_text(ask: Asker, text: str) -> None:
    """A filter made of any text finds what it says or is refused; it never fails, or finds more."""
    for form in FORMS:
        query = form.replace("{0}", quote(text, safe=""))
        expected = allowed(query)
        answer = ask(query)
        if expected is None:
            assert answer.status in REFUSED, form
        else:
            assert answer.ids == expected, form


@pytest.mark.parametrize("text", NASTY, ids=lambda text: ascii(text[:20]))
def test_any_text_finds_itself(ask: Asker, text: str) -> None:
    """Equality with a text finds the document that holds it, whatever the text."""
    (expected,) = [each["id"] for each in DOCUMENTS if each["name"] == text]
    found = ask(f"name={quote(text, safe='')}").ids
    assert expected in found
    if not set(text) & set(',;"'):
        assert found == [expected]


@pytest.mark.parametrize("text", [*NASTY, *WORSE], ids=lambda text: ascii(text[:20]))
def test_any_text_in_sort_and_fields(ask: Asker, text: str) -> None:
    """Sort keys and fields made of any text order and choose, or are refused; they lose nothing."""
    everything = sorted(each["id"] for each in DOCUMENTS)
    for form in [*SORTS, *FIELDS]:
        answer = ask(form.replace("{0}", quote(text, safe="")))
        if answer.status not in REFUSED:
            assert sorted(answer.ids) == everything, form


@pytest.mark.parametrize("text", [*NASTY, *WORSE], ids=lambda text: ascii(text[:20]))
def test_any_text_in_what_is_no_filter(ask: Asker, text: str) -> None:
    """Where a number, a cursor or a reference is meant, any text is refused or finds nothing."""
    for form in OTHERS:
        answer = ask(form.replace("{0}", quote(text, safe="")))
        if answer.status not in REFUSED:
            assert answer.status == 200, json.dumps(answer.body)[:500]
            assert form.startswith(("{0}", "expand")), form
