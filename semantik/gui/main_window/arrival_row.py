"""The row of the main window that tells of a model on its way; there only while there is one, and never in the way."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk

from semantik.gui.widgets.access_keys import AccessKeys
from semantik.gui.widgets.screen_scale import px


class ArrivalRow(ttk.Frame):
    """A sentence with one or two buttons beside it."""

    def __init__(self, parent: tk.Misc, letters: AccessKeys) -> None:
        super().__init__(parent)
        self.columnconfigure(0, weight=1)
        self.message = ttk.Label(self, anchor="w", justify="left")
        self.message.grid(row=0, column=0, sticky="ew")
        self.message.bind("<Configure>", lambda event: self._wrap(event.width))
        self.buttons = (ttk.Button(self), ttk.Button(self))
        self._height = 0
        for column, button in enumerate(self.buttons, 1):
            button.grid(row=0, column=column, padx=(px(self, 8), 0))
            letters.put_last(button)

    def say(self, message: str, offers: Sequence[tuple[str, Callable[[], object]]]) -> None:
        """Show ``message``, and what can be done: what a button says and does. Nothing of both hides the row."""
        same = [str(button.cget("text")) for button in self.buttons if button.winfo_manager()] == [
            text for text, _ in offers
        ]
        self.message.configure(text=message)
        for place, button in enumerate(self.buttons):
            if place < len(offers):
                button.configure(text=offers[place][0], command=offers[place][1])
                button.grid()
            else:
                button.grid_remove()
        shown = bool(self.winfo_manager())
        if message and not shown:
            self.grid()
        elif shown and not message:
            self.grid_remove()
        self._settle(same and shown == bool(message))

    def lock(self, locked: bool) -> None:
        """Whether the first button must wait for the end of a task."""
        self.buttons[0].state(["disabled" if locked else "!disabled"])

    def _wrap(self, width: int) -> None:
        self.message.configure(wraplength=max(width - 8, 200))
        self._settle(True)

    def _settle(self, same: bool) -> None:
        """Let the window make room for another height; what only counts up changes nothing."""
        height = self.message.winfo_reqheight()
        if not same or height != self._height:
            self._height = height
            self.event_generate("<<Refit>>")
