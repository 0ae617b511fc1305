"""Jobs: imports and exports that are to be done, how far they are, and what they refused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("collection", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("lease", sa.BigInteger, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
    )
    op.create_index(
        "job_waiting",
        "job",
        ["created"],
        postgresql_where=WAITING,
        sqlite_where=WAITING,
    )
    seq = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "job_error",
        sa.Column("seq", seq, sa.Identity(), primary_key=True),
        sa.Column("collection", sa.Text, nullable=False),
        sa.Column("job", sa.Text, nullable=False),
        sa.Column("line", sa.Text, nullable=False),
    )
    op.create_index("job_error_job", "job_error", ["collection", "job", "seq"])
