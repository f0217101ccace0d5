"""How the words of the last search were read as filters: one click takes a filter away and searches again."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from tkinter import ttk

from semantik.gui.widgets.screen_scale import px
from semantik.gui.widgets.tooltip import Tooltip
from semantik.words.text import say

LONGEST = 60  # letters of a button


@dataclass(frozen=True, slots=True)
class FilterChip:
    """One filter, as it is told, and the words of the search without it."""

    told: str
    without: str


class FilterChips(ttk.Frame):
    """A row of buttons below the entries, there only while there are filters to show."""

    def __init__(self, parent: tk.Misc, lift: Callable[[str], None]) -> None:
        """``lift`` is told the words that are left when a filter is taken away."""
        super().__init__(parent)
        self._lift = lift

    def show(self, chips: Sequence[FilterChip]) -> None:
        """Show these in place of the last ones; for none of them the row goes."""
        for button in self.winfo_children():
            button.destroy()
        for chip in chips:
            told = chip.told if len(chip.told) <= LONGEST else f"{chip.told[: LONGEST - 1]}…"
            button = ttk.Button(self, text=f"{told}  ×", command=partial(self._lift, chip.without))
            Tooltip(button, say("page.lift", filter=chip.told))
            button.pack(side="left", padx=(0, px(self, 6)))
        if chips:
            self.grid()
        else:
            self.grid_remove()
        self.event_generate("<<Refit>>")
