"""Libraries on a server, in the window: connecting to it, and asking what is missing to open what it has."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from semantik.errors import SemantikError, StoreEmpty, StorePasswordNeeded
from semantik.folder_urls import is_remote
from semantik.gui.dialogs.server_password import ServerPassword
from semantik.gui.widgets.file_dialogs import choose_folder
from semantik.gui.window_services import WindowServices
from semantik.postgres.address import StoreAddress
from semantik.words.phrases import model_title
from semantik.words.shown_names import visible
from semantik.words.text import say

if TYPE_CHECKING:
    from semantik.engine.engine import Engine
    from semantik.engine.index_server import IndexServer, Served


@dataclass(frozen=True, slots=True)
class Request:
    """A server, and what is wanted of it: these folders, or all that it has."""

    address: str  # without secrets
    folders: tuple[str, ...] = ()
    inactive: tuple[str, ...] = ()
    typed: bool = False  # just now: what is missing is asked for, but at every start it would be too often
    same_model: bool = False  # whatever the libraries there were made with


class ServerLibraries:
    """Knows the passwords that were given, as long as the program runs, and writes none of them anywhere."""

    def __init__(self, services: WindowServices, engine: Engine) -> None:
        self._services = services
        self._engine = engine
        self._passwords: dict[str, str] = {}  # by address

    def plain(self, typed: str) -> str | None:
        """A typed address without its password, which is known from now on; None of what is none, which is told."""
        try:
            address = StoreAddress(typed.strip())
        except SemantikError as error:
            self._services.show_failure(error)
            return None
        if address.password:
            self._passwords[address.without_secrets] = address.password
        return address.without_secrets

    def connect(
        self, request: Request, then: Callable[[Request, bool], object], otherwise: Callable[[], object]
    ) -> None:
        """Look what the server has, in the background, and have the engine keep indexes there.

        Calls ``then`` with the folders to open and whether they may only be searched, or ``otherwise`` where nothing
        came of it, after the user was told.
        """
        services, engine = self._services, self._engine
        password = self._passwords.get(request.address, "")
        services.tell(say("server.connecting"))

        def look() -> tuple[IndexServer, Served]:
            wanted = [*map(Path, request.folders)]
            return engine.look_at_server(request.address, password, wanted, same_model=request.same_model)

        def fail(error: BaseException) -> None:
            if isinstance(error, StorePasswordNeeded):
                refused = str(error.params["detail"]) if password else ""
                ServerPassword(services.root, request.address, refused, again, otherwise)
                return
            otherwise()
            services.show_failure(error)

        def again(given: str) -> None:
            self._passwords[request.address] = given
            self.connect(request, then, otherwise)

        services.start(look, lambda found: self._found(request, found, then, otherwise), fail)

    def _found(
        self,
        request: Request,
        found: tuple[IndexServer, Served],
        then: Callable[[Request, bool], object],
        otherwise: Callable[[], object],
    ) -> None:
        services, engine = self._services, self._engine
        server, served = found
        if served.model != engine.models.encoder.name:
            otherwise()
            title = model_title(served.model)
            if services.ask(say("server.other_model", address=visible(request.address), model=title)):
                services.happened.model_chosen(served.model)
            else:
                services.tell(say("server.declined", address=visible(request.address)))
            return
        names = served.names or self._first_folder(request, served)
        if request.typed:
            names = self._where(served, names)
        if not names:
            otherwise()
            return
        engine.keep_on(server, replace(served, names=names))
        then(replace(request, folders=tuple(map(str, names))), served.read_only)

    def _first_folder(self, request: Request, served: Served) -> dict[Path, str]:
        """The server has nothing yet: the folder whose index is to be made there."""
        if served.read_only:
            self._services.show_failure(StoreEmpty(address=request.address))
            return {}
        chosen = choose_folder(self._services.root, say("server.pick_folder"))
        return {Path(chosen): chosen} if chosen else {}

    def _where(self, served: Served, names: dict[Path, str]) -> dict[Path, str]:
        """The folders as they are called here: where this computer does not see one, the user may know a path."""
        found: dict[Path, str] = {}
        for folder, name in names.items():
            shown = visible(name)
            place = folder
            if folder in served.away and self._services.ask(say("server.where", folder=shown)):
                place = Path(choose_folder(self._services.root, say("server.pick_where", folder=shown)) or folder)
            found[place if is_remote(place) else Path(os.path.abspath(place))] = name  # noqa: PTH100 - links stay
        return found

    def may_share(self, address: str, folders: Sequence[str]) -> bool:
        """Whether the user wants the indexes of more folders to be where others see them."""
        named = ", ".join(f"«{visible(folder)}»" for folder in folders)
        return self._services.ask(say("server.share", folder=named, address=visible(address)))
