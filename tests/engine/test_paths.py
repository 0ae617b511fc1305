"""An href is made when it is read, and can be asked for all the same."""

from __future__ import annotations

import pytest

from tmfserver.engine.paths import rewrite_href
from tmfserver.query.match import matches
from tmfserver.query.parse import parse

BASE = "http://host/api/v1/thing/"


def found(text: str) -> set[str]:
    """Which of three documents, stored without an href, a query finds."""
    query = rewrite_href(parse(text, {}), BASE)
    return {id for id in ("1", "2", "22") if matches(query.filter, {"id": id, "name": "n"})}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"href={BASE}1", {"1"}),
        (f"href={BASE}1,{BASE}2", {"1", "2"}),
        ("href=1", set()),
        ("href=http://elsewhere/1", set()),
        (f"href.ne={BASE}1", {"2", "22"}),
        ("href.ne=http://elsewhere/1", {"1", "2", "22"}),
        ("href.startswith=http://host/api", {"1", "2", "22"}),
        (f"href.startswith={BASE}2", {"2", "22"}),
        ("href.exists=true", {"1", "2", "22"}),
        (f"href={BASE}1&name=n", {"1"}),
        (f"href={BASE}1&name=other", set()),
        (f'filter=[?(@.href=="{BASE}1")]', {"1"}),
        (f'filter=[?(!(@.href=="{BASE}1"))]', {"2", "22"}),
        (f'filter=[?(@.href!="{BASE}1" %26%26 @.id>"2")]', {"22"}),
        ("filter=$.href", {"1", "2", "22"}),
        ("filter=[?(!@.href)]", set()),
    ],
)
def test_href_is_the_collections_url_and_the_id(text: str, expected: set[str]) -> None:
    """The same answers as if it were stored."""
    assert found(text) == expected
