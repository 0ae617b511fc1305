"""One check while it runs: what it asks of which subject, and what it found so far."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tmfserver.conformance.asking import JSON, Answer, Client, with_query
from tmfserver.conformance.deriving import operation
from tmfserver.conformance.listening import Ear
from tmfserver.conformance.profiles import Profile
from tmfserver.conformance.results import Assertion, Exchange
from tmfserver.spec import Api, Operation, Resource

MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
JSON_PATCH_QUERY = "application/json-patch-query+json"
Query = Mapping[str, str] | str
_PATIENCE = 3  # requests in a row without an answer, and the run is given up


class Skipped(Exception):
    """The check cannot be made; why is its text."""


class Ended(Exception):
    """The check has failed, and cannot go on."""


class CannotTest(Exception):
    """There is nothing to test; why is its text, one sentence for people."""


@dataclass(frozen=True)
class Subject:
    """What a check is about. base: the API's URL without a slash at its end.

    declared: (method, path) of the operations and (path, media type) of the patches that the
    contract names, as it was published or, for a server of its own, as it is served.
    """

    api: Api
    base: str
    profile: Profile | None = None
    declared: frozenset[tuple[str, str]] = frozenset()

    @property
    def resource(self) -> Resource:
        return self.api.resources[self.stated.resource]

    @property
    def stated(self) -> Profile:
        if self.profile is None:
            raise Skipped("this is about a resource")
        return self.profile

    @property
    def collection(self) -> str:
        """The URL of the resource's list."""
        return f"{self.base}/{self.stated.resource}"

    def operation(self, verb: str) -> Operation | None:
        """The resource's operation of this verb, or the API's, if the contract has one."""
        return operation(self.api, self.profile.resource if self.profile else None, verb)


@dataclass
class Trial:
    """Asks, and notes what held. `made`: URLs of what was created, to be deleted at the end."""

    client: Client
    subject: Subject
    ear: Ear | None = None
    unheard: str = "there is no listener"
    made: list[str] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    assertions: list[Assertion] = field(default_factory=list)

    # --- noting

    def holds(self, name: str, held: object, expected: str = "", came: str = "") -> bool:
        """Notes whether something held."""
        self.assertions.append(Assertion(name, bool(held), expected, came if not held else ""))
        return bool(held)

    def equal(self, name: str, came: Any, expected: Any) -> bool:
        """Notes whether that came which was expected, as JSON."""
        same = came == expected and type(came) is type(expected)
        return self.holds(name, same, shown(expected), shown(came))

    def status(self, answer: Answer, *expected: int) -> bool:
        """Notes whether the answer has one of these statuses."""
        words = " or ".join(map(str, expected))
        return self.holds(f"the status is {words}", answer.status in expected, words, answer.came)

    def must(self, held: bool) -> None:
        """Ends the check where what was just noted did not hold."""
        if not held:
            raise Ended

    def need(self, condition: object, reason: str) -> None:
        """Skips the check where what it stands on is not there; another check says so."""
        if not condition:
            raise Skipped(reason)

    # --- asking

    def ask(
        self, method: str, url: str, body: str | None = None, media: str | None = None,
        query: Query = "", *, anonymous: bool = False,
    ) -> Answer:  # fmt: skip
        """Any request. Raises CannotTest when the server has gone."""
        headers = [("Content-Type", media)] if media else []
        answer = self.client.ask(
            method, with_query(url, query), body=body, headers=headers, anonymous=anonymous
        )
        self.exchanges.append(answer.exchange)
        if answer.status is None:
            self.holds("the server answers", held=False, expected="an answer", came=answer.came)
            if self.client.silent >= _PATIENCE:
                raise CannotTest(f"{answer.exchange.url} does not answer any more: {answer.came}")
            raise Ended
        return answer

    def get(self, url: str, query: Query = "") -> Answer:
        return self.ask("GET", url, query=query)

    def post(self, url: str, document: Any, query: Query = "") -> Answer:
        """Sends a document; what is made of it is deleted at the end."""
        answer = self.ask("POST", url, text(document), JSON, query)
        id = answer.document.get("id")
        if answer.is_success and id is not None:
            self.made.append(f"{url}/{quote(str(id), safe='')}")
        return answer

    def patch(self, url: str, patch: Any, media: str = JSON) -> Answer:
        return self.ask("PATCH", url, text(patch), media)

    def delete(self, url: str) -> Answer:
        return self.ask("DELETE", url)

    # --- what several checks begin with

    def created(self, **more: Any) -> dict[str, Any]:
        """A resource that this check may use; skipped where none can be made."""
        profile = self.subject.stated
        self.need(profile.create is not None, "the contract tells no document to create")
        self.need(self.subject.operation("create"), "the contract has no operation to create it")
        answer = self.post(self.subject.collection, profile.document(**more))
        self.need(
            answer.is_success and answer.document.get("id") is not None,
            f"what it begins with could not be created ({answer.came})",
        )
        return answer.document

    def url_of(self, document: Mapping[str, Any]) -> str:
        return f"{self.subject.collection}/{quote(str(document['id']), safe='')}"

    def rows(self, query: Query = "") -> list[dict[str, Any]]:
        """The rows of a list; noted and ended where there is no list."""
        answer = self.get(self.subject.collection, query)
        expected = "an array of objects, status 200"
        is_list = answer.status in (200, 206) and isinstance(answer.json, list)
        self.must(self.holds("a list comes", is_list, expected, answer.came))
        return answer.rows

    def finds(self, name: str, query: Query, expected: Iterable[Mapping[str, Any]]) -> bool:
        """Notes whether a list holds these resources and no others, in any order."""
        wanted = sorted(str(one["id"]) for one in expected)
        came = sorted(str(row.get("id")) for row in self.rows(query))
        return self.holds(name, came == wanted, f"ids {shown(wanted)}", f"ids {shown(came)}")

    def texts(self, count: int = 1) -> tuple[str, ...]:
        """Attributes that take any text; skipped where the resource has too few."""
        found = self.subject.stated.texts
        self.need(len(found) >= count, f"the resource has not {count} attributes for any text")
        return found[:count]

    def is_missed(self, name: str, value: Any) -> bool:
        """Whether it is missing from an answer that always has it: a check of its own says so."""
        return name in self.subject.stated.always and (value is None or value in ("", []))

    def hearing(self) -> Ear:
        """The listener; skipped where there is none that the server can reach."""
        if self.ear is None:
            raise Skipped(self.unheard)
        return self.ear


def unique(word: str = "conformance") -> str:
    """A text that nobody else has used, with spaces in it."""
    return f"{word} at {uuid.uuid4()}"


def text(value: Any) -> str:
    """JSON as it is sent: letters as they are."""
    return json.dumps(value, ensure_ascii=False)


def shown(value: Any) -> str:
    """A value for people, not too long."""
    found = text(value)
    return found if len(found) <= 300 else f"{found[:297]}..."
