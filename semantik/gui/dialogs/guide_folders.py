"""A list of folders to tick, each with its path and how many pictures it holds."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tkinter import ttk

from semantik.folders.suggested_folders import PictureCount
from semantik.gui.widgets.screen_scale import px
from semantik.gui.widgets.sun_valley import CAPTION_FONT
from semantik.gui.widgets.table_columns import text_width
from semantik.gui.widgets.theme import Hint
from semantik.gui.widgets.tooltip import Tooltip
from semantik.storage.regular_files import long_path
from semantik.words.shown_names import visible
from semantik.words.text import counted, say


@dataclass(frozen=True, slots=True)
class FolderBox:
    """One folder of the list."""

    folder: Path
    ticked: tk.BooleanVar
    box: ttk.Checkbutton
    count: ttk.Label


class FolderChoices(ttk.Frame):
    """Check boxes below each other; more of them than there is room for are scrolled to."""

    def __init__(self, parent: tk.Misc, width: int, height: int, on_change: Callable[[], None]) -> None:
        """``width`` and ``height`` in pixels of the screen; ``on_change``: the user ticked another set."""
        super().__init__(parent)
        self.boxes: list[FolderBox] = []
        self._on_change = on_change
        self._canvas = tk.Canvas(self, width=width, height=height, highlightthickness=0, borderwidth=0, takefocus=False)
        self._canvas.grid(row=0, column=0, sticky="nsew")
        self._bar = ttk.Scrollbar(self, command=self._canvas.yview, takefocus=False)
        self._bar.grid(row=0, column=1, sticky="ns")
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self.columnconfigure(1, minsize=self._bar.winfo_reqwidth())  # nothing moves when the bar comes
        self._rows = ttk.Frame(self._canvas)
        self._rows.columnconfigure(0, weight=1)
        gap = px(self, 8)
        inside = self._canvas.create_window(0, 0, anchor="nw", window=self._rows, width=width - gap)
        self._canvas.bind("<Configure>", lambda event: self._canvas.itemconfigure(inside, width=event.width - gap))
        self._rows.bind("<Configure>", lambda event: self._canvas.configure(scrollregion=self._canvas.bbox("all")))
        self._canvas.configure(yscrollcommand=self._scrolled)
        self._hint = Hint(self._canvas, justify="center", anchor="center", wraplength=width - px(self, 40))
        self._room = width - px(self, 52)
        for event, steps in (("<Button-4>", -1), ("<Button-5>", 1)):
            self.winfo_toplevel().bind(event, lambda event, steps=steps: self._wheel(steps))  # type: ignore[misc]
        self.winfo_toplevel().bind("<MouseWheel>", lambda event: self._wheel(-1 if event.delta > 0 else 1))

    def say(self, words: str) -> None:
        """Show ``words`` in place of folders; none to show what there is."""
        self._hint.configure(text=words)
        if words:
            self._hint.place(relx=0.5, rely=0.5, anchor="center")
        else:
            self._hint.place_forget()

    def add(self, folder: Path, *, ticked: bool) -> FolderBox:
        """List ``folder``; one that is there already is ticked if it shall be."""
        for known in self.boxes:
            if _same(known.folder, folder):
                if ticked:
                    known.ticked.set(True)
                return known
        self.say("")
        row = ttk.Frame(self._rows)
        row.grid(row=len(self.boxes), column=0, sticky="ew", pady=(0, px(self, 8)))
        row.columnconfigure(0, weight=1)
        variable = tk.BooleanVar(self, value=ticked)
        name, path = visible(folder.name or str(folder)), visible(str(folder))
        words = shortened(name, lambda words: text_width(self, "SunValleyBodyFont", words), self._room * 2 // 3)
        box = ttk.Checkbutton(row, text=words, variable=variable, command=self._on_change)
        box.grid(row=0, column=0, sticky="w")
        box.bind("<FocusIn>", lambda event: self._bring_into_view(row))
        count = Hint(row, text=say("guide.counting"))
        count.grid(row=0, column=1, sticky="e", padx=(px(self, 8), 0))
        shown = shortened(path, lambda words: text_width(self, CAPTION_FONT, words), self._room)
        where = Hint(row, text=shown, font=CAPTION_FONT)
        where.grid(row=1, column=0, columnspan=2, sticky="w", padx=(px(self, 28), 0))
        where.bind("<Button-1>", lambda event: box.invoke())
        if where.cget("text") != path:
            Tooltip(where, path)
        self.boxes.append(FolderBox(folder, variable, box, count))
        return self.boxes[-1]

    def show_count(self, folder: Path, found: PictureCount) -> None:
        """Say how many pictures a listed folder holds."""
        for known in self.boxes:
            if known.folder == folder:
                known.count.configure(text=told(found))

    def chosen(self) -> tuple[Path, ...]:
        """The ticked folders, in the order of the list."""
        return tuple(known.folder for known in self.boxes if known.ticked.get())

    def reveal(self, shown: FolderBox) -> None:
        """Scroll to a folder."""
        self.update_idletasks()
        self._bring_into_view(shown.box.master)

    def _scrolled(self, first: float, last: float) -> None:
        self._bar.set(first, last)
        if float(first) <= 0 and float(last) >= 1:
            self._bar.grid_remove()
        else:
            self._bar.grid()

    def _wheel(self, steps: int) -> None:
        if self._bar.winfo_ismapped():
            self._canvas.yview_scroll(steps, "units")

    def _bring_into_view(self, row: tk.Misc) -> None:
        total, top = max(1, self._rows.winfo_height()), self._canvas.canvasy(0)
        if row.winfo_y() < top:
            self._canvas.yview_moveto(row.winfo_y() / total)
        elif (lacking := row.winfo_y() + row.winfo_height() - top - self._canvas.winfo_height()) > 0:
            self._canvas.yview_moveto((top + lacking) / total)


def told(found: PictureCount) -> str:
    """A count in words; one that is not complete is rounded down to two digits."""
    if found.complete:
        return counted("folders.photos", found.count) if found.count else say("guide.empty")
    if not found.count:
        return say("guide.uncounted")
    unit = 10 ** max(0, len(str(found.count)) - 2)
    return counted("guide.more_than", found.count // unit * unit)


def shortened(words: str, measure: Callable[[str], int], room: int) -> str:
    """``words`` with as much of the middle left out as makes them fit into ``room`` pixels."""
    kept, shown = len(words), words
    while kept > 1 and measure(shown) > room:
        kept -= 1
        shown = f"{words[: kept // 2]}…{words[len(words) - (kept + 1) // 2 :]}"
    return shown


def _same(one: Path, other: Path) -> bool:
    if one == other:
        return True
    try:
        return long_path(one).samefile(long_path(other))
    except OSError:
        return False
