"""The window's dialogs: About, the choice of a model, and their common base."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk

from semantik.gui.widgets.access_keys import AccessKeys
from semantik.gui.widgets.input_grab import InputGrab
from semantik.gui.widgets.screen_scale import AROUND, px
from semantik.gui.widgets.scrolled_frame import ScrolledFrame


class Dialog(tk.Toplevel):
    """A window of its own above the main one: centred on it, modal, closed by Escape.

    Return presses the button that the keyboard is on, anywhere else the one that is ``default``.
    Where ``HIGH``, what is in ``body`` scrolls where the screen has no room for all of it.
    """

    HIGH = False

    def __init__(self, parent: tk.Misc, title: str) -> None:
        super().__init__(parent)
        self.withdraw()
        self.title(title)
        self.transient(parent.winfo_toplevel())
        self._all = ScrolledFrame(self) if self.HIGH else None
        if self._all:
            self._all.pack(fill="both", expand=True)
            self._all.limit(self.winfo_vrootheight() - px(self, AROUND))
        self.body = ttk.Frame(self._all.inside if self._all else self, padding=px(self, 14))
        self.body.pack(fill="both", expand=True)
        self.letters = AccessKeys(self)
        self.default: ttk.Button | None = None
        self._grab: InputGrab | None = None
        for key in ("<Return>", "<KP_Enter>"):
            self.bind(key, self._return_pressed)
        self.bind("<Escape>", lambda event: self.destroy())
        self.protocol("WM_DELETE_WINDOW", self.destroy)

    @property
    def bar_width(self) -> int:
        """Pixels that a bar beside the contents takes, which may come when they grow."""
        return self._all.bar_width if self._all else 0

    def measure(self) -> None:
        """Have ``winfo_reqwidth`` and ``winfo_reqheight`` say what is needed now, on this screen."""
        self.update_idletasks()
        if self._all:
            self._all.fit()
            self.update_idletasks()

    def show(self, focus: tk.Misc) -> None:
        """Put the dialog on the screen, with the keyboard on ``focus``."""
        self.letters.assign()
        self.measure()
        parent = self.master.winfo_toplevel()
        x = parent.winfo_rootx() + (parent.winfo_width() - self.winfo_reqwidth()) // 2
        y = parent.winfo_rooty() + (parent.winfo_height() - self.winfo_reqheight()) // 3
        # The virtual root is all screens together, so that a dialog stays on the one that its parent is on.
        left, top = self.winfo_vrootx(), self.winfo_vrooty()
        right = left + self.winfo_vrootwidth() - self.winfo_reqwidth()
        bottom = top + self.winfo_vrootheight() - self.winfo_reqheight() - px(self, AROUND)
        self.geometry(f"+{max(left, min(x, right))}+{max(top, min(y, bottom))}")
        self._grab = InputGrab(self, parent)
        self.deiconify()
        self.wait_visibility()
        while self.winfo_exists() and not (self.body.winfo_viewable() and self.body.winfo_width() > 1):
            # A canvas maps what is in it after itself, and then gives it its size.
            self.tk.dooneevent(0)
        self._grab.take()
        if self._all:
            self._all.stay_for(focus)
        focus.focus_set()

    def _return_pressed(self, event: tk.Event[tk.Misc]) -> str:
        if isinstance(event.widget, tk.Text) and str(event.widget.cget("state")) == "normal":
            return ""  # it has begun a new line
        button = event.widget if isinstance(event.widget, ttk.Button) else self.default
        if button:
            button.invoke()
        return "break"

    def destroy(self) -> None:
        """Close it; what it lay on takes input again."""
        super().destroy()
        if self._grab:
            self._grab.give_back()
