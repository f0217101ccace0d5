"""Help: what can be typed, with examples to click; below it what the program is, and which model it uses."""

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
from semantik.gui.widgets.theme import Hint
from semantik.words.text import say

EXAMPLES = ("plain", "both", "without", "weight", "since", "order")
"""Queries that are shown, by the names of their texts."""

ICON_SIDE = 64
"""Of the program's icon, in pixels at 100 %."""


class AboutDialog(Dialog):
    """Examples of queries; the program's version, the model in use, its licence and its makers."""

    HIGH = True

    def __init__(
        self,
        parent: tk.Misc,
        icon: Path | None,
        model: str,
        log: Path,
        *,
        on_doctor: Callable[[], None],
        on_guide: Callable[[], None],
        on_example: Callable[[str], None] = lambda words: None,
    ) -> None:
        """``icon``: the program's, a file that can be read. ``on_doctor`` runs and shows the diagnosis, ``on_guide``
        shows the first steps, ``on_example`` searches for words; the box is closed then.
        """
        super().__init__(parent, say("about.title"))
        self._build_examples(on_example)
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
        self.default = close
        self.resizable(False, False)
        self.show(close)

    def _build_examples(self, on_example: Callable[[str], None]) -> None:
        group = ttk.LabelFrame(self.body, text=say("help.title"), padding=px(self, 10))
        group.pack(fill="x", pady=(0, px(self, 14)))
        group.columnconfigure(1, weight=1)
        for row, key in enumerate(EXAMPLES):
            words = say(f"help.{key}")
            button = ttk.Button(group, text=words, command=lambda words=words: self._leave(lambda: on_example(words)))  # type: ignore[misc]
            button.grid(row=row, column=0, sticky="ew", pady=px(self, 2))
            told = Hint(group, text=say(f"help.{key}_told"), wraplength=px(self, 320), justify="left")
            told.grid(row=row, column=1, sticky="w", padx=(px(self, 12), 0))
        picture = Hint(group, text=say("help.picture"), wraplength=px(self, 520), justify="left")
        picture.grid(row=len(EXAMPLES), column=0, columnspan=2, sticky="w", pady=(px(self, 8), 0))

    def _leave(self, then: Callable[[], None]) -> None:
        self.destroy()
        then()


def _small(widget: tk.Misc, icon: Path) -> Any:
    from PIL import Image

    with Image.open(icon) as picture:
        return for_tk(
            widget, picture.convert("RGBA").resize((pixels(widget, ICON_SIDE),) * 2, Image.Resampling.LANCZOS)
        )
