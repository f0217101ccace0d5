"""Columns of tables as wide as their words."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterable
from tkinter import ttk

from semantik.gui.widgets.screen_scale import px

PADDING = 9  # pixels at 100 % that the theme keeps free in a cell


def fit_column(table: ttk.Treeview, column: str) -> None:
    """Make a column at least as wide as its heading and every cell."""
    place = list(table["columns"]).index(column)
    cells = (str(table.item(row, "values")[place]) for row in table.get_children())
    width = column_width(table, [table.heading(column)["text"]], cells)
    table.column(column, width=width, minwidth=width)


def column_width(table: ttk.Treeview, headings: Iterable[str], cells: Iterable[str]) -> int:
    """Pixels that a column needs for the widest of these texts."""
    style = ttk.Style(table)
    in_cells = str(style.lookup("Treeview", "font") or "TkDefaultFont")
    in_headings = str(style.lookup("Treeview.Heading", "font") or "TkDefaultFont")
    widths = [text_width(table, in_headings, words) for words in headings]
    widths += [text_width(table, in_cells, words) for words in cells]
    return max(widths, default=0) + px(table, PADDING)


def text_width(widget: tk.Misc, font: str, words: str) -> int:
    """Pixels of ``words`` in a named font, as Tk draws them.

    A ``tkinter.font.Font`` made of the name would be a copy in whole points, a little narrower or wider.
    """
    return int(widget.tk.call("font", "measure", font, "-displayof", widget, words))
