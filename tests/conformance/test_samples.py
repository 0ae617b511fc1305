"""TM Forum's published sample documents: accepted, kept whole and given back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conformance.facts import RESOURCES, SAMPLES

SET_BY_THE_SERVER = ("id", "href")


def lacks(sent: Any, came: Any, at: str = "") -> list[str]:
    """Names each place where something that was sent did not come back as it was."""
    if isinstance(sent, dict) and isinstance(came, dict):
        return [
            place
            for name, value in sent.items()
            for place in (
                lacks(value, came[name], f"{at}/{name}") if name in came else [f"{at}/{name}"]
            )
        ]
    if isinstance(sent, list) and isinstance(came, list) and len(sent) == len(came):
        pairs = enumerate(zip(sent, came, strict=True))
        return [place for index, pair in pairs for place in lacks(*pair, f"{at}/{index}")]
    return [] if sent == came and type(sent) is type(came) else [at]


@pytest.mark.parametrize("file", SAMPLES)
def test_a_sample_is_kept_whole(kit: httpx.Client, published_folder: Path, file: str) -> None:
    """A sample without id and href is created, and GET gives back every attribute that was sent."""
    sample = json.loads((published_folder / "samples" / file).read_text(encoding="utf-8"))
    document = {name: sample[name] for name in sample if name not in SET_BY_THE_SERVER}
    path = SAMPLES[file].path
    response = kit.post(path, json=document)
    assert response.status_code == 201, response.text
    made = response.json()
    came = kit.get(f"{path}/{made['id']}").json()
    assert came == made
    assert lacks(document, came) == []


def test_every_sample_is_tried(published_folder: Path) -> None:
    """No published sample is left out, and every resource has one."""
    files = {file.name for file in (published_folder / "samples").glob("*.json")}
    assert files == SAMPLES.keys()
    assert {resource.name for resource in SAMPLES.values()} == RESOURCES.keys()
