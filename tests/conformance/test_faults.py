"""The checks can fail: each of many faulty servers is caught, and named by the right check."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from tests.conformance.fault_list import FAULTS
from tests.conformance.faults import Fault

from tmfserver import spec
from tmfserver.conformance.asking import Client
from tmfserver.conformance.listening import Ear
from tmfserver.conformance.profiles import profiles
from tmfserver.conformance.registry import ENTRIES
from tmfserver.conformance.results import Check
from tmfserver.conformance.running import Located, Means, run
from tmfserver.conformance.targets import declared
from tmfserver.planning import bundled_specs

CONTRACT = bundled_specs() / "TMF666-Account-Management-v4.0.0.swagger.json"
RESOURCE = "financialAccount"
PARTY = {"id": "1815", "name": "Ada Byron", "@referredType": "Individual"}


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ear() -> Iterator[Ear]:
    with closing(Ear(patience=5)) as made:
        yield made


@pytest.fixture(scope="module")
def tested() -> Located:
    """One resource that every check can be made of, and its hub."""
    (api,) = spec.read(CONTRACT)
    found = profiles(api, [bundled_specs() / "profiles"])[RESOURCE]
    create = {**found.document(), "relatedParty": [PARTY]}
    profile = replace(found, create=create, anonymous=True, nested=found.nested[:2])
    return Located(api, "", {RESOURCE: profile}, declared(api, as_served=True))


def checks_of(url: str, tested: Located, ear: Ear) -> list[Check]:
    api = replace(tested, base=url + tested.api.base_path)
    with closing(Client((("X-Known", "yes"),))) as client:
        means = Means(client, ear, "", tidies=False)
        return [*run([api], "full", means, url, "", lambda _: None).checks]


def test_without_a_fault_every_check_is_made_and_passes(
    faulty_server: str, tested: Located, ear: Ear
) -> None:
    """The sound server behind the faults passes, and no check is left out."""
    checks = checks_of(faulty_server, tested, ear)
    bad = [(check.id, check.outcome, check.reason) for check in checks if check.outcome != "passed"]
    assert bad == []
    assert {check.id for check in checks} == {entry.id for entry in ENTRIES}


@pytest.mark.parametrize("name", FAULTS, ids=[each.name for each in FAULTS.values()])
def test_a_fault_is_named(faulty_server: str, tested: Located, ear: Ear, name: str) -> None:
    """A faulty server fails the check that is about the fault, and no check of another kind."""
    fault: Fault = FAULTS[name]
    checks = checks_of(f"{faulty_server}/{name}", tested, ear)
    failed = {check.id: check.reason for check in checks if check.outcome == "failed"}
    assert fault.caught_by in failed
    others = {id: why for id, why in failed.items() if id.split(".")[0] not in fault.kinds}
    assert others == {}
    assert all(check.reason for check in checks if check.outcome != "passed")


def test_every_kind_of_check_can_fail() -> None:
    """There is a fault for each kind of check."""
    kinds = {entry.id.split(".")[0] for entry in ENTRIES}
    assert kinds == {fault.caught_by.split(".")[0] for fault in FAULTS.values()}
