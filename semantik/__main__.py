"""The same engine from a terminal: ``python -m semantik``, or ``semantik`` where the program was installed."""

from __future__ import annotations

import os
import sys

from semantik.cli.main import main


def run() -> int:
    """Run one command and return its exit code, also when whoever reads its output has enough of it."""
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, ``head`` for instance, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    return status


if __name__ == "__main__":
    sys.exit(run())
