"""The same engine from a terminal: ``python -m semantik index | search | models | fast | doctor | launcher``."""

from __future__ import annotations

import os
import sys

from semantik.cli.main import main

if __name__ == "__main__":
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, ``head`` for instance, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status)
