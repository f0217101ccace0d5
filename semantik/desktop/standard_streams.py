"""The edges of a process: streams that are closed or full, and Ctrl+C, never end it in a traceback."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys


class _Patient(io.TextIOWrapper):
    """Stderr, where what cannot be written is not worth ending for: the disk behind it is full, or its reader gone."""

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().flush()


def begin() -> None:
    """To be called first: from here on every stream is there, and Ctrl+C ends the process without a word.

    ``pythonw`` has no streams, and whoever starts us may have closed them: a file that is opened later would get the
    number of one, and what libraries print would be written into it. Commands that save what they did before they end
    take Ctrl+C for themselves.
    """
    with contextlib.suppress(ValueError):  # not the main thread
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else whoever started us wants it ignored
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
    own = sys.__stderr__
    if own is not None and sys.stderr is own:
        sys.stderr = _Patient(own.buffer, own.encoding, "backslashreplace", line_buffering=True)


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
