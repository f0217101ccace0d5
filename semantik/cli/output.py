"""What commands print: JSON, complaints, and progress."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from semantik import errors
from semantik.desktop.windows_window import understands_escapes
from semantik.long_tasks import Progress
from semantik.words.shown_names import visible
from semantik.words.text import explain, say

if TYPE_CHECKING:
    pass


log = logging.getLogger(__name__)

REFRESH = 0.2  # seconds between two progress lines on a terminal
REFRESH_PLAIN = 5.0  # and in a file or pipe, where each stays


def dump(value: object) -> None:
    """Print a value as JSON."""
    # Escaped: a name that is not UTF-8 reaches a script as the surrogates that os.fsencode understands.
    json.dump(value, sys.stdout, ensure_ascii=True, indent=2)
    print()


def complain(error: errors.SemantikError) -> None:
    """Say on stderr, in one line, what went wrong."""
    log.info("told the user: %r", error)
    message = say("cli.cancelled") if isinstance(error, errors.Cancelled) else explain(error)
    print(f"semantik: {visible(message)}", file=sys.stderr)


class ProgressLine:
    """Progress on stderr: one line that is written over on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._escapes = self._terminal and understands_escapes()
        self._length = 0
        self._shown_at = 0.0
        self._open = False

    def shows(self, phrase: Callable[[Progress], str]) -> Callable[[Progress], None]:
        """A progress callback that words its records with ``phrase``."""

        def show(progress: Progress) -> None:
            now = time.monotonic()
            due = now - self._shown_at >= (REFRESH if self._terminal else REFRESH_PLAIN)
            if progress.done and (due or progress.done == progress.total):
                self._shown_at = now
                print(*self._written(phrase(progress)), sep="", end="", file=sys.stderr, flush=True)
                self._open = self._terminal

        return show

    def _written(self, words: str) -> tuple[str, ...]:
        if not self._terminal:
            return words, "\n"
        if self._escapes:
            return "\r\x1b[K", words
        rest, self._length = max(0, self._length - len(words)), len(words)
        return "\r", words, " " * rest

    def end(self) -> None:
        """Leave the line, so that what follows starts on its own."""
        if self._open:
            print(file=sys.stderr)
            self._open = False
