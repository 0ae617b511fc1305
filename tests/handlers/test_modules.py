"""Every handler module: named after a resource, and speaking of what its contract has."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import tmfserver.handlers

from tmfserver import spec
from tmfserver.rules import Rules
from tmfserver.spec import Resource

SPECS = Path(__file__).parents[2] / "specs"
FOLDER = Path(tmfserver.handlers.__file__ or "").parent
MODULES = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))
RESOURCES: dict[str, Resource] = {
    name: resource
    for api in spec.read(*spec.files([SPECS]))
    for name, resource in api.resources.items()
}
BY_MODULE = {spec.snake_case(name): resource for name, resource in RESOURCES.items()}
ACCOUNTS = {"billingAccount", "partyAccount", "settlementAccount", "financialAccount"}
STRUCTURE = {
    "billStructure.cycleSpecification": {"billingCycleSpecification"},
    "billStructure.format": {"billFormat"},
    "billStructure.presentationMedia": {"billPresentationMedia"},
}


def rules(module: str) -> Rules:
    found = importlib.import_module(f"tmfserver.handlers.{module}").rules
    assert isinstance(found, Rules)
    return found


def targets(module: str) -> dict[str, set[str]]:
    """The references of a module: path → resources that it may lead to."""
    return {
        path: {names} if isinstance(names, str) else set(names)
        for path, names in rules(module).references.items()
    }


def test_every_resource_has_its_module() -> None:
    """The nine resources of the two contracts have a module each, and no module is left over."""
    assert sorted(BY_MODULE) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_indexed_attributes_exist(module: str) -> None:
    """What a module wants indexed, the contract has as a scalar, so that it can be."""
    indexed = rules(module).indexed
    assert len(set(indexed)) == len(indexed) > 0
    for path in indexed:
        assert path in BY_MODULE[module].types


@pytest.mark.parametrize("module", MODULES)
def test_references_exist(module: str) -> None:
    """What a module calls a reference has an id by the contract, and leads to resources served."""
    for path, names in targets(module).items():
        assert BY_MODULE[module].types[f"{path}.id"] == "string"
        assert names <= RESOURCES.keys()


@pytest.mark.parametrize("module", ["billing_account", "party_account", "settlement_account"])
def test_references_of_accounts(module: str) -> None:
    """An account refers to its ledger, to other accounts, and to how it is billed."""
    assert targets(module) == {
        "financialAccount": {"financialAccount"},
        "accountRelationship.account": ACCOUNTS,
        **STRUCTURE,
    }


def test_references_of_a_ledger() -> None:
    """A financial account refers to other accounts only."""
    assert targets("financial_account") == {"accountRelationship.account": ACCOUNTS}


@pytest.mark.parametrize(
    "module", ["bill_format", "bill_presentation_media", "billing_cycle_specification"]
)
def test_what_is_referred_to_refers_to_nothing(module: str) -> None:
    """Formats, media and cycles stand for themselves, and have no life cycle."""
    assert targets(module) == {}
    assert rules(module).lifecycle is None


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_short_and_says_what_it_is(module: str) -> None:
    """A handler reads like the page of the specification that it implements."""
    text = (FOLDER / f"{module}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 40
    assert importlib.import_module(f"tmfserver.handlers.{module}").__doc__


@pytest.mark.parametrize("module", MODULES)
def test_what_a_hierarchy_is_looked_up_by_is_indexed(module: str) -> None:
    """Both whom a relationship leads to and its type: else each child that comes would have all
    children of its parent read."""
    found = rules(module)
    if (rule := found.hierarchy) is not None:
        names = {f"{rule.relationships}.{rule.target}.id", f"{rule.relationships}.{rule.type}"}
        assert names <= set(found.indexed)
