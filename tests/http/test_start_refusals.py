"""Everything that is wrong with contracts, handlers and settings is said in one sentence."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import tmfserver.handlers

from tmfserver import sql
from tmfserver.errors import StartFailure
from tmfserver.planning import make_plan
from tmfserver.settings import read

OPERATION = {"operationId": "listThing", "responses": {"200": {"description": "All things."}}}
CONTRACT: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "Things", "version": "1.0.0"},
    "basePath": "/things/v1/",
    "paths": {"/thing": {"get": OPERATION}},
    "definitions": {},
}


def refusal(environment: Mapping[str, str] | None = None, **settings: Any) -> str:
    """The sentence with which a server of these settings refuses to start."""
    with pytest.raises(StartFailure) as failure:
        make_plan(read(settings, environment or {}))
    return one_sentence(failure.value)


def one_sentence(failure: StartFailure) -> str:
    sentence = str(failure)
    assert len(sentence.splitlines()) == 1, sentence
    assert sentence.endswith(".")
    return sentence


@pytest.fixture(autouse=True)
def handlers_as_they_were() -> Iterator[None]:
    """Loading an operator's handlers leaves traces in this process: they are wiped off."""
    package = vars(tmfserver.handlers)
    attributes = dict(package)
    modules = {name: sys.modules[name] for name in sys.modules if "tmfserver.handlers" in name}
    yield
    package.clear()
    package.update(attributes)
    for name in [name for name in sys.modules if "tmfserver.handlers" in name]:
        del sys.modules[name]
    sys.modules.update(modules)


def specs(folder: Path, *contents: str | dict[str, Any]) -> Path:
    """A folder of contracts."""
    place = folder / "specs"
    place.mkdir()
    for number, content in enumerate(contents):
        text = content if isinstance(content, str) else json.dumps(content)
        (place / f"contract-{number}.json").write_text(text, encoding="utf-8")
    return place


def with_path(path: str, **methods: dict[str, Any]) -> dict[str, Any]:
    return {**CONTRACT, "paths": {**CONTRACT["paths"], path: methods}}


def with_answer(schema: dict[str, Any]) -> dict[str, Any]:
    answer = {"description": "All things.", "schema": schema}
    return with_path("/thing", get={**OPERATION, "responses": {"200": answer}})


BROKEN: dict[str, str | dict[str, Any]] = {
    "empty": "",
    "no JSON": "{",
    "no YAML": "a: [",
    "a list": "[]",
    "no contract": '{"a": 1}',
    "no operations": {**CONTRACT, "paths": {}},
    "no paths": {name: CONTRACT[name] for name in CONTRACT if name != "paths"},
    "paths are a list": {**CONTRACT, "paths": []},
    "no responses": with_path("/other", get={"operationId": "listOther"}),
    "a reference to nothing": with_answer({"$ref": "#/definitions/Nothing"}),
    "a type that is none": with_answer({"type": "nonsense"}),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_contract(tmp_path: Path, content: str | dict[str, Any]) -> None:
    """A contract that cannot be served is named, with what is wrong and what to do."""
    sentence = refusal(specs=[str(specs(tmp_path, content))])
    assert "contract-0.json" in sentence
    assert "--specs" in sentence


def test_a_contract_that_is_whole(tmp_path: Path) -> None:
    """The contract that the broken ones are made of would do."""
    (api,) = make_plan(read({"specs": [str(specs(tmp_path, CONTRACT))]}, {})).apis
    assert list(api.resources) == ["thing"]


def test_no_contracts(tmp_path: Path) -> None:
    """A folder that is not there, or that holds no contract, is named."""
    assert "nowhere" in refusal(specs=[str(tmp_path / "nowhere")])
    folder = str(specs(tmp_path))
    assert folder in refusal(specs=[folder])


def test_two_contracts_at_one_place(tmp_path: Path) -> None:
    """Two contracts with the same base path are refused, both named."""
    sentence = refusal(specs=[str(specs(tmp_path, CONTRACT, CONTRACT))])
    for word in ("contract-0.json", "contract-1.json", "/things/v1"):
        assert word in sentence


HANDLERS = {
    "usages.py": ("rules = None", "usage"),
    "billing_acount.py": ("", "billing_account"),
    "usage.py": ("async def delete_usages(call): ...", "delete_usage"),
    "party_account.py": ("async def create_party_acount(call): ...", "create_party_account"),
    "bill_format.py": ("def broken(:", "bill_format.py"),
    "financial_account.py": ("import no_such_module", "no_such_module"),
    "settlement_account.py": ("rules = {'lifecycle': None}", "rules"),
}


@pytest.mark.parametrize("name", HANDLERS)
def test_a_handler_that_cannot_be_meant(tmp_path: Path, name: str) -> None:
    """A module or function that nothing is named as stops the start, with the nearest match."""
    text, expected = HANDLERS[name]
    folder = tmp_path / "handlers"
    folder.mkdir()
    (folder / name).write_text(text, encoding="utf-8")
    sentence = refusal(handlers=str(folder))
    assert name in sentence
    assert expected in sentence.replace(str(folder / name), "" if expected != name else name)


def test_a_folder_of_handlers_that_is_not_there(tmp_path: Path) -> None:
    """A folder of handlers that does not exist is named."""
    assert "nowhere" in refusal(handlers=str(tmp_path / "nowhere"))


WRONG: list[tuple[str, Any, str]] = [
    ("port", "abc", "65535"),
    ("port", 70000, "65535"),
    ("port", -1, "65535"),
    ("workers", 0, "1"),
    ("page_limit", 0, "1"),
    ("largest_page", "many", "1"),
    ("body_limit", "10MB", "1"),
    ("depth_limit", 100_000, "900"),
    ("references", "maybe", "off, warn, strict"),
    ("public_url", "api.example.com", "http(s)://"),
    ("public_url", "https://api.example.com/path", "http(s)://"),
    ("log_level", "loud", "debug"),
]


@pytest.mark.parametrize(("name", "value", "expected"), WRONG, ids=lambda value: str(value)[:30])
def test_a_wrong_setting(name: str, value: Any, expected: str) -> None:
    """A setting of a wrong kind is named, with what came and what was expected."""
    sentence = refusal(**{name: value})
    for word in (name, str(value), expected):
        assert word in sentence


def test_a_wrong_setting_in_the_environment() -> None:
    """A wrong value in an environment variable is refused under the variable's name."""
    sentence = refusal({"TMFSERVER_PAGE_LIMIT": "zero"})
    assert "TMFSERVER_PAGE_LIMIT" in sentence
    assert "zero" in sentence


@pytest.mark.parametrize(
    "database", ["mysql://host/name", "tmfserver.db", "sqlite:///:memory:", "sqlite://", "", "x://"]
)
def test_a_database_of_a_wrong_kind(database: str) -> None:
    """What names neither SQLite nor PostgreSQL is refused, with what would do."""
    with pytest.raises(StartFailure) as failure:
        sql.migrate(database, [])
    sentence = one_sentence(failure.value)
    assert f"'{database}'" in sentence
    assert "sqlite:///" in sentence


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """A folder, or a file of something else, is refused and left as it is."""
    rubbish = tmp_path / "rubbish.db"
    rubbish.write_text("this is no database, just a text of some length " * 100, encoding="utf-8")
    before = rubbish.read_bytes()
    for place in (tmp_path, rubbish):
        with pytest.raises(StartFailure) as failure:
            sql.migrate(f"sqlite:///{place}", [])
        sentence = one_sentence(failure.value)
        assert str(place) in sentence
        assert "--database" in sentence
    assert rubbish.read_bytes() == before
