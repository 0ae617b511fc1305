"""What a run comes to in numbers, and which of its checks are about what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tmfserver.conformance.results import ApiTested, Check, Run

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
LEVELS = ("kit", "profile", "full")


@dataclass(frozen=True)
class Figures:
    """How many checks came to what."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    assertions: int = 0
    requests: int = 0

    @property
    def checks(self) -> int:
        return self.passed + self.failed + self.skipped


def count(checks: Iterable[Check]) -> Figures:
    listed = list(checks)
    outcomes = Counter(check.outcome for check in listed)
    return Figures(
        passed=outcomes[PASSED],
        failed=outcomes[FAILED],
        skipped=outcomes[SKIPPED],
        assertions=sum(len(check.assertions) for check in listed),
        requests=sum(len(check.exchanges) for check in listed),
    )


def by_level(checks: Iterable[Check]) -> dict[str, Figures]:
    """The figures of each level that has checks, the least asking first."""
    listed = list(checks)
    found = dict.fromkeys((*LEVELS, *(check.level for check in listed)))
    grouped = {level: [check for check in listed if check.level == level] for level in found}
    return {level: count(mine) for level, mine in grouped.items() if mine}


def by_resource(checks: Iterable[Check]) -> dict[str, list[Check]]:
    """Checks by the resource that they are about, in the order of the run."""
    found: dict[str, list[Check]] = {}
    for check in checks:
        found.setdefault(check.resource, []).append(check)
    return found


def by_operation(checks: Iterable[Check]) -> dict[str, list[Check]]:
    """Checks by their operation, in the order of the run; those that failed before others."""
    found: dict[str, list[Check]] = {}
    for check in checks:
        found.setdefault(check.operation, []).append(check)
    return {
        operation: sorted(mine, key=lambda check: check.outcome != FAILED)
        for operation, mine in found.items()
    }


def belongs(check: Check, api: ApiTested) -> bool:
    """Whether a check is about this API, which it names by title, or by title and version."""
    return check.api in (api.title, name(api), api.base_url, api.contract_file)


def name(api: ApiTested) -> str:
    return f"{api.title} {api.version}".strip()


def by_api(run: Run) -> Iterator[tuple[ApiTested, list[Check]]]:
    """Each API with its checks."""
    for api in run.apis:
        yield api, [check for check in run.checks if belongs(check, api)]


def of_no_api(run: Run) -> list[Check]:
    return [check for check in run.checks if not any(belongs(check, api) for api in run.apis)]
