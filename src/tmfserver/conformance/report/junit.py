"""A run as JUnit XML, in the form that GitHub, GitLab and Jenkins read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from tmfserver.conformance.report import curl
from tmfserver.conformance.report.figures import (
    FAILED,
    SKIPPED,
    by_api,
    by_resource,
    count,
    name,
    of_no_api,
)
from tmfserver.conformance.results import Check, Run

# XML 1.0 section 2.2: these characters may not be in a document, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST = 4000  # characters of an answer's body


def render(run: Run) -> str:
    """One suite for each resource of each API, one case for each check."""
    root = _element("testsuites", name="tmfserver conformance", **_totals(run.checks))
    root.set("time", _seconds(run.seconds))
    for title, checks in [*((name(api), mine) for api, mine in by_api(run)), ("", of_no_api(run))]:
        for resource, mine in by_resource(checks).items():
            label = ": ".join(filter(None, [title or mine[0].api, resource])) or "all"
            root.append(_suite(label, mine, run))
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _suite(label: str, checks: list[Check], run: Run) -> ET.Element:
    suite = _element("testsuite", name=label, **_totals(checks))
    suite.set("time", _seconds(sum(check.seconds for check in checks)))
    suite.set("timestamp", _clean(run.started).removesuffix("Z"))
    for check in checks:
        suite.append(_case(label, check))
    return suite


def _case(label: str, check: Check) -> ET.Element:
    title = f"{check.operation}: {check.title}" if check.operation else check.title
    case = _element("testcase", classname=label.replace(": ", "."), name=f"{title} [{check.id}]")
    case.set("time", _seconds(check.seconds))
    if check.outcome == FAILED:
        failure = _element("failure", message=check.reason or check.title, type=check.level)
        failure.text = _clean("\n".join(_told(check)))
        case.append(failure)
    elif check.outcome == SKIPPED:
        case.append(_element("skipped", message=check.reason))
    return case


def _told(check: Check) -> Iterable[str]:
    yield f"{check.title} ({check.source})" if check.source else check.title
    for each in check.assertions:
        if not each.held:
            yield f"- {each.name}: expected {each.expected or 'that'}, came {each.came or 'not'}"
    for exchange in check.exchanges:
        yield f"\n{curl.command(exchange)}"
        yield str(exchange.problem if exchange.status is None else exchange.status)
        body = exchange.response_body
        cut = f"… ({len(body)} characters in all)" if len(body) > _LONGEST else ""
        yield body[:_LONGEST] + cut


def _totals(checks: Iterable[Check]) -> dict[str, str]:
    figures = count(checks)
    return {
        "tests": str(figures.checks),
        "failures": str(figures.failed),
        "errors": "0",
        "skipped": str(figures.skipped),
    }


def _element(tag: str, **attributes: str) -> ET.Element:
    return ET.Element(tag, {key: _clean(value) for key, value in attributes.items()})


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"
