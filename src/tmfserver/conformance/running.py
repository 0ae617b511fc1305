"""Makes the checks, one after the other, and gives what they found."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from tmfserver.conformance.asking import Client
from tmfserver.conformance.listening import Ear
from tmfserver.conformance.profiles import Profile
from tmfserver.conformance.registry import Entry, Level, is_mandatory, level_of, planned
from tmfserver.conformance.results import ApiTested, Check, Run
from tmfserver.conformance.trial import Ended, Skipped, Subject, Trial
from tmfserver.spec import Api


@dataclass(frozen=True)
class Located:
    """An API, where it is, and what is asked of its resources."""

    api: Api
    base: str
    profiles: dict[str, Profile]
    declared: frozenset[tuple[str, str]]

    def subjects(self) -> Iterator[Subject]:
        """Each resource, then the API alone."""
        for profile in self.profiles.values():
            yield Subject(self.api, self.base, profile, self.declared)
        yield Subject(self.api, self.base, None, self.declared)


@dataclass(frozen=True)
class Means:
    """With what is tested. unheard: why there is no ear. tidies: what is made is deleted again."""

    client: Client
    ear: Ear | None
    unheard: str
    tidies: bool


Asked = tuple[Subject, Entry]


def plan(tested: Iterable[Located], level: Level) -> list[Asked]:
    """All checks of a run, in their order."""
    return [
        (subject, entry)
        for each in tested
        for subject in each.subjects()
        for entry in planned(subject, level)
    ]


def run(
    tested: Sequence[Located], level: Level, means: Means, target: str, database: str,
    tell: Callable[[Check], None],
) -> Run:  # fmt: skip
    """Makes all checks; `tell` is given each when it is done. Raises CannotTest."""
    started, begun = datetime.now(UTC), time.perf_counter()
    checks = []
    for subject, entry in plan(tested, level):
        checks.append(_made(subject, entry, means))
        tell(checks[-1])
    return Run(
        tool_version=version("tmfserver"),
        started=started.isoformat(timespec="seconds").replace("+00:00", "Z"),
        seconds=time.perf_counter() - begun,
        level=level,
        target=target,
        database=database,
        apis=tuple(map(described, tested)),
        checks=tuple(checks),
    )


def _made(subject: Subject, entry: Entry, means: Means) -> Check:
    trial = Trial(means.client, subject, means.ear, means.unheard)
    begun = time.perf_counter()
    skipped = ""
    try:
        entry.function(trial)
    except Ended:
        pass
    except Skipped as reason:
        skipped = str(reason)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as failure:
        came = f"{type(failure).__name__}: {failure}"
        trial.holds("the answers can be understood", held=False, came=came)
    seconds = time.perf_counter() - begun
    if means.tidies:
        for url in trial.made:
            means.client.ask("DELETE", url)
    return _check(subject, entry, trial, skipped, seconds)


def _check(subject: Subject, entry: Entry, trial: Trial, skipped: str, seconds: float) -> Check:
    failed = [each for each in trial.assertions if not each.held]
    outcome = "failed" if failed else "skipped" if skipped else "passed"
    operation = subject.operation(entry.verb)
    return Check(
        id=entry.id,
        title=entry.title,
        level=level_of(entry, subject),
        mandatory=is_mandatory(entry, subject),
        api=subject.api.title,
        resource=subject.profile.resource if subject.profile else "hub",
        operation=operation.operation_id if operation else "",
        source=entry.source,
        outcome=outcome,
        reason=_reason(failed[0].name, failed[0].expected, failed[0].came) if failed else skipped,
        assertions=tuple(trial.assertions),
        exchanges=tuple(trial.exchanges),
        seconds=seconds,
    )


def _reason(name: str, expected: str, came: str) -> str:
    words = [f"expected {expected}"] if expected else []
    words += [f"came {came}"] if came else []
    return f"{name}: {', '.join(words)}" if words else name


def described(tested: Located) -> ApiTested:
    """What a run says of an API that it asks."""
    api = tested.api
    return ApiTested(
        title=api.title,
        version=api.version,
        base_url=f"{tested.base}/",
        contract_file=api.file.name,
        contract_sha256=hashlib.sha256(api.file.read_bytes()).hexdigest(),
        resources=tuple(api.resources),
        operations=len(api.operations),
        overview=str(api.document.get("info", {}).get("description", "")),
        events=tuple(e.name for each in api.resources.values() for e in each.events.values()),
    )
