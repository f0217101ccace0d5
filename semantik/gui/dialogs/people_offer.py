"""The question whether to look for people in the pictures: what that means, before anything is done."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from semantik.gui.widgets.dialog import Dialog
from semantik.gui.widgets.screen_scale import px
from semantik.gui.widgets.theme import Hint
from semantik.words.text import number, say


class PeopleOffer(Dialog):
    """One screen: what it is for, that faces are special data, where they stay, and how to get rid of them.

    Closing it is no.
    """

    def __init__(self, parent: tk.Misc, size_mb: int, on_yes: Callable[[], object], *, shared: bool = False) -> None:
        """``size_mb`` is downloaded first; 0 when it is here already. ``shared``: others will see the faces."""
        super().__init__(parent, say("persons.title"))
        self._on_yes = on_yes
        wide = px(self, 480)
        ttk.Label(self.body, text=say("persons.offer"), wraplength=wide, justify="left").pack(anchor="w")
        where = say("persons.offer_shared" if shared else "persons.offer_privacy")
        privacy = ttk.Label(self.body, text=where, wraplength=wide, justify="left")
        privacy.pack(anchor="w", pady=(px(self, 10), 0))
        if size_mb:
            told = say("persons.offer_size", size=number(size_mb))
            size = Hint(self.body, text=told, wraplength=wide, justify="left")
            size.pack(anchor="w", pady=(px(self, 10), 0))
        buttons = ttk.Frame(self.body)
        buttons.pack(anchor="e", pady=(px(self, 18), 0))
        yes = ttk.Button(buttons, text=say("persons.offer_yes"), command=self._accept)
        yes.pack(side="left", padx=(0, px(self, 10)))
        # No is what Return presses: such data are looked for only where somebody means it.
        self.default = ttk.Button(buttons, text=say("persons.offer_no"), command=self.destroy)
        self.default.pack(side="left")
        self.resizable(False, False)
        self.show(self.default)

    def _accept(self) -> None:
        self.destroy()
        self._on_yes()
