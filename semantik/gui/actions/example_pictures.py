"""How example pictures get into their entry: chosen, dropped onto the window, or pasted."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence
from pathlib import Path
from tkinter import filedialog
from typing import TYPE_CHECKING

from semantik.gui.widgets.entries import replace_text
from semantik.words.shown_names import visible
from semantik.words.text import say

if TYPE_CHECKING:
    from SemantikSearch import SemantikSearchApp


class ExamplePicker:
    """Fills the entry for example pictures; a folder that is dropped becomes the library, or one more of several."""

    def __init__(self, app: SemantikSearchApp) -> None:
        self._app = app

    def browse(self) -> None:
        """Choose example pictures with the system's dialog."""
        app = self._app
        chosen = filedialog.askopenfilenames(
            parent=app.root, title=say("window.pick_image"), filetypes=image_kinds(), initialdir=app.folder or None
        )
        self.take([Path(name) for name in chosen])

    def take(self, paths: Sequence[Path]) -> None:
        """Files and folders that were dropped or chosen: a folder is opened, pictures are what to search with."""
        pictures = [path for path in paths if not path.is_dir()]
        if pictures:
            self.enter(joined_names(pictures))
        elif not paths or self._app.tasks.busy or self._app.engine is None:
            return
        elif len(paths) > 1 or len(self._app.opened.named) > 1:
            self._app.folders.join([str(path) for path in paths])
        else:
            replace_text(self._app.view.folder_entry, visible(str(paths[0])))
            self._app.take_folder()

    def enter(self, typed: str) -> None:
        """Put example pictures into their entry as if they were typed."""
        replace_text(self._app.view.image_entry, typed)
        self._app.take_image()

    def paste(self, *, asked: bool) -> None:
        """Take the picture on the clipboard; unless the user ``asked`` for it, a clipboard with text is left alone."""
        app = self._app
        if app.tasks.busy:
            if asked:
                app.warn("warn.busy")
            return
        if not asked and _clipboard_has_text(app.root):
            return

        def show(found: list[Path]) -> None:
            if found:
                self.take(found)
            elif asked:
                app.warn("warn.nothing_to_paste")

        def fail(error: BaseException) -> None:
            if not isinstance(error, NotImplementedError):
                app.show_failure(error)
            elif asked:  # Linux without a program that reads the clipboard
                app.warn("warn.no_clipboard_program")

        def work() -> list[Path]:
            # Another program has to hand it over, or this very window, which must not wait for itself.
            from semantik.search.example_pictures import pasted

            return pasted(app.home)

        app.start(work, show, fail)


def joined_names(paths: Sequence[Path]) -> str:
    """Several pictures as they are typed: one plain path, or the syntax of queries."""
    return str(paths[0]) if len(paths) == 1 else " + ".join(f'"{path}"' for path in paths)


def image_kinds() -> list[tuple[str, str]]:
    """What the system's dialog offers to choose from: pictures, or everything."""
    from semantik.decoding.pictures.formats import IMAGE_EXTENSIONS

    pattern = " ".join(sorted(f"*{extension}" for extension in IMAGE_EXTENSIONS))
    return [(say("window.images"), f"{pattern} {pattern.upper()}"), (say("window.all_files"), "*")]


def _clipboard_has_text(root: tk.Misc) -> bool:
    """Whether what is on the clipboard is text, which an entry takes by itself."""
    try:
        if root.tk.call("tk", "windowingsystem") == "x11":  # some programs give a picture's bytes as text
            targets = root.tk.call("clipboard", "get", "-type", "TARGETS")
            return "STRING" in str(targets)
        return bool(root.clipboard_get())
    except tk.TclError:
        return False
