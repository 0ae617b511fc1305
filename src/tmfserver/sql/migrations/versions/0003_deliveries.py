"""What sending needs: keys and figures of listeners, the order of deliveries, their indexes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

DUE = sa.text("state = 'due'")
UNDELIVERED = sa.text("state IN ('due', 'waiting')")
SENT = sa.text("state = 'sent'")
DEAD = sa.text("state = 'dead'")


def upgrade() -> None:
    for name in ("secret", "header"):
        op.add_column("listener", sa.Column(name, sa.Text, nullable=False, server_default=""))
    for name in ("sent", "failed", "dead"):
        column = sa.Column(name, sa.BigInteger, nullable=False, server_default="0")
        op.add_column("listener", column)
    for name in ("ended", "last_sent", "last_failed"):
        op.add_column("listener", sa.Column(name, sa.BigInteger))
    op.add_column("delivery", sa.Column("subject", sa.Text, nullable=False, server_default=""))
    op.add_column("delivery", sa.Column("sent_at", sa.BigInteger))
    op.add_column("delivery", sa.Column("history", sa.Text))
    op.execute(
        "UPDATE delivery SET subject ="
        " coalesce((SELECT subject FROM event WHERE event.seq = delivery.event), '')"
    )
    op.drop_index("delivery_due", "delivery")
    _index("delivery_ready", ["listener", "next_attempt_at", "event"], DUE)
    _index("delivery_order", ["listener", "subject", "event"], UNDELIVERED)
    _index("delivery_sent", ["sent_at"], SENT)
    _index("delivery_dead", ["event", "listener"], DEAD)
    if op.get_bind().dialect.name == "postgresql":
        # Each row is written three times within seconds; what was there before is in the way.
        op.execute(
            "ALTER TABLE delivery SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02,"
            " autovacuum_vacuum_threshold = 5000, autovacuum_analyze_scale_factor = 0.05)"
        )


def _index(name: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, "delivery", columns, postgresql_where=where, sqlite_where=where)
