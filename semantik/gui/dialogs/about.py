"""What the program is, and which model it uses."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from tkinter import ttk
from typing import Any

from semantik import __version__
from semantik.gui.widgets.dialog import Dialog
from semantik.gui.widgets.fine_pictures import for_tk, pixels
from semantik.gui.widgets.screen_scale import px
from semantik.words.text import say

ICON_SIDE = 96
"""Of the program's icon, in pixels at 100 %."""


class AboutDialog(Dialog):
    """What the program is, its version, the model in use, its licence and its makers."""

    def __init__(
        self,
        parent: tk.Misc,
        icon: Path | None,
        model: str,
        log: Path,
        *,
        on_doctor: Callable[[], None],
        on_guide: Callable[[], None],
    ) -> None:
        """``icon``: the program's, a file that can be read. ``on_doctor`` runs and shows the diagnosis, ``on_guide``
        shows the first steps; the box is closed then.
        """
        super().__init__(parent, say("about.title"))
        if icon:
            self.icon = _small(self, icon)
            ttk.Label(self.body, image=self.icon).pack(pady=(0, px(self, 10)))
        ttk.Label(self.body, text="SemantikSearch", font=("TkDefaultFont", 16, "bold")).pack()
        lines = [
            say("about.version", version=__version__),
            say("about.body"),
            say("about.model", model=model),
            say("about.licence"),
            say("about.developers"),
            say("about.log", log=log),
        ]
        for line in lines:
            ttk.Label(self.body, text=line, wraplength=px(self, 420), justify="center").pack(pady=(px(self, 6), 0))
        buttons = ttk.Frame(self.body)
        buttons.pack(pady=(px(self, 16), 0))
        self.doctor = ttk.Button(buttons, text=say("about.doctor"), command=lambda: self._leave(on_doctor))
        self.doctor.pack(side="left", padx=(0, px(self, 8)))
        self.guide = ttk.Button(buttons, text=say("about.guide"), command=lambda: self._leave(on_guide))
        self.guide.pack(side="left", padx=(0, px(self, 8)))
        close = ttk.Button(buttons, text=say("about.close"), command=self.destroy)
        close.pack(side="left")
        self.resizable(False, False)
        self.show(close)

    def _leave(self, then: Callable[[], None]) -> None:
        self.destroy()
        then()


def _small(widget: tk.Misc, icon: Path) -> Any:
    from PIL import Image

    with Image.open(icon) as picture:
        return for_tk(
            widget, picture.convert("RGBA").resize((pixels(widget, ICON_SIDE),) * 2, Image.Resampling.LANCZOS)
        )
