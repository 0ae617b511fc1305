"""The generated pages are what the code says now."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("settings.md", "errors.md", "commands.md", "checks.md")


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """docs/generate.py, which is a script and no package."""
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", PAGES)
def test_a_generated_page_is_up_to_date(generator: ModuleType, page: str) -> None:
    """Each page is what the generator gives: after a change, `make docs` writes it anew."""
    assert (DOCS / page).read_text(encoding="utf-8") == generator.pages()[page]


def test_the_generator_writes_these_pages_and_no_others(generator: ModuleType) -> None:
    """No page is generated that no test looks at."""
    assert set(generator.pages()) == set(PAGES)


def test_every_setting_and_every_refusal_has_a_row(generator: ModuleType) -> None:
    """Nothing that a user may set or meet is left out of the pages."""
    from tmfserver import errors, settings

    pages = generator.pages()
    refusals = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.Failure)
    ]
    kinds = {errors.Failure, errors.RequestFailure, errors.StartFailure}
    for kind in refusals:
        assert (f"| `{kind.__name__}` |" in pages["errors.md"]) is (kind not in kinds)
    for row in settings.describe():
        assert f"`{row['environment']}`" in pages["settings.md"]
