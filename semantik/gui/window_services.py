"""What the window's actions and dialogs get: settings, background work, words with the user, and announcements."""

from __future__ import annotations

import logging
import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, ParamSpec

from semantik.errors import SemantikError, system_detail, understood
from semantik.gui.widgets.background_tasks import Tasks
from semantik.gui.widgets.message_box import ask_in_box, say_in_box
from semantik.storage.json_files import take_spoiled
from semantik.storage.settings import Config, save_config
from semantik.words import text
from semantik.words.phrases import told
from semantik.words.shown_names import visible
from semantik.words.text import explain, say

if TYPE_CHECKING:
    from semantik.engine.answers import Answer
    from semantik.engine.library import Library, Outcome
    from semantik.folders.indexed_folder import IndexedFolder
    from semantik.long_tasks import Progress

log = logging.getLogger(__name__)

P = ParamSpec("P")


class Signal(Generic[P]):
    """Something that happens in the window: calling it calls all who connected, in the order in which they did.

    For the window's thread only.
    """

    def __init__(self) -> None:
        self._listeners: list[Callable[P, object]] = []

    def connect(self, listener: Callable[P, object]) -> None:
        """Call ``listener`` from now on whenever it happens."""
        self._listeners.append(listener)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        for listener in tuple(self._listeners):
            listener(*args, **kwargs)


class Announcements:
    """What happened, for whoever needs to know; who announces it does not know who listens."""

    def __init__(self) -> None:
        # The window
        self.told: Signal[[str]] = Signal()  # the status line says something else
        self.busy: Signal[[bool, bool]] = Signal()  # a task began or ended; whether it can hold still
        self.cancelling: Signal[[]] = Signal()
        self.share: Signal[[float]] = Signal()  # how far the task is, from 0 to 1
        self.settings_changed: Signal[[Config, Config]] = Signal()  # before and now
        self.language_chosen: Signal[[]] = Signal()  # the settings name another one
        self.language_changed: Signal[[]] = Signal()  # all widgets were made anew in it
        self.example_typed: Signal[[str]] = Signal()  # the pictures to search with
        # Models
        self.model_chosen: Signal[[str]] = Signal()  # by the user, in the settings
        self.models_changed: Signal[[]] = Signal()  # those on disk
        self.model_removing: Signal[[str]] = Signal()  # its files are about to be removed
        self.model_replaced: Signal[[]] = Signal()  # by one that the user chose: indexes for it are asked about
        self.model_in_use: Signal[[str]] = Signal()
        # Folders
        self.exclusions_changed: Signal[[]] = Signal()
        self.folders_opening: Signal[[Library, Sequence[str]]] = Signal()  # and as the user named them
        self.folders_ready: Signal[[Library]] = Signal()  # which folders are searched, and have an index
        self.folder_outdated: Signal[[Path]] = Signal()
        self.folder_news: Signal[[Library, IndexedFolder, str, str]] = Signal()  # from the watch: state and message
        self.index_changed: Signal[[Library]] = Signal()  # what can be found
        self.indexing_began: Signal[[]] = Signal()
        self.indexing_searchable: Signal[[Library]] = Signal()  # something of what is being indexed can be found
        self.indexing_progressed: Signal[[Progress, IndexedFolder]] = Signal()
        self.indexing_ended: Signal[[Library, Sequence[Outcome]]] = Signal()
        self.indexing_failed: Signal[[Library, BaseException]] = Signal()  # in a way that nobody foresaw
        # Searches
        self.can_search: Signal[[]] = Signal()  # folders were opened or indexed, and nothing is left to ask
        self.answer_shown: Signal[[Answer, Path]] = Signal()
        self.search_began: Signal[[bool]] = Signal()  # whether for what is typed in the window, or for a page
        self.search_failed: Signal[[]] = Signal()


class WindowServices:
    """Made once for a window, and handed to all that does something in it."""

    def __init__(self, root: tk.Tk, home: Path, log_path: Path, config: Config) -> None:
        self.root = root
        self.home = home
        self.log_path = log_path
        self.config = config
        self.happened = Announcements()
        self.tasks = Tasks(root, self.show_failure)
        self.status = ""
        """What the status line says."""
        self._on_idle: Callable[[], None] | None = None
        self._indexing = False  # the task that runs can hold still, and does not mind searches

    # -- Settings --------------------------------------------------------------------------------------

    def save(self, **changes: object) -> None:
        """Remember changed settings; a failure is told and stops nothing."""
        before, changed = self.config, replace(self.config, **changes)  # type: ignore[arg-type]  # ours
        if changed == before:
            return
        self.config = changed
        try:
            save_config(changed, self.home)
        except OSError as error:
            log.warning("settings not saved: %s", error)
            self.tell(say("warn.settings_not_saved", detail=text.system(system_detail(error))))
        self.happened.settings_changed(before, changed)

    # -- Background work -------------------------------------------------------------------------------

    def start(
        self,
        work: Callable[[], Any],
        on_done: Callable[[Any], None],
        on_error: Callable[[BaseException], None] | None = None,
        *,
        pausable: bool = False,
    ) -> None:
        """Run ``work`` in the worker; the window is busy until its outcome is shown. Failures are shown by default.

        ``pausable``: it can hold still, and searches go on beside it.
        """
        self.happened.busy(True, pausable)
        self._indexing = pausable

        def settle(outcome: Any, show: Callable[[Any], None]) -> None:
            self._indexing = False
            self.happened.busy(False, False)
            self._settle(outcome, show)

        failed = on_error or self.show_failure
        self.tasks.start(work, lambda result: settle(result, on_done), lambda error: settle(error, failed))

    @property
    def can_start_search(self) -> bool:
        """Whether ``start_search`` may be called now."""
        return not self.tasks.busy_beside and (self._indexing or not self.tasks.busy)

    def start_search(
        self, work: Callable[[], Any], on_done: Callable[[Any], None], on_error: Callable[[BaseException], None]
    ) -> None:
        """As ``start``; but beside an indexing if one runs, which goes on and keeps its bar and its buttons."""
        if not self.tasks.busy:
            self.start(work, on_done, on_error)
            return
        self.tasks.start_beside(
            work, lambda result: self._settle(result, on_done), lambda error: self._settle(error, on_error)
        )

    def _settle(self, outcome: Any, show: Callable[[Any], None]) -> None:
        """Show what came of something, or close the window when that was the last that ran."""
        if self._on_idle is None:
            show(outcome)
        elif not (self.tasks.busy or self.tasks.busy_beside):
            self._on_idle()

    def start_aside(self, work: Callable[[], None]) -> None:
        """Run ``work`` while the window stays free; only a foreseen failure is shown."""

        def body() -> None:
            try:
                work()
            except SemantikError as error:
                failure = error
                self.tasks.post(lambda: self.show_failure(failure))

        self.tasks.ahead(body)

    def cancel(self) -> None:
        """Stop the running task at its next batch; what was done is kept."""
        self.tasks.cancel()
        self.happened.cancelling()
        self.tell(say("status.cancelling"))

    def end(self, then: Callable[[], None]) -> None:
        """The window closes: call ``then`` as soon as nothing runs. A running task is cancelled and saved first."""
        self._on_idle = then
        if self.tasks.busy:
            self.cancel()
        elif not self.tasks.busy_beside:
            then()

    # -- Words with the user ---------------------------------------------------------------------------

    def tell(self, message: str) -> None:
        """Say ``message`` in the status line."""
        self.status = message
        self.happened.told(message)

    def show_share(self, share: float) -> None:
        """Fill the bar of the task, from 0 to 1."""
        self.happened.share(share)

    def inform(self, message: str, title: str = "window.title") -> None:
        """Show ``message`` in a box of its own."""
        say_in_box(self.root, say(title), message)

    def ask(self, message: str) -> bool:
        """Ask the user a question that yes or no answers."""
        return ask_in_box(self.root, say("window.title"), message)

    def warn(self, key: str, **values: object) -> None:
        """Tell the user what is missing, or what was done instead."""
        self._warn(say(key, **values))

    def warn_of(self, error: SemantikError) -> None:
        """Tell the user of a failure without which the program goes on."""
        self._warn(visible(explain(error)))

    def tell_spoiled(self, then: Callable[[], None]) -> None:
        """Tell of the files of the home that were kept aside, each once, then call ``then``; returns at once."""
        messages = [visible(told(spoiled.file, spoiled.kept)) for spoiled in take_spoiled()]
        for message in messages:
            log.warning(message)

        def tell() -> None:
            self._warn("\n\n".join(messages))
            if not self._on_idle:  # the window may have been closed instead
                then()

        if messages:
            self.root.after_idle(tell)
        else:
            then()

    def _warn(self, message: str) -> None:
        say_in_box(self.root, say("window.title"), message, "warning")

    def show_failure(self, error: BaseException) -> None:
        """Tell the user what went wrong; what nobody foresaw goes into the log with its traceback."""
        error = understood(error)
        if isinstance(error, SemantikError):
            log.info("told the user: %r", error)
            message = explain(error)
        else:
            log.error("unexpected", exc_info=error)
            message = say("error.internal", log=self.log_path)
        say_in_box(self.root, say("window.title"), message, "error")
