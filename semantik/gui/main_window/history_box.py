"""The entry for the words of a search, with the starred and the earlier ones in its list, and the star beside it."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from tkinter import ttk
from typing import Any

from semantik.gui.widgets.tooltip import Tooltip
from semantik.storage.search_history import SearchHistory
from semantik.words.shown_names import visible
from semantik.words.text import counted, say


@dataclass(frozen=True, slots=True)
class SavedLine:
    """A starred search, and how many new pictures answer it."""

    words: str
    new: int = 0

    @property
    def told(self) -> str:
        """As the list has it; how much is new comes first, where no length of words hides it."""
        new = f"{counted('saved.new', self.new)}: " if self.new else ""
        return f"★ {new}{visible(self.words)}"


class HistoryBox(ttk.Combobox):
    """Up goes to older searches, down to newer ones and at last to what was being typed; the arrow opens the list.

    At the top of the list are the starred searches: choosing one begins it, while an earlier one is only typed.
    """

    def __init__(
        self,
        parent: tk.Misc,
        history: SearchHistory,
        saved: Callable[[], Sequence[SavedLine]],
        open_saved: Callable[[str], None],
        **options: Any,
    ) -> None:
        self.words = tk.StringVar(parent)
        """What stands in it."""
        super().__init__(parent, textvariable=self.words, **options)
        self._history = history
        self._saved = saved
        self._open_saved = open_saved
        self._listed: Sequence[SavedLine] = ()
        self._place = -1  # in the history; -1: what is being typed
        self._typed = ""
        self.configure(postcommand=self._fill)
        self.bind("<Up>", lambda event: self._browse(1))
        self.bind("<Down>", lambda event: self._browse(-1))
        self.bind("<Alt-Down>", lambda event: self._open())
        self.bind("<<ComboboxSelected>>", lambda event: self._choose())

    def typing(self) -> None:
        """The user types: browsing starts at the newest again."""
        self._place = -1

    def _fill(self) -> None:
        self._listed = self._saved()
        self.configure(values=[*(each.told for each in self._listed), *self._history.entries])

    def _choose(self) -> None:
        self.selection_clear()
        place = self.current()
        if 0 <= place < len(self._listed):
            words = self._listed[place].words
            self.set(words)
            self._open_saved(words)

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


class SavedStar(ttk.Button):
    """Keeps what is typed, or no more; there only while something is typed."""

    def __init__(self, parent: tk.Misc, toggle: Callable[[], None]) -> None:
        super().__init__(parent, width=2, command=toggle)
        self._tip = Tooltip(self, "")

    def show(self, there: bool, starred: bool) -> None:
        """Whether it is there, and full."""
        self.configure(text="★" if starred else "☆")
        self._tip.text = say("saved.unstar" if starred else "saved.star")
        if there:
            self.grid()
        else:
            self.grid_remove()
