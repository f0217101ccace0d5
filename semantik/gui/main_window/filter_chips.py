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
    """Buttons below the entries, on as many rows as they need, there only while there are filters to show."""

    def __init__(self, parent: tk.Misc, lift: Callable[[str], None]) -> None:
        """``lift`` is told the words that are left when a filter is taken away."""
        super().__init__(parent, width=1)  # as wide as its place is
        self._lift = lift
        self._buttons: list[ttk.Button] = []
        self._height = 0
        self.bind("<Configure>", lambda event: self._flow())

    def show(self, chips: Sequence[FilterChip]) -> None:
        """Show these in place of the last ones; for none of them the row goes."""
        for button in self._buttons:
            button.destroy()
        self._buttons = []
        for chip in chips:
            told = chip.told if len(chip.told) <= LONGEST else f"{chip.told[: LONGEST - 1]}…"
            button = ttk.Button(self, text=f"{told}  ×", command=partial(self._lift, chip.without))
            Tooltip(button, say("page.lift", filter=chip.told))
            button.place(x=0, y=0)  # where, ``_flow`` tells
            self._buttons.append(button)
        if chips:
            self.grid()
            self.update_idletasks()  # the place's width, where it was not there until now
            self._flow()
        else:
            self.grid_remove()
        self.event_generate("<<Refit>>")

    def _flow(self) -> None:
        """Put the buttons one after the other, and what no longer fits onto the next row."""
        gap, room = px(self, 6), self.winfo_width()
        x = y = below = 0
        for button in self._buttons:
            width, height = min(button.winfo_reqwidth(), room), button.winfo_reqheight()
            if x and x + width > room:
                x, y = 0, below + gap
            button.place(x=x, y=y, width=width)
            x, below = x + width + gap, max(below, y + height)
        if below != self._height:
            self._height = below
            self.configure(height=below)
            self.event_generate("<<Refit>>")
