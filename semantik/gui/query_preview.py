"""The example picture beside its entry, small."""

from __future__ import annotations

import tkinter as tk
from pathlib import Path
from tkinter import ttk
from typing import TYPE_CHECKING

from semantik.gui.widgets.screen_scale import px
from semantik.gui.widgets.tooltip import Tooltip
from semantik.words.text import say

if TYPE_CHECKING:
    from PIL import Image

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
        from PIL import ImageTk

        self.paths = paths if picture else ()
        if picture is None:
            self._photo = None
            self.grid_remove()
        else:
            picture.thumbnail((px(self, WIDTH), px(self, HEIGHT)))
            photo = ImageTk.PhotoImage(picture, master=self)
            self.configure(image=photo)
            self._photo = photo  # Tk keeps no picture alive
            more = say("window.more_pictures", count=len(paths) - 1) if len(paths) > 1 else ""
            self.tip.text = f"{paths[0].name} {more}".strip()
            self.grid()
        self.event_generate("<<Refit>>")
