"""The three pages of the guide: where the photos are, which model looks at them, how to search."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk
from typing import TYPE_CHECKING

from semantik.gui.dialogs.guide_folders import FolderChoices
from semantik.gui.widgets.screen_scale import px
from semantik.gui.widgets.theme import Hint
from semantik.words.phrases import model_title
from semantik.words.text import number, say

if TYPE_CHECKING:
    from semantik.engine.model_advice import Choice

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
    """The models to choose from, in plain words; the embedded one last."""

    def __init__(self, parent: tk.Misc, place: tuple[int, int], choices: Sequence[Choice], chosen: str) -> None:
        super().__init__(parent, place, say("guide.how"), say("guide.how_hint"))
        possible = [choice.name for choice in choices if choice.possible]
        self.model = tk.StringVar(self, value=chosen if chosen in possible else possible[0])
        self.buttons: dict[str, ttk.Radiobutton] = {}
        for number_of, choice in enumerate(choices):
            recommended = choice.name == possible[0] and choice.role in ("best", "fast")
            title = _title(choice)
            button = ttk.Radiobutton(
                self,
                text=say("guide.recommended", title=title) if recommended else title,
                variable=self.model,
                value=choice.name,
            )
            button.grid(row=3 + 2 * number_of, column=0, sticky="w")
            if not choice.possible:
                button.state(["disabled"])
            self.below(4 + 2 * number_of, _explained(choice))
            self.buttons[choice.name] = button

    @property
    def offered(self) -> ttk.Radiobutton:
        """The first one, mostly what is recommended."""
        return next(iter(self.buttons.values()))

    @property
    def embedded(self) -> ttk.Radiobutton:
        """The one that needs no download."""
        return [*self.buttons.values()][-1]


SPEED = 20
"""Megabits per second: a slow connection of today, by which minutes are told."""


def _title(choice: Choice) -> str:
    return model_title(choice.name) if choice.role in ("own", "embedded") else say(f"guide.{choice.role}")


def _explained(choice: Choice) -> str:
    """What a model is good at, and what it takes."""
    if choice.role == "embedded":
        return say("guide.embedded")
    if choice.obstacle == "space":
        effort = say("guide.no_space", size=_megabytes(choice.left), lacking=_megabytes(choice.lacking))
    elif choice.obstacle == "unproven":
        effort = say("guide.unproven")
    elif choice.obstacle == "package":
        effort = say("guide.no_package")
    elif not choice.left:
        effort = say("guide.offer_ready")
    else:
        minutes = max(1, round(choice.left * 8 / (SPEED * 1e6) / 60))
        key = "guide.offer_download" if choice.left == choice.size else "guide.offer_rest"
        params = {"size": _megabytes(choice.size), "left": _megabytes(choice.left)}
        effort = say(key, minutes=number(minutes), speed=number(SPEED), **params)
    slow = [say("guide.little_memory")] if choice.obstacle == "memory" else []
    return "\n".join([say(f"guide.{choice.role}_hint"), effort, *slow])


def _megabytes(size: int) -> str:
    return number(max(1, round(size / 2**20)))


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
