"""What the page about deliveries shows: attempts by the hour, and each listener's last answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("listener", sa.Column("last_status", sa.Integer))
    op.add_column("listener", sa.Column("last_error", sa.Text))
    op.create_table(
        "delivery_hour",
        sa.Column("listener", sa.Text, primary_key=True),
        sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("sent", sa.BigInteger, nullable=False),
        sa.Column("failed", sa.BigInteger, nullable=False),
    )
