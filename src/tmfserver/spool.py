"""Files of imports and exports, in a folder that all processes which work on jobs see."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from tmfserver.settings import Settings


class Spool:
    """A job has one file at most, what came in or what goes out, and a part of it in the making."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def file(self, jobs: str, id: str) -> Path:
        """The file of a job, by its collection's name and its id; the folder is there then."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / hashlib.sha256(f"{jobs}/{id}".encode()).hexdigest()[:40]

    def part(self, jobs: str, id: str) -> Path:
        return self.file(jobs, id).with_suffix(".part")

    def forget(self, jobs: str, id: str) -> None:
        self.file(jobs, id).unlink(missing_ok=True)
        self.part(jobs, id).unlink(missing_ok=True)


def spool_of(settings: Settings) -> Spool:
    """In the setting `jobs_folder`, or beside the SQLite file."""
    if settings.jobs_folder:
        return Spool(Path(settings.jobs_folder))
    beside = re.match(r"sqlite(\+\w+)?:///(.+)", settings.database, re.IGNORECASE)
    return Spool(Path(f"{beside[2]}-jobs" if beside else "tmfserver-jobs"))
