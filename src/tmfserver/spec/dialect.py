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
    describe_success,
    drop_last_slash,
    fill_defaults,
    keep_what_is_new,
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
from tmfserver.spec.conditions import keep_conditions, leave_out_unreadable
from tmfserver.spec.flattening import (
    drop_unknown_mandatory,
    free_types,
    join_parts,
    widen_alternatives,
)
from tmfserver.spec.hubs import add_listener_retrieval, add_signing
from tmfserver.spec.jobs import declare_jobs
from tmfserver.spec.naming import name_bodies, name_components, name_operations
from tmfserver.spec.nesting import describe_nested
from tmfserver.spec.newer import read_as_three_zero
from tmfserver.spec.straightening import (
    describe_answers,
    drop_empty_words,
    parameters_in_place,
    settle_media,
    share_beginning,
    straighten_paths,
)
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
        "paths with one slash",
        "a slash at a path's end, or two in it, would make another path of it",
        straighten_paths,
    ),
    Adaptation(
        "what all paths begin with",
        "it belongs to the base path, so that /hub and the resources stand right below that",
        share_beginning,
    ),
    Adaptation(
        "one operationId for each operation",
        "handlers and clients go by it: one missing, doubled or no word is made of method and path",
        name_operations,
    ),
    Adaptation(
        "variables of paths described",
        "each variable of a path is a text, whether the file describes it or not",
        parameters_in_place,
    ),
    Adaptation(
        "bodies as JSON",
        "of several media types, or one with parameters, application/json is what is served",
        settle_media,
    ),
    Adaptation(
        "references to components",
        "what is referred to elsewhere in the file stands among the components, by a plain name",
        name_components,
    ),
    Adaptation(
        "conditions that say nothing",
        "a condition that is none, or a reference by a dynamic anchor, is left out and not checked",
        leave_out_unreadable,
    ),
    Adaptation(
        "conditions of JSON Schema 2020-12",
        "if, prefixItems, patternProperties and their like are kept apart, and checked as they are",
        keep_conditions,
    ),
    Adaptation(
        "schemas in the words of OpenAPI 3.0",
        "3.1 says null, constants and bounds in another way, and lets more stand by a reference",
        read_as_three_zero,
    ),
    Adaptation(
        "keywords that say nothing",
        "an empty list of values, or a pattern that is no regular expression, is left out",
        drop_empty_words,
    ),
    Adaptation(
        "bodies and answers by name",
        "what an operation describes in place can be adapted when it has a name",
        name_bodies,
    ),
    Adaptation(
        "parts in one piece",
        "queries, patches and messages are about all attributes of a schema, wherever they stand",
        join_parts,
    ),
    Adaptation(
        "one of several read as any of them",
        "a reference and what it refers to are told apart by @type; a document may satisfy both",
        widen_alternatives,
    ),
    Adaptation(
        "types beyond a discriminator's",
        "it lists a contract's types, and TMF630 Part 2 lets a document be of a type of its own",
        free_types,
    ),
    Adaptation(
        "mandatory attributes that exist",
        "a name in a list of mandatory attributes that no attribute has cannot be asked for",
        drop_unknown_mandatory,
    ),
    Adaptation(
        "longer paths",
        "what stands below an instance is a collection of its own there, or a task",
        describe_nested,
    ),
    Adaptation(
        "lists answer arrays",
        "and what asks for one thing is answered with one, whatever the file says",
        describe_answers,
    ),
    Adaptation(
        "good answers declared",
        "each operation has one, with what was made or changed in it",
        describe_success,
    ),
    Adaptation(
        "kept as it was made",
        "what a new document need not bring is not mandatory in the one that is kept of it",
        keep_what_is_new,
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
