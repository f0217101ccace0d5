"""The rows of the main window that tell how far a task is and what became of it."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk

from semantik.gui.main_window.arrival_row import ArrivalRow
from semantik.gui.main_window.commands import Commands
from semantik.gui.widgets.access_keys import AccessKeys
from semantik.gui.widgets.screen_scale import px
from semantik.gui.widgets.theme import Hint
from semantik.words.text import say


class StatusRows(ttk.Frame):
    """The bar with "Pausar" and "Cancelar", the status line, and "Omitidas" and a model on its way if there are any;
    below, what is still to be read in pictures."""

    def __init__(self, parent: tk.Misc, do: Commands, letters: AccessKeys) -> None:
        super().__init__(parent)
        self.columnconfigure(0, weight=1)
        gap = (px(self, 8), 0)
        self.progress = ttk.Progressbar(self, maximum=1.0)
        self.progress.grid(row=0, column=0, sticky="ew")
        self._gap = gap
        wide = max(len(say("window.pause")), len(say("window.resume"))) + 1  # the row does not jump when it changes
        self.pause_button = ttk.Button(self, width=wide, command=do.pause)
        self.cancel_button = ttk.Button(self, text=say("window.cancel"), command=do.cancel)
        self.rowconfigure(0, minsize=self.cancel_button.winfo_reqheight())  # nothing jumps when they come
        self.status = ttk.Label(self, anchor="w")
        self.status.grid(row=1, column=0, sticky="ew", pady=(px(self, 6), 0))
        self.status.bind("<Configure>", lambda event: self.status.configure(wraplength=max(event.width - 8, 200)))
        self.skipped_button = ttk.Button(self, command=do.show_problems)
        self.arrival = ArrivalRow(self, letters)
        self.arrival.grid(row=2, column=0, columnspan=3, sticky="ew", pady=(px(self, 6), 0))
        self.arrival.grid_remove()
        self.reading = Hint(self, anchor="w")
        self.reading.grid(row=3, column=0, columnspan=3, sticky="ew", pady=(px(self, 4), 0))
        self.reading.grid_remove()
        self.show_paused(False)

    def show_running(self, running: bool, pausable: bool) -> None:
        """Offer to pause and to cancel what runs, as far as that can be done."""
        for column, button, offered in ((1, self.pause_button, pausable), (2, self.cancel_button, running)):
            if offered:
                button.grid(row=0, column=column, padx=self._gap)
            else:
                button.grid_remove()

    def show_paused(self, paused: bool) -> None:
        """Let the button say what it would do now."""
        self.pause_button.configure(text=say("window.resume" if paused else "window.pause"))
        self.event_generate("<<Relabel>>")

    def show_waiting(self) -> None:
        """Let the bar run to and fro: something happens, and nobody knows how long."""
        self.progress.configure(mode="indeterminate")
        self.progress.start(15)

    def show_share(self, share: float) -> None:
        """Fill the bar to ``share``, from 0 to 1."""
        if str(self.progress.cget("mode")) != "determinate":
            self.progress.stop()
            self.progress.configure(mode="determinate")
        self.progress.configure(value=share)

    def show_reading(self, message: str) -> None:
        """Say how much is still to be read in pictures, in a row that is there only then."""
        self.reading.configure(text=message)
        (self.reading.grid if message else self.reading.grid_remove)()

    def show_skipped(self, count: int) -> None:
        """Offer the list of files with problems when there are any."""
        if count:
            self.skipped_button.configure(text=say("window.skipped", count=count))
            self.skipped_button.grid(
                row=1, column=1, columnspan=2, sticky="e", padx=(px(self, 8), 0), pady=(px(self, 6), 0)
            )
        else:
            self.skipped_button.grid_remove()
        self.event_generate("<<Relabel>>")
