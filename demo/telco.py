"""The company's documents, drawn from a seeded generator: each run makes the same.

A business customer with branches, a wholesale partner, households, plans, and usage with the shape
of real traffic: a daily and a weekly rhythm, few who use much and many who use little.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any, TypeAlias

Document: TypeAlias = dict[str, Any]

FIRST = datetime(2026, 2, 2, tzinfo=UTC)  # a Monday
DAYS = 56
HOUSEHOLDS = 400
BRANCHES = ("Utrecht", "Ghent", "Aachen", "Lille", "Bergen")
CITIES = ("Utrecht North", "Utrecht South", "Ghent Harbour")
PARTNER = {"id": "P-100", "name": "Northwind Mobile", "role": "Partner"}
COMPANY = {"id": "C-1", "name": "Acme Cycles", "role": "Customer"}
LEDGER = "F-1"
# How much of a day's or a week's traffic falls into each hour and weekday.
_HOURS = (2, 1, 1, 1, 1, 2, 4, 7, 10, 11, 11, 12, 11, 10, 10, 11, 12, 13, 14, 15, 14, 11, 7, 4)
_OFFICE = (0, 0, 0, 0, 0, 0, 1, 6, 14, 16, 15, 12, 9, 14, 15, 14, 11, 6, 2, 1, 1, 0, 0, 0)
_WEEKDAYS, _OFFICE_DAYS = (14, 14, 14, 15, 17, 14, 12), (20, 20, 20, 20, 17, 2, 1)
_STATES = ("received", "guided", "rated", "billed", "rejected")


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of usage. typical, spread: of its lognormal size; price: for one unit, in euros."""

    name: str
    specification: str
    product: str
    measure: str
    unit: str
    typical: float
    spread: float
    price: str


KINDS = (
    Kind("voice", "S-voice", "Talk", "duration", "second", 4.6, 1.1, "0.0015"),
    Kind("sms", "S-sms", "Text", "messages", "message", 0.2, 0.5, "0.07"),
    Kind("data", "S-data", "Surf", "volume", "kilobyte", 8.5, 1.6, "0.000004"),
    Kind("roaming", "S-roaming", "Travel", "volume", "kilobyte", 7.0, 1.4, "0.002"),
)
_SHARES = (26, 14, 50, 10)


def specifications() -> Iterator[Document]:
    """What the usage of each kind consists of."""
    for kind in KINDS:
        number: Document = {
            "name": kind.measure,
            "description": f"Measured in {kind.unit}s",
            "valueType": "number",
            "minCardinality": 1,
            "maxCardinality": 1,
            "characteristicValueSpecification": [
                {"valueFrom": 0, "rangeInterval": "closedBottom", "unitOfMeasure": kind.unit}
            ],
        }
        called: Document = {"name": "called", "valueType": "string", "regex": r"\+[0-9]{6,15}"}
        yield {
            "id": kind.specification,
            "name": kind.name.capitalize(),
            "version": "1.0",
            "lifecycleStatus": "active",
            "specCharacteristic": [number, called] if kind.name in ("voice", "sms") else [number],
        }


def formats() -> Iterator[Document]:
    for id, name in (("BF-1", "Itemised bill"), ("BF-2", "Summary bill")):
        yield {"id": id, "name": name}


def media() -> Iterator[Document]:
    for id, name in (("BM-1", "Electronic invoice"), ("BM-2", "Letter")):
        yield {"id": id, "name": name}


def cycles() -> Iterator[Document]:
    yield {
        "id": "BC-1",
        "name": "Monthly, on the first",
        "billingPeriod": "month",
        "frequency": "monthly",
        "billingDateShift": 0,
        "paymentDueDateOffset": 14,
    }


def ledgers() -> Iterator[Document]:
    yield {
        "id": LEDGER,
        "name": "Accounts receivable",
        "accountType": "receivable",
        "state": "Active",
        "relatedParty": [_party(COMPANY)],
    }


def business_accounts() -> Iterator[Document]:
    """The business customer's accounts: the company, its branches, and shops below one."""
    yield _account("B-1", COMPANY["name"], COMPANY, 12500.5)
    for number, branch in enumerate(BRANCHES, 1):
        yield _account(f"B-1-{number}", f"Acme {branch}", COMPANY, 800.25 * number, "B-1")
    for number, city in enumerate(CITIES, 1):
        above = "B-1-2" if city.startswith("Ghent") else "B-1-1"
        yield _account(f"B-1-S{number}", f"Acme {city}", COMPANY, 90.1 * number, above)


def household_accounts() -> Iterator[Document]:
    for number in range(HOUSEHOLDS):
        yield _account(f"B-H{number}", f"Household {number}", _household(number), number % 70 + 0.3)


def partner_accounts() -> Iterator[Document]:
    yield {
        "id": "SA-1",
        "name": "Northwind Mobile, settlement",
        "accountType": "interconnect",
        "state": "Active",
        "relatedParty": [_party(PARTNER)],
    }


def usages(seed: int, count: int) -> Iterator[Document]:
    """So many usage records, in the order of their time."""
    rng = random.Random(seed)
    # A long tail: the second uses half as much as the first, the tenth a tenth.
    households = list(accumulate(1 / rank for rank in range(1, HOUSEHOLDS + 1)))
    for number, (at, is_business) in enumerate(sorted(_traffic(rng, count))):
        kind = rng.choices(KINDS, _SHARES)[0]
        customer = COMPANY if is_business else _household(_drawn(rng, households))
        parties = [_party(customer)]
        if kind.name == "roaming" or rng.random() < 0.05:
            parties.append(_party(PARTNER))
        yield _usage(rng, number, kind, at, parties)


def _traffic(rng: random.Random, count: int) -> Iterator[tuple[datetime, bool]]:
    """When something is used, and whether at work."""
    for _ in range(count):
        if rng.random() < 0.3:
            yield _moment(rng, _OFFICE, _OFFICE_DAYS), True
        else:
            yield _moment(rng, _HOURS, _WEEKDAYS), False


def _usage(
    rng: random.Random, number: int, kind: Kind, at: datetime, parties: list[Document]
) -> Document:
    size = max(1, round(rng.lognormvariate(kind.typical, kind.spread)))
    characteristics: list[Document] = [{"name": kind.measure, "value": size}]
    if kind.name in ("voice", "sms"):
        characteristics.append({"name": "called", "value": f"+3120555{rng.randrange(10_000):04}"})
    age = (FIRST + timedelta(days=DAYS) - at).days
    status = rng.choices(_STATES, (30, 30, 30, 0, 2) if age < 2 else (1, 1, 30, 66, 2))[0]
    document: Document = {
        "id": f"U-{number:07}",
        "usageDate": _text(at),
        "usageType": kind.name,
        "status": status,
        "description": f"{kind.name.capitalize()} of {size} {kind.unit}s",
        "usageSpecification": {"id": kind.specification, "name": kind.name.capitalize()},
        "usageCharacteristic": characteristics,
        "relatedParty": parties,
    }
    if status in ("rated", "billed"):
        document["ratedProductUsage"] = [rating(kind, size, at, billed=status == "billed")]
    return document


def rating(kind: Kind, size: int, at: datetime, *, billed: bool) -> Document:
    """What so much of a kind costs, to hundredths of a cent, as rated some hours later."""
    cents = round(size * float(kind.price) * 10_000)
    return {
        "ratingDate": _text(at + timedelta(hours=6)),
        "ratingAmountType": "Total",
        "taxExcludedRatingAmount": {"unit": "EUR", "value": cents / 10_000},
        "taxRate": 21,
        "isBilled": billed,
        "productRef": {"id": f"PR-{kind.product}", "name": kind.product},
    }


def _account(id: str, name: str, party: Document, receivable: float, above: str = "") -> Document:
    validity = {"startDateTime": _text(FIRST)}
    account: Document = {
        "id": id,
        "name": name,
        "accountType": "business" if party is COMPANY else "residential",
        "state": "Active",
        "paymentStatus": "due",
        "financialAccount": {"id": LEDGER, "name": "Accounts receivable"},
        "relatedParty": [_party(party)],
        "accountBalance": [
            {
                "balanceType": "receivable",
                "amount": {"unit": "EUR", "value": round(receivable, 2)},
                "validFor": validity,
            }
        ],
        "billStructure": {
            "cycleSpecification": {"id": "BC-1", "name": "Monthly, on the first", "isRef": True},
            "format": {"id": "BF-1", "name": "Itemised bill", "isRef": True},
        },
    }
    if above:
        parent = {"id": above, "@referredType": "BillingAccount"}
        account["accountRelationship"] = [
            {"relationshipType": "parentAccount", "account": parent, "validFor": validity}
        ]
    return account


def _party(party: Document) -> Document:
    kind = "Individual" if party["id"].startswith("H-") else "Organization"
    return {**party, "@referredType": kind}


def _household(number: int) -> Document:
    return {"id": f"H-{number}", "name": f"Household {number}", "role": "Customer"}


def _drawn(rng: random.Random, shares: Sequence[float]) -> int:
    return rng.choices(range(len(shares)), cum_weights=shares)[0]


def _moment(rng: random.Random, hours: Sequence[int], weekdays: Sequence[int]) -> datetime:
    week = rng.randrange(DAYS // 7)
    weekday = rng.choices(range(7), weekdays)[0]
    hour = rng.choices(range(24), hours)[0]
    return FIRST + timedelta(days=7 * week + weekday, hours=hour, seconds=rng.randrange(3600))


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
