"""The faults that the tests of the checks give a server."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from tests.conformance.faults import (
    Answer,
    Fault,
    answers,
    documents,
    dropping,
    has,
    on_hub,
    queries,
    refused,
    refused_as,
    status,
    unknown,
    without,
)
from tests.conformance.spoiling import (
    bare_payload,
    escaped_letters,
    escaped_slashes,
    filters_away,
    for_those_who_are_known,
    keeps_deleted,
    merges_alone,
    moved_payload,
    no_empty_objects,
    no_hub_queries,
    nulls_ignored,
    numbered,
    numbered_text,
    one_word,
    only_first_filter,
    relative,
    stale,
    stated,
    swallowing,
    texts_of_dates,
    unique_names,
    unnumbered,
)

_ALL = (
    (
        "list.status",
        "lists answer 206",
        {"after": answers(lambda r, a: r.is_list and a.status == 200, status(206))},
    ),
    ("list.anonymous", "lists are for those who are known", {"before": for_those_who_are_known}),
    (
        "identity.id",
        "ids are numbers",
        {
            "before": unnumbered,
            "after": numbered,
            "told": lambda e: json.loads(numbered_text(json.dumps(e))),
        },
    ),
    ("identity.href", "there is no href", {"after": documents(without("href"))}),
    ("identity.url", "an href has no host", {"after": documents(relative)}),
    (
        "retrieve.status",
        "a resource is read with 206",
        {
            "after": answers(
                lambda r, a: (
                    a.status == 200 and r.method == "GET" and "/" in r.path and not r.is_hub
                ),
                status(206),
            )
        },
    ),
    (
        "unknown.patch",
        "a patch of an unknown id succeeds",
        {"after": answers(lambda r, a: unknown(r, a) and r.method == "PATCH", status(200))},
    ),
    ("create.status", "a create answers 200", {"after": answers(has("POST"), status(200))}),
    ("create.twice", "names are unique", {"before": unique_names}),
    (
        "create.location",
        "a create tells no Location",
        {"after": answers(has("POST"), lambda a: a.without("location"))},
    ),
    (
        "create.values",
        "a create gives other values back",
        {"after": documents(lambda d: {**d, "name": d.get("name", "").upper()}, "POST")},
    ),
    (
        "rows.whole",
        "a mandatory attribute is null",
        {"after": documents(lambda d: {**d, "name": None} if "name" in d else d, "GET")},
    ),
    ("unknown.read", "an unknown id is a 400", {"after": answers(unknown, refused_as(400))}),
    ("filter.equal", "filters are ignored", {"before": queries(filters_away)}),
    ("filter.and", "the first filter alone counts", {"before": queries(only_first_filter)}),
    ("filter.operators", "operators are not known", {"before": queries(one_word)}),
    (
        "filter.or",
        "commas are not or",
        {"before": queries(lambda ps: [(n, re.split("[,;]", v)[0]) for n, v in ps])},
    ),
    ("filter.date", "dates are texts", {"before": queries(texts_of_dates)}),
    ("fields.list", "fields is ignored", {"before": dropping("fields")}),
    (
        "fields.none",
        "fields=none is not known",
        {"before": queries(lambda ps: [p for p in ps if p != ("fields", "none")])},
    ),
    (
        "paging.total",
        "totals count the page",
        {
            "after": lambda r, a: (
                a.having("x-total-count", str(len(json.loads(a.body))))
                if r.is_list and a.is_success
                else a
            )
        },
    ),
    (
        "paging.total",
        "totals ignore the filter",
        {"after": lambda r, a: a.having("x-total-count", "10000") if r.is_list else a},
    ),
    (
        "paging.total",
        "X-Total-Count is missing",
        {"after": lambda _, a: a.without("x-total-count")},
    ),
    (
        "paging.result",
        "X-Result-Count is missing",
        {"after": lambda _, a: a.without("x-result-count")},
    ),
    ("paging.links", "Link is missing", {"after": lambda _, a: a.without("link")}),
    ("paging.offset", "offset is ignored", {"before": dropping("offset")}),
    ("paging.limit", "limit is ignored", {"before": dropping("limit")}),
    (
        "paging.bad",
        "bad numbers are taken",
        {
            "before": queries(
                lambda ps: [p for p in ps if p[0] not in ("offset", "limit") or p[1].isdigit()]
            )
        },
    ),
    ("sort.down", "sort is ignored", {"before": dropping("sort")}),
    (
        "sort.down",
        "a minus in sort is ignored",
        {
            "before": queries(
                lambda ps: [(n, v.removeprefix("-") if n == "sort" else v) for n, v in ps]
            )
        },
    ),
    ("patch.json", "PATCH answers 201", {"after": answers(has("PATCH"), status(201))}),
    ("patch.null", "null takes nothing away", {"before": nulls_ignored}),
    ("patch.merge", "a patch is not kept", {"after": documents(stale, "GET")}),
    (
        "patch.identity",
        "a patch changes the id",
        {"after": documents(lambda d: {**d, "id": "other"}, "PATCH")},
    ),
    ("patch.operations", "declared media types are not taken", {"before": merges_alone}),
    ("delete.status", "DELETE answers 200", {"after": answers(has("DELETE"), status(200))}),
    ("delete.gone", "what is deleted stays", {"after": keeps_deleted}),
    (
        "delete.twice",
        "DELETE answers 204 twice",
        {
            "after": lambda r, a: (
                Answer(204, (), b"")
                if r.method == "DELETE" and a.status == 404 and not r.is_hub
                else a
            )
        },
    ),
    (
        "text.raw",
        "slashes are escaped",
        {"after": answers(lambda _, a: a.body[:1] in b"[{", escaped_slashes)},
    ),
    (
        "text.raw",
        "letters are escaped",
        {"after": answers(lambda _, a: bool(a.body) and a.body[:1] in b"[{", escaped_letters)},
    ),
    ("empty.object", "empty objects are dropped", {"after": documents(no_empty_objects)}),
    ("mandatory.create", "mandatory attributes are not asked for", {"before": swallowing}),
    (
        "errors.type",
        "refusals are problem+json",
        {"after": answers(refused, lambda a: a.having("content-type", "application/problem+json"))},
    ),
    (
        "errors.shape",
        "refusals are of another shape",
        {"after": answers(refused, lambda a: a.saying(stated(json.loads(a.body))))},
    ),
    (
        "errors.shape",
        "a 404 is empty",
        {"after": answers(lambda _, a: a.status == 404, lambda a: replace(a, body=b""))},
    ),
    (
        "bodies.broken",
        "broken bodies are a 500",
        {
            "after": answers(
                lambda r, a: a.status == 400 and r.body == b'{"name": ', refused_as(500)
            )
        },
    ),
    (
        "answers.type",
        "answers have no Content-Type",
        {"after": answers(has("GET", "POST", "PATCH"), lambda a: a.without("content-type"))},
    ),
    (
        "answers.schema",
        "a text is a number",
        {"after": documents(lambda d: {**d, "accountType": 7}, "GET"), "kinds": {"fields"}},
    ),
    (
        "methods.status",
        "a 405 is a 404",
        {"after": answers(lambda _, a: a.status == 405, status(404))},
    ),
    ("methods.allow", "Allow is missing", {"after": lambda _, a: a.without("allow")}),
    ("hub.register", "the hub answers 200", {"after": answers(on_hub, status(200))}),
    (
        "hub.register",
        "a listener has no id",
        {"after": answers(on_hub, lambda a: a.saying(without("id")(json.loads(a.body))))},
    ),
    (
        "hub.location",
        "the hub tells no Location",
        {"after": answers(on_hub, lambda a: a.without("location"))},
    ),
    ("hub.query", "the hub forgets queries", {"before": no_hub_queries, "kinds": {"events"}}),
    ("events.create", "events have another key", {"told": moved_payload}),
    ("events.change", "events hold the resource bare", {"told": bare_payload}),
    ("events.state", "events have no id", {"told": without("eventId")}),
    (
        "events.delete",
        "events follow no schema",
        {"told": lambda e: {**e, "eventTime": "now", "title": 7}},
    ),
)

FAULTS: dict[str, Fault] = {}
for _check, _name, _how in _ALL:
    _kinds = frozenset({_check.split(".")[0], *_how.pop("kinds", ())})
    FAULTS[re.sub(r"\W+", "-", _name)] = Fault(_name, _check, _kinds, **_how)
