"""Drives the real window: pumps its events until something is so, and answers its dialogs like a person."""

from __future__ import annotations

import gc
import json
import time
import tkinter as tk
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import SemantikSearch
from semantik.storage.settings import CONFIG_NAME

TIMEOUT = 30.0  # seconds; every wait ends as soon as its condition holds

_INTERPRETERS: list[object] = []
"""Kept to the end: Tcl aborts the process when another thread's garbage collection frees one, and an error that the
log remembers holds on to its window beyond the test."""


class Window:
    """A running app with a person in front of it.

    Message boxes are answered with the next of ``answers`` (a button's name: ok, yes, no), or with the
    default button when there is none; what they said is kept in ``messages``.
    """

    def __init__(self, home: Path) -> None:
        self.messages: list[str] = []
        self.answers: list[str] = []
        self.failures: list[BaseException] = []
        self.root = tk.Tk(className="SemantikSearch")
        _INTERPRETERS.append(self.root.tk)
        self.app = SemantikSearch.SemantikSearchApp(self.root, home)
        report = self.root.report_callback_exception

        def note(kind, error, trace):
            self.failures.append(error)
            report(kind, error, trace)

        self.root.report_callback_exception = note
        self._watch()

    def _watch(self) -> None:
        for parent in ("", *(str(child) for child in self.root.winfo_children() if isinstance(child, tk.Toplevel))):
            self._answer(f"{parent}.__tk__messagebox")
        self._watching = self.root.after(15, self._watch)

    def _answer(self, box: str) -> None:
        if int(self.root.tk.call("winfo", "exists", box)) and int(self.root.tk.call("winfo", "viewable", box)):
            self.messages.append(str(self.root.tk.call(f"{box}.msg", "cget", "-text")))
            buttons = [b for b in ("ok", "yes", "no") if int(self.root.tk.call("winfo", "exists", f"{box}.{b}"))]
            button = self.answers.pop(0) if self.answers else buttons[0]
            assert button in buttons, f"the box offers {buttons}: {self.messages[-1]}"
            self.root.tk.call(f"{box}.{button}", "invoke")

    def wait(self, condition: Callable[[], object], what: str = "") -> None:
        """Pump events until ``condition`` holds."""
        deadline = time.monotonic() + TIMEOUT
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"never happened: {what or condition}; status: {self.status!r}, {self.messages}")
            self.root.tk.dooneevent(0)  # waits for the next event; the app's pump makes one every 40 ms

    def wait_idle(self) -> None:
        """Until nothing runs in the background and its outcome is shown."""
        self.wait(lambda: not self.app.tasks.busy and self.app.engine is not None, "idle")
        self.root.update()

    def press(self, button: tk.Misc) -> None:
        """Push a button with the mouse's own event path: nothing happens when it is disabled."""
        button.invoke()  # type: ignore[attr-defined]
        self.root.update()

    def type_into(self, entry, text: str) -> None:
        """Replace an entry's text as typing would, with the focus on it."""
        entry.focus_force()
        entry.delete(0, "end")
        entry.insert(0, text)
        self.root.update()

    def leave(self, entry) -> None:
        """Move the focus away from an entry."""
        self.app.view.search_button.focus_force()
        self.root.update()

    def choose_folder(self, folder: Path) -> None:
        """Type a folder and leave the entry; waits until its index is there."""
        self.type_into(self.app.view.folder_entry, str(folder))
        self.leave(self.app.view.folder_entry)
        self.wait_idle()

    def search(self, text: str) -> None:
        """Type a query and press Return."""
        self.type_into(self.app.view.text_entry, text)
        self.app.view.text_entry.event_generate("<Return>")
        self.wait_idle()

    def dialog(self) -> tk.Toplevel:
        """The dialog of the program's own that is open."""
        self.wait(self._dialogs, "a dialog")
        return self._dialogs()[-1]

    def _dialogs(self) -> list[tk.Toplevel]:
        return [w for w in self.root.winfo_children() if isinstance(w, tk.Toplevel) and w.winfo_viewable()]

    @property
    def status(self) -> str:
        """What the status line says."""
        return str(self.app.view.status.cget("text"))

    def texts(self, widget: tk.Misc | None = None) -> list[str]:
        """Every text that is shown in ``widget`` and below."""
        widget = widget or self.root
        shown = []
        for child in (widget, *widget.winfo_children()):
            if child is not widget:
                shown += self.texts(child)
            elif "text" in (child.keys() or ()):
                shown.append(str(child.cget("text")))
        return shown

    def close(self) -> None:
        """Close the window as its frame's button does, and wait until it is gone."""
        if self._alive():
            self.root.after_cancel(self._watching)
            self.app.close()
            self.wait(lambda: not self._alive(), "closed")
            self.app.tasks.finish()

    def _alive(self) -> bool:
        try:
            return bool(self.root.winfo_exists())
        except tk.TclError:
            return False


@contextmanager
def windows(home: Path) -> Iterator[Callable[..., Window]]:
    """Gives a function that opens a window; in the end all are closed, and none may have failed.

    With arguments, the settings are written first: those of somebody who chose the embedded model, and these.
    """
    opened: list[Window] = []

    def begin(**settings: object) -> Window:
        if settings:
            values = {"encoder": "builtin", "weights_folder": str(home / "w")} | settings
            (home / CONFIG_NAME).write_text(json.dumps(values))
        opened.append(Window(home))
        return opened[-1]

    yield begin
    for window in opened:
        window.close()
        assert window.failures == []
    opened.clear()
    gc.collect()  # here, not in a thread of the next test
