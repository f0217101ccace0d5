"""Message boxes in the program's language and theme; several may be open, and the last one is answered first.

Tk's own, on X11, have one name among them: a second box destroys the first and answers it, in the system's language.
"""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from typing import Literal

from semantik.gui.widgets.dialog import Dialog
from semantik.gui.widgets.screen_scale import px
from semantik.words.text import say

Icon = Literal["information", "question", "warning", "error"]

_WIDTH = 460  # of the text, in pixels at 100 %
_ICON_WIDTH = 32  # of Tk's own icons, which it has in this size alone


class MessageBox(Dialog):
    """Says something and waits for a button; closing it is the last button."""

    def __init__(self, parent: tk.Misc, title: str, message: str, icon: Icon, buttons: tuple[str, ...]) -> None:
        """``buttons``: ``ok``, or ``yes`` and ``no``, the one that Return presses first."""
        super().__init__(parent, title)
        if not parent.winfo_toplevel().winfo_viewable():
            self.transient("")  # type: ignore[call-overload]  # else it would be hidden with its parent
        self.message = message
        self.answer = buttons[-1]
        self.resizable(False, False)
        above = ttk.Frame(self.body)
        above.pack(fill="both", expand=True)
        self._icon = tk.PhotoImage(master=self)
        shown = max(1, px(self, _ICON_WIDTH) // _ICON_WIDTH)
        self.tk.call(self._icon, "copy", f"::tk::icons::{icon}", "-zoom", shown)
        ttk.Label(above, image=self._icon).pack(side="left", anchor="n", padx=(0, px(self, 14)))
        ttk.Label(above, text=message, wraplength=px(self, _WIDTH), justify="left").pack(side="left", anchor="n")
        below = ttk.Frame(self.body)
        below.pack(anchor="e", pady=(px(self, 18), 0))
        self.buttons = {name: ttk.Button(below, text=say(f"box.{name}")) for name in buttons}
        for number, (name, button) in enumerate(self.buttons.items()):
            button.configure(command=lambda chosen=name: self._choose(chosen))  # type: ignore[misc]
            button.pack(side="left", padx=(px(self, 8) if number else 0, 0))
        first = self.buttons[buttons[0]]
        first.configure(style="Accent.TButton")
        self.bind("<Control-c>", lambda event: self._copy())
        self.first = self.default = first

    def wait(self) -> str:
        """Show it until a button is pressed, and return that button's name. Background news go on meanwhile."""
        self.show(self.first)
        self.wait_window()
        del self._icon  # on this thread: Tcl takes nothing from the one that happens to collect garbage
        return self.answer

    def _choose(self, name: str) -> None:
        self.answer = name
        self.destroy()

    def _copy(self) -> None:
        self.clipboard_clear()
        self.clipboard_append(self.message)


def say_in_box(parent: tk.Misc, title: str, message: str, icon: Icon = "information") -> None:
    """Show ``message`` until the user has read it."""
    MessageBox(parent, title, message, icon, ("ok",)).wait()


def ask_in_box(parent: tk.Misc, title: str, question: str) -> bool:
    """Ask the user a question that yes or no answers; a box that is closed is a no."""
    return MessageBox(parent, title, question, "question", ("yes", "no")).wait() == "yes"
