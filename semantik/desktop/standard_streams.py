"""The edges of a process: streams that are closed or full, and Ctrl+C, never end it in a traceback."""

from __future__ import annotations

import contextlib
import os
import signal
import sys


def begin() -> None:
    """To be called first: from here on every stream is there, and Ctrl+C ends the process without a word.

    ``pythonw`` has no streams, and whoever starts us may have closed them: a file that is opened later would get the
    number of one, and what libraries print would be written into it. Commands that save what they did before they end
    take Ctrl+C for themselves.
    """
    with contextlib.suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            with contextlib.suppress(OSError):
                os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8", errors="backslashreplace"))  # noqa: SIM115, PTH123


def flush() -> OSError | None:
    """Write what is still to be written; what the system says where that fails, and nothing more is tried then."""
    failure = None
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError) as error:
            if stream is sys.stdout and isinstance(error, OSError):
                failure = error
            drop(stream)
    return failure


def drop(stream: object) -> None:
    """Let what is written to a stream go nowhere, so that the interpreter's end does not fail on it again."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[attr-defined]


def complain(message: str) -> None:
    """One line on stderr, if it takes one."""
    try:
        sys.stderr.write(message + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        drop(sys.stderr)
