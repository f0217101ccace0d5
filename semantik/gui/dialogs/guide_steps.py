"""The three pages of the guide: where the photos are, which model looks at them, how to search."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from semantik.gui.dialogs.guide_folders import FolderChoices
from semantik.gui.widgets.screen_scale import px
from semantik.gui.widgets.theme import Hint
from semantik.words.text import number, say

WIDTH = 560
LIST_HEIGHT = 264  # five folders
_INDENT = 28  # of what is said below a check box or a radio button, to begin where its text does


class Step(ttk.Frame):
    """A page: which of how many it is, its question, and a few words on it."""

    def __init__(self, parent: tk.Misc, place: tuple[int, int], title: str, hint: str) -> None:
        super().__init__(parent)
        self.columnconfigure(0, weight=1)
        Hint(self, text=say("guide.step", step=place[0], steps=place[1])).grid(row=0, column=0, sticky="w")
        heading = ttk.Label(self, text=title, font="SunValleySubtitleFont")
        heading.grid(row=1, column=0, sticky="w", pady=(px(self, 4), 0))
        self.words(hint).grid(row=2, column=0, sticky="w", pady=(px(self, 6), px(self, 14)))

    def words(self, text: str) -> ttk.Label:
        """A text as wide as the page."""
        return ttk.Label(self, text=text, wraplength=px(self, WIDTH), justify="left")

    def below(self, row: int, text: str) -> None:
        """Say ``text`` about the control above it."""
        hint = Hint(self, text=text, wraplength=px(self, WIDTH - _INDENT), justify="left")
        hint.grid(row=row, column=0, sticky="w", padx=(px(self, _INDENT), 0), pady=(0, px(self, 14)))


class FolderStep(Step):
    """Folders to tick, and a button for one that is not listed."""

    def __init__(self, parent: tk.Misc, place: tuple[int, int], on_other: Callable[[], None]) -> None:
        super().__init__(parent, place, say("guide.where"), say("guide.where_hint"))
        self.touched = False  # the user chose: nothing is ticked for them any more
        self.list = FolderChoices(self, px(self, WIDTH), px(self, LIST_HEIGHT), self._ticked)
        self.list.grid(row=3, column=0, sticky="nsew")
        self.rowconfigure(3, weight=1)
        self.list.say(say("guide.looking"))
        bottom = ttk.Frame(self)
        bottom.grid(row=4, column=0, sticky="ew", pady=(px(self, 6), 0))
        self.other = ttk.Button(bottom, text=say("guide.other_folder"), command=on_other)
        self.other.pack(side="left")
        self.message = ttk.Label(bottom, font="SunValleyBodyStrongFont")
        self.message.pack(side="left", padx=(px(self, 12), 0))

    def complain(self) -> None:
        """Say that a folder is needed."""
        self.message.configure(text=say("guide.nothing_ticked"))
        self.bell()

    def settle(self) -> None:
        """The user's choice stands, and nothing is missing."""
        self.touched = True
        self.message.configure(text="")

    def _ticked(self) -> None:
        self.touched = True
        if self.list.chosen():
            self.message.configure(text="")


class ModelStep(Step):
    """The model that the program would like to use, or the embedded one."""

    def __init__(self, parent: tk.Misc, place: tuple[int, int], title: str, megabytes: int) -> None:
        super().__init__(parent, place, say("guide.how"), say("guide.how_hint"))
        self.download = tk.BooleanVar(self, value=True)
        self.offered = ttk.Radiobutton(self, text=title, variable=self.download, value=True)
        self.offered.grid(row=3, column=0, sticky="w")
        offer = say("guide.offer_download", size=number(megabytes)) if megabytes else say("guide.offer_ready")
        self.below(4, offer)
        self.embedded = ttk.Radiobutton(self, text=say("model.builtin"), variable=self.download, value=False)
        self.embedded.grid(row=5, column=0, sticky="w")
        self.below(6, say("guide.embedded"))


class SearchStep(Step):
    """Examples of queries, one of which may be the first search, and whether the folders are watched."""

    def __init__(self, parent: tk.Misc, place: tuple[int, int], *, watch: bool) -> None:
        super().__init__(parent, place, say("guide.search"), say("guide.search_hint"))
        self.query = tk.StringVar(self)
        row = ttk.Frame(self)
        row.grid(row=3, column=0, sticky="w", pady=(0, px(self, 18)))
        self.examples = []
        for words in (say("guide.example_1"), say("guide.example_2"), say("guide.example_3")):
            # Check boxes of one variable: one at most is chosen, and none again when it is pressed once more.
            button = ttk.Checkbutton(
                row, text=words, variable=self.query, onvalue=words, offvalue="", style="Toggle.TButton"
            )
            button.pack(side="left", padx=(0, px(self, 8)))
            self.examples.append(button)
        self.words(say("guide.by_picture")).grid(row=4, column=0, sticky="w", pady=(0, px(self, 22)))
        self.watch = tk.BooleanVar(self, value=watch)
        self.watch_box = ttk.Checkbutton(self, text=say("window.watch"), variable=self.watch)
        self.watch_box.grid(row=5, column=0, sticky="w")
        self.below(6, say("guide.watch_hint"))
