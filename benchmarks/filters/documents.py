"""Usages whose values are spread so that a query finds as many of them as its name says.

Of n documents each specification has 50, and each party 50 as the first and about 25 as the
second party; states, and seconds of the year, are drawn.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

import orjson

from benchmarks.documents import usages

DOCUMENTS_EACH = 50  # that one specification has
STATUSES = ("received", "guided", "rated", "rerated", "billed", "rejected", "recycled")
FIRST = datetime(2025, 1, 1, tzinfo=UTC)
SECONDS = 365 * 86_400
_SEED = 630
_STRIDE, _OTHER_STRIDE = 7_919, 104_729  # primes, so that a party's documents lie far apart
_HREF: Final = "https://bss.example.com/tmf-api/party/v4/individual/"

# All else is repeated from this many of the request benchmark's usages.
_PATTERNS = 5_000


def stored(count: int) -> Iterator[tuple[str, str]]:
    """(id, text as it is stored) of each document, the same for one count each time."""
    rng = random.Random(_SEED)
    patterns = [_texts(pattern) for pattern in islice(usages(_SEED), _PATTERNS)]
    of = count // DOCUMENTS_EACH
    customers = [_party(number, "customer") for number in range(of)]
    resellers = [_party(number, "reseller") for number in range(of)]
    for number in range(count):
        id = document_id(number)
        rest, specified, characteristic = patterns[number % _PATTERNS]
        parties = customers[number * _STRIDE % of]
        if number // 3 % 2 == 0:
            parties += "," + resellers[(number * _OTHER_STRIDE + 13) % of]
        yield (
            id,
            (
                f'{{"id":"{id}","usageDate":"{instant(rng.randrange(SECONDS))}",'
                f'"status":"{rng.choice(STATUSES)}","relatedParty":[{parties}],'
                f'"usageSpecification":{{"id":"{specification(number, count)}",{specified},'
                f'"usageCharacteristic":[{{"name":"duration","value":{rng.randrange(120)},'
                f"{characteristic},{rest}"
            ),
        )


def _texts(pattern: dict[str, Any]) -> tuple[str, str, str]:
    """What stays of a usage, its specification and its characteristics, as ends of JSON texts."""
    own = ("usageDate", "status", "relatedParty", "usageSpecification", "usageCharacteristic")
    rest = {name: value for name, value in pattern.items() if name not in own}
    specified = {key: value for key, value in pattern[own[3]].items() if key != "id"}
    measured, *others = pattern[own[4]]
    measured = {key: value for key, value in measured.items() if key not in ("name", "value")}
    characteristics = _text(measured)[1:] + "".join([f",{_text(other)}" for other in others]) + "]"
    return _text(rest)[1:], _text(specified)[1:], characteristics


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()


def document_id(number: int) -> str:
    """As a UUIDv7 would be: the later, the greater."""
    return f"0198{number:08x}-7f00-8a00-{number * _STRIDE % 2**48:012x}"


def instant(second: int) -> str:
    """A second of the year as a text."""
    return (FIRST + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def microseconds(second: int) -> int:
    """The same as an index holds it."""
    return (int(FIRST.timestamp()) + second) * 1_000_000


def specification(number: int, count: int) -> str:
    return f"specification-{number % (count // DOCUMENTS_EACH):06}"


def party(number: int) -> str:
    return f"{number:08x}-6f1d-4c3a-9b52-{number * _STRIDE:012x}"


def _party(number: int, role: str) -> str:
    name = party(number)
    shown = {
        "id": name,
        "href": f"{_HREF}{name}",
        "name": f"Subscriber {number:06}",
        "role": role,
        "@referredType": "Individual",
    }
    return _text(shown)
