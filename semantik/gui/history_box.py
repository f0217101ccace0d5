"""The entry for the words of a search, with the earlier ones behind the up and down keys and in its list."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from typing import Any

from semantik.storage.search_history import SearchHistory


class HistoryBox(ttk.Combobox):
    """Up goes to older searches, down to newer ones and at last to what was being typed; the arrow opens the list."""

    def __init__(self, parent: tk.Misc, history: SearchHistory, **options: Any) -> None:
        super().__init__(parent, **options)
        self._history = history
        self._place = -1  # in the history; -1: what is being typed
        self._typed = ""
        self.configure(postcommand=lambda: self.configure(values=history.entries))
        self.bind("<Up>", lambda event: self._browse(1))
        self.bind("<Down>", lambda event: self._browse(-1))
        self.bind("<Alt-Down>", lambda event: self._open())
        self.bind("<<ComboboxSelected>>", lambda event: self.selection_clear())

    def typing(self) -> None:
        """The user types: browsing starts at the newest again."""
        self._place = -1

    def _browse(self, step: int) -> str:
        if self._place < 0:
            self._typed = self.get()
        place = self._place + step
        if -1 <= place < len(self._history.entries):
            self._place = place
            self.set(self._history.entries[place] if place >= 0 else self._typed)
            self.icursor("end")
        return "break"  # ttk's own would choose from the list, or open it

    def _open(self) -> str:
        self.tk.call("ttk::combobox::Post", self)
        return "break"
