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
    part text[] := regexp_match(value,
        '^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-5][0-9]):([0-9]{2})'
        '(?:\.([0-9]+))?(?:[Zz]|([+-])([0-9]{2}):([0-5][0-9]))?$');
    year int := part[1];
    month int := part[2];
    day int := part[3];
    ahead int;
BEGIN
    IF part IS NULL OR part[4] > '23' OR part[6] > '60' OR part[9] > '23'
            OR year < 1 OR month NOT BETWEEN 1 AND 12 OR day < 1
            OR (day > 28 AND day > extract(day FROM
                make_date(year, month, 1) + interval '1 month' - interval '1 day')) THEN
        RETURN NULL;
    END IF;
    ahead := coalesce((part[8] || '60')::int * (part[9]::int * 60 + part[10]::int), 0);
    RETURN ((make_date(year, month, day) - make_date(1970, 1, 1)) * 86400::bigint
        + part[4]::int * 3600 + part[5]::int * 60 + part[6]::int - ahead) * 1000000
        + rpad(left(coalesce(part[7], ''), 6), 6, '0')::int;
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
    version = op.create_table(
        "listener_version", sa.Column("version", sa.BigInteger, nullable=False)
    )
    op.bulk_insert(version, [{"version": 0}])


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
