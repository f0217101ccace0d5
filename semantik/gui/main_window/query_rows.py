"""The rows of the main window where the query is typed: by text, by example picture, and by filters."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tkinter import ttk
from typing import TYPE_CHECKING

from semantik.gui.widgets.screen_scale import px
from semantik.gui.widgets.tooltip import Tooltip
from semantik.storage.search_history import SearchHistory
from semantik.words.text import say

if TYPE_CHECKING:
    from PIL import Image

from semantik.gui.main_window.commands import Commands
from semantik.gui.main_window.filter_chips import FilterChips
from semantik.gui.main_window.filter_panel import FilterPanel
from semantik.gui.main_window.history_box import HistoryBox, SavedLine, SavedStar
from semantik.gui.widgets.access_keys import AccessKeys
from semantik.gui.widgets.fine_pictures import for_tk, pixels
from semantik.gui.widgets.theme import Hint


@dataclass(frozen=True, slots=True)
class QueryLists:
    """What the lists of the query's entries offer, asked for whenever one opens."""

    subfolders: Callable[[], Sequence[str]]
    saved: Callable[[], Sequence[SavedLine]]


class QueryRows(ttk.Frame):
    """How to search, the words, the example pictures with their preview, and the filters that can be unfolded."""

    def __init__(
        self,
        parent: tk.Misc,
        do: Commands,
        history: SearchHistory,
        letters: AccessKeys,
        lists: QueryLists,
    ) -> None:
        super().__init__(parent)
        self.columnconfigure(1, weight=1)
        self._letters = letters
        self._more = True
        self._build_modes()
        self._build_entries(do, history, lists)
        self.chips = FilterChips(self, do.search_for)
        self.chips.grid(row=5, column=0, columnspan=5, sticky="ew", pady=(px(self, 6), 0))
        self.chips.grid_remove()
        self._build_filters(lists.subfolders)

    def _build_modes(self) -> None:
        self.mode = tk.StringVar(self, "text")
        modes = ttk.Frame(self)
        modes.grid(row=0, column=0, columnspan=5, sticky="w", pady=(0, px(self, 2)))
        self.by_text = ttk.Radiobutton(modes, text=say("window.by_text"), value="text", variable=self.mode)
        self.by_image = ttk.Radiobutton(modes, text=say("window.by_image"), value="image", variable=self.mode)
        self.by_both = ttk.Radiobutton(modes, text=say("window.by_both"), value="both", variable=self.mode)
        for button in (self.by_text, self.by_image, self.by_both):
            button.configure(command=self._focus_query)
            button.pack(side="left", padx=(0, px(self, 18)))
        self.mode.trace_add("write", lambda *names: self._show_both())

    def _build_entries(self, do: Commands, history: SearchHistory, lists: QueryLists) -> None:
        gap, below = (px(self, 10), 0), px(self, 4)
        words = ttk.Label(self, text=say("window.text"))
        words.grid(row=1, column=0, sticky="w", pady=below)
        entry = ttk.Frame(self)
        entry.columnconfigure(0, weight=1)
        entry.grid(row=1, column=1, columnspan=3, sticky="ew", padx=gap, pady=below)
        self.text_entry = HistoryBox(entry, history, lists.saved, do.open_saved)
        self.text_entry.grid(row=0, column=0, sticky="ew")
        self.star = SavedStar(entry, do.star_search)
        self.star.grid(row=0, column=1, padx=(px(self, 4), 0))
        self.star.show(False, False)
        self.text_entry.bind("<KeyPress>", lambda event: self._typing(event.char))
        image = ttk.Label(self, text=say("window.image"))
        image.grid(row=2, column=0, sticky="w", pady=below)
        self.image_entry = ttk.Entry(self)
        self.image_entry.grid(row=2, column=1, sticky="ew", padx=gap, pady=below)
        self.image_entry.bind("<FocusOut>", lambda event: do.take_image())
        self.image_button = ttk.Button(self, text=say("window.browse"), command=do.browse_image)
        self.image_button.grid(row=2, column=2, padx=(px(self, 8), 0))
        self.paste_button = ttk.Button(self, text=say("window.paste"), command=lambda: do.paste(True))
        self.paste_button.grid(row=2, column=3, padx=(px(self, 8), 0))
        self.preview = QueryPreview(self)
        self.preview.place_in(row=1, column=4, rowspan=2)
        self._letters.name(words, self.text_entry)
        self._letters.name(image, self.image_entry)

    def _build_filters(self, subfolders: Callable[[], Sequence[str]]) -> None:
        self.filters_shown = tk.BooleanVar(self, value=False)
        self.filters_button = ttk.Checkbutton(
            self, style="Toggle.TButton", variable=self.filters_shown, command=self.show_filters
        )
        self.filters_button.grid(row=3, column=0, sticky="w", pady=(px(self, 4), 0))
        self._syntax = Hint(self, text=say("window.syntax_hint"))
        self._syntax.grid(row=3, column=1, columnspan=4, sticky="w", padx=(px(self, 10), 0), pady=(px(self, 4), 0))
        self.filters = FilterPanel(self, subfolders, self._letters)  # after its button, as Tab goes

    def show_filters(self) -> None:
        """Show the controls for filters, or tell on their button how many of them still filter."""
        shown, count = self.filters_shown.get(), self.filters.count()
        told = say("window.filters_set", count=count) if count and not shown else say("window.filters")
        self.filters_button.configure(text=told)
        if shown and self._more:
            self.filters.grid(row=4, column=0, columnspan=5, sticky="ew", pady=(px(self, 6), 0))
        else:
            self.filters.grid_remove()
        self.event_generate("<<Refit>>")

    def show_more(self, more: bool) -> None:
        """Show the controls that are behind "Más opciones", or hide them."""
        self._more = more
        for widget in (self.paste_button, self.filters_button, self._syntax):
            (widget.grid if more else widget.grid_remove)()
        self._show_both()
        self.show_filters()

    def _show_both(self) -> None:
        """The third way to search is there for who wants more, and for who is using it."""
        if self._more or self.mode.get() == "both":
            self.by_both.pack(side="left", padx=(0, px(self, 18)))
        else:
            self.by_both.pack_forget()

    def _typing(self, char: str) -> None:
        # Who types a description means to search by it. Arrows and the like have no character.
        if char and char.isprintable():
            self.text_entry.typing()
            if self.mode.get() == "image":
                self.mode.set("text")

    def _focus_query(self) -> None:
        (self.image_entry if self.mode.get() == "image" else self.text_entry).focus_set()


# -- The example picture beside its entry, small

WIDTH, HEIGHT = 92, 68
"""Of its place, in pixels at 100 %."""


class QueryPreview(ttk.Label):
    """Takes room only while there is a picture to show."""

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent, anchor="center")
        self.tip = Tooltip(self, "")
        self.paths: tuple[Path, ...] = ()
        self._photo: object = None

    def place_in(self, *, row: int, column: int, rowspan: int) -> None:
        """Where it appears in its parent's grid."""
        self.grid(row=row, column=column, rowspan=rowspan, padx=(px(self, 12), 0))
        self.grid_remove()

    def show(self, paths: tuple[Path, ...], picture: Image.Image | None) -> None:
        """Show the first of ``paths`` as ``picture``, a thumbnail of any size; None shows nothing."""
        self.paths = paths if picture else ()
        if picture is None:
            self._photo = None
            self.grid_remove()
        else:
            picture.thumbnail((pixels(self, WIDTH), pixels(self, HEIGHT)))
            photo = for_tk(self, picture)
            self.configure(image=photo)
            self._photo = photo  # Tk keeps no picture alive
            more = say("window.more_pictures", count=len(paths) - 1) if len(paths) > 1 else ""
            self.tip.text = f"{paths[0].name} {more}".strip()
            self.grid()
        self.event_generate("<<Refit>>")
