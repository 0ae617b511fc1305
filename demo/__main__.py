"""Loads the company into a database, and prints commands to walk through the mission's flows.

`python -m demo [--usages 50000] [--database URL]`. It may be run again: what is there stays.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from demo import telco
from demo.walk import walk
from tmfserver.cli import main as tmfserver

COMMAND = Path(sys.executable).with_name("tmfserver")
SEED = 635


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--usages", type=int, default=50_000, help="how many usage records")
    parser.add_argument("--database", help="a URL as `tmfserver serve` takes it")
    parser.add_argument("--address", default="http://127.0.0.1:8080", help="where it is served")
    given = parser.parse_args()
    database = ["--database", given.database] if given.database else []
    for resource, documents in company(given.usages):
        code = load(resource, documents, database)
        if code:
            return code
    chosen = first_to_rate(telco.usages(SEED, given.usages))
    sys.stdout.write(walk(given.address, chosen, " ".join([shown(COMMAND), "serve", *database])))
    return 0


def company(usages: int) -> Iterator[tuple[str, Iterable[telco.Document]]]:
    """Resource by resource, what is referred to before what refers to it."""
    yield "usageSpecification", telco.specifications()
    yield "billFormat", telco.formats()
    yield "billPresentationMedia", telco.media()
    yield "billingCycleSpecification", telco.cycles()
    yield "financialAccount", telco.ledgers()
    yield "billingAccount", telco.business_accounts()
    yield "partyAccount", telco.household_accounts()
    yield "settlementAccount", telco.partner_accounts()
    yield "usage", telco.usages(SEED, usages)


def load(resource: str, documents: Iterable[telco.Document], database: list[str]) -> int:
    """Imports documents by the command; gives its exit code."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{resource}.ndjson"
        with path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(each) + "\n" for each in documents)
        with redirect_stderr(StringIO()) as said:
            code = run("import", resource, str(path), *database)
    sys.stderr.write(f"{resource}: {said.getvalue()}")
    return code


def run(*words: str) -> int:
    """The command `tmfserver`, in this process, which saves starting nine."""
    sys.argv = [str(COMMAND), *words]
    try:
        tmfserver()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def shown(command: Path) -> str:
    """As one would type it from here."""
    here = Path.cwd()
    return str(command.relative_to(here)) if command.is_relative_to(here) else command.name


def first_to_rate(usages: Iterable[telco.Document]) -> telco.Document:
    """The first of the partner's records that is not rated yet."""
    for usage in usages:
        parties = [party["id"] for party in usage["relatedParty"]]
        if usage["status"] == "received" and telco.PARTNER["id"] in parties:
            return usage
    raise SystemExit("so few records hold none of the partner's that is to be rated")


if __name__ == "__main__":
    sys.exit(main())
