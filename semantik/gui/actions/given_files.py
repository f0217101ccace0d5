"""Files and folders that the program was started with: dropped onto its icon, or named on the command line."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from semantik.errors import QueryImageMissing
from semantik.gui.actions.folder_commands import FolderActions
from semantik.gui.main_window.main_view import MainView
from semantik.gui.window_services import WindowServices
from semantik.postgres.address import VARIABLE, is_address
from semantik.storage.regular_files import is_file, is_folder
from semantik.storage.typed_paths import path_named


class GivenFiles:
    """Folders are opened beside those of the last time, or with their indexes on the server whose address is given;
    pictures are what to search with, as soon as that is possible.

    Once only: what is opened later is the user's affair.
    """

    def __init__(
        self, services: WindowServices, view: MainView, folders: FolderActions, named: Sequence[str] = ()
    ) -> None:
        """``named``: as the system gives them. What begins with "-" and is no file is an option of some system's."""
        self._services = services
        self._view = view
        self._folders = folders
        addresses = [*filter(None, [os.environ.get(VARIABLE, "")]), *filter(is_address, named)]
        self._address = addresses[-1] if addresses else ""
        names = [name for name in named if not (_is_option(name) or is_address(name))]
        paths = [Path(os.path.abspath(path_named(name))) for name in names]  # noqa: PTH100
        self._given_folders = [path for path in paths if is_folder(path)]
        self._pictures = [path for path in paths if not is_folder(path)]
        self._waits = False
        services.happened.can_search.connect(self._search)
        services.happened.search_began.connect(self._forget)

    def take(self) -> None:
        """Before the folders of the last time are opened: remember the new ones with them, and take the pictures."""
        if self._address:
            self._folders.remember_server(self._address, self._given_folders)
        elif self._given_folders:
            self._folders.remember_also(self._given_folders)
        there = [path for path in self._pictures if is_file(path)]
        for path in self._pictures:
            if path not in there:
                self._services.warn_of(QueryImageMissing(path=str(path)))
        if there:
            self._view.commands.take_files(there)
            self._waits = True

    def _search(self) -> None:
        """Something can be found now."""
        if self._waits:
            self._waits = False
            self._view.commands.search()

    def _forget(self, typed: bool) -> None:
        """The user asked for something else meanwhile."""
        self._waits = False


def _is_option(name: str) -> bool:
    return name.startswith("-") and not os.path.lexists(name)
