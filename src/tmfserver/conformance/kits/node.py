"""Has Node.js install a kit's libraries and run the kit, for a limited time."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from tempfile import TemporaryFile
from typing import Any

from tmfserver.conformance.kits.bringing import Kit
from tmfserver.conformance.trial import CannotTest

_INSTALLING = 600.0  # seconds
_QUIET = {
    "npm_config_audit": "false",
    "npm_config_fund": "false",
    "npm_config_update_notifier": "false",
    "CI": "1",
}
_NOISE = ("npm notice", "npm error code", "A complete log of this run", "Node.js v")
_TAIL = 2000  # bytes of what a program printed, in which the reason of a failure is looked for


def need_node() -> None:
    """Raises CannotTest, saying what to install, where node or npm is not found."""
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    if missing:
        raise CannotTest(
            f"A kit needs Node.js, and {' and '.join(missing)} cannot be found here; install "
            "Node.js 18 or newer with npm, from your system's packages or https://nodejs.org"
        )


def install(kit: Kit) -> None:
    """Installs what the kit's package.json names and what is not there yet."""
    wanted = _package(kit).get("dependencies", {})
    if all((kit.project / "node_modules" / name).is_dir() for name in wanted):
        return
    code, said = _run(kit, ["npm", "install"], _INSTALLING)
    if code:
        raise CannotTest(f"npm cannot install what the kit {kit.name} needs{said}")


def start(kit: Kit, seconds: float) -> str:
    """Runs the kit to its end, and gives the last that it said; its exit code says nothing.

    Raises CannotTest when it takes longer.
    """
    if "start" in _package(kit).get("scripts", {}):
        words = ["npm", "start"]
    elif (kit.project / "index.js").is_file():
        words = ["node", "index.js"]
    else:
        raise CannotTest(f"The kit {kit.name} names no start script, and has no index.js")
    return _run(kit, words, seconds)[1]


def _package(kit: Kit) -> dict[str, Any]:
    try:
        found = json.loads((kit.project / "package.json").read_text(encoding="utf-8-sig"))
        return {key: value for key, value in found.items() if isinstance(value, dict)}
    except (OSError, ValueError, AttributeError, RecursionError) as failure:
        problem = f"The package.json of the kit {kit.name} cannot be read: {failure}"
        raise CannotTest(problem) from failure


def _run(kit: Kit, words: Sequence[str], seconds: float) -> tuple[int, str]:
    """A program's exit code and the last line that it printed, as the end of a sentence."""
    environment = {name: value for name, value in os.environ.items() if name[:10] != "TMFSERVER_"}
    program = shutil.which(words[0]) or words[0]
    with TemporaryFile() as output:
        process = subprocess.Popen(  # noqa: S603 the user named the kit
            [program, *words[1:]], cwd=kit.project, env={**environment, **_QUIET},
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            words_said = " ".join(words)
            raise CannotTest(
                f"The kit {kit.name} has not ended after {seconds:g} s ({words_said})"
            ) from None
        finally:
            _end(process)
        output.seek(max(0, output.seek(0, os.SEEK_END) - _TAIL))
        return code, _last_line(output.read())


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a program and all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
    finally:
        process.wait()


def _last_line(printed: bytes) -> str:
    lines = [line.strip() for line in printed.decode("utf-8", errors="replace").splitlines()]
    told = [line for line in lines if line and not any(noise in line for noise in _NOISE)]
    errors = [line for line in told if "error" in line.lower()]
    return f": {(errors or told)[-1][:300]}" if told else ""
