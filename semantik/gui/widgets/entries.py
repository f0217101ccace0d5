"""Entries, and what people type into them."""

from __future__ import annotations

from pathlib import Path
from tkinter import ttk
from urllib.parse import urlsplit


def replace_text(entry: ttk.Entry, value: str) -> None:
    """Set an entry's text, also while it is disabled."""
    state = entry.state()
    entry.state(["!disabled"])
    entry.delete(0, "end")
    entry.insert(0, value)
    if "disabled" in state:
        entry.state(["disabled"])


def typed_path(typed: str) -> str:
    """A path as people type or paste it: without quotes and spaces around it, ``~`` and ``file://`` understood."""
    path = typed.strip().strip("\"'").strip()
    if path.lower().startswith("file://"):
        from urllib.request import url2pathname  # brings http and email along: not before the window is on screen

        path = url2pathname(urlsplit(path).path)
    return str(Path(path).expanduser()) if path else ""
