"""Entries, and what stands in them."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from typing import Any

from semantik.gui.widgets.theme import COLOURS, worn


def replace_text(entry: ttk.Entry, value: str) -> None:
    """Set an entry's text, also while it is disabled."""
    state = entry.state()
    entry.state(["!disabled"])
    entry.delete(0, "end")
    entry.insert(0, value)
    if "disabled" in state:
        entry.state(["disabled"])


class HintedEntry(ttk.Entry):
    """An entry that says in grey what belongs into it, while nothing does and nobody types."""

    def __init__(self, parent: tk.Misc, hint: str, **options: Any) -> None:
        super().__init__(parent, **options)
        self._hint = hint
        self._hinting = False
        self.bind("<FocusIn>", lambda event: self._begin(), add=True)
        self.bind("<FocusOut>", lambda event: self.put(self.value), add=True)
        self.bind("<<ThemeChanged>>", lambda event: self._dress(), add=True)
        self.put("")

    @property
    def value(self) -> str:
        """What was typed or put; the hint is nothing."""
        return "" if self._hinting and self.get() == self._hint else self.get()

    def put(self, value: str) -> None:
        """Replace what stands in it."""
        self._hinting = not value and str(self.tk.call("focus")) != str(self)
        replace_text(self, self._hint if self._hinting else value)
        self._dress()

    def _begin(self) -> None:
        if self._hinting:
            value = self.value
            self._hinting = False
            replace_text(self, value)
        self._dress()

    def _dress(self) -> None:
        self.configure(foreground=COLOURS[worn(self)]["hint"] if self._hinting else "")
