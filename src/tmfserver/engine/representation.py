"""What the server itself sets in a document: id, href, and when it last changed."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from uuid_utils import uuid7

from tmfserver import exact
from tmfserver.errors import Invalid, ServerSet
from tmfserver.repository import Row
from tmfserver.spec import Resource
from tmfserver.spec.adaptations import ID_PATTERN

_ID = re.compile(ID_PATTERN)


def represent(row: Row, base: str) -> str:
    """A stored document as clients see it, as JSON text.

    The href is made here and never stored, so that a moved host breaks no document; `base` is
    the URL of the collection with its slash. Nothing is parsed or printed again.
    """
    return f'{{"href":"{base}{row[0]}",{row[1][1:]}'


def text_of(document: Mapping[str, Any]) -> str:
    """A document as it is stored: the id first, no href."""
    stored = {"id": document["id"], **document}
    stored.pop("href", None)
    return exact.dumps(stored).decode()


def new_id(document: Mapping[str, Any]) -> str:
    """The client's own id (TMF630 6.1), else a new UUIDv7. Raises Invalid for one no URL holds."""
    given = document.get("id")
    if given is None:
        return str(uuid7())
    if not isinstance(given, str) or not _ID.match(given):
        raise Invalid(
            attribute="id",
            problem="expected 1 to 255 letters, digits or ._~!$&'()*+,;=:@- not led by a dot",
        )
    return given


def now() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


def instant(microseconds: int) -> str:
    """As an RFC 3339 text in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(microseconds / 1_000_000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stamp_new(resource: Resource, document: dict[str, Any], revision: int) -> None:
    """Sets the attributes that hold the time of the last change, where the client did not."""
    for attribute in resource.stamped:
        document.setdefault(attribute, instant(revision))


def stamp_changed(
    resource: Resource, old: Mapping[str, Any], new: dict[str, Any], revision: int
) -> None:
    """Moves those attributes on, unless this change sets them itself."""
    for attribute in resource.stamped:
        if new.get(attribute) in (None, old.get(attribute)):
            new[attribute] = instant(revision)


def refuse_given(resource: Resource, document: Mapping[str, Any]) -> None:
    """Raises ServerSet for an attribute that is the server's to set on create."""
    for attribute in resource.given:
        if attribute in document:
            raise ServerSet(
                attribute=attribute, came=_shown(document[attribute]), kept="what it sets"
            )


def refuse_kept(resource: Resource, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Raises ServerSet for an attribute that the contract lets no update change."""
    for attribute in resource.kept:
        if new.get(attribute) != old.get(attribute):
            raise ServerSet(
                attribute=attribute,
                came=_shown(new.get(attribute)),
                kept=_shown(old.get(attribute)),
            )


def _shown(value: Any) -> str:
    text = exact.dumps(value).decode()
    return text if len(text) <= 80 else text[:77] + "..."
