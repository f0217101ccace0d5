"""What the commands on folders share: the engine with the model in use, progress on stderr, and Ctrl+C."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from semantik.records import Progress
from semantik.storage.settings import Config
from semantik.words.phrases import download_status, indexing_status
from semantik.words.text import say

if TYPE_CHECKING:
    from semantik.engine.engine import Engine
    from semantik.engine.library import FolderCollection, Outcome
    from semantik.folders.indexed_folder import Library

REFRESH = 0.2  # seconds between two progress lines on a terminal
REFRESH_PLAIN = 5.0  # and in a file or pipe, where each stays


class Session:
    """The folders of one command, with progress on stderr; Ctrl+C stops at the next batch and keeps the work."""

    def __init__(self, options: argparse.Namespace, home: Path, config: Config) -> None:
        """``options``: its ``folders``, and its ``encoder`` or None for the model that is used without asking."""
        from semantik.engine.engine import Engine

        self._cancelled = threading.Event()
        self.engine: Engine = Engine(home, replace(config, encoder=""))
        self._line = _ProgressLine()
        self._folders: list[Path] = options.folders
        self._name: str = options.encoder or self.engine.without_asking()

    def __enter__(self) -> Session:
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGINT, lambda number, frame: self._cancelled.set())
        self.engine.require(self._name)
        if not self.engine.is_ready(self._name):
            title, size = self.engine.download_size(self._name)
            print(say("cli.downloading", name=title, size=size), file=sys.stderr)
            self.engine.download(
                self._name, self._line.shows(lambda p: download_status(title, p)), self._cancelled.is_set
            )
            self._line.end()
        self.engine.use(self._name)
        self.collection: FolderCollection = self.engine.open(*self._folders)
        return self

    def __exit__(self, *failure: object) -> None:
        self._line.end()
        self.engine.close()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._previous)

    @property
    def cancelled(self) -> bool:
        """Whether the user stopped it."""
        return self._cancelled.is_set()

    def index_if_new(self) -> None:
        """Open the stored indexes; make those that there are not yet. Raises what is wrong with one."""
        from semantik.folders.indexed_folder import State

        checks = [(library, library.load()) for library in self.collection.libraries]
        for _, check in checks:
            if check.error:
                raise check.error
        new = [library for library, check in checks if check.state is State.NEW]
        for outcome in self._update(new):
            if outcome.error:
                raise outcome.error

    def update(self, *, rebuild: bool = False, allow_mass_removal: bool = False) -> list[Outcome]:
        """Bring the indexes up to date. A damaged one is rebuilt only when asked to."""
        from semantik.engine.library import Outcome
        from semantik.folders.indexed_folder import State

        failed, good, anew = [], [], []
        for library in self.collection.libraries:
            check = library.load()
            if check.error and not (rebuild and check.state in (State.DAMAGED, State.OTHER_SPACE)):
                failed.append(Outcome(library, error=check.error))
                continue
            good.append(library)
            if rebuild and check.state is not State.NEW:
                anew.append(library)
        return [*self._update(good, rebuild=anew, allow_mass_removal=allow_mass_removal), *failed]

    def _update(
        self, libraries: Sequence[Library], *, rebuild: Sequence[Library] = (), allow_mass_removal: bool = False
    ) -> list[Outcome]:
        show = self._line.shows(indexing_status)
        outcomes = self.collection.update(
            libraries,
            lambda library, progress: show(progress),
            lambda: self.cancelled,
            rebuild=rebuild,
            allow_mass_removal=allow_mass_removal,
        )
        self._line.end()
        return outcomes


class _ProgressLine:
    """Progress on stderr: one line that is written over on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._shown_at = 0.0
        self._open = False

    def shows(self, phrase: Callable[[Progress], str]) -> Callable[[Progress], None]:
        """A progress callback that words its records with ``phrase``."""

        def show(progress: Progress) -> None:
            now = time.monotonic()
            due = now - self._shown_at >= (REFRESH if self._terminal else REFRESH_PLAIN)
            if progress.done and (due or progress.done == progress.total):
                self._shown_at = now
                start, end = ("\r\x1b[K", "") if self._terminal else ("", "\n")
                print(start + phrase(progress), end=end, file=sys.stderr, flush=True)
                self._open = self._terminal

        return show

    def end(self) -> None:
        """Leave the line, so that what follows starts on its own."""
        if self._open:
            print(file=sys.stderr)
            self._open = False
