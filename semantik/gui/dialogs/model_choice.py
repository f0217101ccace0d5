"""The question whether to download a model."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from semantik.gui.widgets.dialog import Dialog
from semantik.gui.widgets.screen_scale import px
from semantik.words.text import number, say


class ModelChoice(Dialog):
    """Asks once: download a model, or ``otherwise``, which a button says; by default, start with the embedded one.

    Closing it is no.
    """

    def __init__(
        self, parent: tk.Misc, name: str, size_mb: int, on_choice: Callable[[bool], None], *, otherwise: str = ""
    ) -> None:
        super().__init__(parent, say("ask.download_title"))
        self._on_choice = on_choice
        size = number(size_mb)
        message = say("ask.download", name=name, size=size)
        ttk.Label(self.body, text=message, wraplength=px(self, 440), justify="left").pack()
        buttons = ttk.Frame(self.body)
        buttons.pack(pady=(px(self, 18), 0))
        self.download = ttk.Button(
            buttons,
            text=say("ask.download_yes", size=size),
            style="Accent.TButton",
            command=lambda: self._choose(True),
        )
        self.download.pack(side="left", padx=(0, px(self, 10)))
        self.start = ttk.Button(buttons, text=otherwise or say("ask.download_no"), command=lambda: self._choose(False))
        self.start.pack(side="left")
        self.bind("<Escape>", lambda event: self._choose(False))
        self.protocol("WM_DELETE_WINDOW", lambda: self._choose(False))
        self.default = self.download
        self.resizable(False, False)
        self.show(self.download)

    def _choose(self, download: bool) -> None:
        self.destroy()
        self._on_choice(download)
