"""How much of the database one request may have."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """pool_size: connections of this process on PostgreSQL, lists read at once on SQLite.

    query_seconds: how long a query may take, from being asked to its first rows.
    totals_seconds: how long adding up what matches may take.
    total_limit: how far matches are counted; 0: to the end.
    scan_limit: how many candidates are looked at where SQL cannot say the whole filter.
    """

    pool_size: int = 8
    query_seconds: float = 10.0
    totals_seconds: float = 60.0
    total_limit: int = 0
    scan_limit: int = 50_000
