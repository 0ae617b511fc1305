"""`depth` and `expand` (TMF630 Part 2): what references lead to, put in the references' place.

A page is expanded level by level: the references of all its documents, then those of what came in
for them. What is not there, another host's, or on the way down already stays a reference.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, TypeAlias

import orjson

from tmfserver import exact
from tmfserver.changes import Collection
from tmfserver.engine.references import ReferencePaths, is_ours, references
from tmfserver.engine.representation import represent
from tmfserver.errors import BadQuery
from tmfserver.query.expansion import Expansion
from tmfserver.query.spelling import shown
from tmfserver.repository import Batches, Page, Row, Store

MOST_FOLLOWED = 1000  # references in one answer; those of upper levels come first
MOST_TEXT = 32 * 1024 * 1024  # characters of what is put in their places, all together
AT_ONCE = 64  # references that are looked up together

Key: TypeAlias = tuple[str, str]  # a collection's name, an id


@dataclass(frozen=True)
class Place:
    """Where references lead: a collection, and its path, e.g. /tmf-api/x/v4/thing."""

    collection: Collection
    path: str

    @property
    def api(self) -> str:
        return self.path.rpartition("/")[0]


@dataclass(frozen=True)
class _Branch:
    """A document that may hold references to follow, and what it hangs on."""

    document: dict[str, Any]
    place: Place
    asked: Expansion
    above: frozenset[Key]


@dataclass(frozen=True)
class _Lead:
    """A reference to follow: the places to look in, one after the other."""

    reference: dict[str, Any]
    places: Sequence[Place]
    asked: Expansion
    above: frozenset[Key]


class Expansions:
    """Where the references of a server's resources lead; made once, at start.

    places: the collections of each resource, of which several APIs may have one.
    """

    def __init__(
        self, store: Store, places: Mapping[str, Sequence[Place]], declared: ReferencePaths
    ) -> None:
        self.store, self.declared, self._places = store, declared, places
        self._paths = {each.collection.name: each.path for some in places.values() for each in some}

    def path_of(self, collection: Collection) -> str:
        return self._paths[collection.name]

    def begin(self, place: Place, asked: Expansion, base_url: str) -> Expanding:
        """The expansion of one answer. Raises BadQuery for a path at which no reference is."""
        resource = place.collection.resource
        for path in asked.paths:
            if not self.declared.leads_somewhere(resource, path):
                known = ", ".join(self.declared.two_levels(resource))
                expected = f"one of {known}" if known else f"nothing: {resource} has no references"
                raise BadQuery(parameter="expand", came=shown(".".join(path)), expected=expected)
        return Expanding(self, place, asked, base_url)

    def places(self, names: Sequence[str], reference: Mapping[str, Any], api: str) -> list[Place]:
        """Where a reference may lead: where its href says, else its @referredType, else any of
        the resources that it may be to; those of its own API first."""
        found = [place for name in names for place in self._places.get(name, ())]
        href, referred = str(reference.get("href")), str(reference.get("@referredType")).lower()
        for closer in (
            [place for place in found if href.endswith(f"{place.path}/{reference['id']}")],
            [place for place in found if place.collection.resource.lower() == referred],
        ):
            if closer:
                found = closer
                break
        return sorted(found, key=lambda place: place.api != api)


class Expanding:
    """The expansion of one answer: what was looked up is not looked up again, and there is a
    bound on how much is put in. What is beyond it stays a reference."""

    def __init__(
        self, expansions: Expansions, place: Place, asked: Expansion, base_url: str
    ) -> None:
        self._expansions, self._place, self._asked = expansions, place, asked
        self._base_url = base_url
        self._rows: dict[Key, Row | None] = {}
        self._followed = self._text = 0

    async def page(self, page: Page) -> Page:
        """The same page, expanded; the rest of a long one batch by batch, while it is read."""
        try:
            rows = await self.rows(page.rows)
        except BaseException:
            if page.more is not None:
                await page.more.aclose()
            raise
        more = None if page.more is None else _Expanded(page.more, self)
        return replace(page, rows=rows, more=more)

    async def rows(self, rows: Sequence[Row]) -> Sequence[Row]:
        """The same documents with what their references lead to."""
        if self._followed >= MOST_FOLLOWED or self._text >= MOST_TEXT:
            return rows
        documents = [exact.loads(row[1]) for row in rows]
        level = [
            _Branch(document, self._place, self._asked, frozenset({(self._name, row[0])}))
            for document, row in zip(documents, rows, strict=True)
        ]
        while level:
            leads = list(islice(self._leads(level), MOST_FOLLOWED - self._followed))
            self._followed += len(leads)
            level = []
            for start in range(0, len(leads), AT_ONCE):
                some = leads[start : start + AT_ONCE]
                if self._text < MOST_TEXT:
                    await self._look_up(some)
                    level += [branch for lead in some if (branch := self._put(lead))]
        return [_rewritten(row, document) for row, document in zip(rows, documents, strict=True)]

    @property
    def _name(self) -> str:
        return self._place.collection.name

    def _leads(self, level: Sequence[_Branch]) -> Iterator[_Lead]:
        """The references to follow in the documents of one level."""
        declared = self._expansions.declared
        for branch in level:
            asked, above = branch.asked, branch.above
            for path, names in declared.of(branch.place.collection.resource).items():
                named = [each for each in asked.paths if each[: len(path)] == path]
                if not named and not asked.depth:
                    continue
                further = tuple(each[len(path) :] for each in named if len(each) > len(path))
                below = Expansion(max(0, asked.depth - 1), further)
                for reference in references(branch.document, path):
                    if is_ours(reference.get("href"), self._base_url):
                        places = self._expansions.places(names, reference, branch.place.api)
                        yield _Lead(reference, places, below, above)

    async def _look_up(self, leads: Sequence[_Lead]) -> None:
        """Reads the documents of all leads that are not known yet, in as many rounds as a lead
        has places."""
        while missing := dict(filter(None, map(self._next, leads))):
            found = await asyncio.gather(
                *(
                    self._expansions.store.get(collection, id)
                    for (_, id), collection in missing.items()
                )
            )
            self._rows.update(zip(missing, found, strict=True))

    def _next(self, lead: _Lead) -> tuple[Key, Collection] | None:
        """What is to be read next to know where a lead leads; None if that is known."""
        for place in lead.places:
            key = (place.collection.name, lead.reference["id"])
            if key not in self._rows:
                return key, place.collection
            if self._rows[key] is not None:
                return None
        return None

    def _put(self, lead: _Lead) -> _Branch | None:
        """Puts the document in the reference's place, which keeps what the document lacks."""
        reference = lead.reference
        for place in lead.places:
            key = (place.collection.name, reference["id"])
            row = self._rows[key]
            if row is None:
                continue
            if key in lead.above:
                return None
            self._text += len(row[1])
            if self._text > MOST_TEXT:
                return None
            whole = exact.loads(represent(row, f"{self._base_url}{place.path}/"))
            rest = {name: value for name, value in reference.items() if name not in whole}
            reference.clear()
            reference.update(whole)
            reference.update(rest)
            return _Branch(reference, place, lead.asked, lead.above | {key})
        return None


class _Expanded:
    """The rest of a page, expanded batch by batch."""

    def __init__(self, more: Batches, answer: Expanding) -> None:
        self._more, self._answer = more, answer

    async def __aiter__(self) -> AsyncIterator[Sequence[Row]]:
        async for rows in self._more:
            yield await self._answer.rows(rows)

    async def aclose(self) -> None:
        await self._more.aclose()


def _rewritten(row: Row, document: dict[str, Any]) -> Row:
    """The row with another text; as it was if the text would be nested too deep to be printed."""
    try:
        return row[0], exact.dumps(document).decode(), *row[2:]
    except orjson.JSONEncodeError:
        return row
