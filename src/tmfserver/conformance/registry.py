"""All checks, as data: what each is called, where it comes from, and the function that makes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tmfserver.conformance import (
    changing,
    creating,
    filtering,
    paging,
    reading,
    refusing,
    selecting,
    subscribing,
    telling,
)
from tmfserver.conformance.trial import Subject, Trial

Level = Literal["kit", "profile", "full"]
LEVELS: tuple[Level, ...] = ("kit", "profile", "full")
KIT, PROFILE = "TM Forum's conformance kits", "TM Forum's profiles"


@dataclass(frozen=True)
class Entry:
    """One check. verb: of the operation that it is about; a contract without it has no such check.

    mandatory: no certificate without it: what kits and profiles ask, and what TMF630 says MUST be.
    reads: it creates nothing. event: the kind of event that the contract must declare for it.
    """

    id: str
    title: str
    level: Level
    verb: str
    source: str
    function: Callable[[Trial], None]
    mandatory: bool = True
    reads: bool = False
    event: str = ""


_KIT = (
    Entry("list.status", "A list is answered with exactly 200", "kit", "list", KIT,
          reading.list_status, reads=True),
    Entry("list.anonymous", "A list is answered without an Authorization header", "kit", "list",
          KIT, reading.list_anonymous, reads=True),
    Entry("create.status", "A create is answered with 201", "kit", "create", KIT,
          creating.create_status),
    Entry("create.twice", "The same document can be created twice", "kit", "create", KIT,
          creating.create_twice),
    Entry("create.values", "What was sent comes back", "kit", "create", KIT,
          creating.create_values),
    Entry("rows.whole", "Every row has what it always has, neither null nor blank", "kit", "list",
          KIT, reading.list_rows),
    Entry("identity.id", "The id is a text", "kit", "list", KIT, reading.id_is_text),
    Entry("identity.href", "There is an href", "kit", "list", KIT, reading.href_is_there),
    Entry("retrieve.status", "A resource is found by its id", "kit", "retrieve", KIT,
          reading.retrieve),
    Entry("unknown.read", "An unknown id is 404", "kit", "retrieve", KIT,
          reading.retrieve_unknown, reads=True),
    Entry("filter.kit", "What was created is found by filters", "kit", "list", KIT,
          filtering.filter_kit),
    Entry("fields.kit", "fields gives what the kits ask for", "kit", "list", KIT,
          selecting.fields_kit),
    Entry("text.raw", "Values stand in the answer's text without needless escapes", "kit",
          "retrieve", KIT, reading.raw_text),
)  # fmt: skip
_PROFILE = (
    Entry("identity.url", "The href is a whole URL that leads to the resource", "profile",
          "retrieve", "TMF630 3", reading.href_leads_there),
    Entry("patch.json", "PATCH by application/json changes what it names", "profile", "patch",
          PROFILE, changing.patch_json),
    Entry("patch.merge", "PATCH by application/merge-patch+json changes what it names", "profile",
          "patch", PROFILE, changing.patch_merge),
    Entry("patch.identity", "A patch changes neither id nor href", "profile", "patch", PROFILE,
          changing.patch_identity),
    Entry("delete.status", "DELETE is answered with 204 and no body", "profile", "delete", PROFILE,
          changing.delete_status),
    Entry("delete.gone", "What was deleted is gone", "profile", "delete", PROFILE,
          changing.delete_gone),
    Entry("fields.list", "fields gives exactly what was asked for, in lists", "profile", "list",
          PROFILE, selecting.fields_list),
    Entry("fields.one", "fields gives exactly what was asked for, by id", "profile", "retrieve",
          PROFILE, selecting.fields_one),
    Entry("filter.equal", "A filter finds what has the value and nothing else", "profile", "list",
          PROFILE, filtering.filter_equal),
    Entry("filter.and", "Several filters hold together", "profile", "list", PROFILE,
          filtering.filter_and),
    Entry("filter.href", "A resource is found by its href", "profile", "list", PROFILE,
          filtering.filter_href),
    Entry("filter.date", "Dates are compared as moments", "profile", "list", PROFILE,
          filtering.filter_date),
    Entry("empty.object", "An empty object is kept as it was given", "profile", "create", PROFILE,
          creating.empty_object),
    Entry("mandatory.create", "A create without what is mandatory is refused", "profile", "create",
          PROFILE, creating.mandatory),
    Entry("mandatory.inside", "What is mandatory inside an attribute is asked for", "profile",
          "create", PROFILE, creating.mandatory_inside),
    Entry("hub.register", "The hub registers a listener", "profile", "subscribe", PROFILE,
          subscribing.register),
)  # fmt: skip
_FULL = (
    Entry("answers.type", "Answers are application/json", "full", "retrieve", "TMF630 1.7",
          reading.media_type),
    Entry("answers.schema", "A resource follows the contract's schema", "full", "retrieve",
          "the contract", reading.schema),
    Entry("create.location", "A create tells the Location", "full", "create", "TMF630 6.1",
          creating.create_location),
    Entry("fields.none", "fields=none gives id and href alone", "full", "retrieve", "TMF630 4.3",
          selecting.fields_none, mandatory=False),
    Entry("filter.operators", "gt, gte, lt, lte and eq, as words and as symbols", "full", "list",
          "TMF630 4.4", filtering.filter_operators, mandatory=False),
    Entry("filter.or", "Alternatives by commas, semicolons and repeated names", "full", "list",
          "TMF630 4.4", filtering.filter_or, mandatory=False),
    Entry("filter.regex", "A filter by a regular expression", "full", "list", "TMF630 4.4",
          filtering.filter_regex, mandatory=False),
    Entry("filter.inside", "A dotted name reaches into objects and arrays", "full", "list",
          "TMF630 4.4", filtering.filter_inside, mandatory=False),
    Entry("filter.jsonpath", "A filter by JSONPath", "full", "list", "TMF630 Part 6",
          filtering.filter_jsonpath, mandatory=False),
    Entry("sort.up", "sort puts a list in order", "full", "list", "TMF630 4.7",
          paging.sort_up, mandatory=False),
    Entry("sort.down", "sort with a minus puts it in the reverse order", "full", "list",
          "TMF630 4.7", paging.sort_down, mandatory=False),
    Entry("paging.total", "X-Total-Count counts all that matches", "full", "list", "TMF630 4.5",
          paging.total_count),
    Entry("paging.result", "X-Result-Count counts the page", "full", "list", "TMF630 4.5",
          paging.result_count, mandatory=False),
    Entry("paging.limit", "limit says how many come", "full", "list", "TMF630 4.5", paging.limit),
    Entry("paging.offset", "offset says how many are left out", "full", "list", "TMF630 4.5",
          paging.offset),
    Entry("paging.beyond", "Beyond the end there is an empty list", "full", "list", "TMF630 4.5",
          paging.beyond, mandatory=False, reads=True),
    Entry("paging.bad", "What is no number of rows is refused", "full", "list", "TMF630 4.5",
          paging.bad_numbers, mandatory=False, reads=True),
    Entry("paging.links", "Link leads through all pages", "full", "list", "TMF630 4.5",
          paging.links, mandatory=False),
    Entry("patch.null", "null in a merge patch takes an attribute away", "full", "patch",
          "RFC 7386", changing.patch_null),
    Entry("patch.mandatory", "A patch cannot blank out what is mandatory", "full", "patch",
          PROFILE, changing.patch_mandatory, mandatory=False),
    Entry("patch.operations", "PATCH by application/json-patch+json", "full", "patch", "RFC 6902",
          changing.patch_rfc6902, mandatory=False),
    Entry("patch.query", "PATCH by application/json-patch-query+json", "full", "patch",
          "TMF630 5", changing.patch_by_query, mandatory=False),
    Entry("unknown.patch", "A patch of an unknown id is refused", "full", "patch", "TMF630 5",
          changing.patch_unknown),
    Entry("delete.twice", "A second DELETE is refused", "full", "delete", "TMF630 7",
          changing.delete_twice, mandatory=False),
    Entry("errors.shape", "A refusal is a TM Forum Error with code and reason", "full",
          "retrieve", "TMF630 3.3", refusing.error_shape, reads=True),
    Entry("errors.type", "A refusal is application/json", "full", "retrieve", "TMF630 3.3",
          refusing.error_type, mandatory=False, reads=True),
    Entry("bodies.broken", "A body that is not JSON is a 400", "full", "create", "TMF630 3.3",
          refusing.not_json, mandatory=False, reads=True),
    Entry("bodies.object", "A body that is no object is refused", "full", "create", "the contract",
          refusing.not_an_object, mandatory=False, reads=True),
    Entry("bodies.type", "A body of another media type is refused", "full", "create", "TMF630 3.3",
          refusing.media_type, mandatory=False, reads=True),
    Entry("methods.status", "A method that a path does not take is a 405", "full", "list",
          "TMF630 3.3", refusing.method_status, mandatory=False, reads=True),
    Entry("methods.allow", "Its Allow header names those that it takes", "full", "list",
          "RFC 9110 15.5.6", refusing.method_allow, mandatory=False, reads=True),
    Entry("hub.query", "The hub keeps a listener's query", "full", "subscribe", "TMF630 10",
          subscribing.keeps_query, mandatory=False),
    Entry("hub.location", "The hub tells the Location", "full", "subscribe", "TMF630 10",
          subscribing.location, mandatory=False),
    Entry("hub.delete", "A subscription ends, once", "full", "unsubscribe", "TMF630 10",
          subscribing.unregister, mandatory=False),
    Entry("hub.read", "A subscription can be read", "full", "subscribe", "TMF630 10",
          subscribing.retrieve, mandatory=False),
    Entry("events.create", "A create is told", "full", "create", "TMF630 10",
          telling.create_event, mandatory=False, event="Create"),
    Entry("events.change", "A change is told", "full", "patch", "TMF630 10",
          telling.change_event, mandatory=False, event="AttributeValueChange"),
    Entry("events.state", "A change of the state is told", "full", "patch", "TMF630 10",
          telling.state_event, mandatory=False, event="StateChange"),
    Entry("events.delete", "A delete is told", "full", "delete", "TMF630 10",
          telling.delete_event, mandatory=False, event="Delete"),
    Entry("events.query", "A listener is told what its query chooses", "full", "patch",
          "TMF630 10", telling.query, mandatory=False, event="Create"),
)  # fmt: skip
ENTRIES: tuple[Entry, ...] = (*_KIT, *_PROFILE, *_FULL)
_METHODS = {"create": "POST", "patch": "PATCH", "delete": "DELETE"}
_HUB_VERBS = ("subscribe", "unsubscribe")


def planned(subject: Subject, level: Level) -> list[Entry]:
    """What is asked of a resource, or of the API alone where the subject has no profile."""
    asked = LEVELS[: LEVELS.index(level) + 1]
    return [
        entry
        for entry in ENTRIES
        if level_of(entry, subject) in asked
        and subject.operation(entry.verb)
        and (entry.verb in _HUB_VERBS) == (subject.profile is None)
        and (not entry.event or entry.event in subject.resource.events)
        and (entry.id != "list.anonymous" or subject.stated.anonymous)
    ]


def level_of(entry: Entry, subject: Subject) -> Level:
    """The kits create nothing of some resources: what needs that is the profiles' there."""
    profile = subject.profile
    if entry.level == "kit" and not entry.reads and profile and not profile.created_by_kit:
        return "profile"
    return entry.level


def is_mandatory(entry: Entry, subject: Subject) -> bool:
    """Whether there is no certificate without it: profiles leave some operations free."""
    if not entry.mandatory or subject.profile is None:
        return entry.mandatory
    if entry.level == "kit" and entry.reads:
        return True
    return _METHODS.get(entry.verb, "GET") in subject.profile.operations
