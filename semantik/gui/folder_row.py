"""The row of the main window where the library is chosen."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk

from semantik.gui.commands import Commands
from semantik.gui.mnemonics import Mnemonics
from semantik.gui.scaling import px
from semantik.text import say


class FolderRow(ttk.LabelFrame):
    """The folder's entry, with a button to choose it and one to bring its index up to date."""

    def __init__(self, parent: tk.Misc, do: Commands, letters: Mnemonics) -> None:
        super().__init__(parent, text=say("window.folder_group"), padding=px(parent, 8))
        self.columnconfigure(0, weight=1)
        self.entry = ttk.Entry(self, width=48)
        self.entry.grid(row=0, column=0, sticky="ew")
        self.entry.bind("<FocusOut>", lambda event: do.take_folder())
        self.browse_button = ttk.Button(self, text=say("window.browse"), command=do.browse_folder)
        self.browse_button.grid(row=0, column=1, padx=(px(self, 8), 0))
        self.update_button = ttk.Button(self, text=say("window.update"), command=do.update_index)
        self.update_button.grid(row=0, column=2, padx=(px(self, 8), 0))
        letters.name(self, self.entry)
