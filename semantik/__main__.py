"""The same engine from a terminal: ``python -m semantik``, or ``semantik`` where the program was installed."""

from __future__ import annotations

import logging
import sys

from semantik.desktop import standard_streams


def run() -> int:
    """Run one command and return its exit code, also when nobody takes its output, or has enough of it."""
    standard_streams.begin()
    failure: OSError | None = None
    try:
        from semantik.cli.main import main  # late: Ctrl+C is dealt with by now

        status = main()
    except OSError as error:
        # Of a command's own failures none comes as far as this: it is its output.
        failure, status = error, 1
        logging.getLogger("semantik").info("the command ended early", exc_info=True)
    except SystemExit as end:  # argparse's
        standard_streams.flush()
        raise end from None
    failed = standard_streams.flush()
    failure = failure or failed
    if failure is None:
        return status
    if not isinstance(failure, BrokenPipeError):  # the reader, ``head`` for instance, has enough
        from semantik.errors import system_detail
        from semantik.words.text import say

        standard_streams.complain(f"semantik: {say('cli.output_failed', detail=system_detail(failure))}")
    return 1


if __name__ == "__main__":
    sys.exit(run())
