"""Entries, and what stands in them."""

from __future__ import annotations

from tkinter import ttk


def replace_text(entry: ttk.Entry, value: str) -> None:
    """Set an entry's text, also while it is disabled."""
    state = entry.state()
    entry.state(["!disabled"])
    entry.delete(0, "end")
    entry.insert(0, value)
    if "disabled" in state:
        entry.state(["disabled"])
