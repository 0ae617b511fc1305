"""The measuring: each operation on each server in turn, round after round, medians at the end."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import orjson

from benchmarks.databases import Databases
from benchmarks.documents import usages
from benchmarks.driver import Driver, Load, Request, WrongAnswerError
from benchmarks.operations import OPERATIONS, Operation, creates
from benchmarks.servers import NotStartedError, cpu_seconds, running

CONNECTIONS = 16
_SEED = 635
_FAILURES = (WrongAnswerError, NotStartedError, OSError, TimeoutError, LookupError, ValueError)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: requests per operation and round, rounds, documents put in before."""

    servers: tuple[str, ...]
    requests: int
    rounds: int
    documents: int


@dataclass(frozen=True, slots=True)
class Figure:
    """What one server needed for one operation. CPU is in microseconds per request."""

    server_cpu: float
    database_cpu: float | None
    requests_per_second: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of one database, by operation and server, and what failed to run."""

    database: str
    version: str
    figures: Mapping[tuple[str, str], Figure]
    failures: Sequence[str]


@dataclass(slots=True)
class _Server:
    """A running server, and the ids of the documents that were put in."""

    name: str
    pid: int
    port: int
    ids: list[str] = field(default_factory=list)


async def measure(databases: Databases, plan: Plan, folder: Path) -> Measured:
    """All operations on all servers of the plan, on one database."""
    rounds: dict[tuple[str, str], list[Figure]] = {}
    failures: list[str] = []
    with ExitStack() as stack:
        servers: list[_Server] = []
        for name in plan.servers:
            try:
                servers.append(await _started(name, databases, plan, folder, stack))
            except _FAILURES as failure:
                failures.append(_note(databases.name, name, failure))
        for operation in OPERATIONS:
            for number in range(plan.rounds):
                _say(f"{databases.name}: {operation.name}, round {number + 1} of {plan.rounds}")
                first = number % max(1, len(servers))
                for server in servers[first:] + servers[:first]:
                    try:
                        figure = await _one_round(server, operation, number, plan, databases.pid)
                    except _FAILURES as failure:
                        failures.append(_note(databases.name, server.name, failure))
                    else:
                        rounds.setdefault((operation.name, server.name), []).append(figure)
    figures = {key: _medians(of_rounds) for key, of_rounds in rounds.items()}
    return Measured(databases.name, databases.version, figures, failures)


async def _started(
    name: str, databases: Databases, plan: Plan, folder: Path, stack: ExitStack
) -> _Server:
    """A server on a new database that holds the plan's documents, until the stack is left."""
    _say(f"{databases.name}: {name} starts and takes {plan.documents} documents")
    url = databases.create(name)
    log = folder / f"{databases.name}-{name}.log"
    server = _Server(name, *stack.enter_context(running(name, url, log)))
    load = await _run(server, creates(usages(_SEED), plan.documents), 201, keep_every=1)
    server.ids = [orjson.loads(response.body)["id"] for _, response in load.kept]
    databases.settle(url)
    return server


async def _run(
    server: _Server, requests: Sequence[Request], status: int, *, keep_every: int
) -> Load:
    driver = await Driver.connect(server.port, CONNECTIONS)
    try:
        return await driver.run(requests, status, keep_every=keep_every)
    finally:
        driver.close()


async def _one_round(
    server: _Server, operation: Operation, number: int, plan: Plan, database_pid: int | None
) -> Figure:
    rng = random.Random(f"{_SEED} {operation.name} {number}")
    warm_up = operation.render(rng, server.ids, max(CONNECTIONS * 2, plan.requests // 4))
    requests = operation.render(rng, server.ids, plan.requests)
    driver = await Driver.connect(server.port, CONNECTIONS)
    try:
        operation.verify((await driver.run(warm_up, operation.status)).kept)
        server_before = cpu_seconds(server.pid)
        database_before = cpu_seconds(database_pid) if database_pid else 0.0
        load = await driver.run(requests, operation.status)
        server_used = cpu_seconds(server.pid) - server_before
        database_used = cpu_seconds(database_pid) - database_before if database_pid else None
        operation.verify(load.kept)
    finally:
        driver.close()
    latencies = sorted(load.latencies)
    return Figure(
        server_cpu=server_used / plan.requests * 1e6,
        database_cpu=None if database_used is None else database_used / plan.requests * 1e6,
        requests_per_second=plan.requests / load.seconds,
        p50_ms=latencies[len(latencies) // 2] * 1e3,
        p99_ms=latencies[len(latencies) * 99 // 100] * 1e3,
    )


def _medians(rounds: Sequence[Figure]) -> Figure:
    """Each value's median on its own."""

    def middle(value: Callable[[Figure], float]) -> float:
        return round(median(map(value, rounds)), 3)

    return Figure(
        server_cpu=middle(lambda figure: figure.server_cpu),
        database_cpu=None
        if rounds[0].database_cpu is None
        else middle(lambda figure: figure.database_cpu or 0.0),
        requests_per_second=middle(lambda figure: figure.requests_per_second),
        p50_ms=middle(lambda figure: figure.p50_ms),
        p99_ms=middle(lambda figure: figure.p99_ms),
    )


def _note(database: str, server: str, failure: Exception) -> str:
    """Shows all of a failure, and gives its first line to be kept with the results."""
    whole = f"{database}, {server}: {str(failure) or repr(failure)}"
    _say(whole)
    return whole.partition("\n")[0]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
