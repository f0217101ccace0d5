"""The row of the main window where the library is chosen: one folder, or a list of several."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence
from tkinter import ttk

from semantik.gui.main_window.commands import Commands
from semantik.gui.main_window.folder_list import FolderLine, FolderList
from semantik.gui.widgets.access_keys import AccessKeys
from semantik.gui.widgets.screen_scale import px
from semantik.gui.widgets.tooltip import Tooltip
from semantik.gui.window_services import WindowServices
from semantik.words.text import say


class FolderRow(ttk.LabelFrame):
    """An entry for the one folder, or the list of them; with buttons to choose, to add and to bring up to date."""

    def __init__(self, parent: tk.Misc, do: Commands, services: WindowServices, letters: AccessKeys) -> None:
        super().__init__(parent, text=say("window.folder_group"), padding=px(parent, 8))
        self.columnconfigure(0, weight=1)
        self.entry = ttk.Entry(self, width=40)
        self.entry.bind("<FocusOut>", lambda event: do.take_folder())
        self.list = FolderList(self, do)
        self.browse_button = ttk.Button(self, text=say("window.browse"), command=do.browse_folder)
        self.add_button = ttk.Button(self, text=say("window.add_folder"), command=do.add_folder)
        Tooltip(self.add_button, say("folders.add_hint"))
        self.remove_button = ttk.Button(
            self, text=say("window.remove_folder"), command=lambda: do.remove_folder(self.list.selected)
        )
        self.update_button = ttk.Button(self, text=say("window.update"), command=do.update_index)
        self.watch = tk.BooleanVar(self, services.config.watch)
        self.watch_check = ttk.Checkbutton(
            self,
            text=say("window.watch"),
            variable=self.watch,
            command=self._watch_pressed,
        )
        Tooltip(self.watch_check, say("folders.watch_hint"))
        letters.put_last(self.watch_check)
        letters.put_last(self.add_button)
        self._do, self._services, self._letters = do, services, letters
        self._several, self._more = False, True
        self._laid_out: tuple[bool, bool] | None = None
        self.show(())

    def _watch_pressed(self) -> None:
        self._services.save(watch=self.watch.get())
        self._do.watch_folders(self.watch.get())

    def show(self, lines: Sequence[FolderLine]) -> None:
        """Show the list where there are several folders, else the entry."""
        self._several = len(lines) > 1
        before = len(self.list.lines)
        if self._several:
            self.list.show(lines)
        if not self._lay_out() and len(self.list.lines) != before:
            self.event_generate("<<Refit>>")

    def show_more(self, more: bool) -> None:
        """Show the controls that are behind "Más opciones", or hide them."""
        self._more = more
        self._lay_out()

    def give_room(self, more: int) -> None:
        """``more`` pixels are free on the screen; fewer than none are lacking."""
        if self._several:
            self.list.give_room(more)

    def _lay_out(self) -> bool:
        """Whether anything changed its place."""
        several = self._several
        if (several, self._more) == self._laid_out:
            return False  # what is taken out and put in again is not seen meanwhile
        self._laid_out = (several, self._more)
        gap, below = (px(self, 8), 0), (px(self, 6), 0)
        hidden = (self.entry, self.browse_button) if several else (self.list, self.remove_button)
        less = () if self._more else (self.watch_check,) if several else (self.watch_check, self.add_button)
        if several:
            self.list.grid(row=0, column=0, columnspan=4, sticky="nsew")
            self.watch_check.grid(row=1, column=0, columnspan=1, sticky="w", pady=below)
            self.watch_check.lower(self.add_button)  # the order of the Tab key is that of what lies on what
            for column, button in enumerate((self.add_button, self.remove_button, self.update_button), 1):
                button.grid(row=1, column=column, padx=gap, pady=below)
        else:
            self.entry.grid(row=0, column=0, sticky="ew")
            for column, button in enumerate((self.browse_button, self.add_button, self.update_button), 1):
                button.grid(row=0, column=column, padx=gap, pady=0)
            self.watch_check.grid(row=1, column=0, columnspan=4, sticky="w", pady=below)
            self.watch_check.lift(self.update_button)
        for widget in (*hidden, *less):
            widget.grid_remove()
        field = self.list.table if several else self.entry
        self._letters.name(self, field)
        # What has just been hidden would keep the keyboard to itself.
        if str(self.tk.call("focus")) in map(str, (*hidden, *less, self.list.table)):
            field.focus_set()
        self.event_generate("<<Refit>>")
        return True
