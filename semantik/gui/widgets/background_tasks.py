"""Background work for the window: one task at a time, and a search beside it; news come on the window's own thread."""

from __future__ import annotations

import logging
import queue
import threading
import tkinter as tk
from collections.abc import Callable
from typing import Any

from semantik.long_tasks import Progress, TaskControl

log = logging.getLogger(__name__)

PUMP_MS = 40  # how often news are shown: smooth for the eye, cheap for the processor


class Tasks:
    """Runs one function at a time in a thread and calls back on the thread that owns the window."""

    def __init__(self, root: tk.Misc, on_failure: Callable[[BaseException], None]) -> None:
        """``on_failure`` gets, on the window's thread, whatever no other handler took."""
        self._root = root
        self._on_failure = on_failure
        self._news: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.control = TaskControl()
        """Of the running task, or of the last one."""
        self._thread: threading.Thread | None = None
        self._beside: threading.Thread | None = None
        self._started: list[threading.Thread] = []
        self._closed = False
        self._after = root.after(PUMP_MS, self._pump)

    @property
    def busy(self) -> bool:
        """Whether a task runs, or its outcome has not been shown yet."""
        return self._thread is not None

    @property
    def busy_beside(self) -> bool:
        """Whether something runs beside the task, or its outcome has not been shown yet."""
        return self._beside is not None

    def start(
        self,
        work: Callable[[], Any],
        on_done: Callable[[Any], None],
        on_error: Callable[[BaseException], None] | None = None,
    ) -> None:
        """Run ``work`` in the background, then ``on_done(result)`` or ``on_error(exception)`` in the window.

        Raises RuntimeError while another task runs: the window asks ``busy`` first.
        """
        if self.busy:
            raise RuntimeError("a task is running")
        self.control = TaskControl()

        def settle(callback: Callable[[Any], None], outcome: Any) -> None:
            self._thread = None
            callback(outcome)

        # Busy is set before the thread starts, so that a second click cannot start a second task.
        self._thread = self._worker("worker", work, settle, on_done, on_error)
        self._begin(self._thread)

    def start_beside(
        self,
        work: Callable[[], Any],
        on_done: Callable[[Any], None],
        on_error: Callable[[BaseException], None] | None = None,
    ) -> None:
        """The same beside the running task, which ``control`` stays of. Raises RuntimeError while another one runs."""
        if self.busy_beside:
            raise RuntimeError("something runs beside the task")

        def settle(callback: Callable[[Any], None], outcome: Any) -> None:
            self._beside = None
            callback(outcome)

        self._beside = self._worker("beside", work, settle, on_done, on_error)
        self._begin(self._beside)

    def _worker(
        self,
        name: str,
        work: Callable[[], Any],
        settle: Callable[[Callable[[Any], None], Any], None],
        on_done: Callable[[Any], None],
        on_error: Callable[[BaseException], None] | None,
    ) -> threading.Thread:
        """A thread that has ``settle`` called in the window, with what is to be called there and the outcome."""

        def body() -> None:
            try:
                result = work()
            except Exception as error:  # a boundary: the worker's wrapper
                log.exception("background task failed")
                failure = error
                self._news.put(lambda: settle(on_error or self._on_failure, failure))
            else:
                self._news.put(lambda: settle(on_done, result))

        return threading.Thread(target=body, name=name, daemon=True)

    def ahead(self, work: Callable[[], Any]) -> None:
        """Run ``work`` now that it will be needed soon; the window stays free and hears nothing of it.

        It is left to finish when the program ends: an import that is torn off may crash the interpreter.
        """

        def body() -> None:
            try:
                work()
            except Exception:  # the worker's wrapper again: who needs the result will meet the same error
                log.warning("not done ahead of need", exc_info=True)

        self._begin(threading.Thread(target=body, name="ahead"))

    def _begin(self, thread: threading.Thread) -> None:
        self._started = [*filter(threading.Thread.is_alive, self._started), thread]
        thread.start()

    def post(self, call: Callable[[], None]) -> None:
        """From the worker: have ``call`` made on the window's thread."""
        self._news.put(call)

    def cancel(self) -> None:
        """Ask the running task to stop at its next chance, also one that holds still."""
        self.control.cancel()

    def telling(self, on_progress: Callable[[Progress], None]) -> TaskControl:
        """From the worker: the running task's control, with ``on_progress`` called on the window's thread."""
        return self.control.telling(lambda progress: self.post(lambda: on_progress(progress)))

    def close(self) -> None:
        """Stop draining; call it when the window goes and nothing runs. News that came too late are dropped."""
        self._closed = True
        self._root.after_cancel(self._after)

    def finish(self) -> None:
        """Wait for the threads; call it last, when the window is gone.

        They hold on to it, and Tcl ends the process when another thread than its own frees an interpreter.
        """
        for thread in self._started:
            thread.join()

    def _pump(self) -> None:
        # Scheduled first: a handler that opens a dialog runs its own event loop, and news must go on.
        self._after = self._root.after(PUMP_MS, self._pump)
        while not self._closed:  # one of the calls may close the window
            try:
                call = self._news.get_nowait()
            except queue.Empty:
                return
            try:
                call()
            except Exception as error:  # a boundary: the message pump
                log.exception("a handler failed")
                self._on_failure(error)
