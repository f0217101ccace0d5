"""The list of models in the settings window: one row each, as wide as its words."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Collection, Mapping, Sequence
from tkinter import ttk
from typing import TYPE_CHECKING, Literal

from semantik.gui.widgets.table_columns import fit_column
from semantik.words.phrases import model_title
from semantik.words.text import is_text, number, say

if TYPE_CHECKING:
    from semantik.encoders.registry import ModelOnDisk

COLUMNS = {
    "model": "settings.model",
    "languages": "settings.languages",
    "speed": "settings.speed",
    "size": "settings.size",
    "licence": "settings.licence",
    "state": "settings.state",
}
"""Names of the columns, with what is above them."""

NUMBERS = ("speed", "size")  # flush right
GAP = "\N{EN SPACE}"  # after them: the next column begins flush left
PICTURES = 1000  # whose time is shown: seconds per picture are too small a number to imagine
MEGA = 2**20


class ModelTable(ttk.Frame):
    """Shows entries of ``registry.listed``; ``on_select`` is called whenever another row is selected."""

    def __init__(self, parent: tk.Misc, on_select: Callable[[], None]) -> None:
        super().__init__(parent)
        self.rows = ttk.Treeview(self, columns=tuple(COLUMNS), show="headings", selectmode="browse", height=8)
        for column in COLUMNS:
            anchor: Literal["e", "w"] = "e" if column in NUMBERS else "w"
            self.rows.heading(column, text=_heading(column), anchor=anchor)
            self.rows.column(column, anchor=anchor, stretch=column == "model")
        bar = ttk.Scrollbar(self, command=self.rows.yview)
        self.rows.configure(yscrollcommand=bar.set)
        self.rows.pack(side="left", fill="both", expand=True)
        bar.pack(side="right", fill="y")
        self._entries: dict[str, ModelOnDisk] = {}
        self.rows.bind("<<TreeviewSelect>>", lambda event: on_select())

    @property
    def selected(self) -> ModelOnDisk | None:
        """The entry of the selected row."""
        chosen = self.rows.selection()
        return self._entries.get(chosen[0]) if chosen else None

    def select(self, name: str) -> None:
        """Select a model's row, and bring it into view."""
        self.rows.selection_set(name)
        self.rows.focus(name)
        self.rows.see(name)

    def show(
        self,
        entries: Sequence[ModelOnDisk],
        speeds: Mapping[str, float],
        in_use: str,
        refused: Collection[str] = (),
    ) -> None:
        """Fill the table; the selected model stays selected. ``speeds`` are seconds per picture by name.

        ``refused`` are the names of those that were found not to work.
        """
        kept = self.selected
        self.rows.delete(*self.rows.get_children())
        self._entries = {entry.name: entry for entry in entries}
        for entry in entries:
            state = say("settings.unproven") if entry.name in refused else _state(entry, in_use)
            self.rows.insert("", "end", iid=entry.name, values=(*_cells(entry, speeds.get(entry.name)), state))
        for column in COLUMNS:
            fit_column(self.rows, column)
        self.select(kept.name if kept and kept.name in self._entries else in_use)


def good_at(entry: ModelOnDisk, total: int) -> str:
    """What a model is for, in a sentence or two; ``total``: bytes of its files and of all its parts."""
    key = f"model.good.{entry.name}"
    return say(key if is_text(key) else "model.good.other", total=megabytes(total))


def megabytes(size: int) -> str:
    """Bytes as the megabytes (2^20) that downloads are announced in, as the language writes them."""
    return number(max(1, round(size / MEGA)))


def duration(seconds: float) -> str:
    """A time in the unit in which it is a small number."""
    if seconds < 60:
        return say("settings.seconds", n=number(max(1, round(seconds))))
    if seconds < 3600:
        return say("settings.minutes", n=number(seconds / 60, 1 if seconds < 600 else 0))
    return say("settings.hours", n=number(seconds / 3600, 1))


def _heading(column: str) -> str:
    return say(COLUMNS[column]) + (GAP if column in NUMBERS else "")


def _cells(entry: ModelOnDisk, seconds: float | None) -> tuple[str, ...]:
    if seconds is not None:
        speed = duration(seconds * PICTURES)
    else:
        speed = say("settings.not_measured" if entry.ready and not entry.card.part_of else "settings.no_speed")
    size = say("settings.megabytes", size=megabytes(entry.size)) if entry.size else say("settings.no_size")
    title, languages = model_title(entry.name), say(f"model.languages.{entry.card.languages}")
    return (title, languages, speed + GAP, size + GAP, entry.card.licence)


def _state(entry: ModelOnDisk, in_use: str) -> str:
    if entry.name == in_use:
        return say("settings.in_use")
    if entry.ready:
        return say("settings.installed")
    if not entry.size:
        return say("settings.broken")
    if entry.have:
        return say("settings.partial", percent=min(99, entry.have * 100 // entry.size))
    return say("settings.absent")
