"""What can be done with the folders of the library: adding and taking out, searching in some of them, watching."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from semantik.gui.actions.indexing import Indexing
from semantik.gui.actions.open_folders import OpenFolders
from semantik.gui.actions.server_libraries import Request
from semantik.gui.dialogs.skipped_files import ProblemsDialog
from semantik.gui.main_window.main_view import MainView
from semantik.gui.widgets.entries import replace_text
from semantik.gui.widgets.file_dialogs import choose_folder
from semantik.gui.window_services import WindowServices
from semantik.postgres.address import is_address
from semantik.records import Problem
from semantik.storage.typed_paths import typed_path
from semantik.words.shown_names import visible
from semantik.words.text import say

if TYPE_CHECKING:
    from semantik.engine.library import Library


class FolderActions:
    """What the entry, the buttons, the list and its menu call; each folder is named as the user named it."""

    def __init__(self, services: WindowServices, view: MainView, opened: OpenFolders, indexing: Indexing) -> None:
        self._services = services
        self._view = view
        self._commands = view.commands
        self._opened = opened
        self._indexing = indexing
        self._commands.browse_folder.connect(self.browse)
        self._commands.take_folder.connect(self.take_typed)
        self._commands.take_folders.connect(self.take)
        self._commands.update_index.connect(self.update_all)
        self._commands.add_folder.connect(self.add)
        self._commands.remove_folder.connect(self.remove)
        self._commands.toggle_folder.connect(self.toggle)
        self._commands.only_folder.connect(self.only)
        self._commands.all_folders.connect(self.all)
        self._commands.update_folder.connect(self.update)
        self._commands.reveal_folder.connect(lambda folder: self._commands.reveal_picture(Path(folder)))
        self._commands.watch_folders.connect(self.watch)
        self._commands.show_problems.connect(self.show_problems)

    # -- Choosing them ---------------------------------------------------------------------------------

    def browse(self) -> None:
        """Choose the library with the system's dialog."""
        chosen = choose_folder(self._services.root, say("window.pick_folder"), self._opened.folder)
        if chosen:
            replace_text(self._view.folder_entry, str(chosen))
            self.take_typed()

    def take_typed(self) -> bool:
        """Open the folder that was typed if it is another one than before; True when it was taken."""
        typed = self._view.folder_entry.get()
        if is_address(typed):
            return self._take_address(typed)
        typed = typed_path(typed)
        same = not self._opened.address and typed == visible(self._opened.folder)
        if not typed or same or self._services.tasks.busy:
            return False
        self._opened.open([typed])
        return True

    def _take_address(self, typed: str) -> bool:
        """The same of the address of a server that keeps libraries."""
        if typed.strip() == self._opened.shown or self._services.tasks.busy:
            return False
        if address := self._opened.servers.plain(typed):
            self._opened.open_on_server(Request(address, typed=True))
        else:
            replace_text(self._view.folder_entry, self._opened.shown)
        return True

    def remember_server(self, typed: str, folders: Sequence[Path]) -> None:
        """Before any folder is opened: have these folders opened with their indexes on a server, or all it has."""
        address, config = self._opened.servers.plain(typed), self._services.config
        if address and (folders or address != config.index_server):
            self._services.save(index_server=address)
            self._opened.remember_for_start(tuple(map(str, folders)), ())

    def take(self, folders: Sequence[Path]) -> None:
        """Folders that were dropped: one is the library, more are several, and one more where there are several."""
        if self._services.tasks.busy:
            return
        if len(folders) > 1 or len(self._opened.named) > 1:
            self.join([str(folder) for folder in folders])
        else:
            replace_text(self._view.folder_entry, visible(str(folders[0])))
            self.take_typed()

    def add(self) -> None:
        """ "Añadir…": one more folder for the library."""
        if self._services.tasks.busy:
            self._services.warn("warn.busy")
            return
        initial = str(Path(self._opened.named[0]).parent) if self._opened.named else None
        chosen = choose_folder(self._services.root, say("window.pick_another"), initial)
        if chosen:
            self.join([str(chosen)])

    def join(self, folders: Sequence[str]) -> None:
        """Open folders beside those that are open; what lies within another is not counted twice."""
        named, opened = self._joined(self._opened.named, folders), self._opened
        more = [name for name in named if name not in opened.named]
        if opened.address and more and not opened.servers.may_share(opened.address, more):
            return
        if named != opened.named:
            opened.open_beside(named, [name for name in opened.inactive if name in named])

    def remember_also(self, folders: Sequence[Path]) -> None:
        """Before any folder is opened: have these opened beside those of the last time."""
        config = self._services.config
        opened = {os.path.realpath(name) for name in config.opened}
        new = [str(folder) for folder in folders if os.path.realpath(folder) not in opened]
        named = self._joined(config.opened, new)
        if config.index_server and new and not self._opened.servers.may_share(config.index_server, new):
            return
        if named != config.opened:
            self._opened.remember_for_start(named, [name for name in config.inactive_folders if name in named])

    def _joined(self, opened: Sequence[str], folders: Sequence[str]) -> tuple[str, ...]:
        """``opened`` with more folders; the user is told, or asked, where one lies within another."""
        from semantik.engine.library import nested

        named = list(opened)
        for folder in folders:
            holder, within = nested(Path(folder), [Path(name) for name in named])
            if holder:
                self._services.inform(say("folders.inside", folder=visible(folder), holder=visible(str(holder))))
                continue
            if within:
                names = ", ".join(f"«{visible(str(path))}»" for path in within)
                if not self._services.ask(say("folders.holds", folder=visible(folder), within=names)):
                    continue
            named = [name for name in named if Path(name) not in within] + [folder]
        return tuple(named)

    def remove(self, folder: str) -> None:
        """Take a folder out of the library; its pictures and its index stay where they are."""
        if self._changeable(folder) and len(self._opened.named) > 1:
            left = [name for name in self._opened.named if name != folder]
            inactive = [name for name in self._opened.inactive if name in left]
            self._opened.open_beside(left, inactive if len(inactive) < len(left) else ())

    # -- Searching in some of them ---------------------------------------------------------------------

    def toggle(self, folder: str) -> None:
        """Let a folder be searched, or not."""
        if library := self._changeable(folder):
            inactive = set(self._opened.inactive) ^ {folder}
            self._rest(library, [name for name in self._opened.named if name in inactive])

    def only(self, folder: str) -> None:
        """Search in one folder alone; once more, in all again."""
        if library := self._changeable(folder):
            others = [name for name in self._opened.named if name != folder]
            self._rest(library, [] if self._opened.inactive == others else others)

    def all(self) -> None:
        """Search in all folders."""
        if library := self._changeable(self._opened.named[0]):
            self._rest(library, [])

    def _changeable(self, folder: str) -> Library | None:
        """The library in which a folder may be changed now; the user is told why not."""
        if self._services.tasks.busy:
            self._services.warn("warn.busy")
            return None
        return self._opened.library if folder in self._opened.named else None

    def _rest(self, library: Library, inactive: Sequence[str]) -> None:
        if len(inactive) == len(self._opened.named):
            self._services.tell(say("folders.one_at_least"))
            return
        pairs = zip(self._opened.named, library.indexed_folders, strict=True)
        library.inactive = frozenset(indexed_folder.folder for name, indexed_folder in pairs if name in inactive)
        self._opened.remember()
        self._services.happened.folders_ready(library)
        self._opened.show_index(library)
        self._opened.show_problems(library)

    # -- Keeping them up to date -----------------------------------------------------------------------

    def update_all(self) -> None:
        """ "Actualizar índice": embed what is new or changed, drop what is gone."""
        library = self._opened.library
        if self._services.tasks.busy:
            self._services.warn("warn.busy")
        elif self.take_typed():
            return
        elif library is None and not self._opened.address:
            self._services.warn("warn.no_folder")
        elif library is None or all(each.index is None or each.read_only for each in library.active):
            self._opened.again()  # where others index, what they did since is taken from there
        else:
            self._indexing.start(library, library.active)

    def update(self, folder: str) -> None:
        """Bring one folder up to date."""
        if library := self._changeable(folder):
            indexed_folder = library.indexed_folders[self._opened.named.index(folder)]
            if indexed_folder.read_only:
                self._opened.again()
            else:
                self._indexing.start(library, [indexed_folder])

    def watch(self, wanted: bool) -> None:
        """Include new pictures without a question from now on, or ask again."""
        if library := self._opened.library:  # what was wanted is a setting, which the check box keeps
            self._services.happened.folders_ready(library)
            for indexed_folder in library.active if wanted else ():
                self._services.happened.folder_outdated(indexed_folder.folder)

    def show_problems(self) -> None:
        """The files that were skipped or read in part; each can be shown in its folder, or tried again."""
        library = self._opened.library
        if library is None:
            return
        folders, first = library.indexed_folders, library.indexed_folders[0].folder

        def retry(chosen: Sequence[Problem]) -> None:
            again: dict[Path, list[str]] = {}
            for problem in chosen:
                again.setdefault(problem.folder or first, []).append(problem.path)
            self._indexing.start(library, [each for each in folders if each.folder in again], again=again)

        ProblemsDialog(
            self._services.root,
            self._opened.problems,
            lambda problem: self._commands.reveal_picture((problem.folder or first) / problem.path),
            None if self._services.tasks.busy or folders[0].read_only else retry,
        )
