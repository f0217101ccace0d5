"""The table of the library's folders: which are searched, how many pictures each has, and how it is."""

from __future__ import annotations

import contextlib
import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from tkinter import ttk

from semantik.gui.main_window.commands import Commands
from semantik.gui.widgets.screen_scale import px
from semantik.gui.widgets.table_columns import fit_column, text_width
from semantik.words.shown_names import visible
from semantik.words.text import counted, say

FEWEST_LINES, MOST_LINES = 2, 6
"""Folders that are seen without scrolling, at least and at most: as many as the screen has room for."""

_MARKS = ("☐", "☑")


@dataclass(frozen=True, slots=True)
class FolderLine:
    """One folder as it is shown. ``state`` is in the user's words."""

    path: str
    count: int
    state: str
    active: bool  # whether it is searched


class FolderList(ttk.Frame):
    """Space or a click on its mark lets a folder be searched or not, a double click it alone, Delete takes it out."""

    def __init__(self, parent: tk.Misc, do: Commands) -> None:
        super().__init__(parent)
        self._do = do
        self.table = ttk.Treeview(
            self, columns=("mark", "path", "count", "gap", "state"), show="", selectmode="browse", height=2
        )
        self.table.column("mark", stretch=False, anchor="center")
        self.table.column("count", stretch=False, anchor="e")
        self.table.column("gap", stretch=False, width=px(self, 20), minwidth=px(self, 20))
        self.table.column("state", stretch=False)
        self.columnconfigure(0, weight=1)
        self._bar = ttk.Scrollbar(self, command=self.table.yview, takefocus=False)
        self.table.configure(yscrollcommand=self._bar.set)
        self.table.grid(row=0, column=0, sticky="nsew")
        self.menu = tk.Menu(self, tearoff=False)
        self.lines: list[FolderLine] = []
        self._room = FEWEST_LINES
        self.table.bind("<space>", lambda event: self._toggle())
        self.table.bind("<Delete>", lambda event: self._act(self._do.remove_folder))
        self.table.bind("<Button-1>", self._clicked)
        self.table.bind("<Double-1>", self._double)
        self.table.bind("<Triple-1>", lambda event: "break")  # else it would count as one more double click
        for event in ("<Button-2>", "<Button-3>"):
            self.table.bind(event, self._offer_at)
        # The key for menus is called Menu on X11 and App on Windows; each knows but its own.
        for event in ("<Shift-F10>", "<Menu>", "<App>"):
            with contextlib.suppress(tk.TclError):
                self.table.bind(event, lambda event: self.offer())

    def show(self, lines: Sequence[FolderLine]) -> None:
        """Fill the table; the selected folder stays selected."""
        kept = self.selected
        if list(lines) == self.lines and kept:
            return
        self.lines = list(lines)
        self.table.delete(*self.table.get_children())
        for place, line in enumerate(lines):
            count = counted("folders.photos", line.count) if line.count else ""
            cells = (_MARKS[line.active], visible(line.path), count, "", line.state)
            self.table.insert("", "end", iid=str(place), values=cells)
        self._show_lines()
        self._fit()
        paths = [line.path for line in lines]
        place = paths.index(kept) if kept in paths else 0
        if lines:
            self.table.selection_set(str(place))
            self.table.focus(str(place))
            self.table.see(str(place))

    def give_room(self, more: int) -> None:
        """Show as many folders at once as ``more`` pixels than now, or fewer, have room for."""
        line = int(ttk.Style(self).lookup("Treeview", "rowheight") or px(self, 20))
        room = int(self.table.cget("height")) + more // line
        self._room = max(FEWEST_LINES, min(MOST_LINES, room))
        self._show_lines()

    def _show_lines(self) -> None:
        shown = len(self.lines)
        self.table.configure(height=min(self._room, max(FEWEST_LINES, shown)))
        if shown > self._room:
            self._bar.grid(row=0, column=1, sticky="ns")
        else:
            self._bar.grid_remove()

    def _fit(self) -> None:
        table = self.table
        for column in ("mark", "count", "state"):
            fit_column(table, column)
        zero = text_width(table, str(ttk.Style(table).lookup("Treeview", "font") or "TkDefaultFont"), "0")
        table.column("path", width=28 * zero, minwidth=14 * zero)

    @property
    def selected(self) -> str:
        """The path of the selected folder, or ""."""
        chosen = self.table.selection()
        return self.lines[int(chosen[0])].path if chosen else ""

    def _act(self, act: Callable[[str], None]) -> str:
        if self.selected:
            act(self.selected)
        return "break"

    def _toggle(self) -> str:
        return self._act(self._do.toggle_folder)

    def _clicked(self, event: tk.Event[tk.Misc]) -> str | None:
        row = self.table.identify_row(event.y)
        if row and self.table.identify_column(event.x) == "#1":
            self.table.selection_set(row)
            self.table.focus(row)
            self.table.focus_set()
            return self._toggle()
        return None

    def _double(self, event: tk.Event[tk.Misc]) -> str | None:
        if self.table.identify_row(event.y) and self.table.identify_column(event.x) != "#1":
            return self._act(self._do.only_folder)
        return "break"

    def _offer_at(self, event: tk.Event[tk.Misc]) -> str:
        row = self.table.identify_row(event.y)
        if row:
            self.table.selection_set(row)
            self.table.focus(row)
            self.offer(event.x_root, event.y_root)
        return "break"

    def offer(self, x: int | None = None, y: int | None = None) -> str:
        """The menu of the selected folder, at the pointer or below its line."""
        path = self.selected
        if not path:
            return "break"
        self.menu.delete(0, "end")
        for key, act in (
            ("folders.only", lambda: self._do.only_folder(path)),
            ("folders.all", self._do.all_folders),
            ("folders.update", lambda: self._do.update_folder(path)),
            ("folders.reveal", lambda: self._do.reveal_folder(path)),
            ("folders.remove_this", lambda: self._do.remove_folder(path)),
        ):
            self.menu.add_command(label=say(key), underline=0, command=act)
        if x is None or y is None:
            box = self.table.bbox(self.table.selection()[0]) or (0, 0, 0, 0)
            x, y = self.table.winfo_rootx() + px(self, 24), self.table.winfo_rooty() + box[1] + box[3]
        self.menu.tk_popup(x, y)
        return "break"
