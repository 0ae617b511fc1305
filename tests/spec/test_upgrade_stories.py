"""What TM Forum really changed from version to version, as its published files tell."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

from tmfserver.spec import read
from tmfserver.spec.compare import compare
from tmfserver.spec.difference import Difference
from tmfserver.spec.facts import Facts, facts_of, pack, unpack

VARIABLE = "TMFSERVER_OFFICIAL_SPECS"
FOLDER = Path(os.environ.get(VARIABLE, "none"))

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"{VARIABLE} names no folder of published contracts"
)


@cache
def facts(name: str) -> Facts:
    (api,) = read(next(FOLDER.glob(f"{name}.*")))
    return facts_of(api)


def differences(old: str, new: str) -> dict[tuple[str, str], Difference]:
    """By kind and place."""
    return {(each.kind, each.place): each for each in compare(facts(old), facts(new))}


def breaks(found: Difference) -> tuple[bool, bool]:
    """(clients, stored documents)"""
    return found.for_clients == "breaking", found.for_documents == "breaking"


def test_a_minor_version_of_accounts() -> None:
    """4.1 of TMF666 adds a rating type, and wants hrefs of references to be whole URIs."""
    found = differences("TMF666-v4.0.0.swagger", "TMF666-v4.1.0.swagger")
    assert breaks(found["attribute", "billingAccount.ratingType"]) == (False, False)
    assert breaks(found["attribute", "billingAccount.financialAccount.accountBalance"]) == (
        True, False,
    )  # fmt: skip
    assert {place for (_, place), each in found.items() if breaks(each)[1]} == {
        f"{account}.{reference}.href"
        for account, references in {
            "billingAccount": ("relatedParty", "financialAccount", "defaultPaymentMethod"),
            "partyAccount": ("relatedParty", "financialAccount", "defaultPaymentMethod"),
            "settlementAccount": ("relatedParty", "financialAccount", "defaultPaymentMethod"),
            "financialAccount": ("relatedParty",),
        }.items()
        for reference in references
    }
    assert ("event", "partyAccount") in found


def test_a_major_version_of_accounts() -> None:
    """5.0 of TMF666 is at another base path and wants @type of every object."""
    found = differences("TMF666-v4.1.0.swagger", "TMF666-v5.0.0.oas")
    assert breaks(found["base path", "/tmf-api/accountManagement/v4"]) == (True, False)
    for account in ("billingAccount", "billFormat", "financialAccount"):
        assert breaks(found["mandatory", f"{account}.@type"]) == (True, True)
    assert breaks(found["mandatory", "billingAccount.relatedParty.@type"]) == (True, True)
    assert breaks(found["attribute", "billingAccount.relatedParty.partyOrPartyRole"]) == (
        False, False,
    )  # fmt: skip


def test_major_versions_of_usages() -> None:
    """4.0 of TMF635 writes states small, makes amounts objects, and renames date and type."""
    found = differences("TMF635-v2.0.swagger", "TMF635-v4.0.0.swagger")
    state = found["values", "usage.status"]
    assert "'Received'" in state.text or "'received'" in state.text
    assert breaks(found["type", "usage.ratedProductUsage.taxExcludedRatingAmount"]) == (True, True)
    for name in ("date", "type"):
        assert breaks(found["attribute", f"usage.{name}"]) == (True, False)
    for name in ("usageDate", "usageType"):
        assert breaks(found["attribute", f"usage.{name}"]) == (False, False)
    assert breaks(found["operation", "PUT /usage/{usageId}"]) == (True, False)
    assert breaks(found["event", "usage"]) == (False, False)


@pytest.mark.parametrize(
    "name", sorted({path.name.rsplit(".", 1)[0] for path in FOLDER.glob("TMF*")})
)
def test_every_contract_is_like_itself(name: str) -> None:
    """No published contract differs from what was kept of it, and all that is kept is small."""
    packed = pack(facts(name))
    assert compare(unpack(packed), facts(name)) == []
    assert len(packed) < 50_000
