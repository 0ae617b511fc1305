"""Where contracts, TMF630 and this server disagree, settled when a contract is loaded.

Each adaptation has a name and a reason, changes the contract in its OpenAPI 3.0 form (the file is
never changed), and is listed by `tmfserver check`. What comes out is the *effective* contract: it
says exactly what is served.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tmfserver.spec import openapi
from tmfserver.spec.adaptations import (
    bound_whole_numbers,
    describe_patches,
    describe_selections,
    drop_last_slash,
    fill_defaults,
    loosen_references,
    loosen_updates,
    refuse_blanks,
    take_own_ids,
    take_truth_as_text,
    tell_referred_types,
    type_objects,
)
from tmfserver.spec.additions import (
    add_conditional_requests,
    add_errors,
    add_idempotency,
    add_paging,
)
from tmfserver.spec.bulk import add_bulk_creation
from tmfserver.spec.hubs import add_listener_retrieval, add_signing
from tmfserver.spec.jobs import declare_jobs
from tmfserver.spec.unfolding import take_server_path, unfold_shared


@dataclass(frozen=True)
class Adaptation:
    """One difference settled: `apply` changes the contract and counts the places."""

    name: str
    reason: str
    apply: Callable[[dict[str, Any]], int]


@dataclass(frozen=True)
class Applied:
    """An adaptation that a contract needed, and in how many places."""

    name: str
    reason: str
    places: int


def adapt(document: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Applied, ...]]:
    """The effective contract of a file's, and what was adapted."""
    effective = openapi.from_swagger(document)
    applied = []
    if "swagger" in document:
        reason = "OpenAPI 3.0 can describe each media type of a body; Swagger 2.0 cannot"
        applied.append(Applied("read as OpenAPI 3.0", reason, 1))
    applied += [
        Applied(adaptation.name, adaptation.reason, places)
        for adaptation in ADAPTATIONS
        if (places := adaptation.apply(effective))
    ]
    return effective, tuple(applied)


ADAPTATIONS = (
    Adaptation(
        "base path from the server's URL",
        "the host in it is another's; where it has no path, it is TM Forum's: name and version",
        take_server_path,
    ),
    Adaptation(
        "shared parts in their places",
        "parameters, bodies and answers that operations share are adapted for each of them",
        unfold_shared,
    ),
    Adaptation(
        "base path without its last slash",
        "paths begin with a slash, so that the base path's own would stand twice in a URL",
        drop_last_slash,
    ),
    Adaptation(
        "files of jobs",
        "a job's file may be sent with it, and what a job makes can be fetched from this server",
        declare_jobs,
    ),
    Adaptation(
        "object where properties are",
        "a schema with properties and no type would accept a text or an array",
        type_objects,
    ),
    Adaptation(
        "defaults filled in",
        "a mandatory attribute with a default may be left out: the default is put in its place",
        fill_defaults,
    ),
    Adaptation(
        "mandatory text is not blank",
        "TM Forum's profiles want mandatory attributes neither null nor blank",
        refuse_blanks,
    ),
    Adaptation(
        "referred type told by the type",
        "TM Forum's samples give a reference its @type alone: it is its @referredType then, too",
        tell_referred_types,
    ),
    Adaptation(
        "copies in references",
        "a reference may repeat attributes of what it refers to in part, as TM Forum's samples do",
        loosen_references,
    ),
    Adaptation(
        "true and false as texts",
        'TM Forum\'s samples write "true" for true; either is kept as it came',
        take_truth_as_text,
    ),
    Adaptation(
        "whole numbers of 64 bits",
        "clients and databases count with these; an attribute of type number holds more digits",
        bound_whole_numbers,
    ),
    Adaptation(
        "ids of the client's own",
        "TMF630 6.1 lets a client bring the id; the contract's create schema leaves it out",
        take_own_ids,
    ),
    Adaptation(
        "partial updates",
        "what an update requires is asked of the document after merging, not of the patch",
        loosen_updates,
    ),
    Adaptation(
        "media types of patches",
        "TMF630 5 has four: application/json and merge-patch, json-patch, json-patch-query",
        describe_patches,
    ),
    Adaptation(
        "collections take json-patch",
        "TMF630 6.2 creates many by a PATCH on the collection, which contracts leave out",
        add_bulk_creation,
    ),
    Adaptation(
        "paging, sorting and selection",
        "limits of offset and limit, `sort`, `Link`, and `fields` on create and patch are served",
        add_paging,
    ),
    Adaptation(
        "answers in part",
        "with `fields` an answer lacks what was not chosen, mandatory attributes too",
        describe_selections,
    ),
    Adaptation(
        "conditional requests",
        "ETag and Last-Modified, If-Match (412) and If-None-Match (304) are served",
        add_conditional_requests,
    ),
    Adaptation(
        "keys of repeated requests",
        "a create that is sent again with its Idempotency-Key is answered as it was, and done once",
        add_idempotency,
    ),
    Adaptation(
        "a listener can be read",
        "TMF630 10 has GET /hub/{id}, and a callback must be an http(s) URL",
        add_listener_retrieval,
    ),
    Adaptation(
        "signed notifications",
        "a listener may bring a `header` to be sent, and is given the `secret` that signs, once",
        add_signing,
    ),
    Adaptation(
        "a TM Forum Error for every refusal",
        "each status that is served is declared, with the Error schema as application/json",
        add_errors,
    ),
)
