"""What can be done with the folders of the library: adding and taking out, searching in some of them, watching."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tkinter import filedialog, messagebox
from typing import TYPE_CHECKING

from semantik.words.shown_names import visible
from semantik.words.text import say

if TYPE_CHECKING:
    from SemantikSearch import SemantikSearchApp


class FolderActions:
    """What the buttons, the list and its menu call; each folder is named as the user named it."""

    def __init__(self, app: SemantikSearchApp) -> None:
        self._app = app
        self._opened = app.opened

    def add(self) -> None:
        """ "Añadir…": one more folder for the library."""
        app = self._app
        if app.tasks.busy or app.engine is None:
            app.warn("warn.busy")
            return
        initial = str(Path(self._opened.named[0]).parent) if self._opened.named else None
        chosen = filedialog.askdirectory(
            parent=app.root, title=say("window.pick_another"), initialdir=initial, mustexist=True
        )
        if chosen:
            self.join([str(chosen)])

    def join(self, folders: Sequence[str]) -> None:
        """Open folders beside those that are open; what lies within another is not counted twice."""
        from semantik.engine.library import nested

        named = list(self._opened.named)
        for folder in folders:
            holder, within = nested(Path(folder), [Path(name) for name in named])
            if holder:
                message = say("folders.inside", folder=visible(folder), holder=visible(str(holder)))
                messagebox.showinfo(say("window.title"), message, parent=self._app.root)
                continue
            if within:
                names = ", ".join(f"«{visible(str(path))}»" for path in within)
                if not self._app.ask(say("folders.holds", folder=visible(folder), within=names)):
                    continue
            named = [name for name in named if Path(name) not in within] + [folder]
        if tuple(named) != self._opened.named:
            self._opened.open(named, [name for name in self._opened.inactive if name in named])

    def remove(self, folder: str) -> None:
        """Take a folder out of the library; its pictures and its index stay where they are."""
        if self._may_change(folder) and len(self._opened.named) > 1:
            left = [name for name in self._opened.named if name != folder]
            inactive = [name for name in self._opened.inactive if name in left]
            self._opened.open(left, inactive if len(inactive) < len(left) else ())

    def toggle(self, folder: str) -> None:
        """Let a folder be searched, or not."""
        if self._may_change(folder):
            inactive = set(self._opened.inactive) ^ {folder}
            self._rest([name for name in self._opened.named if name in inactive])

    def only(self, folder: str) -> None:
        """Search in one folder alone; once more, in all again."""
        if self._may_change(folder):
            others = [name for name in self._opened.named if name != folder]
            self._rest([] if self._opened.inactive == others else others)

    def all(self) -> None:
        """Search in all folders."""
        if self._may_change(self._opened.named[0]):
            self._rest([])

    def update(self, folder: str) -> None:
        """Bring one folder up to date."""
        if self._may_change(folder):
            assert self._opened.library
            self._app.index_images_threaded([self._opened.library.indexed_folders[self._opened.named.index(folder)]])

    def reveal(self, folder: str) -> None:
        """Show a folder in the system's file manager."""
        self._app.recent.reveal(Path(folder))

    def watch(self, wanted: bool) -> None:
        """Include new pictures without a question from now on, or ask again."""
        self._app.save_config(watch=wanted)
        if self._opened.library:
            self._app.watching.follow(self._opened.library)
            for indexed_folder in self._opened.library.active if wanted else ():
                self._app.watching.notice(indexed_folder.folder)

    def _may_change(self, folder: str) -> bool:
        if self._app.tasks.busy:
            self._app.warn("warn.busy")
            return False
        return folder in self._opened.named and self._opened.library is not None

    def _rest(self, inactive: Sequence[str]) -> None:
        library = self._opened.library
        assert library
        if len(inactive) == len(self._opened.named):
            self._app.view.say(say("folders.one_at_least"))
            return
        pairs = zip(self._opened.named, library.indexed_folders, strict=True)
        library.inactive = frozenset(indexed_folder.folder for name, indexed_folder in pairs if name in inactive)
        self._opened.remember()
        self._app.watching.follow(library)
        self._opened.show_index()
        self._opened.show_problems()
