"""Runs what a page tells its reader to paste."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable

from tests.serving import Server

ADDRESS = "http://127.0.0.1:8080"
MARK = "=== next ==="


def paste(server: Server, commands: Iterable[str]) -> list[str]:
    """What each command prints when all are pasted into one shell, for this server's address."""
    script = f"\necho '{MARK}'\n".join(commands)
    done = subprocess.run(
        ["bash", "-e", "-c", script.replace(ADDRESS, server.url)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split(f"{MARK}\n")
