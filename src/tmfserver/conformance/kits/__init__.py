"""TM Forum's own conformance kits, which the user brings: run, and their results taken over.

A kit is a program of others, which Node.js runs: it may do what the user may do.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tmfserver.conformance.asking import Headers
from tmfserver.conformance.kits.bringing import Kit, bring, meant
from tmfserver.conformance.kits.newman import Unreadable, checks
from tmfserver.conformance.kits.node import install, need_node, start
from tmfserver.conformance.results import ApiTested, Check
from tmfserver.conformance.trial import CannotTest

SECONDS = 900.0  # the longest that a kit may take; the largest makes some hundred requests


def run(
    place: Path, apis: Sequence[ApiTested], headers: Headers, seconds: float = SECONDS
) -> tuple[Check, ...]:
    """Runs the kit in a folder or ZIP file against the one of these APIs that it is for.

    The kit is copied first, and stays as it is. Raises CannotTest, saying why in one sentence.
    """
    need_node()
    with TemporaryDirectory(prefix="tmfserver-kit-") as folder:
        # Three folders deep: some kits write their results beside the folder that they are in.
        kit = bring(place, Path(folder, "a", "b", "c"))
        api = meant(kit, apis)
        kit.configure(api.base_url, headers)
        install(kit)
        before = _reports(Path(folder))
        said = start(kit, seconds)
        after = _reports(Path(folder))
        found = [path for path, stamp in after.items() if before.get(path) != stamp]
        results = [check for path in sorted(found) for check in _read(path, kit, api)]
    if not results:
        raise CannotTest(f"The kit {kit.name} has left no results of newman in JSON{said}")
    return tuple(results)


def _reports(folder: Path) -> dict[Path, tuple[int, int]]:
    """The JSON files below a folder that are not libraries', with what shows a change."""
    found = (path for path in folder.rglob("*.json") if "node_modules" not in path.parts)
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in found}


def _read(path: Path, kit: Kit, api: ApiTested) -> list[Check]:
    """The results in a file; none if it is no report of newman."""
    try:
        report = json.loads(path.read_text(encoding="utf-8-sig"))
        return checks(report, kit.name, api)
    except (OSError, ValueError, RecursionError):
        return []
    except Unreadable as failure:
        raise CannotTest(f"The results of the kit {kit.name} cannot be read: {failure}") from None
