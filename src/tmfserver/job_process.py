"""A process that carries out jobs for a server, and ends with it.

Its settings are in the environment. It ends when its standard input does, when it is told to, and
by itself when there has been nothing to do for a while.
"""

from __future__ import annotations

import logging
import os
import signal
import threading

PATIENCE_SECONDS = 20.0
NICE = 5  # below the server itself


def main() -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    def watch() -> None:
        # Not by sys.stdin, whose lock a thread that waits would keep from an interpreter that ends.
        while os.read(0, 4096):
            pass
        stop.set()

    threading.Thread(target=watch, daemon=True).start()
    from tmfserver.jobbing import Worker
    from tmfserver.planning import make_plan
    from tmfserver.settings import read

    settings = read({})
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    os.nice(NICE)
    Worker(make_plan(settings), stop.is_set, PATIENCE_SECONDS).run()


if __name__ == "__main__":
    main()
