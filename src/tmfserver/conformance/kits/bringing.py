"""Copies a kit to a place of its own, finds what is where in it, and tells it what to test."""

from __future__ import annotations

import json
import re
import shutil
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit
from zipfile import BadZipFile, ZipFile, ZipInfo

from tmfserver.conformance.asking import Headers
from tmfserver.conformance.results import ApiTested
from tmfserver.conformance.trial import CannotTest

# A kit with its libraries has some ten thousand files of 100 MB in all.
MOST_BYTES = 1_000_000_000
MOST_FILES = 100_000
_NUMBER = re.compile(r"TMF\d{3,4}")


@dataclass(frozen=True)
class Kit:
    """A copied kit. `config` is its config.json, `project` the folder with its package.json."""

    name: str
    config: Path
    project: Path

    def settings(self) -> dict[str, Any]:
        """What config.json says. Raises CannotTest."""
        try:
            found = json.loads(self.config.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, RecursionError) as failure:
            raise CannotTest(
                f"The config.json of the kit {self.name} cannot be read: {failure}"
            ) from failure
        if not isinstance(found, dict):
            raise CannotTest(f"The config.json of the kit {self.name} is no JSON object")
        return found

    def configure(self, base_url: str, headers: Headers) -> None:
        """Names the API's base URL, with a slash at its end, and adds headers to the kit's own."""
        settings = self.settings()
        settings["url"] = f"{base_url.rstrip('/')}/"
        kept = settings.get("headers")
        own = dict(kept) if isinstance(kept, dict) else {}
        given = {name.lower() for name, _ in headers}
        own = {name: value for name, value in own.items() if name.lower() not in given}
        settings["headers"] = {**own, **dict(headers)}
        self.config.write_text(json.dumps(settings, indent=2, ensure_ascii=False), encoding="utf-8")


def bring(place: Path, folder: Path) -> Kit:
    """Copies the kit in a folder or ZIP file into a new folder. Raises CannotTest."""
    copy = folder / re.sub(r"\W+", "-", place.name)
    try:
        if place.is_dir():
            shutil.copytree(place, copy, symlinks=True)
        else:
            copy.mkdir(parents=True)
            _unpack(place, copy)
    except (OSError, shutil.Error, BadZipFile, NotImplementedError, RuntimeError) as failure:
        reason = getattr(failure, "strerror", None) or str(failure)
        raise CannotTest(f"The kit {place} cannot be read: {reason}") from failure
    for config in sorted(copy.rglob("config.json"), key=lambda path: len(path.parts)):
        if (config.parent / "ctk" / "package.json").is_file():
            return Kit(place.stem if place.is_file() else place.name, config, config.parent / "ctk")
    raise CannotTest(
        f"{place} is no kit: it has no config.json beside a folder ctk with a package.json"
    )


def _unpack(file: Path, folder: Path) -> None:
    """Unpacks a ZIP file, which may hold neither too much nor anything outside of the folder."""
    with ZipFile(file) as archive:
        members = archive.infolist()
        if len(members) > MOST_FILES or sum(each.file_size for each in members) > MOST_BYTES:
            raise CannotTest(
                f"The kit {file} is too large: more than {MOST_FILES} files or {MOST_BYTES} bytes"
            )
        for member in members:
            _refuse_what_leads_out(file, member)
        # What a member says of its size is checked by the reader: it stops there.
        archive.extractall(folder)


def _refuse_what_leads_out(file: Path, member: ZipInfo) -> None:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    is_link = stat.S_ISLNK(member.external_attr >> 16)
    if path.is_absolute() or ".." in path.parts or ":" in member.filename or is_link:
        raise CannotTest(f"The kit {file} is refused: '{member.filename}' leads out of its folder")


def meant(kit: Kit, apis: Sequence[ApiTested]) -> ApiTested:
    """The API that a kit is for, told by the path in its URL or by its TMF number."""
    found = list(apis)
    for choose in (_by_path, _by_number):
        if len(found) != 1:
            found = list(choose(kit, apis))
    if len(found) == 1:
        return found[0]
    names = ", ".join(api.contract_file for api in apis)
    raise CannotTest(f"The kit {kit.name} may be for each of {names}; name one with --contract")


def _by_path(kit: Kit, apis: Sequence[ApiTested]) -> Iterator[ApiTested]:
    path = urlsplit(str(kit.settings().get("url", ""))).path.strip("/")
    yield from (api for api in apis if path and urlsplit(api.base_url).path.strip("/") == path)


def _by_number(kit: Kit, apis: Sequence[ApiTested]) -> Iterator[ApiTested]:
    collections = kit.project.glob("*.json")
    numbers = set(_NUMBER.findall(" ".join([kit.name, *(path.name for path in collections)])))
    yield from (api for api in apis if numbers & set(_NUMBER.findall(api.contract_file)))
