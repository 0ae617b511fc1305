"""The text of a list's statements: which columns, from where, with which total beside them."""

# ruff: noqa: S608 - SQL text is what this module is for; values are bound, names quoted

from __future__ import annotations

from collections.abc import Sequence

from tmfserver.sql.dialects import Json
from tmfserver.sql.keys import key_text
from tmfserver.sql.pages import Key, order_by


def all_of(table: str, where: str, json: Json) -> str:
    """All documents that match, in the order that comes cheapest."""
    document = "CAST(document AS text)" if json.name == "postgresql" else "document"
    return f'SELECT id, {document}, revision, seq FROM "{table}"{where}'


def shares_of(columns: Sequence[str], table: str, where: str, json: Json) -> str:
    """The same, of each document nothing but these."""
    source = f'"{table}"{where}'
    if json.name == "postgresql":
        # A document that is kept compressed is unpacked here once, and not for each column again.
        source = f"(SELECT document || '{{}}' AS document FROM {source} OFFSET 0) AS d"
    return f"SELECT {', '.join(columns) or '1'} FROM {source}"


def candidates(table: str, where: str, keys: Sequence[Key], most: str, json: Json) -> str:
    """Candidates, whose documents are all looked at."""
    document = "CAST(document AS text)" if json.name == "postgresql" else "document"
    order = [f"{key.sql} {'DESC' if key.descending else 'ASC'} NULLS LAST" for key in keys]
    order.append("seq DESC" if keys and keys[-1].descending else "seq")
    return (
        f'SELECT id, {document}, revision, seq FROM "{table}"{where}'
        f" ORDER BY {', '.join(order)} LIMIT {most}"
    )


def by_age(
    columns: str,
    table: str,
    where: str,
    age: str,
    backwards: bool,
    start: str,
    most: str,
    skip: str,
) -> str:
    """SQLite: rows by age, behind the one with the `seq` bound by the name `start`, if there is.

    age: "+seq" for an index to find the rows, which are then sorted; SQLite would rather walk the
    whole table by age.
    """
    if start:
        beyond = f"{age} {'<' if backwards else '>'} :{start}"
        where = f"{where} AND {beyond}" if where else f" WHERE {beyond}"
    rows = f'SELECT {columns}seq FROM "{table}"{where} ORDER BY {age}'
    if not backwards:
        return f"{rows} LIMIT {most} OFFSET {skip}"
    return f"SELECT * FROM ({rows} DESC LIMIT {most}) AS p ORDER BY seq"


def joined(table: str, chosen: str, keys: Sequence[Key]) -> str:
    """SQLite: the documents of the chosen rows, each looked up by its seq."""
    columns = "".join(f", k.r{number}" for number in range(len(keys)))
    return (
        f"WITH k AS ({chosen}) SELECT t.id, t.document, t.revision, t.seq{columns}"
        f' FROM k CROSS JOIN "{table}" AS t ON t.seq = k.seq ORDER BY {order_by(keys, holder="k.")}'
    )


def page_with_total(
    table: str, chosen: str, counted: str, most: int, keys: Sequence[Key], *, backwards: bool
) -> str:
    """PostgreSQL: all of one moment, so in one statement. The row that is last in the page says
    where the next page begins, for a page is sent before it is read to its end."""
    texts = [key_text(f"k.r{number}", key.shape) for number, key in enumerate(keys)]
    named = "".join(f", {each} AS k{number}" for number, each in enumerate(texts))
    given = "".join(f", p.k{number}" for number in range(len(keys)))
    array = f"CAST(jsonb_build_array({', '.join(['k.seq', *texts])}) AS text)"
    last = "k.pos" if backwards else "k.pos DESC"
    return (
        f"WITH k AS MATERIALIZED (SELECT s.*, row_number() OVER () AS pos FROM ({chosen}) AS s)"
        f" SELECT c.total, c.found, c.last, p.id, p.document, p.revision, p.seq{given}"
        f" FROM (SELECT ({counted}) AS total, (SELECT count(*) FROM k) AS found,"
        f" (SELECT {array} FROM k WHERE k.pos <= {most} ORDER BY {last} LIMIT 1) AS last) AS c"
        f" LEFT JOIN (SELECT t.id, CAST(t.document AS text) AS document, t.revision, k.seq{named},"
        " k.pos FROM k CROSS JOIN LATERAL"
        f' (SELECT * FROM "{table}" WHERE seq = k.seq OFFSET 0) AS t'
        f" WHERE k.pos <= {most}) AS p ON true"
        f" ORDER BY p.pos{' DESC' if backwards else ''}"
    )
