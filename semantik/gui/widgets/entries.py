"""Entries, and what people type into them."""

from __future__ import annotations

import os
from pathlib import Path
from tkinter import ttk
from urllib.parse import urlsplit

_BARS = "\\/"


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
        path = named_by(path)
    return str(Path(path).expanduser()) if path else ""


def named_by(address: str) -> str:
    """The path that a file's address names; on Windows ``file://nas/photos`` is the share ``\\\\nas\\photos``."""
    from urllib.request import url2pathname  # brings http and email along: not before the window is on screen

    try:
        parts = urlsplit(address)
        host, path = parts.hostname, url2pathname(parts.path)
    except (ValueError, OSError):  # a host in brackets, or no drive that Windows could have
        return address
    # Elsewhere a host is this machine's own name, as programs put it into what is dragged from them.
    if os.name == "nt" and host and host != "localhost":
        return f"\\\\{host}\\{path.lstrip(_BARS)}"
    if os.name == "nt" and path.startswith("\\\\"):  # file:////nas/photos, as some programs write it
        return f"\\\\{path.lstrip(_BARS)}"
    return path
