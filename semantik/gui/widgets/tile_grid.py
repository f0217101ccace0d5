"""A grid of many equal tiles that scrolls; only those in sight, and a row around them, are made."""

from __future__ import annotations

import contextlib
import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk
from typing import Any

from semantik.gui.widgets.screen_scale import px

_AROUND = 1
"""Rows above and below those in sight that are made as well: the Tab key leads there, which brings them into sight."""

_STEP = 0.5
"""Rows that one step of the wheel moves."""


class TickBox(ttk.Checkbutton):
    """A box that remembers by itself whether it is ticked.

    No variable of tkinter's: a background thread whose turn it is to collect garbage would ask Tk to remove it.
    """

    def __init__(self, parent: tk.Misc, *, ticked: bool = False, **options: Any) -> None:
        super().__init__(parent, **options)
        self.tick(ticked)

    @property
    def ticked(self) -> bool:
        """Whether it is ticked."""
        return self.instate(["selected"])

    def tick(self, ticked: bool) -> None:
        """Tick it, or no longer; its command is not called."""
        self.tk.call("set", f"::{self}", int(ticked))  # the variable that Tk gives a box without one

    def destroy(self) -> None:
        """Take it away, and what it remembers."""
        super().destroy()
        with contextlib.suppress(tk.TclError):  # all of the program may be gone
            self.tk.call("unset", "-nocomplain", f"::{self}")


class TileGrid(ttk.Frame):
    """Tiles are told apart by keys; as many stand in a row as fit. What gets the focus is brought into view.

    No canvas: that takes away what is out of sight, where the Tab key would find nothing, and no X window is high
    enough for all rows of a thousand tiles on a fine screen.
    """

    def __init__(
        self,
        parent: tk.Misc,
        size: tuple[int, int],
        make: Callable[[tk.Misc, str], ttk.Frame],
        on_made: Callable[[Sequence[str]], object],
    ) -> None:
        """``size`` of a tile, in pixels of the screen. ``on_made`` hears the keys of the tiles that are there now,
        in their order, whenever they are others than before.
        """
        super().__init__(parent)
        self._wide, self._high = size
        self._make, self._on_made = make, on_made
        self._keys: list[str] = []
        self._places: dict[str, int] = {}
        self.tiles: dict[str, ttk.Frame] = {}
        """Those that are made now, by their keys."""
        self._top = 0  # pixels above what is seen
        self._shown: list[str] = []
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self._view = ttk.Frame(self, width=4 * self._wide, height=2 * self._high)
        self._view.grid(row=0, column=0, sticky="nsew")
        self._bar = ttk.Scrollbar(self, command=self._bar_moved, takefocus=False)
        self._bar.grid(row=0, column=1, sticky="ns")
        self._view.bind("<Configure>", lambda event: self._lay())
        top = self.winfo_toplevel()
        top.bind("<FocusIn>", lambda event: self._focused(event.widget), add=True)
        for event, steps in (("<Button-4>", -1), ("<Button-5>", 1)):
            top.bind(event, lambda event, steps=steps: self._turned(event.widget, steps), add=True)  # type: ignore[misc]
        top.bind("<MouseWheel>", lambda event: self._turned(event.widget, -1 if event.delta > 0 else 1), add=True)
        for key, pages in (("<Prior>", -1), ("<Next>", 1)):
            top.bind(key, lambda event, pages=pages: self._page(pages), add=True)  # type: ignore[misc]

    @property
    def columns(self) -> int:
        """How many tiles stand in a row."""
        return max(1, self._view.winfo_width() // self._wide)

    def ask_for(self, columns: int, rows: float) -> None:
        """Ask for room for so many."""
        self._view.configure(width=columns * self._wide, height=round(rows * self._high))

    def show(self, keys: Sequence[str], *, anew: bool = False) -> None:
        """Show these in this order; tiles that are there already stay, but when they are to be made ``anew``."""
        self._keys = list(keys)
        self._places = {key: place for place, key in enumerate(keys)}
        for key in [key for key in self.tiles if anew or key not in self._places]:
            self._drop(key)
        self._shown = []
        self._lay()

    def see(self, key: str) -> ttk.Frame | None:
        """Scroll as little as shows a tile whole; gives it. None while nothing of the grid is on the screen."""
        if self._view.winfo_height() <= 1:
            self.update_idletasks()  # it was put into its window a moment ago
        above = self._places[key] // self.columns * self._high
        height = self._view.winfo_height()
        if above < self._top:
            self._scroll(above)
        elif above + self._high > self._top + height:
            self._scroll(min(above, above + self._high - height))
        if key not in self.tiles:
            self._lay()
        tile = self.tiles.get(key)
        if tile and not all(part.winfo_ismapped() for part in (tile, *tile.winfo_children())):
            self.update_idletasks()  # the keyboard goes only to what is on the screen
        return tile

    def beside(self, key: str, columns: int, rows: int) -> str:
        """The key of the tile so many columns and rows away, or the same where there is none."""
        place = self._places[key] + columns + rows * self.columns
        return self._keys[place] if 0 <= place < len(self._keys) else key

    # -- Where everything is

    def _lay(self) -> None:
        height, columns = self._view.winfo_height(), self.columns
        if height <= 1:  # not on the screen yet
            return
        rows = -(-len(self._keys) // columns)
        most = max(0, rows * self._high - height)
        self._top = max(0, min(self._top, most))
        first = max(0, self._top // self._high - _AROUND)
        last = min(rows, -(-(self._top + height) // self._high) + _AROUND)
        wanted = self._keys[first * columns : last * columns]
        for key in set(self.tiles).difference(wanted):
            if not self._has_focus(key):  # who types there goes on
                self._drop(key)
        for key in wanted:
            if key not in self.tiles:
                self.tiles[key] = self._make(self._view, key)
        # What is made last would be the last for the Tab key.
        made = sorted(self.tiles, key=self._places.__getitem__)
        spare = max(0, self._view.winfo_width() - columns * self._wide) // 2
        for key in made:
            row, column = divmod(self._places[key], columns)
            tile = self.tiles[key]
            x, y = spare + column * self._wide, row * self._high - self._top
            tile.place(x=x, y=y, width=self._wide, height=self._high)
            if made != self._shown:
                tile.lift()
        total = max(1, rows * self._high)
        self._bar.set(self._top / total, min(1.0, (self._top + height) / total))
        if most:
            self._bar.grid()
        else:
            self._bar.grid_remove()
        if made != self._shown:
            self._shown = made
            self._on_made(made)

    def _drop(self, key: str) -> None:
        self.tiles.pop(key).destroy()

    def _has_focus(self, key: str) -> bool:
        return str(self.tk.call("focus")).startswith(f"{self.tiles[key]}.")

    # -- What moves it

    def _scroll(self, top: int) -> None:
        self._top = top
        self._lay()

    def _bar_moved(self, kind: str, value: str, unit: str = "") -> None:
        if kind == "moveto":
            rows = -(-len(self._keys) // self.columns)
            self._scroll(round(float(value) * rows * self._high))
        elif unit == "pages":
            self._page(int(value))
        else:
            self._scroll(self._top + round(int(value) * _STEP * self._high))

    def _page(self, pages: int) -> None:
        self._scroll(self._top + pages * max(self._high, self._view.winfo_height() - px(self, 20)))

    def _turned(self, widget: object, steps: int) -> None:
        if str(widget).startswith(f"{self}."):
            self._scroll(self._top + round(steps * _STEP * self._high))

    def _focused(self, widget: object) -> None:
        if str(widget) != str(self.tk.call("focus")):
            return  # X tells it to all that the widget is in
        for key, tile in self.tiles.items():
            if str(widget).startswith(f"{tile}."):
                self.see(key)
                return
