"""What a run comes to in numbers, and which of its checks are about what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
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


def name(api: ApiTested) -> str:
    return f"{api.title} {api.version}".strip()


def by_api(run: Run) -> list[tuple[ApiTested, list[Check]]]:
    """Each API with its checks."""
    return [
        (api, [check for check in run.checks if _api_of(check, run) is api]) for api in run.apis
    ]


def of_no_api(run: Run) -> list[Check]:
    return [check for check in run.checks if _api_of(check, run) is None]


def _api_of(check: Check, run: Run) -> ApiTested | None:
    """The API that a check is about: by its title or, of two versions, by what was asked."""
    named = [api for api in run.apis if api.title == check.api]
    asked = {exchange.url for exchange in check.exchanges}
    for api in named:
        if any(url.startswith(api.base_url) for url in asked):
            return api
    return named[0] if named else None
