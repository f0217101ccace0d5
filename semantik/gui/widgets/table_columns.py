"""Columns of tables as wide as their words."""

from __future__ import annotations

from collections.abc import Iterable
from tkinter import font, ttk

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
    in_cells = font.nametofont(str(style.lookup("Treeview", "font") or "TkDefaultFont"), table)
    in_headings = font.nametofont(str(style.lookup("Treeview.Heading", "font") or "TkDefaultFont"), table)
    widths = [in_headings.measure(words) for words in headings] + [in_cells.measure(words) for words in cells]
    return max(widths, default=0) + px(table, PADDING)
