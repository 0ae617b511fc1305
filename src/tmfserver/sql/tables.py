"""The tables: one per collection, all of one shape, and the few that the server itself needs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.types import UserDefinedType

from tmfserver.changes import Collection
from tmfserver.query.ast import Path

LONGEST_TABLE_NAME = 55  # leaves room for the suffixes in PostgreSQL's 63
LONGEST_NAME = 63


class Jsonb(UserDefinedType[str]):
    """PostgreSQL's jsonb: SQLAlchemy's own type of it would bring all that it knows of PostgreSQL
    into each start."""

    cache_ok = True
    render_bind_cast = True

    def get_col_spec(self, **_: object) -> str:
        return "JSONB"


Seq = BigInteger().with_variant(Integer(), "sqlite")
Document = Text().with_variant(Jsonb(), "postgresql")
# Compared and sorted by code point on PostgreSQL too, whatever the database's own collation.
ByCodePoint = Text().with_variant(Text(collation="C"), "postgresql")

system = MetaData()

listener = Table(
    "listener",
    system,
    Column("id", Text, primary_key=True),
    Column("api", Text, nullable=False),
    Column("callback", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    # Of api, callback and query: these may be too long for an index.
    Column("fingerprint", Text, nullable=False, unique=True),
    Column("secret", Text, nullable=False, server_default=""),
    Column("header", Text, nullable=False, server_default=""),
    # When the listener itself ended it; it is kept to be seen.
    Column("ended", BigInteger),
    # Attempts that ended so.
    Column("sent", BigInteger, nullable=False, server_default="0"),
    Column("failed", BigInteger, nullable=False, server_default="0"),
    Column("dead", BigInteger, nullable=False, server_default="0"),
    Column("last_sent", BigInteger),
    Column("last_failed", BigInteger),
    # Of the last attempt.
    Column("last_status", Integer),
    Column("last_error", Text),
)
listener_version = Table("listener_version", system, Column("version", BigInteger, nullable=False))
event = Table(
    "event",
    system,
    Column("seq", Seq, Identity(), primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("api", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
)
delivery = Table(
    "delivery",
    system,
    Column("event", BigInteger, primary_key=True, autoincrement=False),
    Column("listener", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", BigInteger, nullable=False),
    Column("last_status", Integer),
    Column("last_error", Text),
    Column("subject", Text, nullable=False, server_default=""),
    Column("sent_at", BigInteger),
    Column("history", Text),
)
# Attempts by the hour that they ended in, which begins at `start`.
delivery_hour = Table(
    "delivery_hour",
    system,
    Column("listener", Text, primary_key=True),
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("sent", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
)
received = Table(
    "received",
    system,
    Column("api", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
)
# Which indexes there are, and how far each is filled; see indexed.py for its values.
attribute_index = Table(
    "attribute_index",
    system,
    Column("collection", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("path", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("expression", Text, nullable=False),
    # The seq up to which all documents are in it; what is written later always is.
    Column("filled", BigInteger, nullable=False),
    Column("complete", Boolean, nullable=False),
)
secret = Table(
    "secret",
    system,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
# What requests with a key were answered, to be answered again.
idempotency = Table(
    "idempotency",
    system,
    Column("api", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
# Imports and exports: what is to be done, as JSON, and how far it is.
job = Table(
    "job",
    system,
    Column("collection", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("counts", Text, nullable=False),
    # Until when it is its claimant's alone, who is known by the token.
    Column("lease", BigInteger, nullable=False),
    Column("token", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
)
job_error = Table(
    "job_error",
    system,
    Column("seq", Seq, Identity(), primary_key=True),
    Column("collection", Text, nullable=False),
    Column("job", Text, nullable=False),
    Column("line", Text, nullable=False),
)
# The contract that was served last under a base path: a hash of its files, and what it says.
contract = Table(
    "contract",
    system,
    Column("base_path", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("facts", LargeBinary, nullable=False),
    Column("served", BigInteger, nullable=False),
)
RESERVED = frozenset({*system.tables, "alembic_version"})


@lru_cache(maxsize=4096)
def documents(name: str) -> Table:
    """The table of the collection of this name."""
    return keyed(name, ())


@lru_cache(maxsize=4096)
def keyed(name: str, keys: tuple[str, ...]) -> Table:
    """The same with its columns of uniqueness keys."""
    return made_of(name, [Column(key, ByCodePoint) for key in keys])


def made_of(name: str, more: Iterable[Column[Any]]) -> Table:
    """The same with these columns behind those that every table has."""
    return Table(
        table_name(name),
        MetaData(),
        Column("seq", Seq, Identity(), primary_key=True),
        Column("id", ByCodePoint, nullable=False, unique=True),
        Column("document", Document, nullable=False),
        Column("revision", BigInteger, nullable=False),
        *more,
    )


@lru_cache(maxsize=4096)
def table_name(name: str) -> str:
    """What a collection's table is called: "someApi/v4/someThing" -> "some_api_v4_some_thing"."""
    plain = _snake(name)
    if len(plain) <= LONGEST_TABLE_NAME and plain not in RESERVED and plain[:1].isalpha():
        return plain
    return _cut(f"t_{plain}" if not plain[:1].isalpha() else plain, name, LONGEST_TABLE_NAME)


def index_name(table: str, path: Path, expression: str) -> str:
    """What an index is called; another expression makes another name, and so another index."""
    return _cut(f"{table}_{_snake('_'.join(path))}", expression, LONGEST_NAME)


def column_name(path: Path, expression: str) -> str:
    """What the column of an indexed attribute is called; no column of every table begins so."""
    return _cut(f"at_{_snake('_'.join(path))}", expression, LONGEST_NAME)


@lru_cache(maxsize=4096)
def key_name(key: str) -> str:
    """What the column of a uniqueness key is called; no column of every table begins so."""
    return _cut(f"key_{_snake(key)}", key, LONGEST_NAME)


def members_name(table: str, path: Path, expression: str) -> str:
    """What the side table of an indexed attribute is called; no collection's has two signs `_`."""
    return _cut(f"{table}__{_snake('_'.join(path))}", expression, LONGEST_TABLE_NAME)


def refuse_shared_tables(collections: Iterable[Collection]) -> None:
    """Raises ValueError when two collections would have the same table."""
    owners: dict[str, str] = {}
    for collection in collections:
        owner = owners.setdefault(table_name(collection.name), collection.name)
        if owner != collection.name:
            raise ValueError(f"collections {owner!r} and {collection.name!r} would share a table")


def is_scalar(collection: Collection, path: Path) -> bool:
    """Whether the contract says that the path has at most one value, and no object or array.

    Only plain names count; the slower walk takes any.
    """
    if ".".join(path) not in collection.types or not all(map(is_plain, path)):
        return False
    return not any(
        ".".join(path[:length]) in collection.arrays for length in range(1, len(path) + 1)
    )


def is_plain(name: str) -> bool:
    """Whether a name is of letters, digits and signs that mean nothing in SQL or JSON paths."""
    return name != "" and all(sign.isalnum() or sign in "_@$-:" for sign in name)


def _snake(name: str) -> str:
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", apart.lower()).strip("_")


def _cut(name: str, whole: str, longest: int) -> str:
    mark = hashlib.sha256(whole.encode()).hexdigest()[:8]
    return f"{name[: longest - len(mark) - 1]}_{mark}"
