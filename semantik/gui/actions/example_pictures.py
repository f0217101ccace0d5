"""How example pictures get into their entry: chosen, dropped onto the window, or pasted."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from semantik.gui.main_window.main_view import MainView
from semantik.gui.widgets.entries import replace_text
from semantik.gui.widgets.file_dialogs import choose_files
from semantik.gui.window_services import WindowServices
from semantik.storage.regular_files import is_folder
from semantik.words.text import say

if TYPE_CHECKING:
    from semantik.engine.library import Library


class ExamplePicker:
    """Fills the entry for example pictures, and announces what is in it; dropped folders are for who opens them."""

    def __init__(self, services: WindowServices, view: MainView) -> None:
        self._services = services
        self._view = view
        self._commands = view.commands
        self.typed = ""
        """The pictures to search with, as they were typed; "" for none."""
        self._folder = ""
        self._commands.browse_image.connect(self.browse)
        self._commands.take_image.connect(self.take_typed)
        self._commands.take_files.connect(self.take)
        self._commands.paste.connect(self.paste)
        services.happened.folders_opening.connect(self._opening)

    def _opening(self, library: Library, named: Sequence[str]) -> None:
        self._folder = named[0]

    def browse(self) -> None:
        """Choose example pictures with the system's dialog."""
        chosen = choose_files(self._services.root, say("window.pick_image"), image_kinds(), self._folder)
        self.take([Path(name) for name in chosen])

    def take(self, paths: Sequence[Path]) -> None:
        """Files and folders that were dropped or chosen: folders are opened, pictures are what to search with."""
        pictures = [path for path in paths if not is_folder(path)]
        if pictures:
            self.enter(joined_names(pictures))
        elif paths:
            self._commands.take_folders(paths)

    def enter(self, typed: str) -> None:
        """Put example pictures into their entry as if they were typed."""
        replace_text(self._view.image_entry, typed)
        self.take_typed()

    def take_typed(self) -> None:
        """Take the example pictures that were typed; naming some means to search by them."""
        typed = self._view.image_entry.get().strip()
        if typed and typed != self.typed and self._view.mode.get() == "text":
            self._view.mode.set("image")
        self.typed = typed
        self._services.happened.example_typed(typed)

    def paste(self, asked: bool) -> None:
        """Take the picture on the clipboard; unless the user ``asked`` for it, a clipboard with text is left alone."""
        services = self._services
        if not services.can_start_search:
            if asked:
                services.warn("warn.busy")
            return
        if not asked and _clipboard_has_text(services.root):
            return

        def show(found: list[Path]) -> None:
            if found:
                self.take(found)
            elif asked:
                services.warn("warn.nothing_to_paste")

        def fail(error: BaseException) -> None:
            if not isinstance(error, NotImplementedError):
                services.show_failure(error)
            elif asked:  # Linux without a program that reads the clipboard
                services.warn("warn.no_clipboard_program")

        def work() -> list[Path]:
            # Another program has to hand it over, or this very window, which must not wait for itself.
            from semantik.search.example_pictures import pasted

            return pasted(services.home)

        services.start_search(work, show, fail)


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
