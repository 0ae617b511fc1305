"""Usage documents to load the servers with: those of the demo's company, told in more words.

Each run sends the same. A document is about 1.5 KB of JSON: three characteristics, one rating, a
party or two, a specification, and where each of them is to be found.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from typing import Any

from demo import telco

_HOST = "https://bss.example.com/tmf-api"
_AT_ONCE = 1_000  # documents that the demo's generator is asked for


def usages(seed: int) -> Iterator[dict[str, Any]]:
    """Documents without end and without ids, always the same for one seed."""
    rng = random.Random(seed)
    for more in count():
        for document in telco.usages(seed + more, _AT_ONCE):
            yield _told_in_full(rng, document)


def _told_in_full(rng: random.Random, usage: dict[str, Any]) -> dict[str, Any]:
    kind = next(kind for kind in telco.KINDS if kind.name == usage["usageType"])
    size = usage["usageCharacteristic"][0]["value"]
    at = datetime.fromisoformat(usage["usageDate"])
    rating = telco.rating(kind, size, at, billed=usage["status"] == "billed")
    name = kind.name.capitalize()
    return {
        **{key: value for key, value in usage.items() if key != "id"},
        "ratedProductUsage": [_priced(rng, rating)],
        "relatedParty": [_found(party, "party/v4/individual") for party in usage["relatedParty"]],
        "usageCharacteristic": _characteristics(rng, size, kind.measure),
        "usageSpecification": {
            **_found(usage["usageSpecification"], "usageManagement/v4/usageSpecification"),
            "@referredType": "UsageSpecification",
        },
        "@baseType": "Usage",
        "@schemaLocation": f"{_HOST}/schema/{name}Usage.schema.json",
        "@type": f"{name}Usage",
    }


def _priced(rng: random.Random, rating: dict[str, Any]) -> dict[str, Any]:
    net = rating["taxExcludedRatingAmount"]["value"]
    product = f"{rng.randrange(5_000):08x}-6f1d-4c3a-9b52-{rng.getrandbits(48):012x}"
    return {
        **rating,
        "isTaxExempt": False,
        "offerTariffType": rng.choice(("Normal", "Peak", "OffPeak")),
        "usageRatingTag": "Usage",
        "bucketValueConvertedInAmount": {"unit": "EUR", "value": net},
        "taxIncludedRatingAmount": {"unit": "EUR", "value": round(net * 1.21, 4)},
        "productRef": {
            **_found({**rating["productRef"], "id": product}, "productInventory/v4/product"),
            "@referredType": "Product",
        },
    }


def _found(reference: dict[str, Any], where: str) -> dict[str, Any]:
    """A reference with its href."""
    return {**reference, "href": f"{_HOST}/{where}/{reference['id']}"}


def _characteristics(rng: random.Random, size: int, measure: str) -> list[dict[str, Any]]:
    number = f"+4915{rng.randrange(10**9):09}"
    cell = f"262-01-{rng.randrange(10**5):05}-{rng.randrange(10**4):04}"
    return [
        {"id": "1", "name": measure, "valueType": "integer", "value": size},
        {"id": "2", "name": "originatingNumber", "valueType": "string", "value": number},
        {"id": "3", "name": "cell", "valueType": "string", "value": cell},
    ]
