"""Listeners, the outbox of notifications with their deliveries, and what other hubs sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

INSTANT = r"""
CREATE FUNCTION tmfserver_instant(value text) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
-- Microseconds since 1970, NULL unless the text is an RFC 3339 date-time; without an offset, UTC.
DECLARE
    year int; month int; day int; seconds bigint;
    sign text := left(right(value, 6), 1);
    offset_length int := 0;
    fraction text := '';
BEGIN
    -- No groups to capture: these make the same expression fifty times slower.
    IF value IS NULL OR value !~ ('^[0-9]{4}-(0[1-9]|1[0-2])-[0-3][0-9]'
            '[Tt ]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?'
            '([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?$') THEN
        RETURN NULL;
    END IF;
    year := left(value, 4);
    month := substr(value, 6, 2);
    day := substr(value, 9, 2);
    IF year < 1 OR day < 1 OR day > 28 AND day > extract(day FROM
            make_date(year, month, 1) + interval '1 month' - interval '1 day') THEN
        RETURN NULL;
    END IF;
    seconds := (make_date(year, month, day) - make_date(1970, 1, 1)) * 86400::bigint
        + substr(value, 12, 2)::int * 3600 + substr(value, 15, 2)::int * 60
        + substr(value, 18, 2)::int;
    IF length(value) > 24 AND sign IN ('+', '-') THEN
        offset_length := 6;
        seconds := seconds - (sign || '60')::int
            * (substr(right(value, 5), 1, 2)::int * 60 + right(value, 2)::int);
    ELSIF right(value, 1) IN ('Z', 'z') THEN
        offset_length := 1;
    END IF;
    IF substr(value, 20, 1) = '.' THEN
        fraction := left(substr(value, 21, length(value) - 20 - offset_length), 6);
    END IF;
    RETURN seconds * 1000000 + rpad(fraction, 6, '0')::int;
END
$$
"""


def upgrade() -> None:
    _listeners()
    _outbox()
    op.create_table(
        "received",
        sa.Column("api", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(INSTANT)


def _listeners() -> None:
    op.create_table(
        "listener",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("api", sa.Text, nullable=False),
        sa.Column("callback", sa.Text, nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False, unique=True),
    )
    op.create_table("listener_version", sa.Column("version", sa.BigInteger, nullable=False))
    op.execute("INSERT INTO listener_version (version) VALUES (0)")


def _outbox() -> None:
    seq = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "event",
        sa.Column("seq", seq, sa.Identity(), primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("api", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "delivery",
        sa.Column("event", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("listener", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", sa.BigInteger, nullable=False),
        sa.Column("last_status", sa.Integer),
        sa.Column("last_error", sa.Text),
    )
    due = sa.text("state = 'due'")
    op.create_index(
        "delivery_due",
        "delivery",
        ["next_attempt_at", "event"],
        postgresql_where=due,
        sqlite_where=due,
    )
    op.create_index("delivery_listener", "delivery", ["listener"])
