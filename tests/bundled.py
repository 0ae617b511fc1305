"""The contracts that come with the server: those of TM Forum, and ours that extend them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SPECS = Path(__file__).parents[1] / "specs"


def read(file: Path) -> dict[str, Any]:
    contract: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return contract


FILES = sorted(SPECS.glob("*.json"))
EXTENSIONS = [file for file in FILES if read(file)["info"].get("x-extension")]
#: Usage, then account.
CONTRACTS = [file for file in FILES if file not in EXTENSIONS]


def extended(file: Path) -> Path:
    """The contract that serves a file's operations: itself, or the one that it extends."""
    base = read(file)["basePath"]
    return next(each for each in CONTRACTS if read(each)["basePath"] == base)
