"""Connections to PostgreSQL: held, lent out, replaced when the server was away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

from psycopg import (
    AsyncConnection,
    AsyncRawCursor,
    DataError,
    InterfaceError,
    OperationalError,
)
from psycopg import errors as pg
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from tmfserver.errors import Failure, Invalid, Unavailable, Unwritable

Connection: TypeAlias = AsyncConnection[TupleRow]
T = TypeVar("T")

WAIT_SECONDS = 5.0  # for a connection, when all are lent out or the server is away
HELD = 2  # connections kept beside the pool, for taking one from it costs as much as a statement
ATTEMPTS = 5  # at what other transactions got in the way of

_IN_THE_WAY = (pg.DeadlockDetected, pg.SerializationFailure)
# What the driver raises for a value that cannot be kept, whatever the state of the database.
_UNFIT = (DataError, pg.ProgramLimitExceeded, UnicodeError)
FAILURES = (OperationalError, InterfaceError, DataError, UnicodeError)


class Connections:
    """A pool that gives failures as errors.py has them, and mends itself after an outage."""

    def __init__(self, conninfo: str, size: int) -> None:
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            conninfo,
            min_size=min(2, size),
            max_size=size,
            open=False,
            timeout=WAIT_SECONDS,
            configure=_configure,
            kwargs={
                "autocommit": True,
                "prepare_threshold": 2,
                "cursor_factory": AsyncRawCursor,
                "application_name": "tmfserver",
            },
        )
        self.conninfo = conninfo
        self._held: list[Connection] = []
        self._waiting = 0
        self._check: asyncio.Task[None] | None = None

    async def open(self) -> None:
        await self._pool.open(wait=True, timeout=WAIT_SECONDS)

    async def close(self) -> None:
        if self._check is not None:
            await asyncio.wait([self._check])
        await self._return_held()
        await self._pool.close()

    async def take(self) -> Connection:
        """A connection in autocommit mode, to be given back. Raises errors.Unavailable."""
        if self._held:
            return self._held.pop()
        self._waiting += 1
        try:
            return await self._pool.getconn()
        except (PoolTimeout, PoolClosed) as error:
            raise Unavailable(problem=str(error)) from error
        finally:
            self._waiting -= 1

    async def give_back(self, connection: Connection) -> None:
        sound = connection.pgconn.transaction_status == TransactionStatus.IDLE
        if sound and not self._waiting and len(self._held) < HELD and not self._pool.closed:
            self._held.append(connection)
        else:
            await self._pool.putconn(connection)

    async def run(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Does the work, again where other transactions got in its way.

        Raises errors.Unavailable, and errors.Invalid for values that cannot be kept.
        """
        for attempt in range(1, ATTEMPTS + 1):
            connection = await self.take()
            try:
                return await work(connection)
            except FAILURES as error:
                if attempt == ATTEMPTS or not isinstance(error, _IN_THE_WAY):
                    raise self.explain(error, connection) from error
            finally:
                await self.give_back(connection)
            await asyncio.sleep(0.005 * attempt)
        raise AssertionError

    async def read(
        self, work: Callable[[Connection], Awaitable[T]], keep: Callable[[T], bool] | None = None
    ) -> T:
        """Reads; once more when the connection turns out to be lost, for reading twice is safe.

        keep: whether the connection stays with the result, which then gives it back.
        """
        for last in (False, True):
            connection = await self.take()
            kept = False
            try:
                result = await work(connection)
                kept = keep is not None and keep(result)
            except FAILURES as error:
                if last or not connection.broken:
                    raise self.explain(error, connection) from error
            else:
                return result
            finally:
                if not kept:
                    await self.give_back(connection)
            await self._checked()
        raise AssertionError

    def explain(self, error: Exception, connection: Connection) -> Failure:
        """The same as `meaning`; and the pool is mended if the connection is lost."""
        if connection.broken and not isinstance(error, _UNFIT):
            # One lost connection means that the others are lost too, most often.
            self._check = self._check or asyncio.create_task(self._checked())
        return meaning(error)

    async def _checked(self) -> None:
        try:
            await self._return_held()
            await self._pool.check()
        finally:
            self._check = None

    async def _return_held(self) -> None:
        while self._held:
            await self._pool.putconn(self._held.pop())


def meaning(error: Exception) -> Failure:
    """What the driver's error means to a request."""
    if isinstance(error, _UNFIT):
        return Invalid(attribute="the document", problem=_line(error))
    if isinstance(error, pg.DiskFull):
        return Unwritable(problem=_line(error))
    return Unavailable(problem=_line(error))


def again(error: Exception) -> Exception:
    """The same failure anew, for each of many that wait: raising one changes it."""
    return type(error)(**error.facts) if isinstance(error, Failure) else error


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


async def _configure(connection: Connection) -> None:
    # Compiling a statement takes longer than most of ours take to run.
    await connection.execute("SET jit = off")
    # A scan that takes every core for itself makes all others wait for it.
    await connection.execute("SET max_parallel_workers_per_gather = 0")
