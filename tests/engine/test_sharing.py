"""Collections that are kept in others' tables: what the setting may say, and names both ways."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tmfserver.changes import Collection, UniqueKey
from tmfserver.document.keys import key_of
from tmfserver.engine.renaming import renamed_query
from tmfserver.engine.sharing import between, kept_places, kept_together, read_sharings
from tmfserver.errors import WrongSetting
from tmfserver.query.parse import parse

NEW = Collection("a/v5/thing", "thing", ("modified", "note.text"), {"modified": "date-time"})
OLD = Collection("a/v4/thing", "thing", ("name",), {"updated": "string", "name": "string"})
THIRD = Collection("a/v3/thing", "thing")
JOBS = Collection("a/v5/importJob", "importJob"), Collection("a/v4/importJob", "importJob")
KNOWN = {each.name: each for each in (NEW, OLD, THIRD, *JOBS)}
ENTRY = "a/v5/thing=a/v4/thing(modified:updated size:extent)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a/v5/thing", "new:old"),
        ("a/v5/thing=a/v4/thing(modified)", "names as new:old"),
        ("a/v5/thing=a/v4/thing(a:c b:c)", "names as new:old"),
        ("a/v5/thing=a/v4/other", "one of a/v3/thing, a/v4/thing, a/v5/thing"),
        ("a/v5/thing=a/v5/thing", "one other table"),
        ("a/v5/thing=a/v4/thing(id:number)", "names other than id and href"),
        ("a/v5/importJob=a/v4/importJob", "one of a/v3/thing, a/v4/thing, a/v5/thing"),
        (f"{ENTRY},a/v5/thing=a/v3/thing", "one other table"),
        (f"{ENTRY},a/v3/thing=a/v5/thing", "a table of its own"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, expected: str) -> None:
    """Under the setting's name, with what came and what was expected."""
    with pytest.raises(WrongSetting, match="TMFSERVER_SHARED_TABLES") as refused:
        read_sharings(text, KNOWN)
    assert expected in str(refused.value)


def test_what_is_kept_knows_the_others_indexes_and_types() -> None:
    """Under its own names; its own types go before."""
    together = kept_together(KNOWN, read_sharings(ENTRY, KNOWN))
    kept = together[OLD.name]
    assert kept.indexed == ("name", "updated", "note.text")
    assert kept.types == {"updated": "string", "name": "string"}
    assert together[NEW.name] == NEW


def test_what_no_two_documents_share_is_the_same_for_all() -> None:
    """By each one's names; what is written holds the marks of the names that are kept."""
    unique = UniqueKey("size", ("size",))
    known = {
        NEW.name: replace(NEW, keys=(unique,)),
        OLD.name: replace(OLD, keys=(unique, UniqueKey("name + updated", ("name", "updated")))),
    }
    sharings = read_sharings("a/v5/thing=a/v4/thing(modified:updated extent:size)", known)
    together = kept_together(known, sharings)
    assert [key.name for key in together[OLD.name].keys] == ["size", "name + updated"]
    assert [key.name for key in together[NEW.name].keys] == ["extent", "name + modified"]
    kept = kept_places(sharings, together)[NEW.name]
    document = {"name": "x", "extent": 3, "modified": "now"}
    ours = tuple([key_of(document, key.paths) for key in together[NEW.name].keys])
    text = kept.document(json.dumps(document))
    theirs = tuple([key_of(json.loads(text), key.paths) for key in together[OLD.name].keys])
    assert kept.keys(text, ours) == theirs != ours


def test_names_between_two_that_share_a_third_ones_table() -> None:
    """By the names that it is kept under."""
    new, third = read_sharings(f"{ENTRY},a/v3/thing=a/v4/thing(changed:updated)", KNOWN)
    assert between(new, None) == {"modified": "updated", "size": "extent"}
    assert between(None, third) == {"updated": "changed"}
    assert between(new, third) == {"modified": "changed", "size": "extent"}


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ("size.gt=3&note.size=1", "extent.gt=3&note.size=1"),
        ("sort=-size,name", "sort=-extent,name"),
        ("filter=$[?(@.size>3)]", "filter=$[?(@.extent>3)]"),
        ("filter=note[?(@.size==$.size)]", "filter=note[?(@.size==$.extent)]"),
        (
            "filter=$[?(length(@.size)>1 || !(@.size==2))]",
            "filter=$[?(length(@.extent)>1 || !(@.extent==2))]",
        ),
        ("filter=$['size','name']", "filter=$['extent','name']"),
        ("sort=$.size[0]", "sort=$.extent[0]"),
    ],
)
def test_queries_ask_by_the_names_that_are_kept(asked: str, kept: str) -> None:
    """Of the document itself; what is inside of it has the names it has."""
    assert renamed_query(parse(asked, {}), {"size": "extent"}) == parse(kept, {})
