"""What a run of the checks found: plain values, of which a report can be made."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Exchange:
    """A request and what came back; `status` is None where nothing did, and `problem` says why.

    `seconds` is from the first byte sent to the last one received.
    """

    method: str
    url: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: str
    status: int | None
    response_headers: tuple[tuple[str, str], ...]
    response_body: str
    seconds: float
    problem: str = ""


@dataclass(frozen=True)
class Assertion:
    """One thing that was looked at; where it did not hold: what was expected, what came."""

    name: str
    held: bool
    expected: str = ""
    came: str = ""


@dataclass(frozen=True)
class Check:
    """One check of one resource or operation, with all that was asked for it.

    `level` is kit, profile or full; `outcome` is passed, failed or skipped, and `reason` says why
    it was skipped or in one sentence what failed; `source` is where the check comes from, such as
    "TMF630 4.4". A certification is refused where a `mandatory` check failed.
    """

    id: str
    title: str
    level: str
    mandatory: bool
    api: str
    resource: str
    operation: str
    source: str
    outcome: str
    reason: str
    assertions: tuple[Assertion, ...]
    exchanges: tuple[Exchange, ...]
    seconds: float


@dataclass(frozen=True)
class ApiTested:
    """An API that was asked, and by which contract; `operations` is how many it declares."""

    title: str
    version: str
    base_url: str
    contract_file: str
    contract_sha256: str
    resources: tuple[str, ...]
    operations: int
    overview: str
    events: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """A whole run; `started` is ISO 8601 in UTC, `target` a base URL or a server of its own."""

    tool_version: str
    started: str
    seconds: float
    level: str
    target: str
    database: str
    apis: tuple[ApiTested, ...]
    checks: tuple[Check, ...]
