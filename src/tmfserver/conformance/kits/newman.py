"""Reads what newman's JSON reporter writes, as checks: one for each request of the kit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from tmfserver.conformance.results import ApiTested, Assertion, Check, Exchange


class Unreadable(Exception):
    """The report is newman's, but not as expected; how is its text."""


def checks(report: Any, kit: str, api: ApiTested) -> list[Check]:
    """The checks in a parsed report; none if it is not newman's. Raises Unreadable."""
    run = report.get("run") if isinstance(report, dict) else None
    if not isinstance(run, dict) or not isinstance(run.get("executions"), list):
        return []
    try:
        broken = _broken_scripts(run)
        found = [
            _check(number, execution, broken, kit, api)
            for number, execution in enumerate(run["executions"], 1)
        ]
        failed = int(run.get("stats", {}).get("assertions", {}).get("failed") or 0)
    except (KeyError, TypeError, ValueError, AttributeError) as failure:
        raise Unreadable(f"{type(failure).__name__}: {failure}") from failure
    counted = sum(not each.held for check in found for each in check.assertions)
    if run.get("error") or failed > counted:
        came = str(run.get("error") or f"{failed} failed assertions, of which {counted} are told")
        found.append(_whole(came, kit, api))
    return found


def _broken_scripts(run: Mapping[str, Any]) -> dict[str, str]:
    """What went wrong in the scripts around a request, by the request's place in the run."""
    return {
        str(failure["cursor"].get("ref")): str(failure["error"].get("message", failure["error"]))
        for failure in run.get("failures", [])
        if not str(failure.get("at", "")).startswith("assertion") and "cursor" in failure
    }


def _check(
    number: int, execution: Mapping[str, Any], broken: Mapping[str, str], kit: str, api: ApiTested
) -> Check:
    exchange = _exchange(execution)
    assertions = [*_around(execution, exchange, broken), *_assertions(execution)]
    failed = [each for each in assertions if not each.held]
    resource = _resource(exchange.url, api)
    return Check(
        id=f"kit.{number:03}",
        title=str(execution["item"].get("name") or f"request {number}"),
        level="kit",
        mandatory=True,
        api=api.title,
        resource=resource,
        operation=f"{exchange.method} {resource}",
        source=f"the kit {kit}",
        outcome="failed" if failed else "passed",
        reason=f"{failed[0].name}: {failed[0].came}" if failed else "",
        assertions=tuple(assertions),
        exchanges=(exchange,),
        seconds=exchange.seconds,
    )


def _assertions(execution: Mapping[str, Any]) -> Iterator[Assertion]:
    for each in execution.get("assertions") or []:
        if not each.get("skipped"):
            error = each.get("error")
            came = str(error.get("message", error)) if error else ""
            yield Assertion(str(each["assertion"]), not error, came=came)


def _around(
    execution: Mapping[str, Any], exchange: Exchange, broken: Mapping[str, str]
) -> Iterator[Assertion]:
    """What is no assertion of the kit, and yet has to hold."""
    if exchange.status is None:
        yield Assertion("the server answers", held=False, came=exchange.problem)
    elif problem := broken.get(str(execution.get("cursor", {}).get("ref"))):
        yield Assertion("the kit's script runs", held=False, came=problem)


def _exchange(execution: Mapping[str, Any]) -> Exchange:
    request, error = execution.get("request") or {}, execution.get("requestError")
    response: Mapping[str, Any] = {} if error else execution.get("response") or {}
    answered = bool(response)
    problem = str(error.get("message") or error.get("code") or error) if error else ""
    return Exchange(
        method=str(request.get("method", "GET")),
        url=_url(request.get("url", "")),
        request_headers=_headers(request),
        request_body=str((request.get("body") or {}).get("raw") or ""),
        status=int(response["code"]) if answered else None,
        response_headers=_headers(response),
        response_body=_body(response),
        seconds=float(response.get("responseTime") or 0) / 1000,
        problem="" if answered else problem or "no answer came",
    )


def _headers(message: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (str(each["key"]), str(each.get("value", "")))
        for each in message.get("header") or []
        if not each.get("disabled") and each["key"] != "Postman-Token"  # newman's own number
    )


def _url(url: Any) -> str:
    """A URL, which newman takes apart."""
    if not isinstance(url, dict):
        return str(url)
    host, path = url.get("host") or "", url.get("path") or ""
    place = ".".join(host) if isinstance(host, list) else str(host)
    port = f":{url['port']}" if url.get("port") else ""
    rest = "/".join(map(str, path)) if isinstance(path, list) else str(path).lstrip("/")
    query = "&".join(
        str(each["key"]) + ("" if each.get("value") is None else f"={each['value']}")
        for each in url.get("query") or []
        if not each.get("disabled")
    )
    return f"{url.get('protocol') or 'http'}://{place}{port}/{rest}{'?' if query else ''}{query}"


def _body(response: Mapping[str, Any]) -> str:
    stream = response.get("stream")
    data = stream.get("data") if isinstance(stream, dict) else None
    if isinstance(data, list):
        return bytes(data).decode("utf-8", errors="replace")
    return str(response.get("body") or "")


def _resource(url: str, api: ApiTested) -> str:
    """The first part of the path after the API's own."""
    rest = urlsplit(url).path.removeprefix(urlsplit(api.base_url).path).strip("/")
    return rest.partition("/")[0]


def _whole(came: str, kit: str, api: ApiTested) -> Check:
    """What cannot be said of a single request."""
    assertion = Assertion("the kit runs without errors", held=False, came=came)
    return Check(
        id="kit.whole", title="The kit as a whole", level="kit", mandatory=True, api=api.title,
        resource="", operation="", source=f"the kit {kit}", outcome="failed",
        reason=f"{assertion.name}: {came}", assertions=(assertion,), exchanges=(), seconds=0.0,
    )  # fmt: skip
