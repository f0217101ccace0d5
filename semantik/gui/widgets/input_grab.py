"""Who takes all input while others wait, and who takes it again once that one is gone."""

from __future__ import annotations

import contextlib
import tkinter as tk
from weakref import WeakKeyDictionary


class InputGrab:
    """All input for one widget; whatever had it before, our own or Tk's, gets it back, and the keyboard, too."""

    def __init__(self, widget: tk.Misc, parent: tk.Misc) -> None:
        """Take it from who has it now: Tk does not hear of the keyboard's coming to a window that a grab leaves out.

        ``parent``: in whose window the keyboard is meanwhile, and shall be again.
        """
        self._widget, self._tk = str(widget), widget.tk
        self._below = _holders(widget)
        self._focus = parent.focus_lastfor()
        if self._below:
            self._tk.call("grab", "release", self._below[0])
        _GRABS[widget] = self

    def take(self) -> None:
        """Have all input from now on; the widget is on the screen."""
        self._tk.call("grab", "set", self._widget)

    def give_back(self) -> None:
        """The widget is gone: what lies below it goes on. Not when something above it still has the input."""
        below, self._below = self._below, ()
        focus, self._focus = self._focus, None
        with contextlib.suppress(tk.TclError):  # all of the program may be gone
            if self._tk.call("grab", "current", "."):
                return
            for path in below:
                if self._tk.getboolean(self._tk.call("winfo", "exists", path)):
                    self._tk.call("grab", "set", path)
                    break
            if focus:
                focus.focus_set()


_GRABS: WeakKeyDictionary[tk.Misc, InputGrab] = WeakKeyDictionary()


def _holders(widget: tk.Misc) -> tuple[str, ...]:
    """Who has the input, who had it before, and so on: some of them may be gone before the last is."""
    current = str(widget.tk.call("grab", "current", str(widget)))
    if not current:
        return ()
    try:
        known = _GRABS.get(widget.nametowidget(current))
    except KeyError:  # a dialog of Tk's own
        known = None
    return (current, *(known._below if known else ()))
