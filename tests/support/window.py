"""Drives the real window: finds its widgets, pumps its events until something is so, and answers like a person."""

from __future__ import annotations

import contextlib
import gc
import json
import time
import tkinter as tk
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tkinter import ttk
from typing import Any, TypeVar

import SemantikSearch
from semantik.gui.widgets.message_box import MessageBox
from semantik.storage.settings import CONFIG_NAME
from semantik.words.text import say
from tests.support import widget_finders
from tests.support.systems import WINDOWS, WINE
from tests.support.waiting import PATIENCE

Part = TypeVar("Part", bound=tk.Misc)

TIMEOUT = PATIENCE

INTERPRETERS: list[object] = []
"""Kept to the end: Tcl aborts the process when another thread's garbage collection frees one, and an error that the
log remembers holds on to its window beyond the test."""


def pump(root: tk.Tk, condition: Callable[[], object], what: Callable[[], str], seconds: float = TIMEOUT) -> None:
    """Let a window live until ``condition`` holds. Raises AssertionError with ``what`` when it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"never happened: {what()}")
        root.tk.dooneevent(0)  # waits for the next event; the app's pump makes one every 40 ms


def _root() -> tk.Tk:
    if not WINE:
        return tk.Tk(className="SemantikSearch")
    # There, Tcl sometimes cannot read its own scripts, with the reason "Success". The Tab key's comes first.
    root: tk.Tk = _in_five_tries(lambda: tk.Tk(className="SemantikSearch"))
    _in_five_tries(lambda: root.eval("source [file join $tk_library focus.tcl]"))
    return root


def _in_five_tries(call: Callable[[], Any]) -> Any:
    for _ in range(4):
        with contextlib.suppress(tk.TclError):
            return call()
    return call()


class Window:
    """A running app with a person in front of it.

    Widgets are found by what is written on them or beside them, see ``widget_finders``; ``within`` looks in a dialog
    instead of the main window. Message boxes are answered with the next of ``answers`` (a button's name: ok, yes,
    no), or with the default button when there is none; what they said is kept in ``messages``.
    """

    def __init__(self, home: Path, given: Sequence[str] = ()) -> None:
        self.messages: list[str] = []
        self.answers: list[str] = []
        self.failures: list[BaseException] = []
        self.leave_boxes = False  # to the test
        self._status_line: tk.Misc | None = None
        self.root = _root()
        if WINE:
            self.root.update = self._update  # type: ignore[method-assign]
        INTERPRETERS.append(self.root.tk)
        self.app = SemantikSearch.SemantikSearchApp(self.root, home, given)
        report = self.root.report_callback_exception

        def note(kind, error, trace):
            self.failures.append(error)
            if self.box and (self.leave_boxes or isinstance(error, AssertionError)):  # nobody answers it any more
                self.box.destroy()
            else:
                report(kind, error, trace)

        self.root.report_callback_exception = note
        self._watch()

    def _watch(self) -> None:
        box = self.box
        if box is not None and not self.leave_boxes:
            self.messages.append(box.message)
            button = self.answers.pop(0) if self.answers else next(iter(box.buttons))
            assert button in box.buttons, f"the box offers {list(box.buttons)}: {box.message}"
            box.buttons[button].invoke()
        self._watching = self.root.after(15, self._watch)

    @property
    def box(self) -> MessageBox | None:
        """The message box that is on top and can be answered."""
        grab = self.root.grab_current()
        return grab if isinstance(grab, MessageBox) and grab.winfo_viewable() else None

    def _update(self) -> None:
        """What happened so far, as Tk's ``update``, which goes on as long as timers come due.

        Where drawing takes longer than the timers of this window and of its bar that runs to and fro, that is for ever.
        """
        wait_not, windows_and_idle, timers = 2, 4 | 8 | 32, 16
        for _ in range(2):
            while self.root.tk.dooneevent(wait_not | windows_and_idle):
                pass
            self.root.tk.dooneevent(wait_not | timers)

    def wait(self, condition: Callable[[], object], what: str = "") -> None:
        """Pump events until ``condition`` holds."""
        pump(self.root, condition, lambda: f"{what or condition}; status: {self.status!r}, {self.messages}")

    def wait_idle(self) -> None:
        """Until nothing runs in the background and its outcome is shown."""
        self.wait(lambda: not self.app.tasks.busy and self.app.engine is not None, "idle")
        self.root.update()

    # -- What is on the screen

    def find(self, role: str, label: str = "", near: str = "", within: tk.Misc | None = None) -> list[Any]:
        """All widgets of a kind that are in sight now; for what may be absent."""
        return list(widget_finders.find(within or self.root, role, label, near))

    def _one(self, role: str, label: str, near: str = "", within: tk.Misc | None = None) -> Any:
        return widget_finders.the_one(within or self.root, role, label, near)

    def button(self, text: str, near: str = "", within: tk.Misc | None = None) -> Any:
        """The button that says ``text``; of several the one beside or within what says ``near``."""
        return self._one("button", text, near, within)

    def check(self, text: str, within: tk.Misc | None = None) -> Any:
        """The check box that says ``text``."""
        return self._one("check", text, within=within)

    def radio(self, text: str, within: tk.Misc | None = None) -> Any:
        """The radio button that says ``text``."""
        return self._one("radio", text, within=within)

    def entry(self, label: str, within: tk.Misc | None = None) -> Any:
        """What can be typed into and is called ``label``."""
        return self._one("entry", label, within=within)

    def combobox(self, label: str, within: tk.Misc | None = None) -> Any:
        """The list to choose from that is called ``label``."""
        return self._one("combobox", label, within=within)

    def table(self, label: str = "", within: tk.Misc | None = None) -> Any:
        """The table that is called ``label``, or the only one."""
        return self._one("table", label, within=within)

    def pictures(self) -> list[Any]:
        """The pictures that were found, which are buttons, from the left."""
        return self.find("picture")

    def part(self, kind: type[Part]) -> Part:
        """The part of the window that is of a class of the program's, for what has no words; in sight or not."""
        found = [widget for widget in _all(self.root) if isinstance(widget, kind)]
        assert len(found) == 1, f"{len(found)} × {kind.__name__}"
        return found[0]

    @property
    def mode(self) -> str:
        """What the chosen radio button of the main window says."""
        (text,) = [widget_finders.written(radio) for radio in self.find("radio") if radio.instate(["selected"])]
        return text

    @property
    def progress(self) -> float:
        """How far the bar is filled, from 0 to 1."""
        return float(self._one("progress", "").cget("value"))

    @property
    def status_line(self) -> tk.Misc:
        """The line below the bar."""
        if self._status_line is None or not self._status_line.winfo_exists():
            (bar,) = (widget for widget in widget_finders.in_sight(self.root) if isinstance(widget, ttk.Progressbar))
            place = bar.grid_info()
            (self._status_line,) = bar.master.grid_slaves(row=place["row"] + 1, column=place["column"])
        return self._status_line

    @property
    def status(self) -> str:
        """What the status line says."""
        return widget_finders.written(self.status_line)

    # -- What a person does

    def press(self, button: tk.Misc) -> None:
        """Push a button with the mouse's own event path: nothing happens when it is disabled."""
        button.invoke()  # type: ignore[attr-defined]
        self.root.update()

    def more_options(self) -> None:
        """Have all controls in sight, also those behind "Más opciones"."""
        if not self.find("combobox", say("window.model")):
            self.press(self.button(say("window.more")))

    def key(self, widget: tk.Misc, key: str) -> None:
        """Strike a key on a widget, as in "<Return>"; it gets the focus first, unless that is on a part of it.

        A key goes to what has the focus, and nowhere while the window manager has not given it.
        """

        def focused() -> bool:
            return str(self.root.tk.call("focus")).startswith(str(widget))

        if not focused():
            widget.focus_force()
            self.wait(focused, f"the focus on {widget}")
        widget.event_generate(key)

    def type_into(self, entry, text: str) -> None:
        """Replace an entry's text as typing would, with the focus on it."""
        entry.focus_force()
        entry.delete(0, "end")
        entry.insert(0, text)
        self.root.update()

    def leave(self, entry) -> None:
        """Move the focus away from an entry."""
        self.button(say("window.search")).focus_force()
        self.root.update()

    def choose_folder(self, folder: Path) -> None:
        """Type a folder and leave the entry; waits until its index is there."""
        self.begin_folder(folder)
        self.wait_idle()

    def begin_folder(self, folder: Path) -> None:
        """Type a folder and leave the entry; what follows goes on in the background."""
        entry = self.entry(say("window.folder_group"))
        self.type_into(entry, str(folder))
        self.leave(entry)

    def type_words(self, text: str) -> Any:
        """Replace the words to search for; gives their entry."""
        entry = self.entry(say("window.text"))
        self.type_into(entry, text)
        return entry

    def type_picture(self, path: Path | str) -> Any:
        """Name an example picture without leaving its entry, which is given back."""
        entry = self.entry(say("window.image"))
        self.type_into(entry, str(path))
        return entry

    def search(self, text: str) -> None:
        """Type a query and press Return."""
        self.key(self.type_words(text), "<Return>")
        self.wait_idle()

    def push_search(self) -> None:
        """Push "Buscar", and wait for what comes of it."""
        self.press(self.button(say("window.search")))
        self.wait_idle()

    def dialog(self, title: str = "") -> Any:
        """The dialog of the program's own that is open, or the one with this title; waits for it."""

        def wanted() -> list[tk.Toplevel]:
            return [dialog for dialog in self.dialogs() if title in ("", dialog.title())]

        self.wait(wanted, f"a dialog {title}")
        return wanted()[-1]

    def dialogs(self) -> list[tk.Toplevel]:
        """All dialogs that are open."""
        return [w for w in self.root.winfo_children() if isinstance(w, tk.Toplevel) and w.winfo_viewable()]

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
            if WINDOWS:  # it writes no file that is mapped, and a program that ended maps none
                self.app.loaded = None
                gc.collect()

    def _alive(self) -> bool:
        try:
            return bool(self.root.winfo_exists())
        except tk.TclError:
            return False


def _all(top: tk.Misc) -> Iterator[tk.Misc]:
    for child in top.winfo_children():
        if not isinstance(child, tk.Toplevel):
            yield child
            yield from _all(child)


@contextlib.contextmanager
def windows(home: Path) -> Iterator[Callable[..., Window]]:
    """Gives a function that opens a window; in the end all are closed, and none may have failed.

    With settings, these are written first, for somebody who chose the embedded model. ``answers`` are those to the
    first message boxes, ``given`` what stands on the program's command line. It waits until nothing runs, but with
    ``ready=False``.
    """
    opened: list[Window] = []

    def begin(
        *, ready: bool = True, answers: Sequence[str] = (), given: Sequence[str] = (), **settings: object
    ) -> Window:
        if settings:
            values = {"encoder": "builtin", "weights_folder": str(home / "w")} | settings
            (home / CONFIG_NAME).write_text(json.dumps(values))
        opened.append(Window(home, given))
        opened[-1].answers = list(answers)
        if ready:
            opened[-1].wait_idle()
        return opened[-1]

    yield begin
    for window in opened:
        window.close()
        assert window.failures == []
    opened.clear()
    gc.collect()  # here, not in a thread of the next test
    gc.freeze()  # what is left, such as all of torch, stays to the end: the next time need not look through it
