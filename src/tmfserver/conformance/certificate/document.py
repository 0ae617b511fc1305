"""The certification document of one API: its sections, of the filing and the run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from tmfserver.conformance.certificate.architecture import architecture
from tmfserver.conformance.certificate.filing import Contact, Filing
from tmfserver.conformance.certificate.layout import (
    Block,
    Code,
    Document,
    Facts,
    Figures,
    Items,
    Paragraph,
    Picture,
    Section,
)
from tmfserver.conformance.report import Written, figures
from tmfserver.conformance.report.html import duration
from tmfserver.conformance.results import ApiTested, Check, Run

_NAMED = 3  # failed checks that a refusal names


def refusal(checks: Iterable[Check]) -> str:
    """Why an API's checks do not allow a document; empty where they do."""
    mandatory = [check for check in checks if check.mandatory]
    failed = [check for check in mandatory if check.outcome == figures.FAILED]
    if failed:
        named = "; ".join(_said(check) for check in failed[:_NAMED])
        more = f"; and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
        many = "a mandatory check" if len(failed) == 1 else f"{len(failed)} mandatory checks"
        return f"{many} failed: {named}{more}"
    if not any(check.outcome == figures.PASSED for check in mandatory):
        return "no mandatory check was made of it"
    return ""


def document(
    filing: Filing, run: Run, api: ApiTested, checks: list[Check], report: Written
) -> Document:
    """The document of an API that has passed."""
    return Document(
        title=f"Conformance of {figures.name(api)}",
        by=f"{filing.company}: {_product(filing)}",
        date=_day(run),
        sections=(
            Section("Company, product and release", (_company(filing),)),
            Section("API name, version and date", (_which(api, run),)),
            Section("What the product supports", tuple(_supports(filing, api))),
            Section("Overview of the API", tuple(_overview(api))),
            Section("Architectural view", tuple(_view(filing, run, api))),
            Section("Test results", tuple(_results(run, checks, report))),
        ),
    )


def _product(filing: Filing) -> str:
    return f"{filing.product} {filing.release}"


def _day(run: Run) -> str:
    return run.started[:10]


def _company(filing: Filing) -> Facts:
    rows = {
        "Company": filing.company,
        "Product": filing.product,
        "Release": filing.release,
        "Contact": _contact(filing.contact),
    }
    return Facts(tuple(rows.items()))


def _contact(contact: Contact) -> str:
    return ", ".join(filter(None, [contact.name, contact.email, contact.phone]))


def _which(api: ApiTested, run: Run) -> Facts:
    named = re.match(r"TMFC?\d{3,4}", api.contract_file)
    number = named[0] if named and named[0] not in api.title else ""
    return Facts(
        (
            ("API name", f"{number} {api.title}" if number else api.title),
            ("API version", api.version),
            ("Date of the test", _day(run)),
            ("Contract", Code(api.contract_file)),
            ("Its SHA-256", Code(api.contract_sha256)),
        )
    )


def _supports(filing: Filing, api: ApiTested) -> Iterator[Block]:
    yield Paragraph(
        f"{_product(filing)} of {filing.company} supports the API {figures.name(api)}: "
        f"{_many(len(api.resources), 'resource')} with {_many(api.operations, 'operation')}"
        + (f", and notifications of {_many(len(api.events), 'event type')}." if api.events else ".")
    )
    if filing.supports.strip():
        yield Paragraph(" ".join(filing.supports.split()))


def _overview(api: ApiTested) -> Iterator[Block]:
    if api.overview.strip():
        yield Paragraph(" ".join(api.overview.split()))
    yield Paragraph("Its resources are:")
    yield Items(tuple(Code(name) for name in api.resources))
    if api.events:
        yield Paragraph("It tells listeners of these events:")
        yield Items(tuple(Code(name) for name in api.events))


def _view(filing: Filing, run: Run, api: ApiTested) -> Iterator[Block]:
    own = "://" not in run.target
    server = f"tmfserver {run.tool_version}" if own else f"tested at {run.target}"
    database = _kind(run.database)
    says = (
        f"Clients ask {_product(filing)}, which serves {figures.name(api)} from its contract"
        + (f", keeps its documents in {database}" if database else "")
        + (", and tells listeners of events." if api.events else ".")
    )
    yield Paragraph(says)
    yield Picture(architecture(api, _product(filing), server, database), says)


def _kind(database: str) -> str:
    """The kind of a database; empty where it is not known."""
    kinds = {"sqlite": "SQLite", "postgres": "PostgreSQL", "unknown": ""}
    return next(
        (kind for begin, kind in kinds.items() if database.lower().startswith(begin)), database
    )


def _results(run: Run, checks: list[Check], report: Written) -> Iterator[Block]:
    mandatory = figures.count(check for check in checks if check.mandatory)
    total = figures.count(checks)
    yield Paragraph(
        f"Every mandatory check that was made passed ({mandatory.passed}). "
        f"Of {_many(total.checks, 'check')} in all {total.passed} passed, {total.failed} failed, "
        f"and {total.skipped} could not be made; they sent {_many(total.requests, 'request')} "
        f"and looked at {_many(total.assertions, 'assertion')}."
    )
    yield _table("Level", figures.by_level(checks))
    by_resource = figures.by_resource(checks)
    yield _table(
        "Resource",
        {name or "the API as a whole": figures.count(by_resource[name]) for name in by_resource},
    )
    yield from _not_passed(checks, figures.FAILED, "These failed; none of them is mandatory:")
    yield from _not_passed(checks, figures.SKIPPED, "These could not be made:")
    rows = {
        "Tested": run.target,
        "Database": run.database or "not known to the test",
        "Level": run.level,
        "Begun": run.started.replace("T", " ").replace("Z", " UTC"),
        "Took": duration(run.seconds),
        "Tested by": f"tmfserver {run.tool_version}, the command tmfserver conformance",
        "Report": Code(report.html.name),
        "Its SHA-256": Code(report.sha256),
    }
    yield Facts(tuple(rows.items()))
    yield Paragraph(
        "The report has each request, its answer and each assertion. Its checksum shows that it is "
        "the report which this document was made of."
    )


def _not_passed(checks: Iterable[Check], outcome: str, words: str) -> Iterator[Block]:
    """Those that came to an outcome; what was skipped for one reason is said once."""
    found: dict[str, int] = {}
    for check in checks:
        if check.outcome == outcome:
            said = _said(check) if outcome == figures.FAILED else check.reason or check.title
            found[said] = found.get(said, 0) + 1
    if found:
        yield Paragraph(words)
        yield Items(
            tuple(f"{said} ({_many(n, 'check')})" * (n > 1) or said for said, n in found.items())
        )


def _said(check: Check) -> str:
    """A failed check in a few words."""
    where = " ".join(filter(None, [check.resource, check.operation]))
    return f"{check.title} ({where})" if where else check.title


def _table(first: str, counted: Mapping[str, figures.Figures]) -> Figures:
    return Figures(
        (first, "Passed", "Failed", "Skipped"),
        tuple((name, each.passed, each.failed, each.skipped) for name, each in counted.items()),
    )


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
