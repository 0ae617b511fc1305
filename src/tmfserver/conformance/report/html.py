"""A run as one HTML file for people: it loads nothing, runs no script, and can be printed."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from tmfserver.conformance.report import curl, figures
from tmfserver.conformance.report.secrets import is_secret, variable
from tmfserver.conformance.results import Exchange, Run

# Characters of a body that are shown.
_LONGEST = {figures.PASSED: 1_000, figures.SKIPPED: 1_000, figures.FAILED: 20_000}


def render(run: Run) -> str:
    """The page. What came from a server or a contract is escaped."""
    anchors = {id(check): f"check-{place}" for place, check in enumerate(run.checks, 1)}
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    page.filters |= {
        "anchor": lambda check: anchors[id(check)],  # a check's id may be the same in two APIs
        "curl": curl.command,
        "cut": cut,
        "duration": duration,
        "headers": headers,
        "number": number,
    }
    source = files("tmfserver.conformance.report").joinpath("templates/report.html")
    others = figures.of_no_api(run)
    return page.from_string(source.read_text(encoding="utf-8")).render(
        run=run,
        figures=figures,
        total=figures.count(run.checks),
        failed=[check for check in run.checks if check.outcome == figures.FAILED],
        parts=[*figures.by_api(run), *([(None, others)] if others else [])],
        longest=_LONGEST,
    )


def cut(text: str, longest: int) -> str:
    """The text, or its beginning and how long it is in all."""
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… ({number(len(text))} characters in all)"


def headers(exchange: Exchange, *, answered: bool) -> str:
    """The headers of a request or an answer, one a line."""
    found = exchange.response_headers if answered else exchange.request_headers
    return "\n".join(
        f"{name}: {f'${variable(name)}' if is_secret(name) else value}" for name, value in found
    )


def duration(seconds: float) -> str:
    """Seconds as people read them: 0.0123 is "12 ms"."""
    if seconds < 1:
        return f"{seconds * 1000:.1f} ms" if seconds < 0.01 else f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def number(value: int) -> str:
    return f"{value:,}".replace(",", "\u202f")
