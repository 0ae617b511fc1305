"""A run as JSON, and read back."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from tmfserver.conformance.results import ApiTested, Assertion, Check, Exchange, Run

FORMAT = 1  # grows when what is written can no longer be read by the older release


def dump(run: Run) -> str:
    """The whole run, every attribute by its name."""
    return json.dumps({"format": FORMAT, **asdict(run)}, ensure_ascii=False, indent=1) + "\n"


def load(text: str) -> Run:
    """The run that `dump` wrote. Raises ValueError, saying what is not as it was written."""
    try:
        found = json.loads(text)
        if found.pop("format") != FORMAT:
            raise ValueError("it was written by another release")
        apis = tuple(_api(**api) for api in found.pop("apis"))
        checks = tuple(_check(**check) for check in found.pop("checks"))
        return Run(apis=apis, checks=checks, **found)
    except (KeyError, TypeError, AttributeError) as failure:
        raise ValueError(f"this is no report of a run: {failure!r}") from failure


def _api(resources: list[str], events: list[str], **facts: Any) -> ApiTested:
    return ApiTested(resources=tuple(resources), events=tuple(events), **facts)


def _check(assertions: list[Any], exchanges: list[Any], **facts: Any) -> Check:
    return Check(
        assertions=tuple(Assertion(**each) for each in assertions),
        exchanges=tuple(_exchange(**each) for each in exchanges),
        **facts,
    )


def _exchange(request_headers: list[Any], response_headers: list[Any], **facts: Any) -> Exchange:
    return Exchange(
        request_headers=tuple((name, value) for name, value in request_headers),
        response_headers=tuple((name, value) for name, value in response_headers),
        **facts,
    )
