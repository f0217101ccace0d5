"""The main window's widgets: where everything is and what it is called; what it does comes from the app."""

from __future__ import annotations

import logging
import tkinter as tk
from pathlib import Path
from tkinter import font, ttk
from typing import Any

from semantik.gui.main_window.commands import Commands
from semantik.gui.main_window.folder_row import FolderRow
from semantik.gui.main_window.option_rows import OptionRows
from semantik.gui.main_window.query_rows import QueryRows
from semantik.gui.main_window.result_strip import ResultStrip
from semantik.gui.main_window.status_rows import StatusRows
from semantik.gui.widgets.access_keys import AccessKeys
from semantik.gui.widgets.entries import replace_text
from semantik.gui.widgets.file_drops import accept_drops
from semantik.gui.widgets.screen_scale import AROUND, px
from semantik.storage.search_history import SearchHistory
from semantik.storage.settings import Config
from semantik.words.text import language, say

log = logging.getLogger(__name__)


class MainView(ttk.Frame):
    """All widgets of the main window, built into ``root``; their order is that of the Tab key."""

    def __init__(self, root: tk.Tk, do: Commands, config: Config, history: SearchHistory) -> None:
        super().__init__(root, padding=(px(root, 16), px(root, 12), px(root, 16), px(root, 12)))
        self.pack(fill="both", expand=True)
        self.columnconfigure(0, weight=1)
        self.letters = AccessKeys(root)
        folder = FolderRow(self, do, config, self.letters)
        query = QueryRows(self, do, history, self.letters)
        options = OptionRows(self, do, config, self.letters)
        self.strip = ResultStrip(self, do.recent)
        self.bottom = StatusRows(self, do)
        for row, part in enumerate((folder, query, options, self.strip, self.bottom)):
            part.grid(row=row, column=0, sticky="new", pady=(0 if row == 0 else px(self, 8), 0))
        self.rowconfigure(4, weight=1)
        self.letters.alternate(self.bottom.pause_button, (say("window.pause"), say("window.resume")))
        self._name_parts(folder, query, options)
        self.strip.say(say("strip.choose_folder"))
        accept_drops(self, do.examples.take)
        self._bind_keys(root, do)
        for event in ("<<Refit>>", "<<Relabel>>"):
            root.bind(event, lambda event: self._refresh())
        self.show_filters()
        self._refresh()
        self.text_entry.focus_set()
        # Tk's own message boxes, where the system has none, speak the program's language.
        root.tk.eval(f"::msgcat::mclocale {language()}; ::msgcat::mcload [file join $::tk_library msgs]")

    def _name_parts(self, folder: FolderRow, query: QueryRows, options: OptionRows) -> None:
        """What the app and its dialogs use, wherever it stands."""
        self.folder_entry, self.folder_button = folder.entry, folder.browse_button
        self.update_button, self.add_button, self.remove_button = (
            folder.update_button,
            folder.add_button,
            folder.remove_button,
        )
        self.show_folders, self.watch = folder.show, folder.watch
        self.mode, self.filters, self.show_filters = query.mode, query.filters, query.show_filters
        self.text_entry, self.image_entry, self.preview = query.text_entry, query.image_entry, query.preview
        self.top_k, self.model_box, self.status = options.top_k, options.model_box, self.bottom.status
        self.pause_button, self.cancel_button = self.bottom.pause_button, self.bottom.cancel_button
        self.show_waiting, self.show_share = self.bottom.show_waiting, self.bottom.show_share
        self.show_skipped, self.show_paused = self.bottom.show_skipped, self.bottom.show_paused

    def _bind_keys(self, root: tk.Tk, do: Commands) -> None:
        # What people expect of Ctrl+A; Tk on X11 would go to the start of the line.
        for kind in ("TEntry", "TCombobox"):
            root.bind_class(kind, "<Control-a>", "%W selection range 0 end; %W icursor end; break")
        root.bind("<<Paste>>", lambda event: do.examples.paste(asked=False))
        root.bind("<Return>", lambda event: do.search())
        root.bind("<KP_Enter>", lambda event: do.search())
        root.bind("<F1>", lambda event: do.show_about())

    def _refresh(self) -> None:
        if self.winfo_exists():
            self.letters.assign()
            self.fit()

    def fit(self) -> None:
        """Let the window be no smaller than what it shows."""
        root = self.winfo_toplevel()
        # The status may take two lines, for which a window that its user made small does not grow.
        line = font.Font(root, font="TkDefaultFont").metrics("linespace")
        self.strip.grid()
        root.update_idletasks()
        if root.winfo_reqheight() + line > root.winfo_screenheight() - px(root, AROUND):
            self.strip.grid_remove()  # the page has the pictures, too; nothing else could be missed
            root.update_idletasks()
        root.minsize(root.winfo_reqwidth(), root.winfo_reqheight() + line)

    def entered(self) -> tuple[Any, ...]:
        """What the user typed and chose, for ``enter`` of another view."""
        entries = (self.folder_entry, self.text_entry, self.image_entry, self.top_k)
        return (self.filters.values(), self.mode.get(), *(entry.get() for entry in entries))

    def enter(self, entered: tuple[Any, ...]) -> None:
        """Put back what ``entered`` gave, into a view that is ready for use."""
        filters, mode, folder, words, image, top_k = entered
        self.filters.restore(filters)
        self.show_filters()
        self.mode.set(mode)
        for entry, value in ((self.folder_entry, folder), (self.text_entry, words), (self.image_entry, image)):
            replace_text(entry, value)
        self.top_k.set(top_k)
        self.set_busy(False)

    def say(self, message: str) -> None:
        """Show ``message`` in the status line."""
        self.status.configure(text=message)

    def set_busy(self, busy: bool, *, pausable: bool = False) -> None:
        """Lock what must not change during a task. "Buscar" stays: it explains why it has to wait."""
        state = ["disabled" if busy else "!disabled"]
        buttons = (self.folder_button, self.add_button, self.remove_button, self.update_button)
        for widget in (self.folder_entry, *buttons, self.model_box):
            widget.state(state)
        self.cancel_button.state(["!disabled" if busy else "disabled"])
        self.pause_button.state(["!disabled" if pausable else "disabled"])
        self.show_paused(False)
        if not busy:
            self.model_box.state(["readonly"])


def load_icon(root: tk.Tk, path: Path) -> tk.PhotoImage | None:
    """Give the window its icon; None when it is missing or broken, and the program goes on without."""
    try:
        icon = tk.PhotoImage(master=root, file=str(path))
        root.iconphoto(True, icon)
    except tk.TclError as error:
        log.warning("no icon: %s", error)
        return None
    return icon
