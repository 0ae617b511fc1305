"""Usage documents to load the servers with, drawn from a seeded generator: each run sends the same.

A document is about 1.5 KB of JSON: three characteristics, one rating, one party, a specification.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

_HOST = "https://bss.example.com/tmf-api"
_FIRST = datetime(2025, 3, 1, tzinfo=UTC)
_STATUSES = ("received", "guided", "rated", "rerated", "billed", "rejected", "recycled")
_WEIGHTS = (12, 10, 25, 3, 42, 5, 3)


@dataclass(frozen=True, slots=True)
class _Kind:
    """A sort of usage: what is counted, in which unit, up to how much, and what one unit costs."""

    usage_type: str
    specification: str
    product: str
    measure: str
    unit: str
    most: int
    price: float


_KINDS = (
    _Kind("Voice", "National voice call", "Talk 500", "duration", "second", 3_600, 0.0015),
    _Kind("SMS", "Text message", "Text without limit", "messages", "message", 5, 0.07),
    _Kind("Data", "Mobile data session", "Data 20 GB", "volume", "kilobyte", 2_000_000, 0.000004),
    _Kind("Roaming", "Roaming session", "Travel day pass", "volume", "kilobyte", 90_000, 0.002),
)


def usages(seed: int) -> Iterator[dict[str, Any]]:
    """Documents without end, always the same for one seed."""
    rng = random.Random(seed)
    while True:
        yield _usage(rng)


def _usage(rng: random.Random) -> dict[str, Any]:
    kind = rng.choices(_KINDS, (30, 10, 50, 10))[0]
    amount = rng.randint(1, kind.most)
    at = _FIRST + timedelta(seconds=rng.randrange(90 * 86_400))
    specification = f"specification-{kind.usage_type.lower()}"
    return {
        "usageDate": _instant(at),
        "description": f"{kind.specification} of {amount} {kind.unit}s",
        "usageType": kind.usage_type,
        "status": rng.choices(_STATUSES, _WEIGHTS)[0],
        "ratedProductUsage": [_rating(rng, kind, amount, at)],
        "relatedParty": [_party(rng)],
        "usageCharacteristic": _characteristics(rng, kind, amount),
        "usageSpecification": {
            "id": specification,
            "href": f"{_HOST}/usageManagement/v4/usageSpecification/{specification}",
            "name": kind.specification,
            "@referredType": "UsageSpecification",
        },
        "@baseType": "Usage",
        "@schemaLocation": f"{_HOST}/schema/{kind.usage_type}Usage.schema.json",
        "@type": f"{kind.usage_type}Usage",
    }


def _rating(rng: random.Random, kind: _Kind, amount: int, at: datetime) -> dict[str, Any]:
    product = _id(rng.randrange(5_000))
    net = round(amount * kind.price, 4)
    return {
        "isBilled": False,
        "isTaxExempt": False,
        "offerTariffType": rng.choice(("Normal", "Peak", "OffPeak")),
        "ratingAmountType": "Total",
        "ratingDate": _instant(at + timedelta(minutes=rng.randint(5, 600))),
        "taxRate": 19.0,
        "usageRatingTag": "Usage",
        "bucketValueConvertedInAmount": {"unit": "EUR", "value": net},
        "productRef": {
            "id": product,
            "href": f"{_HOST}/productInventory/v4/product/{product}",
            "name": kind.product,
            "@referredType": "Product",
        },
        "taxExcludedRatingAmount": {"unit": "EUR", "value": net},
        "taxIncludedRatingAmount": {"unit": "EUR", "value": round(net * 1.19, 4)},
    }


def _party(rng: random.Random) -> dict[str, Any]:
    number = rng.randrange(2_000)
    party = _id(number)
    return {
        "id": party,
        "href": f"{_HOST}/party/v4/individual/{party}",
        "name": f"Subscriber {number:06}",
        "role": "customer",
        "@referredType": "Individual",
    }


def _characteristics(rng: random.Random, kind: _Kind, amount: int) -> list[dict[str, Any]]:
    number = f"+4915{rng.randrange(10**9):09}"
    cell = f"262-01-{rng.randrange(10**5):05}-{rng.randrange(10**4):04}"
    return [
        {"id": "1", "name": kind.measure, "valueType": "integer", "value": amount},
        {"id": "2", "name": "originatingNumber", "valueType": "string", "value": number},
        {"id": "3", "name": "cell", "valueType": "string", "value": cell},
    ]


def _id(number: int) -> str:
    return f"{number:08x}-6f1d-4c3a-9b52-{number * 7_919:012x}"


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
