"""Finds texts that have less room in a window than they need."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk

from semantik.gui.widgets.table_columns import column_width, text_width

BOX_EXTRA = 44  # pixels of a combobox that are not text: its padding and its arrow


def cut_off(widget: tk.Misc) -> list[str]:
    """Every text in ``widget`` and below that has less room than it needs."""
    found = []
    for child in widget.winfo_children():
        if isinstance(child, tk.Toplevel) or not child.winfo_ismapped():
            continue
        found += cut_off(child)
        kind, needed = child.winfo_class(), child.winfo_reqwidth()
        if isinstance(child, ttk.Combobox):
            shown_in = str(child.cget("font")) or "TkTextFont"
            needed = max((text_width(child, shown_in, value) for value in child["values"]), default=0) + BOX_EXTRA
        elif isinstance(child, ttk.Treeview):
            for place, column in enumerate(child["columns"]):
                cells = [str(child.item(row, "values")[place]) for row in child.get_children()]
                if column != "path" and child.column(column, "width") < column_width(
                    child, [child.heading(column)["text"]], cells
                ):
                    found.append(f"{kind} {column}")
        elif kind in ("TEntry", "TSpinbox", "TFrame", "Canvas"):  # no text of the program's
            continue
        right = child.winfo_rootx() + child.winfo_width()
        if child.winfo_width() < needed or child.winfo_height() < child.winfo_reqheight():
            words = child.cget("text") if "text" in (child.keys() or ()) else ""
            found.append(f"{kind} {words}: {child.winfo_width()} < {needed}")
        top = child.winfo_toplevel()
        if right > top.winfo_rootx() + top.winfo_width():
            found.append(f"{kind} reaches out of its window")
    return found
