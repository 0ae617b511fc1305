"""Runs made up for the tests of what is made of a run."""

from __future__ import annotations

from dataclasses import replace

from tmfserver.conformance.results import ApiTested, Assertion, Check, Exchange, Run

API = ApiTested(
    title="Ticket Office",
    version="4.0.0",
    base_url="http://127.0.0.1:8080/tmf-api/ticketOffice/v4/",
    contract_file="TMF900-Ticket-Office-v4.0.0.swagger.json",
    contract_sha256="ab" * 32,
    resources=("ticket", "ticketSpecification"),
    operations=12,
    overview="Tickets that somebody bought, and what describes them.",
    events=("TicketCreateEvent", "TicketDeleteEvent"),
)

ASKED = Exchange(
    method="POST",
    url=f"{API.base_url}ticket",
    request_headers=(
        ("Host", "127.0.0.1:8080"),
        ("Content-Type", "application/json"),
        ("Authorization", "Bearer hush-hush-hush"),
    ),
    request_body='{"name": "It\'s <b>a</b> \\"ticket\\""}',
    status=200,
    response_headers=(("Content-Type", "application/json"), ("ETag", '"1"')),
    response_body='{"id": "1", "name": "<script>alert(1)</script>", "said": "hush-hush-hush"}',
    seconds=0.0123,
)

PASSED = Check(
    id="kit.list.ticket",
    title="A list answers 200",
    level="kit",
    mandatory=True,
    api=API.title,
    resource="ticket",
    operation="listTicket",
    source="kit TMF900",
    outcome="passed",
    reason="",
    assertions=(Assertion("status is 200", held=True),),
    exchanges=(
        replace(ASKED, method="GET", request_body="", response_body="[" + "1," * 4000 + "1]"),
    ),
    seconds=0.02,
)

FAILED = replace(
    PASSED,
    id="kit.create.ticket",
    title="A create answers 201 & <i>no other</i>",
    operation="createTicket",
    outcome="failed",
    reason="The status is 200, not 201.",
    assertions=(
        Assertion("the body is JSON", held=True),
        Assertion("status is 201", held=False, expected="201", came="200\x00"),
    ),
    exchanges=(ASKED, replace(ASKED, status=None, problem="the connection was refused")),
)

SKIPPED = replace(
    PASSED,
    id="full.event.ticketSpecification",
    title="An event has its attribute's name",
    level="full",
    mandatory=False,
    resource="ticketSpecification",
    operation="",
    outcome="skipped",
    reason="no address to listen at was given",
    assertions=(),
    exchanges=(),
)

GOOD = Run(
    tool_version="0.1.0",
    started="2026-11-22T08:30:00Z",
    seconds=75.4,
    level="full",
    target="a fresh server of its own",
    database="SQLite",
    apis=(API,),
    checks=(PASSED, SKIPPED),
)

BAD = replace(GOOD, checks=(PASSED, FAILED, SKIPPED))
