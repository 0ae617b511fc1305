"""Reads the tables of this folder: a query string, a bar, and what comes of it."""

import json
from pathlib import Path

HERE = Path(__file__).parent
_GIVEN = json.loads((HERE / "documents.json").read_text("utf-8"))
DOCUMENTS = _GIVEN["documents"]
TYPES = _GIVEN["types"]


def rows(name):
    """The rows of a table, as pairs."""
    lines = (HERE / name).read_text("utf-8").splitlines()
    for line in lines:
        if line and not line.startswith("#"):
            query, _, outcome = line.rpartition("|")
            yield query.removesuffix(" "), outcome.strip()
