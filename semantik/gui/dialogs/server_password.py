"""The question for the password of a server that keeps indexes. It is written nowhere."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from semantik.gui.widgets.dialog import Dialog
from semantik.gui.widgets.screen_scale import px
from semantik.gui.widgets.theme import Hint
from semantik.words.shown_names import visible
from semantik.words.text import say


class ServerPassword(Dialog):
    """Asks once more where the server did not take the last one; closing it is giving up."""

    def __init__(
        self,
        parent: tk.Misc,
        address: str,
        detail: str,
        on_password: Callable[[str], object],
        give_up: Callable[[], object],
    ) -> None:
        """``detail`` is what the server said of the last one, if there was one."""
        super().__init__(parent, say("server.password_title"))
        self._on_password, self._give_up = on_password, give_up
        wide = px(self, 460)
        message = say("server.password", address=visible(address))
        ttk.Label(self.body, text=message, wraplength=wide, justify="left").pack(anchor="w")
        if detail:
            hint = Hint(self.body, text=visible(detail), wraplength=wide, justify="left")
            hint.pack(anchor="w", pady=(px(self, 8), 0))
        line = ttk.Frame(self.body)
        line.pack(fill="x", pady=(px(self, 12), 0))
        label = ttk.Label(line, text=say("server.password_label"))
        label.pack(side="left", padx=(0, px(self, 10)))
        self.entry = ttk.Entry(line, show="•")
        self.entry.pack(side="left", fill="x", expand=True)
        self.letters.name(label, self.entry)
        buttons = ttk.Frame(self.body)
        buttons.pack(anchor="e", pady=(px(self, 18), 0))
        self.default = ttk.Button(
            buttons, text=say("server.connect"), style="Accent.TButton", command=lambda: self._choose(self.entry.get())
        )
        self.default.pack(side="left", padx=(0, px(self, 10)))
        ttk.Button(buttons, text=say("window.cancel"), command=lambda: self._choose("")).pack(side="left")
        self.bind("<Escape>", lambda event: self._choose(""))
        self.protocol("WM_DELETE_WINDOW", lambda: self._choose(""))
        self.resizable(False, False)
        self.show(self.entry)

    def _choose(self, password: str) -> None:
        self.destroy()
        if password:
            self._on_password(password)
        else:
            self._give_up()
