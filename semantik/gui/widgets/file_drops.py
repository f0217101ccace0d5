"""Files that are dropped onto the window, where the system's drag and drop can be had."""

from __future__ import annotations

import logging
import tkinter as tk
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)


def accept_drops(widget: tk.Misc, on_drop: Callable[[Sequence[Path]], None]) -> bool:
    """Call ``on_drop`` with the files and folders that are dropped onto ``widget`` or what is in it.

    False when there is no drag and drop here: then everything else works all the same.
    """
    try:
        from tkinterdnd2 import COPY, DND_FILES, TkinterDnD

        TkinterDnD.require(widget.winfo_toplevel())
    except (ImportError, RuntimeError, tk.TclError) as error:
        log.warning("no drag and drop: %s", error)
        return False

    target: Any = widget  # tkinterdnd2 gives all widgets its methods

    def dropped(event: Any) -> str:
        # After the event: the other program waits for its end, and a question to the user may take long.
        paths = [Path(name) for name in widget.tk.splitlist(event.data)]
        widget.after_idle(on_drop, paths)
        return str(COPY)

    target.drop_target_register(DND_FILES)
    target.dnd_bind("<<Drop:DND_Files>>", dropped)
    return True
